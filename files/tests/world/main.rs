//! The core of transfers in a world in memory: cut connections, killed programs, changed files,
//! lying peers, people who change their minds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod disk;
mod world;

mod lying;
mod people;
mod resuming;
mod sharing;
