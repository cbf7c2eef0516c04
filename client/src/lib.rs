//! The client: a menu for people and tasks for scripts, with a node built in.
//!
//! [`app`] is the core of the menu, [`chat`] that of a single conversation, [`menu`] the tables of
//! the screens.
#![forbid(unsafe_code)]

pub mod app;
pub mod chat;
mod demo;
mod discover;
mod doctor;
pub mod keyring;
pub mod menu;
pub mod options;
pub mod people;
pub mod roster;
pub mod run;
mod screen;
mod tasks;
