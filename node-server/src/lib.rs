//! A node: a person's listening end. `node-server` is a node alone; `client` has one built in.
//!
//! [`node`] is the core; it is put together from [`calls`] (`who` is about names and pins),
//! [`membership`] (`rejoin` is about coming back) and [`outbound`], the way to reach a listener.
//! [`notice`] is what it tells, [`sight`] what screens are made from, [`shelf`] what others share.
#![forbid(unsafe_code)]

pub mod calls;
mod desk;
pub mod file_events;
mod file_failures;
pub mod file_words;
pub mod machine;
pub mod membership;
pub mod menu;
pub mod node;
pub mod notice;
pub mod options;
pub mod outbound;
pub mod rejoin;
pub mod run;
pub mod shelf;
pub mod sight;
pub mod talk;
pub mod view;
mod who;
mod wish;
