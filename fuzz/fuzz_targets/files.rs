//! Hands arbitrary bytes to the readers of identity files, pins, places and hints; what must hold
//! is in the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::files::check(bytes);
});
