//! The community server: keeps the list of members that are online, behind one password; introduces,
//! never carries chat.
//!
//! [`community`] is the core, [`directory`] its list, [`notice`] what it tells.
#![forbid(unsafe_code)]

pub mod community;
pub mod directory;
pub mod notice;
