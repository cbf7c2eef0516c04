//! What the disk threads do, job by job, without threads: streams of `Sources` go into a `Store`.
#![cfg(unix)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at the first surprise"
)]

mod hostile;
mod pipe;
mod receiving;
mod resuming;
mod room;
mod sending;
mod shared;
mod threads;
