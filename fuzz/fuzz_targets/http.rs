//! Hands arbitrary bytes to the description server, and to the check of LOCATION; what must hold is
//! in the rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::http::check(bytes);
});
