//! The client: a menu for people and tasks for scripts, with a node built in.
//!
//! [`app`] is the core of the menu, [`chat`] that of a single conversation, [`errand`] that of the
//! tasks about files, [`menu`] the tables of the screens.
#![forbid(unsafe_code)]

pub mod app;
mod bars;
pub mod chat;
mod demo;
mod discover;
mod doctor;
pub mod errand;
pub mod keyring;
pub mod menu;
pub mod options;
pub mod people;
pub mod roster;
pub mod run;
mod screen;
mod tasks;
