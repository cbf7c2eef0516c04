//! Hands arbitrary bytes to the reader of SSDP messages; what must hold is in the rules.
#![no_main]

#[path = "../rules/message.rs"]
mod message;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| message::check(bytes));
