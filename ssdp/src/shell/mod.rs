//! Everything that touches the machine is here: sockets, threads, clock.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod fetch;
pub mod server;
