//! Who is on this network: what Hallway's programs say of themselves by SSDP, and what they make
//! of what others say. Nothing heard here is trusted: the handshake decides who somebody is.
//!
//! Read in this order: [`limits`], [`kind`] and [`hints`] (what is said), [`neighbours`] (what is
//! made of it), [`view`] (how a
//! person sees it), [`doctor`] (why it does not
//! work). All of that is pure; the sockets are in [`shell`].
#![forbid(unsafe_code)]

pub mod doctor;
pub mod hints;
pub mod kind;
pub mod limits;
pub mod neighbours;
pub mod page;
pub mod shell;
pub mod view;
