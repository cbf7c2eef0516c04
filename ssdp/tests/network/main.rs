//! Sockets and services on the system's own network, with namespaces for machines.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test is a program that stops at the first surprise"
)]

mod flood;
mod services;
mod sockets;
mod support;
mod watching;
