//! A part that is written: entries, and chunks that are verified before.

use std::fs::{File, FileTimes};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use cap_std::fs::Dir;
use hallway::limits::CHUNK_BYTES;
use hallway::message::files::{Chunk, Entry, Kind};
use hallway::prefix::Prefix;
use hallway::tree::{ChunkHash, FileHash};

use super::fault::Fault;
use super::ledger::Item;
use super::part::{DATA, Part};
use super::places::Places;
use crate::disk::Piece;
use crate::shell::system;

/// A part and where in it the next piece goes.
pub(super) struct Filling {
    pub(super) part: Part,
    pub(super) kind: Kind,
    /// Where entries go: of a folder its own, else that of the part.
    pub(super) data: Dir,
    pub(super) places: Places,
    /// What is whole.
    pub(super) prefix: Prefix,
    pub(super) current: Option<Current>,
    /// Of the last file that became whole.
    pub(super) hash: Option<FileHash>,
}

/// A file that is not whole yet.
pub(super) struct Current {
    pub(super) file: File,
    pub(super) item: Item,
    pub(super) bytes: u64,
    /// Whether its entry will come again: it is gone on with after a break.
    pub(super) resumed: bool,
}

impl Filling {
    /// The part with nothing in it.
    pub(super) fn empty(mut part: Part, kind: Kind) -> Result<Self, Fault> {
        part.clear(kind)?;
        Self::of(part, kind)
    }

    /// The part, whatever is in it.
    pub(super) fn of(part: Part, kind: Kind) -> Result<Self, Fault> {
        let data = match kind {
            Kind::Folder => part.data_dir()?,
            Kind::File => part.dir.try_clone()?,
        };
        let places = Places::default();
        Ok(Self { part, kind, data, places, prefix: Prefix::default(), current: None, hash: None })
    }

    /// Writes one piece.
    pub(super) fn put(&mut self, piece: &Piece) -> Result<(), Fault> {
        match piece {
            Piece::Entry(entry) => self.enter(entry.clone()),
            Piece::Chunk(bytes, chunk) => self.write(bytes, *chunk),
        }
    }

    fn enter(&mut self, entry: Entry) -> Result<(), Fault> {
        match &mut self.current {
            Some(current) if current.resumed => return current.enter_again(&entry),
            Some(_) => return Err(Fault::Stream("a file ended before its last chunk")),
            None => {}
        }
        // Its number is one of this connection only.
        let entry = Entry { number: 0, ..entry };
        let is_first = self.prefix.reached() == (0, 0);
        if self.kind == Kind::File && (!is_first || entry.kind == Kind::Folder) {
            return Err(Fault::Stream("more than one file came"));
        }
        let item = match self.kind {
            Kind::File => Item { entry, number: 1 },
            Kind::Folder => self.places.numbered(&self.data, entry)?,
        };
        let path = self.path_of(&item)?;
        self.part.ledger.append(&item)?;
        self.prefix.entry(&item.entry);
        if item.entry.kind == Kind::Folder {
            self.data.create_dir(path)?;
            return Ok(());
        }
        let mut options = system::writing();
        options.read(true).create_new(true);
        #[cfg(unix)]
        {
            // What the user's umask leaves of it.
            let mode = if item.entry.executable { 0o777 } else { 0o666 };
            cap_std::fs::OpenOptionsExt::mode(&mut options, mode);
        }
        let file = self.data.open_with(path, &options)?.into_std();
        self.current = Some(Current { file, item, bytes: 0, resumed: false });
        Ok(())
    }

    /// Where an item is, seen from `data`.
    pub(super) fn path_of(&mut self, item: &Item) -> Result<PathBuf, Fault> {
        match self.kind {
            Kind::File => Ok(DATA.into()),
            Kind::Folder => self.places.path_of(item),
        }
    }

    fn write(&mut self, bytes: &[u8], chunk: Chunk) -> Result<(), Fault> {
        let current = self.current.as_mut().filter(|current| !current.resumed);
        let current = current.ok_or(Fault::Stream("a chunk came without its file"))?;
        verify(bytes, &chunk, current.bytes, current.item.entry.bytes)?;
        current.write(bytes)?;
        self.hash = self.prefix.chunk(&chunk);
        if chunk.last {
            set_modified(&current.file, &current.item.entry);
            self.current = None;
        }
        Ok(())
    }
}

/// Whether these bytes are that chunk of a file, behind `before` bytes.
pub(super) fn verify(
    bytes: &[u8],
    chunk: &Chunk,
    before: u64,
    declared: Option<u64>,
) -> Result<(), Fault> {
    let end = before + bytes.len() as u64;
    let index = before / CHUNK_BYTES as u64;
    let whole = chunk.last && index == 0;
    let has_length = match (chunk.last, whole) {
        (false, _) => bytes.len() == CHUNK_BYTES,
        (true, false) => !bytes.is_empty() && bytes.len() <= CHUNK_BYTES,
        (true, true) => bytes.len() <= CHUNK_BYTES,
    };
    let is_within =
        declared.is_none_or(|declared| if chunk.last { end == declared } else { end < declared });
    if !has_length || !is_within {
        Err(Fault::Stream("a file is not as long as it was said to be"))
    } else if ChunkHash::of(index, bytes, whole) != chunk.hash {
        Err(Fault::Stream("what came is not what its hash says"))
    } else {
        Ok(())
    }
}

impl Current {
    /// The entry of a file that is gone on with: the sender has held it against the digest.
    fn enter_again(&mut self, entry: &Entry) -> Result<(), Fault> {
        if self.item.entry != (Entry { number: 0, ..entry.clone() }) {
            return Err(Fault::Changed);
        }
        self.resumed = false;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.file.seek(SeekFrom::Start(self.bytes))?;
        if let Err(error) = self.file.write_all(bytes) {
            // What was written of it makes no chunk.
            let _ = self.file.set_len(self.bytes);
            return Err(error.into());
        }
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Sets when it was changed there. Not every disk can say every time, and it is still whole then.
pub(super) fn set_modified(file: &File, entry: &Entry) {
    if let Some(modified) = system::time_of(entry.modified) {
        let _ = file.set_times(FileTimes::new().set_modified(modified));
    }
}
