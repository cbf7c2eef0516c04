//! What is asked and said about what a node shares.

use minicbor::{Decode, Encode};

use super::{Kind, Why};
use crate::text::FileName;
use crate::tree::FileHash;

/// A question for what is shared, in pages.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct List {
    /// The request's number.
    #[n(0)]
    pub request: u64,
    /// Only what comes behind this name.
    #[n(1)]
    pub after: Option<FileName>,
}

/// A page of what is shared, by name.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Listing {
    /// The request's number.
    #[n(0)]
    pub request: u64,
    /// Some of it.
    #[n(1)]
    pub items: Vec<Item>,
    /// Whether that is all.
    #[n(2)]
    pub last: bool,
}

/// Something that is shared.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Item {
    /// Unique among what that node shares.
    #[n(0)]
    pub name: FileName,
    /// Whether it is one file or a folder.
    #[n(1)]
    pub kind: Kind,
    /// Files and folders in it; 1 for a file.
    #[n(2)]
    pub entries: u64,
    /// Bytes of all files together.
    #[n(3)]
    pub bytes: u64,
    /// When it was last changed: seconds since 1970, UTC.
    #[n(4)]
    pub modified: i64,
    /// Of a file: what it comes to, once that has been found out.
    #[n(5)]
    pub hash: Option<FileHash>,
}

/// A wish for something that is shared.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Get {
    /// The request's number.
    #[n(0)]
    pub request: u64,
    /// What.
    #[n(1)]
    pub what: Wanted,
}

/// What is wanted of what is shared.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Wanted {
    /// What is called this.
    #[n(0)]
    Name(#[n(0)] FileName),
    /// The file that comes to this.
    #[n(1)]
    Hash(#[n(0)] FileHash),
}

/// A wish that is not fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NotThere {
    /// The request's number.
    #[n(0)]
    pub request: u64,
    /// Why.
    #[n(1)]
    pub why: Why,
}
