//! The community's core against guests made of the real dialling side, all in memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    unreachable_pub,
    missing_docs,
    reason = "a test stops at the first surprise, and nobody builds on it"
)]

mod gathering;
mod joining;
mod operator;
mod places;
mod replicas;
mod strangers;
#[path = "../support/mod.rs"]
mod support;
