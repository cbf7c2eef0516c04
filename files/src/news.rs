//! What whoever uses a node can have it do about files, and what it tells them.

use std::path::PathBuf;

use hallway::message::files::{Item, Kind, Wanted, Why};
use hallway::text::{EntryPath, FileName};
use hallway::tree::FileHash;

use crate::disk::{Room, Source, Target, TransferId};

/// A connection on which files may be exchanged: the number of its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What to do with what is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilePolicy {
    /// Ask the person here.
    Ask,
    /// Take everything (that fits).
    All,
    /// Take nothing.
    #[default]
    None,
}

/// What whoever uses the node can have it do.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Offer this on a connection.
    Send(LinkId, Source),
    /// Take what is offered, to this place.
    Accept(TransferId, Target),
    /// Do not take it.
    Deny(TransferId),
    /// Stop a transfer, in either direction, also one that waits to meet again.
    Cancel(TransferId),
    /// Share this file or folder.
    Share(PathBuf),
    /// Share this no more; `None` for all.
    Unshare(Option<FileName>),
    /// Ask what is shared there. Answered by `Listed` or `NotThere`.
    List(LinkId),
    /// Fetch it from there, to this place: it is not asked for again.
    Get(LinkId, Wanted, Target),
}

/// Which way a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To them.
    Out,
    /// From them.
    In,
}

/// A transfer, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its number here.
    pub id: TransferId,
    /// Which way.
    pub way: Way,
    /// Who is at the other end, as they are labelled.
    pub peer: String,
    /// What it is called.
    pub name: FileName,
    /// A file or a folder.
    pub kind: Kind,
    /// Files and folders in it.
    pub entries: u64,
    /// Bytes of all files, when known.
    pub bytes: Option<u64>,
}

impl About {
    /// Whether the other is of the same name, kind and size: its part would be the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.name, self.kind, self.entries, self.bytes)
            == (&other.name, other.kind, other.entries, other.bytes)
    }
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are there: at the receiver, written; at the sender, received.
    pub done: u64,
    /// How many of these were there before this connection.
    pub before: u64,
    /// Entries begun.
    pub entries: u64,
}

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The disk looks what there is.
    Looking,
    /// The person at the other end, or here, is asked.
    Asking,
    /// What is here already is held against its hashes.
    Checking,
    /// It moves.
    Moving,
    /// Nothing has come for `limits::STALL_WAIT`.
    Stalled,
    /// The connection is gone: it goes on when the two meet again.
    Waiting,
}

/// Something about files that somebody may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Somebody offers something and waits for `Accept` or `Deny`. With the room there is in the
    /// download folder, which may be too little; or, in words, why it cannot go where it was to go:
    /// told again after each place that was chosen and will not do.
    Offered(About, Result<Room, String>),
    /// Ours was offered, and the other side is asked.
    Asked(About),
    /// It is taken and moves; again after each interruption.
    Begun(About, Progress),
    /// How far it is, at most each `limits::PROGRESS_PAUSE`.
    Moved(About, Progress, Stage),
    /// All is there and verified: what it is called there, where it is (when that is here), and
    /// what a single file comes to.
    Done(About, FileName, Option<PathBuf>, Option<FileHash>),
    /// The receiver has the same content already; here, where.
    HadAlready(About, Option<PathBuf>),
    /// It is over, and not there. Whose doing, and, when it is this machine's, in words.
    Failed(About, Failure),
    /// The connection is gone in the midst of it; it goes on when the two meet again. What they had
    /// asked for is asked for again then, under another number.
    Interrupted(About, Progress),
    /// Something in a folder was left out.
    Skipped(About, EntryPath, Why),
    /// So much more was left out than was told one by one (`limits::LEFT_OUT_TOLD`).
    SkippedMore(About, u64),
    /// What is shared there, by name.
    Listed(LinkId, String, Vec<Item>),
    /// A wish that is not fulfilled: to `Get` this, or, without anything, to `List`.
    NotThere(LinkId, String, Option<Wanted>, Failure),
    /// What is to be shared is looked through, and that takes long.
    Looking(PathBuf),
    /// What is shared here now, after all changes that somebody here asked for; and what went
    /// wrong.
    Shares(Vec<Item>, Vec<String>),
}

/// Why a transfer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The other side says so.
    There(Why),
    /// This side does.
    Here(Why),
    /// This machine could not do its part; in words.
    Trouble(String),
    /// It is a folder, and was to go to standard output.
    NoFile,
    /// Nobody has answered, and whoever offered it had nothing else to wait for; or the program
    /// here ends.
    Unanswered,
    /// Who offered it has taken it back before it was answered.
    Withdrawn,
    /// The connection is gone, and the offer, or what was asked, was not answered. An offer may be
    /// made again when the two meet again, under another number.
    Left,
    /// The program here ends, and nothing goes on by itself. This is how far it was.
    Ended(Progress),
}
