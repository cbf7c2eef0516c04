//! What must hold of any input: for the fuzzer, and for `tests/fuzz/`, which includes this file.
//!
//! Each `check` fails where one of its rules is broken. It gives whether the input came past the
//! first door (something was decoded, opened, let in), so that a test can tell whether the inputs
//! are worth anything.

pub mod description;
pub mod files;
pub mod hello;
pub mod http;
mod listener;
pub mod messages;
pub mod record;
mod script;
pub mod strangers;
pub mod text;
mod wire;
