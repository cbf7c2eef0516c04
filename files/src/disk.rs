//! What the cores ask of the disk, and what comes back: three threads, one that reads what is
//! sent, one that writes what is received, one that keeps the index of what is shared and known.
//!
//! Each job is answered by exactly one result with the same transfer, in the order of the jobs of
//! that transfer, unless it says otherwise. What is long (going through a file that is half here
//! already) is asked for step by step; only a look at a folder takes as long as it is large.

use std::path::PathBuf;

use hallway::message::files::{Chunk, Entry, Have, Item, Kind, Skipped, Why};
use hallway::text::FileName;
use hallway::tree::FileHash;

/// One transfer of this node, from the offer to the end. Never used again; people see it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransferId(pub u64);

/// Where what is sent comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file or a folder. A link is neither.
    Path(PathBuf),
    /// The same where it was shared: it is gone when a link is on the way there now.
    Shared(PathBuf),
    /// Standard input, under a name. It is read once: there is no going on after a break.
    Stdin(FileName),
}

/// Where what is received goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Into the download folder.
    Downloads,
    /// Into this folder.
    Folder(PathBuf),
    /// One file, to standard output.
    Stdout,
}

/// A job for one of the threads.
#[derive(Debug, PartialEq, Eq)]
pub enum Job {
    /// Of the one that reads.
    Read(Read),
    /// Of the one that writes.
    Write(Write),
    /// Of the one that keeps the index.
    Index(Index),
}

/// What one of the threads has done.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    /// The one that reads.
    Read(ReadDone),
    /// The one that writes.
    Write(WriteDone),
    /// The one that keeps the index.
    Index(IndexDone),
}

// ---- reading ---------------------------------------------------------------------------------

/// A job for the thread that reads.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// What is there to send? Answered by `Looked`.
    Look(TransferId, Source),
    /// The stream is wanted, from there on if that is the same here. Not answered: `Next` tells.
    Begin(TransferId, Option<Have>),
    /// The next part of the stream. Answered by `Parts`.
    Next(TransferId),
    /// Nothing more is wanted. Not answered; jobs before it are.
    Forget(TransferId),
}

impl Read {
    /// Which transfer it is about.
    pub fn transfer(&self) -> TransferId {
        match self {
            Self::Look(id, _) | Self::Begin(id, _) | Self::Next(id) | Self::Forget(id) => *id,
        }
    }
}

/// What the thread that reads has found.
#[derive(Debug, PartialEq, Eq)]
pub enum ReadDone {
    /// There is this to send; or not.
    Looked(TransferId, Result<Looked, Why>),
    /// This comes next; never empty.
    Parts(TransferId, Vec<Part>),
}

/// What there is to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Its name, made legal.
    pub name: FileName,
    /// A file or a folder.
    pub kind: Kind,
    /// Files and folders in it, those that will be skipped not counted, as far as that can be told
    /// without opening them; 1 for a file. The folder itself is none.
    pub entries: u64,
    /// Bytes of all files; unknown of standard input.
    pub bytes: Option<u64>,
    /// When it was last changed: seconds since 1970; zero of standard input.
    pub modified: i64,
}

/// A part of the stream, in its order. The numbers of messages are filled in by whoever sends them.
#[derive(Debug, PartialEq, Eq)]
pub enum Part {
    /// So many bytes of what the receiver has already were held against its digest.
    Passed(u64),
    /// The stream begins here: entries, and chunks of the next one. First of all but `Passed`,
    /// unless it fails before.
    From(u64, u64),
    /// A file or a folder.
    Entry(Entry),
    /// Bytes of the file, at most `limits::FILE_RECORD_BYTES`.
    Bytes(Vec<u8>),
    /// The end of a chunk.
    Chunk(Chunk),
    /// Something left out.
    Skipped(Skipped),
    /// The end; entries and bytes of the whole, from its very beginning. With the hash of a single
    /// file. Nothing follows.
    End {
        /// Entries.
        entries: u64,
        /// Bytes of all files.
        bytes: u64,
        /// What a single file comes to.
        hash: Option<FileHash>,
    },
    /// It cannot go on. Nothing follows.
    Failed(Why),
}

// ---- writing ---------------------------------------------------------------------------------

/// A job for the thread that writes.
#[derive(Debug, PartialEq, Eq)]
pub enum Write {
    /// This is offered: is there room where it may go, and is a part of it there? Answered by
    /// `Looked`.
    Look(TransferId, Arriving, Target),
    /// It is wanted: make or take up its part, one step of `Check` included. Answered by `Ready`.
    Open(TransferId, Arriving, Target),
    /// Go on holding what is here against the disk. Answered by `Ready`.
    Check(TransferId),
    /// The stream begins here; what is beyond is thrown away. Answered by `Wrote`.
    From(TransferId, u64, u64),
    /// Write these, in order. Answered by `Wrote`.
    Put(TransferId, Vec<Piece>),
    /// That was all: move it into its place; a single file only if it comes to this hash, when one
    /// was promised (else it is damaged). Answered by `Stored`; when that failed the part is still
    /// there, to be abandoned.
    Store(TransferId, Option<FileHash>),
    /// Nothing more comes. Keep the part for later, or throw it away. Not answered. Needed after
    /// every trouble, not after `Stored`.
    Abandon(TransferId, Keep),
}

