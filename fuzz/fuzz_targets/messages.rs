//! Hands arbitrary bytes to the reader of messages; what must hold is in the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::messages::check(bytes);
});
