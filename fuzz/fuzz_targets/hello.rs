//! Hands arbitrary bytes to both readers of hellos; what must hold is in the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::hello::check(bytes);
});
