//! Files over Hallway's conversations.
#![forbid(unsafe_code)]

pub mod disk;
