//! Files over Hallway's conversations.
//!
//! Read in this order: [`news`] (what people can do and are told), [`disk`] (what is asked of the
//! disk), then the core: [`transfers`]. [`shell`] does what is asked.
#![forbid(unsafe_code)]

mod desk;
pub mod disk;
mod flow;
mod intake;
mod link;
pub mod news;
mod receiving;
mod requests;
mod sending;
mod sharing;
pub mod shell;
pub mod transfers;
mod unheard;
