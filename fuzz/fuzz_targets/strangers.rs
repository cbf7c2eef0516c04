//! Plays scripts of strangers to the cores of a node and of a community; what must hold is in the
//! rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    rules::strangers::check(bytes);
});
