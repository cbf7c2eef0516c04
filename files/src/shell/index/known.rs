//! Which file has which hash, as long as it stays the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hallway::limits::KNOWN_FILES_MAX;
use hallway::tree::FileHash;

use super::book::Known;
use crate::disk::Stamp;

/// Files whose hash was found out; the oldest is forgotten first.
#[derive(Default)]
pub(super) struct KnownFiles {
    files: BTreeMap<PathBuf, (u64, Known)>,
    /// Counts those that were added.
    added: u64,
}

impl KnownFiles {
    pub(super) fn add(&mut self, path: PathBuf, known: Known) {
        self.added += 1;
        self.files.insert(path, (self.added, known));
        if self.files.len() > KNOWN_FILES_MAX
            && let Some(oldest) = self.files.iter().min_by_key(|(_, (age, _))| *age)
        {
            let oldest = oldest.0.clone();
            self.files.remove(&oldest);
        }
    }

    /// What a file comes to that is like this now.
    pub(super) fn hash(&self, path: &Path, stamp: &Stamp) -> Option<FileHash> {
        let (_, known) = self.files.get(path)?;
        (known.stamp == *stamp).then_some(known.hash)
    }

    /// A file that comes to this, and is like it was then. Others of that hash are forgotten.
    pub(super) fn find(&mut self, hash: &FileHash) -> Option<PathBuf> {
        loop {
            let (path, (_, known)) =
                self.files.iter().find(|(_, (_, known))| known.hash == *hash)?;
            let path = path.clone();
            let now = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file);
            if now.is_some_and(|now| Stamp::of(&now) == known.stamp) {
                return Some(path);
            }
            self.files.remove(&path);
        }
    }

    /// All, the oldest first.
    pub(super) fn all(&self) -> Vec<(PathBuf, Known)> {
        let mut all: Vec<_> = self.files.iter().collect();
        all.sort_unstable_by_key(|(_, (age, _))| *age);
        all.into_iter().map(|(path, (_, known))| (path.clone(), *known)).collect()
    }
}