impl Write {
    /// Which transfer it is about.
    pub fn transfer(&self) -> TransferId {
        match self {
            Self::Look(id, ..)
            | Self::Open(id, ..)
            | Self::Check(id)
            | Self::From(id, ..)
            | Self::Put(id, _)
            | Self::Store(id, _)
            | Self::Abandon(id, _) => *id,
        }
    }
}

/// Whether an unfinished part stays on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It may go on some day.
    Part,
    /// Nobody wants it.
    Nothing,
}

/// What is offered, as far as the disk needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arriving {
    /// Who sends it: a piece of the fingerprint. With name, kind and bytes it tells a part that is
    /// here already.
    pub from: String,
    /// What it is called there.
    pub name: FileName,
    /// A file or a folder.
    pub kind: Kind,
    /// Files and folders in it.
    pub entries: u64,
    /// Bytes of all files, when the sender knows.
    pub bytes: Option<u64>,
}

/// A verified step of what is received.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// What follows belongs to this.
    Entry(Entry),
    /// A whole chunk, with the hash that its bytes must come to: verified before it is written.
    Chunk(Vec<u8>, Chunk),
}

/// What the thread that writes has done.
#[derive(Debug, PartialEq, Eq)]
pub enum WriteDone {
    /// Bytes that are free, and bytes of it that are here already.
    Looked(TransferId, Result<Room, Trouble>),
    /// How far the part is known to be good.
    Ready(TransferId, Result<Ready, Trouble>),
    /// All of that is on the disk (or with the system); or not, and then nothing of it counts.
    /// Gives back the memory of a chunk: to ask the system for as much each time is slow.
    Wrote(TransferId, Result<(), Trouble>, Vec<u8>),
    /// It is in its place.
    Stored(TransferId, Result<Placed, Trouble>),
}

/// Whether something fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Bytes that are free there.
    pub free: u64,
    /// Bytes of it that are here already.
    pub here: u64,
}

impl Room {
    /// Whether so many bytes have room, as far as that is known.
    pub fn takes(&self, bytes: Option<u64>) -> bool {
        bytes.is_none_or(|bytes| bytes <= self.free.saturating_add(self.here))
    }
}

/// What is known of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// So many bytes more were looked through; ask again.
    Checking(u64),
    /// All of it was: so much is here, and that is so many bytes. `None` when it is nothing.
    Here(Option<Have>, u64),
}

/// Where something received is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What it is called now.
    pub name: FileName,
    /// Where it is; nowhere for standard output.
    pub path: Option<PathBuf>,
    /// What a single file comes to.
    pub hash: Option<FileHash>,
    /// How a single file was when it came to that; nothing for standard output.
    pub stamp: Option<Stamp>,
}

/// Why something could not be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// For the sender.
    pub why: Why,
    /// For the person here: what happened to what, without a full stop.
    pub words: String,
}

// ---- the index -------------------------------------------------------------------------------

/// A job for the thread that keeps the index.
#[derive(Debug, PartialEq, Eq)]
pub enum Index {
    /// Share this file or folder, too. Answered by `Changed`.
    Share(PathBuf),
    /// Share this no more; `None` for all. Answered by `Changed`.
    Unshare(Option<FileName>),
    /// Look whether what is shared has changed. Answered by `Shares`.
    Survey,
    /// Is a file with this content here, unchanged since it was hashed? Answered by `Found`.
    Find(TransferId, FileHash),
    /// This file was received, and verified when it was like that; it is known from now on, as
    /// long as it stays so. Not answered.
    Remember(PathBuf, Stamp, FileHash),
}

/// What tells a file that has changed, and one file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Device and number on it; zero where the system has no such thing.
    pub file: (u64, u64),
    /// Bytes.
    pub size: u64,
    /// When it was last changed: nanoseconds since 1970.
    pub modified: i64,
}

/// What the thread that keeps the index has found.
#[derive(Debug, PartialEq, Eq)]
pub enum IndexDone {
    /// All that is shared, by name, as it is now.
    Shares(Vec<Share>, Option<Trouble>),
    /// The same, for somebody here who wanted it changed; the rest as it was looked at last.
    Changed(Vec<Share>, Option<Trouble>),
    /// The same by itself: a hash has been found out.
    Hashed(Vec<Share>, Option<Trouble>),
    /// Where the file is.
    Found(TransferId, Option<PathBuf>),
}

/// Something that this node shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// What others are told of it.
    pub item: Item,
    /// Where it is.
    pub path: PathBuf,
}
