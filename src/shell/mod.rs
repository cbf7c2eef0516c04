//! Everything that touches the machine is here: clock, sockets, files, signals, threads, terminal.
//!
//! The rest of the library is pure; therefore only this folder opts out of `clippy.toml`'s list of
//! what a core may not touch.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod base;
pub mod clock;
pub mod disk;
pub mod hardening;
pub mod home;
pub mod interfaces;
pub mod net;
pub mod options;
pub mod paths;
pub mod signals;
pub mod start;
pub mod terminal;
pub mod worker;
