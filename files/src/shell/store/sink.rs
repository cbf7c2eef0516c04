//! One file to standard output: what is verified is written, and cannot be taken back.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hallway::message::files::{Chunk, Entry, Kind};
use hallway::text::FileName;
use hallway::tree::{FileHash, Tree};

use super::fault::Fault;
use super::filling::verify;
use crate::disk::{Arriving, Piece, Placed, Ready, TransferId, Trouble, WriteDone};

/// Transfers whose bytes go out one behind the other. None goes on after a break.
pub(super) struct Sink {
    output: Box<dyn Write + Send>,
    transfers: BTreeMap<TransferId, Sunk>,
}

/// What of a transfer was written.
struct Sunk {
    name: FileName,
    entry: Option<Entry>,
    tree: Tree,
    bytes: u64,
    /// Of the file, once it is whole.
    hash: Option<FileHash>,
}

impl Sunk {
    fn enter(&mut self, entry: Entry) -> Result<(), Fault> {
        if self.entry.is_some() || entry.kind == Kind::Folder {
            return Err(Fault::Stream("more than one file came"));
        }
        self.entry = Some(entry);
        Ok(())
    }

    fn write(&mut self, output: &mut dyn Write, bytes: &[u8], chunk: Chunk) -> Result<(), Fault> {
        let entry = self.entry.as_ref().filter(|_| self.hash.is_none());
        let entry = entry.ok_or(Fault::Stream("a chunk came without its file"))?;
        verify(bytes, &chunk, self.bytes, entry.bytes)?;
        output.write_all(bytes)?;
        self.tree.push(chunk.hash);
        self.hash = self.tree.file_hash().filter(|_| chunk.last);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Sink {
    pub(super) fn new(output: Box<dyn Write + Send>) -> Self {
        Self { output, transfers: BTreeMap::new() }
    }

    pub(super) fn open(&mut self, id: TransferId, arriving: Arriving) -> WriteDone {
        let name = arriving.name;
        if arriving.kind == Kind::Folder {
            let fault = Fault::Stream("a folder cannot be written there");
            return WriteDone::Ready(id, Err(trouble(&name, &fault)));
        }
        let sunk = Sunk { name, entry: None, tree: Tree::default(), bytes: 0, hash: None };
        self.transfers.insert(id, sunk);
        WriteDone::Ready(id, Ok(Ready::Here(None, 0)))
    }

    /// The stream can only begin at its beginning.
    pub(super) fn from(&mut self, id: TransferId, at: (u64, u64)) -> Result<(), Trouble> {
        self.with(id, |sunk, _| match (at, &sunk.entry) {
            ((0, 0), None) => Ok(()),
            _ => Err(Fault::Changed),
        })
    }

    pub(super) fn put(&mut self, id: TransferId, pieces: &[Piece]) -> Result<(), Trouble> {
        self.with(id, |sunk, output| {
            pieces.iter().try_for_each(|piece| match piece {
                Piece::Entry(entry) => sunk.enter(entry.clone()),
                Piece::Chunk(bytes, chunk) => sunk.write(output, bytes, *chunk),
            })
        })
    }

    pub(super) fn store(
        &mut self,
        id: TransferId,
        promised: Option<FileHash>,
    ) -> Result<Placed, Trouble> {
        let placed = self.with(id, |sunk, output| {
            if sunk.hash.is_none() {
                return Err(Fault::Stream("a file ended before its last chunk"));
            }
            if promised.is_some() && sunk.hash != promised {
                return Err(Fault::Stream("it is not what was promised"));
            }
            output.flush()?;
            Ok(Placed { name: sunk.name.clone(), path: None, hash: sunk.hash, stamp: None })
        })?;
        self.abandon(id);
        Ok(placed)
    }

    pub(super) fn abandon(&mut self, id: TransferId) {
        self.transfers.remove(&id);
    }

    fn with<T>(
        &mut self,
        id: TransferId,
        step: impl FnOnce(&mut Sunk, &mut dyn Write) -> Result<T, Fault>,
    ) -> Result<T, Trouble> {
        let Some(sunk) = self.transfers.get_mut(&id) else {
            return Err(super::not_open());
        };
        step(sunk, &mut *self.output).map_err(|fault| trouble(&sunk.name, &fault))
    }
}

fn trouble(name: &FileName, fault: &Fault) -> Trouble {
    fault.trouble(name.as_str(), "standard output")
}

/// Standard output of this process.
pub(super) fn stdout() -> Box<dyn Write + Send> {
    Box::new(io::stdout())
}
