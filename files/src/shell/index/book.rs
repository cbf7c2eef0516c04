//! The index as it is kept on the disk: what is shared, and which file has which hash.
//!
//! CBOR, replaced as a whole: half of it is never there.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use hallway::limits::{INDEX_BYTES_MAX, KNOWN_FILES_MAX};
use hallway::shell::disk::{self, DiskError};
use hallway::text::FileName;
use hallway::tree::FileHash;
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use crate::disk::Stamp;
use crate::shell::system;

/// What is shared under which name, and the files with known hashes, the oldest first.
#[derive(Default)]
pub(super) struct Book {
    pub(super) shared: Vec<(FileName, PathBuf)>,
    pub(super) known: Vec<(PathBuf, Known)>,
}

/// What a file came to when it was like this.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) stamp: Stamp,
    pub(super) hash: FileHash,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Written {
    #[n(0)]
    version: u8,
    #[n(1)]
    shared: Vec<WrittenShare>,
    #[n(2)]
    known: VecDeque<WrittenFile>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WrittenShare {
    #[n(0)]
    name: FileName,
    #[n(1)]
    path: ByteVec,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct WrittenFile {
    #[n(0)]
    path: ByteVec,
    #[n(1)]
    device: u64,
    #[n(2)]
    inode: u64,
    #[n(3)]
    size: u64,
    #[n(4)]
    modified: i64,
    #[n(5)]
    hash: FileHash,
}

impl Book {
    /// The book in that file; empty when there is none. Also says what was wrong with it: then it
    /// is begun anew.
    pub(super) fn read(path: &Path) -> (Self, Option<String>) {
        let read = File::open(path).and_then(|file| {
            let mut bytes = Vec::new();
            file.take(INDEX_BYTES_MAX).read_to_end(&mut bytes)?;
            Ok(bytes)
        });
        let bytes = match read {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return (Self::default(), None);
            }
            Err(error) => {
                return (Self::default(), Some(format!("{}: {error}", path.display())));
            }
        };
        match minicbor::decode::<Written>(&bytes) {
            Ok(written) if written.version == VERSION => (Self::of(written), None),
            Ok(_) | Err(_) => {
                let words = format!("{}: it was damaged, and is begun anew", path.display());
                (Self::default(), Some(words))
            }
        }
    }

    fn of(written: Written) -> Self {
        let shared = written.shared.into_iter();
        let known = written.known.into_iter().take(KNOWN_FILES_MAX);
        Self {
            shared: shared.map(|share| (share.name, system::path_of(share.path.into()))).collect(),
            known: known
                .map(|file| {
                    let (size, modified) = (file.size, file.modified);
                    let stamp = Stamp { file: (file.device, file.inode), size, modified };
                    (system::path_of(file.path.into()), Known { stamp, hash: file.hash })
                })
                .collect(),
        }
    }

    /// Replaces the file. The oldest known files are left out when it would become longer than
    /// what is read.
    pub(super) fn write(&self, path: &Path) -> Result<(), DiskError> {
        let bytes_of = |path: &Path| ByteVec::from(path.as_os_str().as_encoded_bytes().to_vec());
        let share = |(name, path): &(FileName, PathBuf)| WrittenShare {
            name: name.clone(),
            path: bytes_of(path),
        };
        let file = |(path, known): &(PathBuf, Known)| WrittenFile {
            path: bytes_of(path),
            device: known.stamp.file.0,
            inode: known.stamp.file.1,
            size: known.stamp.size,
            modified: known.stamp.modified,
            hash: known.hash,
        };
        let mut written = Written {
            version: VERSION,
            shared: self.shared.iter().map(share).collect(),
            known: self.known.iter().map(file).collect(),
        };
        // Writing into memory cannot fail.
        let encoded = |written: &Written| minicbor::to_vec(written).unwrap_or_default();
        let mut bytes = encoded(&written);
        let mut over = (bytes.len() as u64).saturating_sub(INDEX_BYTES_MAX);
        if over > 0 {
            // Each takes more than its path: so these are enough.
            while over > 0
                && let Some(oldest) = written.known.pop_front()
            {
                over = over.saturating_sub(oldest.path.len() as u64);
            }
            bytes = encoded(&written);
        }
        disk::write_atomic(path, &bytes)
    }
}

const VERSION: u8 = 1;
