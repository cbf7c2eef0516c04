//! The shared library of Hallway: pure, but for [`shell`].
//!
//! Read in this order: [`limits`] and [`labels`] (every number, every label), [`text`] (what may be
//! shown), [`identity`], [`handshake`], [`record`], [`message`], [`channel`]; then the cores of the
//! programs, which are built from these.
#![forbid(unsafe_code)]

pub mod channel;
pub mod complete;
pub mod conn;
pub mod event;
pub mod guess;
pub mod handshake;
pub mod identity;
pub mod keyfile;
pub mod labels;
pub mod limits;
pub mod log;
pub mod message;
pub mod pages;
pub mod passphrase;
pub mod pins;
pub mod place;
pub mod prefix;
pub mod reason;
pub mod record;
pub mod secret;
pub mod seeds;
pub mod shell;
pub mod text;
pub mod time;
pub mod tree;

// Examples that the tests inside and outside of the library share; they call it by its name.
#[cfg(test)]
extern crate self as hallway;
#[cfg(test)]
#[path = "../tests/support/messages.rs"]
mod examples;
