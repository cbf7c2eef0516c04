//! Has records sealed, changed on their way, and opened; what must hold is in the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::record::check(bytes);
});
