//! What is shared, and which content is known.

use std::path::Path;

use crate::disk::{Index, IndexDone};

/// What is shared, and which content is known.
pub struct Indexer {}

/// What came of a turn of the indexer.
pub struct Turn {
    /// Something to tell.
    pub done: Option<IndexDone>,
    /// Whether there is something to hash: another turn, without a job, is wanted.
    pub more: bool,
}

impl Indexer {
    /// The index kept in that folder.
    pub fn open(_data_dir: &Path) -> Self {
        Self {}
    }

    /// Does one job, or, without one, hashes a little.
    pub fn turn(&mut self, _job: Option<Index>) -> Turn {
        Turn { done: None, more: false }
    }
}
