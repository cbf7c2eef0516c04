//! Everything that touches the machine is here: threads, sockets, the files of announced runs.
//!
//! The rest of the crate is pure; therefore only this folder opts out of `clippy.toml`'s list of
//! what a core may not touch.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod checkup;
pub mod devices;
pub mod prober;
pub mod program;
pub mod runs;
pub mod service;
