//! The community server: keeps the list of members that are online, behind one password;
//! introduces, never carries chat.
//!
//! [`community`] is the core, set up by a [`config`]: [`conns`] who has logged in, [`directory`]
//! who is on the list, [`news`] what the others have to be told; [`notice`] is what it tells its
//! operator, [`menu`] what the operator tells it.
#![forbid(unsafe_code)]

pub mod community;
pub mod config;
pub mod conns;
pub mod directory;
pub mod menu;
pub mod news;
pub mod notice;
pub mod options;
pub mod run;
