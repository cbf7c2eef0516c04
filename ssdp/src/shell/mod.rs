//! Everything that touches the machine is here: sockets, interfaces, the clock, threads.
//!
//! The rest of the crate is pure; therefore only this folder opts out of `clippy.toml`'s list of
//! what a core may not touch.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod fetch;
mod link;
mod runner;
pub mod server;
pub mod service;
mod socket;
pub mod sockets;
pub mod status;
pub mod watch;
