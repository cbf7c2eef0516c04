//! The messages about files: what is offered, taken, streamed and stored, and what is shared.
//!
//! A transfer is one offer and all that comes of it. Whoever sends numbers its transfers 1, 2, 3 …
//! in each connection; so does whoever asks its requests. The bytes of files travel beside these
//! messages in bulk records: the transfer's number as `u64`, big-endian, then the bytes.

mod sharing;
mod why;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::limits;
use crate::text::{EntryPath, FileName};
use crate::tree::{ChunkHash, FileHash};

pub use self::sharing::{Get, Item, List, Listing, NotThere, Wanted};
pub use self::why::Why;

/// What is said about files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Files {
    /// From the sender: do you want this?
    Offer(Offer),
    /// From the receiver: yes; some of it may be here already.
    Take(Take),
    /// From the receiver, at any time: no, or no more.
    Refuse(Refuse),
    /// From the sender, first in the stream: it begins here.
    From(From),
    /// From the sender: what follows belongs to this.
    Entry(Entry),
    /// From the sender: the bytes of a chunk have been sent.
    Chunk(Chunk),
    /// From the sender: this could not be sent, and is left out.
    Skipped(Skipped),
    /// From the sender: that was all.
    Sent(Sent),
    /// From the receiver: so much of all streams of this connection has come, by
    /// [`Files::weight`].
    Got(u64),
    /// From the receiver: all is in its place and verified.
    Stored(Stored),
    /// From the sender, at any time: nothing more comes.
    Withdraw(Withdraw),
    /// What do you share?
    List(List),
    /// This is shared.
    Listing(Listing),
    /// Offer me this of what you share.
    Get(Get),
    /// There is no such thing, or not for you.
    NotThere(NotThere),
}

/// What is offered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// What it is called.
    #[n(1)]
    pub name: FileName,
    /// Whether it is one file or a folder.
    #[n(2)]
    pub kind: Kind,
    /// Files and folders in it; 1 for a file.
    #[n(3)]
    pub entries: u64,
    /// Bytes of all files together; absent when nobody knows before the end.
    #[n(4)]
    pub bytes: Option<u64>,
    /// Of a file: what it comes to, when the sender knows.
    #[n(5)]
    pub hash: Option<FileHash>,
    /// The request that this answers.
    #[n(6)]
    pub request: Option<u64>,
    /// All of it was sent before, and the connection was lost before the word that it is stored.
    #[cbor(n(7), default, skip_if = "std::ops::Not::not")]
    pub again: bool,
}

/// A file, or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A file.
    #[n(0)]
    File,
    /// A folder.
    #[n(1)]
    Folder,
}

impl Kind {
    /// The word for people and for `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folder",
        }
    }
}

/// The receiver wants it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Take {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// What of it is here already.
    #[n(1)]
    pub have: Option<Have>,
}

/// A beginning of a transfer, as its receiver has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Have {
    /// Entries that are whole.
    #[n(0)]
    pub entries: u64,
    /// Chunks of the next entry.
    #[n(1)]
    pub chunks: u64,
    /// What all of that comes to: a digest over both (PROTOCOL.md).
    #[n(2)]
    pub digest: FileHash,
}

/// Where the stream begins: where the receiver has got, when that is the same here; or at zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct From {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// Entries that do not come again.
    #[n(1)]
    pub entries: u64,
    /// Chunks of the next entry that do not come again; the entry itself does.
    #[n(2)]
    pub chunks: u64,
}

/// The receiver does not want it, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Refuse {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// Why.
    #[n(1)]
    pub why: Why,
}

/// The sender gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withdraw {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// Why.
    #[n(1)]
    pub why: Why,
}

/// A file or a folder in the stream.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// Inside the folder that is sent; a single file's is its name.
    #[n(1)]
    pub path: EntryPath,
    /// Whether chunks follow.
    #[n(2)]
    pub kind: Kind,
    /// Bytes, of a file; absent when nobody knows before the end.
    #[n(3)]
    pub bytes: Option<u64>,
    /// When it was last changed: seconds since 1970, UTC.
    #[n(4)]
    pub modified: i64,
    /// Whether its owner may run it.
    #[n(5)]
    pub executable: bool,
}

