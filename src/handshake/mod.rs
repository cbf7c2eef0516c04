//! The password handshake: OPAQUE (RFC 9807), then identities; one code path for every service.
//!
//! ```text
//! dialler                                        listener
//!   ClientHello{offers, service, selector, KE1}  ->
//!                                                <-  ServerHello{choices, identity, KE2}
//!   (stretches the password)
//!   KE3 ‖ record 0 {Auth}                        ->
//!                                                <-  record 0 {Auth}
//! ```
//!
//! Read in this order: [`hello`], [`opaque`], [`stretch`], `schedule`, [`auth`], [`dialling`],
//! [`answering`], [`lobby`].

pub mod answering;
pub mod auth;
pub mod dialling;
#[cfg(test)]
mod frozen_tests;
pub mod hello;
#[cfg(test)]
mod insider_tests;
pub mod lobby;
pub mod opaque;
mod schedule;
pub mod stretch;
