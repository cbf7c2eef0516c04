//! What can be wrong with a file, in words for people.

use std::io;
use std::path::{Path, PathBuf};

/// Something was not to be had from a disk: which file, and what it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct DiskError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub kind: DiskErrorKind,
}

/// What can be wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiskErrorKind {
    /// The system refuses.
    #[error("not permitted: check its owner and mode, or choose another place with --data-dir")]
    NotPermitted,
    /// No space, or no quota.
    #[error("the disk is full: free some space and try again")]
    Full,
    /// The whole file system.
    #[error("the disk cannot be written to: choose another place with --data-dir")]
    ReadOnly,
    /// Others may read or change it.
    #[error("other users can read or change it, so it is no secret: chmod 600 it, or renew it")]
    TooPermissive,
    /// It belongs to another user.
    #[error("it belongs to another user: chown it, or choose another place with --data-dir")]
    NotOurs,
    /// A folder, a device, a pipe.
    #[error("it is not a regular file: check the name")]
    NotAFile,
    /// More bytes than such a file ever has.
    #[error("it is too large to be what it should be: check the name")]
    TooLarge,
    /// It does not exist.
    #[error("it does not exist: check the name")]
    Missing,
    /// A password file without a password.
    #[error("it holds no password: write one into it, in UTF-8")]
    NoPassword,
    /// Nothing says where the user's files are.
    #[error("no home directory is known: choose a place with --data-dir")]
    NoHome,
    /// Anything else.
    #[error("{0}")]
    Other(io::ErrorKind),
}

impl From<io::Error> for DiskErrorKind {
    fn from(error: io::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, open list")]
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::NotPermitted,
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => Self::NotAFile,
            io::ErrorKind::NotFound => Self::Missing,
            other => Self::Other(other),
        }
    }
}

impl DiskErrorKind {
    pub(super) fn at(self, path: &Path) -> DiskError {
        DiskError { path: path.to_owned(), kind: self }
    }
}
