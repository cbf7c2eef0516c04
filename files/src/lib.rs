//! Files over Hallway's conversations.
//!
//! Read in this order: [`news`] (what people can do and are told), [`disk`] (what is asked of the
//! disk), then the core: [`transfers`]. [`shell`] does what is asked.
#![forbid(unsafe_code)]

pub mod disk;
pub mod news;
pub mod shell;
pub mod transfers;
