//! What is sent: looked at, read, hashed.

use std::path::PathBuf;

use crate::disk::{Read, ReadDone};

/// All transfers that are read for.
pub struct Sources {
    private: PathBuf,
}

impl Sources {
    /// Nothing yet. Whatever lies in `private` is never sent.
    pub fn new(private: PathBuf) -> Self {
        Self { private }
    }

    /// Does one job.
    pub fn run(&mut self, job: Read) -> Option<ReadDone> {
        let _ = (&self.private, job);
        None
    }
}
