//! Why a step of writing failed, before it is put into words.

use std::io;

use hallway::message::files::Why;

use crate::disk::Trouble;

/// What is wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// With the disk.
    Disk(io::Error),
    /// With what came.
    Stream(&'static str),
    /// It does not go on from what was written already.
    Changed,
    /// It is larger than the room: so many bytes are free.
    NoRoom(u64),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Fault {
    /// In words: `what` was not written `where_to`.
    pub(super) fn trouble(&self, what: &str, where_to: &str) -> Trouble {
        let (why, reason) = match self {
            Self::Stream(reason) => (Why::Damaged, (*reason).to_owned()),
            Self::Changed => (Why::Changed, "it is not the same as before".to_owned()),
            Self::Disk(error) => disk(error),
            Self::NoRoom(free) => (Why::NoRoom, format!("only {} MB are free there", free / MB)),
        };
        Trouble { why, words: format!("{what} was not written to {where_to}: {reason}") }
    }
}

const MB: u64 = 1_000_000;

fn disk(error: &io::Error) -> (Why, String) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, open list")]
    let (why, words) = match error.kind() {
        io::ErrorKind::StorageFull => (Why::NoRoom, "the disk is full"),
        io::ErrorKind::QuotaExceeded => (Why::NoRoom, "your quota on this disk is used up"),
        io::ErrorKind::FileTooLarge => (Why::NoRoom, "this disk takes no file of that size"),
        io::ErrorKind::PermissionDenied => (Why::Disk, "not permitted"),
        io::ErrorKind::ReadOnlyFilesystem => (Why::Disk, "this disk cannot be written to"),
        io::ErrorKind::NotADirectory => (Why::Disk, "that is not a folder"),
        io::ErrorKind::AlreadyExists => (Why::Disk, "all its names are taken there"),
        io::ErrorKind::BrokenPipe => (Why::Disk, "nobody reads it any more"),
        _ => return (Why::Disk, error.to_string()),
    };
    (why, words.to_owned())
}