/// The end of a chunk: the bytes sent since the last one, or since the entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Chunk {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// What its bytes must come to.
    #[n(1)]
    pub hash: ChunkHash,
    /// Whether the file ends with it. An empty file has one empty chunk.
    #[n(2)]
    pub last: bool,
}

/// Something in a folder that is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Skipped {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// What.
    #[n(1)]
    pub path: EntryPath,
    /// Why.
    #[n(2)]
    pub why: Why,
}

/// The end of the stream, with what it came to: the receiver must have counted the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sent {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// Entries, those the receiver had already included.
    #[n(1)]
    pub entries: u64,
    /// Bytes of all files, likewise.
    #[n(2)]
    pub bytes: u64,
}

/// The receiver has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Stored {
    /// The transfer's number.
    #[n(0)]
    pub number: u64,
    /// What it is called there.
    #[n(1)]
    pub name: FileName,
    /// Of a file: what it comes to.
    #[n(2)]
    pub hash: Option<FileHash>,
}

impl Files {
    /// What a message of the stream counts in [`Files::Got`]; bytes in bulk count themselves. So
    /// a million empty files are held back like one large one.
    pub fn weight(&self) -> u64 {
        match self {
            Self::Entry(_) | Self::Chunk(_) | Self::Skipped(_) => limits::STREAM_MESSAGE_WEIGHT,
            Self::Offer(_)
            | Self::Take(_)
            | Self::Refuse(_)
            | Self::From(_)
            | Self::Sent(_)
            | Self::Got(_)
            | Self::Stored(_)
            | Self::Withdraw(_)
            | Self::List(_)
            | Self::Listing(_)
            | Self::Get(_)
            | Self::NotThere(_) => 0,
        }
    }

    /// Its number among all messages.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Offer(_) => 48,
            Self::Take(_) => 49,
            Self::Refuse(_) => 50,
            Self::From(_) => 51,
            Self::Entry(_) => 52,
            Self::Chunk(_) => 53,
            Self::Skipped(_) => 54,
            Self::Sent(_) => 55,
            Self::Got(_) => 56,
            Self::Stored(_) => 57,
            Self::Withdraw(_) => 58,
            Self::List(_) => 59,
            Self::Listing(_) => 60,
            Self::Get(_) => 61,
            Self::NotThere(_) => 62,
        }
    }

    pub(super) fn encode_body<W: Write>(
        &self,
        e: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Offer(body) => e.encode(body)?,
            Self::Take(body) => e.encode(body)?,
            Self::Refuse(body) => e.encode(body)?,
            Self::From(body) => e.encode(body)?,
            Self::Entry(body) => e.encode(body)?,
            Self::Chunk(body) => e.encode(body)?,
            Self::Skipped(body) => e.encode(body)?,
            Self::Sent(body) => e.encode(body)?,
            Self::Got(count) => e.u64(*count)?,
            Self::Stored(body) => e.encode(body)?,
            Self::Withdraw(body) => e.encode(body)?,
            Self::List(body) => e.encode(body)?,
            Self::Listing(body) => e.encode(body)?,
            Self::Get(body) => e.encode(body)?,
            Self::NotThere(body) => e.encode(body)?,
        };
        Ok(())
    }

    /// The message of that number; `None` when it is none of these.
    pub(super) fn decode_body(code: u64, d: &mut Decoder<'_>) -> Result<Option<Self>, DecodeError> {
        let message = match code {
            48 => Self::Offer(d.decode()?),
            49 => Self::Take(d.decode()?),
            50 => Self::Refuse(d.decode()?),
            51 => Self::From(d.decode()?),
            52 => Self::Entry(d.decode()?),
            53 => Self::Chunk(d.decode()?),
            54 => Self::Skipped(d.decode()?),
            55 => Self::Sent(d.decode()?),
            56 => Self::Got(d.u64()?),
            57 => Self::Stored(d.decode()?),
            58 => Self::Withdraw(d.decode()?),
            59 => Self::List(d.decode()?),
            60 => Self::Listing(d.decode()?),
            61 => Self::Get(d.decode()?),
            62 => Self::NotThere(d.decode()?),
            _ => return Ok(None),
        };
        Ok(Some(message))
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
