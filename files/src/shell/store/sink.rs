//! One file to standard output: what is verified is written, and cannot be taken back.

use std::collections::BTreeMap;
use std::io::{self, Write};

use hallway::message::files::{Chunk, Entry, Have, Kind};
use hallway::prefix::Prefix;
use hallway::text::FileName;
use hallway::tree::FileHash;

use super::fault::Fault;
use super::filling::verify;
use crate::disk::{Arriving, Keep, Piece, Placed, Ready, TransferId, Trouble, WriteDone};

/// Transfers whose bytes go out one behind the other.
pub(super) struct Sink {
    output: Box<dyn Write + Send>,
    transfers: BTreeMap<TransferId, Sunk>,
}

/// What of a transfer was written. It is kept over a break: then the stream goes on behind it.
struct Sunk {
    name: FileName,
    entry: Option<Entry>,
    prefix: Prefix,
    bytes: u64,
    /// Of the file, once it is whole.
    hash: Option<FileHash>,
}

impl Sunk {
    fn have(&self) -> Option<Have> {
        (self.prefix.reached() != (0, 0)).then(|| self.prefix.have())
    }

    fn enter(&mut self, entry: Entry) -> Result<(), Fault> {
        let is_again = self.entry.as_ref().is_none_or(|before| before.path == entry.path);
        if self.hash.is_some() || entry.kind == Kind::Folder || !is_again {
            return Err(Fault::Stream("more than one file came"));
        }
        if self.entry.is_none() {
            self.prefix.entry(&entry);
        }
        self.entry = Some(entry);
        Ok(())
    }

    fn write(&mut self, output: &mut dyn Write, bytes: &[u8], chunk: Chunk) -> Result<(), Fault> {
        let entry = self.entry.as_ref().filter(|_| self.hash.is_none());
        let entry = entry.ok_or(Fault::Stream("a chunk came without its file"))?;
        verify(bytes, &chunk, self.bytes, entry.bytes)?;
        output.write_all(bytes)?;
        self.hash = self.prefix.chunk(&chunk);
        self.bytes += bytes.len() as u64;
        Ok(())
    }
}

impl Sink {
    pub(super) fn new(output: Box<dyn Write + Send>) -> Self {
        Self { output, transfers: BTreeMap::new() }
    }

    pub(super) fn open(&mut self, id: TransferId, arriving: Arriving) -> WriteDone {
        if arriving.kind == Kind::Folder {
            let fault = Fault::Stream("a folder cannot be written there");
            return WriteDone::Ready(id, Err(trouble(&arriving.name, &fault)));
        }
        let sunk = self.transfers.entry(id).or_insert_with(|| Sunk {
            name: arriving.name,
            entry: None,
            prefix: Prefix::default(),
            bytes: 0,
            hash: None,
        });
        WriteDone::Ready(id, Ok(Ready::Here(sunk.have(), sunk.bytes)))
    }

    pub(super) fn check(&self, id: TransferId) -> Result<Ready, Trouble> {
        let sunk = self.transfers.get(&id);
        Ok(Ready::Here(sunk.and_then(Sunk::have), sunk.map_or(0, |sunk| sunk.bytes)))
    }

    pub(super) fn from(&mut self, id: TransferId, at: (u64, u64)) -> Result<(), Trouble> {
        self.with(
            id,
            |sunk, _| if sunk.prefix.reached() == at { Ok(()) } else { Err(Fault::Changed) },
        )
    }

    pub(super) fn put(&mut self, id: TransferId, pieces: Vec<Piece>) -> Result<(), Trouble> {
        self.with(id, |sunk, output| {
            pieces.into_iter().try_for_each(|piece| match piece {
                Piece::Entry(entry) => sunk.enter(entry),
                Piece::Chunk(bytes, chunk) => sunk.write(output, &bytes, chunk),
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
            Ok(Placed { name: sunk.name.clone(), path: None, hash: sunk.hash })
        })?;
        self.transfers.remove(&id);
        Ok(placed)
    }

    pub(super) fn abandon(&mut self, id: TransferId, keep: Keep) {
        if keep == Keep::Nothing {
            self.transfers.remove(&id);
        }
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
