//! Files over Hallway's conversations.
//!
//! Read in this order: [`limits`], [`name`] and [`path`] (what a file may be called here),
//! [`tree`] (how its bytes are held against hashes). All of that is pure.
#![forbid(unsafe_code)]

pub mod limits;
pub mod name;
pub mod path;
pub mod tree;
