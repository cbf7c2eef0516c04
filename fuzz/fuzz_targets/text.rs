//! Has arbitrary text filtered, cut into lines and taken as a name; what must hold is in the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::text::check(bytes);
});
