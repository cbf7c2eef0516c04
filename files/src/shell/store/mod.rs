//! What is received: verified, written into a part, moved into its place.

mod checking;
mod fault;
mod filling;
mod ledger;
mod part;
mod places;
mod placing;
mod shelf;
mod sink;

use std::io;
use std::path::PathBuf;

use hallway::message::files::Why;

use self::shelf::Shelf;
use self::sink::Sink;
use super::sandbox::{self, Sandbox};
use crate::disk::{Piece, Ready, Room, TransferId, Trouble, Write, WriteDone};

/// What the names of parts end with.
pub(super) const PART_ENDING: &str = ".hallway-part";

/// Where a store puts what it receives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Into this folder.
    Folder(PathBuf),
    /// To standard output.
    Stdout,
}

/// All transfers that are written to one place. Whatever comes, nothing else is touched.
pub struct Store {
    keeper: Keeper,
    is_confined: bool,
}

enum Keeper {
    Shelf(Shelf),
    Sink(Sink),
}

impl Store {
    /// A store of that place, which need not be there.
    pub fn at(place: Place) -> Self {
        match place {
            Place::Folder(path) => Self::of(Keeper::Shelf(Shelf::new(path))),
            Place::Stdout => Self::into_output(sink::stdout()),
        }
    }

    /// A store that writes to this output instead of standard output.
    pub fn into_output(output: Box<dyn io::Write + Send>) -> Self {
        Self::of(Keeper::Sink(Sink::new(output)))
    }

    fn of(keeper: Keeper) -> Self {
        Self { keeper, is_confined: false }
    }

    /// Confines this thread to the place for ever, before the first job that writes there; says how
    /// well. The folder must be there by then, so it is made, when there is room for what comes.
    ///
    /// # Errors
    /// There is no room, or no folder: the job of that transfer must not be done then.
    pub fn confine(&mut self, job: &Write) -> Result<Option<Sandbox>, (TransferId, Trouble)> {
        let Write::Open(id, arriving, _) = job else { return Ok(None) };
        if self.is_confined {
            return Ok(None);
        }
        let folder = match &mut self.keeper {
            Keeper::Sink(_) => None,
            Keeper::Shelf(shelf) => {
                shelf.prepare(arriving).map_err(|trouble| (*id, trouble))?;
                Some(shelf.path())
            }
        };
        self.is_confined = true;
        Ok(Some(sandbox::confine(folder)))
    }

    /// Does one job. Targets are not looked at: a store has one place.
    pub fn run(&mut self, job: Write) -> Option<WriteDone> {
        Some(match (&mut self.keeper, job) {
            (Keeper::Shelf(shelf), Write::Look(id, arriving, _)) => {
                WriteDone::Looked(id, shelf.look(&arriving))
            }
            (Keeper::Sink(_), Write::Look(id, ..)) => {
                WriteDone::Looked(id, Ok(Room { free: u64::MAX, here: 0 }))
            }
            (Keeper::Shelf(shelf), Write::Open(id, arriving, _)) => {
                WriteDone::Ready(id, shelf.open(id, arriving))
            }
            (Keeper::Sink(sink), Write::Open(id, arriving, _)) => sink.open(id, arriving),
            (Keeper::Shelf(shelf), Write::Check(id)) => WriteDone::Ready(id, shelf.check(id)),
            (Keeper::Sink(_), Write::Check(id)) => WriteDone::Ready(id, Ok(Ready::Here(None, 0))),
            (Keeper::Shelf(shelf), Write::From(id, entries, chunks)) => {
                WriteDone::Wrote(id, shelf.from(id, (entries, chunks)), Vec::new())
            }
            (Keeper::Sink(sink), Write::From(id, entries, chunks)) => {
                WriteDone::Wrote(id, sink.from(id, (entries, chunks)), Vec::new())
            }
            (Keeper::Shelf(shelf), Write::Put(id, pieces)) => {
                WriteDone::Wrote(id, shelf.put(id, &pieces), spare(pieces))
            }
            (Keeper::Sink(sink), Write::Put(id, pieces)) => {
                WriteDone::Wrote(id, sink.put(id, &pieces), spare(pieces))
            }
            (Keeper::Shelf(shelf), Write::Store(id, hash)) => {
                WriteDone::Stored(id, shelf.store(id, hash))
            }
            (Keeper::Sink(sink), Write::Store(id, hash)) => {
                WriteDone::Stored(id, sink.store(id, hash))
            }
            (Keeper::Shelf(shelf), Write::Abandon(id, keep)) => {
                shelf.abandon(id, keep);
                return None;
            }
            (Keeper::Sink(sink), Write::Abandon(id, _)) => {
                sink.abandon(id);
                return None;
            }
        })
    }
}

/// The memory of the last chunk.
fn spare(pieces: Vec<Piece>) -> Vec<u8> {
    let mut chunks = pieces.into_iter().rev().filter_map(|piece| match piece {
        Piece::Chunk(bytes, _) => Some(bytes),
        Piece::Entry(_) => None,
    });
    chunks.next().unwrap_or_default()
}

/// A job for a transfer that is not open here, or not so far.
fn not_open() -> Trouble {
    Trouble { why: Why::Disk, words: "it is not being received".to_owned() }
}
