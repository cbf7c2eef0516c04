//! SSDP, the discovery protocol of the UPnP Device Architecture 2.0 (section 1): a device that
//! announces itself and answers searches, and a control point that listens, searches and keeps a
//! bounded list of who is there.
//!
//! [`engine::Engine`] does no IO: datagrams, interfaces and the time go in; datagrams and events
//! come out; the only randomness is a seed. [`shell`] holds the sockets, and a thread that runs an
//! engine on them.
#![forbid(unsafe_code)]

pub mod candidates;
mod control;
pub mod counts;
pub mod description;
mod device;
pub mod engine;
mod guard;
pub mod http;
pub mod interface;
pub mod limits;
pub mod location;
pub mod message;
pub mod outbox;
mod rng;
pub mod shell;
pub mod target;
