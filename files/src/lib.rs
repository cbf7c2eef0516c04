//! Files over Hallway's conversations.
//!
//! Read in this order: [`news`] (what people can do and are told), [`disk`] (what is asked of the
//! disk), then the core.
#![forbid(unsafe_code)]

pub mod disk;
pub mod news;
pub mod shell;
