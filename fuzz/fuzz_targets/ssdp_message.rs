//! Any datagram: reading must keep the rules of `rules/message.rs` (the tests of `ssdp` try them too).
#![no_main]

#[path = "../rules/message.rs"]
mod message;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| message::check(bytes));
