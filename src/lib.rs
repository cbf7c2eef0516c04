//! The shared library of Hallway: pure, but for [`shell`].
#![forbid(unsafe_code)]

pub mod conn;
pub mod labels;
pub mod limits;
pub mod secret;
pub mod seeds;
pub mod shell;
pub mod time;
