//! Hands arbitrary text to the reader of descriptions, and has it described; what must hold is in
//! the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::description::check(bytes);
});
