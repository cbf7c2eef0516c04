//! The node's core in a world in memory: calls, pins, communities, and what a bad network or a bad
//! peer can do to them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

mod bench;
mod host;
mod people;
mod world;

mod calling;
mod communities;
mod crossing;
mod pinning;
mod properties;
mod talking;
mod violations;
mod visitors;
