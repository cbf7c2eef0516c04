//! The file `state` of a part: what it belongs to, then each entry as it came.
//!
//! Each item is its length in two bytes, big-endian, and so much CBOR. An item is written before
//! what it tells of; whatever cannot be read ends the list.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom, Write as _};

use cap_std::fs::Dir;
use hallway::message::files::{Entry, Kind};
use hallway::text::FileName;
use minicbor::{Decode, Encode};

use super::part::open_to_write;
use crate::disk::Arriving;
use crate::shell::system;

/// An entry, and the number in its name on the disk: 1 unless the name was taken.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Item {
    #[n(0)]
    pub(super) entry: Entry,
    #[n(1)]
    pub(super) number: u32,
}

impl Item {
    /// What it is called on the disk.
    pub(super) fn name(&self) -> Option<FileName> {
        let name = self.entry.path.names().last()?;
        Some(if self.number > 1 { name.numbered(self.number) } else { name.clone() })
    }
}

/// What comes first.
#[derive(PartialEq, Encode, Decode)]
#[cbor(map)]
struct Head {
    #[n(0)]
    version: u8,
    #[n(1)]
    from: String,
    #[n(2)]
    name: FileName,
    #[n(3)]
    kind: Kind,
    #[n(4)]
    entries: u64,
    #[n(5)]
    bytes: Option<u64>,
}

impl Head {
    fn of(arriving: &Arriving) -> Self {
        let Arriving { from, name, kind, entries, bytes } = arriving.clone();
        Self { version: VERSION, from, name, kind, entries, bytes }
    }
}

/// An open `state`, which nobody else has open.
pub(super) struct Ledger {
    file: File,
    /// Where the items begin.
    begin: u64,
    /// Where the next one goes.
    end: u64,
}

/// What is found where a part may be.
pub(super) enum Found {
    /// The part of this.
    Same(Ledger),
    /// The part of something else, or one that is in use.
    Other,
    /// Nothing that could be gone on with.
    Damaged,
}

impl Ledger {
    /// A new one.
    pub(super) fn create(dir: &Dir, arriving: &Arriving) -> io::Result<Self> {
        let file = dir.open_with(FILE, system::writing().read(true).create_new(true))?.into_std();
        // A file system without locks has no second program to be kept out by them.
        let _ = file.try_lock();
        let mut ledger = Self { file, begin: 0, end: 0 };
        ledger.write(&Head::of(arriving))?;
        ledger.begin = ledger.end;
        Ok(ledger)
    }

    /// The one that is there.
    pub(super) fn open(dir: &Dir, arriving: &Arriving) -> Found {
        let Ok(file) = open_to_write(dir, FILE.as_ref()) else { return Found::Damaged };
        if let Err(std::fs::TryLockError::WouldBlock) = file.try_lock() {
            return Found::Other;
        }
        let mut items = Items::of(&file, 0);
        match items.next::<Head>() {
            None => Found::Damaged,
            Some(head) if head == Head::of(arriving) => {
                let begin = items.at;
                Found::Same(Self { file, begin, end: begin })
            }
            Some(_) => Found::Other,
        }
    }

    /// Adds an item.
    pub(super) fn append(&mut self, item: &Item) -> io::Result<()> {
        self.write(item)
    }

    fn write(&mut self, item: &impl Encode<()>) -> io::Result<()> {
        let mut bytes = vec![0; 2];
        minicbor::encode(item, &mut bytes).map_err(io::Error::other)?;
        let length = u16::try_from(bytes.len() - 2).map_err(io::Error::other)?;
        bytes.splice(..2, length.to_be_bytes());
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Forgets all items from there on.
    pub(super) fn cut(&mut self, end: u64) -> io::Result<()> {
        self.end = end;
        self.file.set_len(end)
    }

    /// Forgets all items.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.cut(self.begin)
    }

    /// All items. To be read before the next is asked for, or written: they share one place in the
    /// file.
    pub(super) fn items(&self) -> Items {
        Items::of(&self.file, self.begin)
    }
}

/// Items as far as they can be read.
pub(super) struct Items {
    input: Option<BufReader<File>>,
    /// Where the next one begins.
    pub(super) at: u64,
}

impl Items {
    fn of(file: &File, at: u64) -> Self {
        let input = file.try_clone().and_then(|mut file| {
            file.seek(SeekFrom::Start(at))?;
            Ok(BufReader::new(file))
        });
        Self { input: input.ok(), at }
    }

    /// The next one.
    pub(super) fn next<T: for<'b> Decode<'b, ()>>(&mut self) -> Option<T> {
        let input = self.input.as_mut()?;
        let mut length = [0; 2];
        input.read_exact(&mut length).ok()?;
        let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
        input.read_exact(&mut bytes).ok()?;
        let item = minicbor::decode(&bytes).ok()?;
        self.at += 2 + bytes.len() as u64;
        Some(item)
    }
}

const FILE: &str = "state";
const VERSION: u8 = 1;
