//! The password handshake: OPAQUE (RFC 9807), then identities.

pub mod hello;
pub mod stretch;
