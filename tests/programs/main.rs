//! The three programs as their users meet them: real processes, real sockets, real files.
//!
//! Everything listens on port 0 of the loopback, keeps its files in a temporary folder, and is
//! waited for by its output. A program that panics fails the test that started it.
#![cfg(unix)]
// A test is a program: it touches the machine, and a failed helper is a failed test.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::print_stdout)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "../support/binaries.rs"]
mod binaries;
mod calls;
mod chat;
mod class;
mod community;
mod discover;
mod discovery;
mod doctor;
mod files;
mod kills;
mod lan;
mod log;
mod namespaces;
mod peers;
mod proxy;
mod refusals;
mod signals;
mod soak;
mod strangers;
mod support;
mod tampering;
mod text;
mod wire;
