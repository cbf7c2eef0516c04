//! Everything that touches the machine: sockets, files, the clock, the terminal.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod terminal;
