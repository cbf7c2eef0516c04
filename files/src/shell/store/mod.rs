//! What is received: parts, and their way into place.

use std::path::PathBuf;

use super::Sandbox;
use crate::disk::{Write, WriteDone};

/// Where a store puts what it receives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Into this folder.
    Folder(PathBuf),
    /// To standard output.
    Stdout,
}

/// What the names of parts end with.
pub(super) const PART_ENDING: &str = ".hallway-part";

/// All transfers that are written to one place.
pub struct Store {
    place: Place,
}

impl Store {
    /// A store of that place, which need not exist.
    pub fn at(place: Place) -> Self {
        Self { place }
    }

    /// Confines this thread.
    pub fn confine(&mut self, job: &Write) -> Option<Sandbox> {
        let _ = job;
        None
    }

    /// Does one job.
    pub fn run(&mut self, job: Write) -> Option<WriteDone> {
        let _ = (&self.place, job);
        None
    }
}
