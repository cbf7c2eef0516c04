//! All of a transfer as one stream: entries, their bytes, their chunks, in an order that is always
//! the same.

use std::path::Path;

use hallway::message::files::{Chunk, Entry, Kind, Why};
use hallway::text::EntryPath;
use hallway::tree::FileHash;

use super::reading::Reading;
use super::walk::{Met, Walk, why};
use crate::disk::Stamp;
use crate::shell::system;

/// One step of a stream.
pub(super) enum Step {
    Entry(Entry),
    /// Bytes of the entry, and the end of their chunk.
    Bytes(Vec<u8>, Option<Chunk>),
    LeftOut(EntryPath, Why),
    /// The entry whose bytes came last cannot be read to its end. The stream goes on behind it.
    Broken(EntryPath, Why),
    End,
    /// The stream cannot go on.
    Lost(Why),
}

/// What of a folder's offer is not used up: more than was offered may not be sent.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Room {
    /// Takes an entry of so many bytes out of it. What grew, or is new, may not fit.
    fn take(&mut self, bytes: u64) -> Result<(), Why> {
        let entries = self.entries.checked_sub(1).ok_or(Why::Changed)?;
        let bytes = self.bytes.checked_sub(bytes).ok_or(Why::Changed)?;
        *self = Self { entries, bytes };
        Ok(())
    }
}

/// A way through what is sent, with at most one file open.
pub(super) struct Stream {
    /// None when all is in `first`.
    walk: Option<Walk>,
    /// What comes before anything else.
    first: Option<(Entry, Reading)>,
    open: Option<(Entry, Reading)>,
    kind: Kind,
    /// The one file as it was when it was offered.
    expected: Option<Stamp>,
    room: Room,
    /// Entries that are whole, and bytes of all that is.
    pub(super) entries: u64,
    pub(super) bytes: u64,
    /// Of the last file that was read to its end.
    hash: Option<FileHash>,
}

impl Stream {
    pub(super) fn folder(walk: Walk, room: Room) -> Self {
        Self {
            walk: Some(walk),
            first: None,
            open: None,
            kind: Kind::Folder,
            expected: None,
            room,
            entries: 0,
            bytes: 0,
            hash: None,
        }
    }

    pub(super) fn file(walk: Walk, expected: Stamp) -> Self {
        let room = Room { entries: 1, bytes: expected.size };
        Self { kind: Kind::File, expected: Some(expected), ..Self::folder(walk, room) }
    }

    pub(super) fn of_input(path: EntryPath, input: Reading) -> Self {
        let modified = system::seconds_now();
        let (kind, bytes, executable) = (Kind::File, None, false);
        let entry = Entry { number: 0, path, kind, bytes, modified, executable };
        Self {
            walk: None,
            first: Some((entry, input)),
            open: None,
            kind,
            expected: None,
            room: Room { entries: 0, bytes: 0 },
            entries: 0,
            bytes: 0,
            hash: None,
        }
    }

    /// Whether it is a stream, which may make the thread wait.
    pub(super) fn is_input(&self) -> bool {
        self.walk.is_none()
    }

    /// The entry whose bytes are coming.
    pub(super) fn current(&self) -> Option<&Entry> {
        self.open.as_ref().map(|(entry, _)| entry)
    }

    /// What a single file came to.
    pub(super) fn hash_alone(&self) -> Option<FileHash> {
        self.hash.filter(|_| self.kind == Kind::File)
    }

    /// The next step.
    pub(super) fn next(&mut self) -> Step {
        if self.open.is_some() {
            return self.read();
        }
        if let Some((entry, input)) = self.first.take() {
            return self.begin(entry, input);
        }
        match self.walk.as_mut().and_then(Walk::next) {
            None => Step::End,
            Some(Met::LeftOut(path, why)) => Step::LeftOut(path, why),
            Some(Met::Found(path, entry, kind)) => {
                let met = match kind {
                    Kind::File => self.open(&path, &entry),
                    Kind::Folder => self.enter(&path, &entry),
                };
                match met {
                    Ok(step) => step,
                    Err(why) if self.kind == Kind::File => Step::Lost(why),
                    Err(why) => Step::LeftOut(entry, why),
                }
            }
        }
    }

    fn enter(&mut self, path: &Path, entry: &EntryPath) -> Result<Step, Why> {
        let dir = &self.walk.as_ref().ok_or(Why::Gone)?.dir;
        let about = system::about(dir, path).map_err(|error| why(&error))?;
        self.room.take(0)?;
        self.entries += 1;
        let modified = Stamp::of(&about).modified_seconds();
        let (path, kind, bytes) = (entry.clone(), Kind::Folder, None);
        Ok(Step::Entry(Entry { number: 0, path, kind, bytes, modified, executable: false }))
    }

    fn open(&mut self, path: &Path, entry: &EntryPath) -> Result<Step, Why> {
        let dir = &self.walk.as_ref().ok_or(Why::Gone)?.dir;
        let (reading, stamp, executable) = Reading::open(dir, path)?;
        if self.expected.is_some_and(|expected| expected != stamp) {
            return Err(Why::Changed);
        }
        self.room.take(stamp.size)?;
        let (path, modified) = (entry.clone(), stamp.modified_seconds());
        let (kind, bytes) = (Kind::File, Some(stamp.size));
        Ok(self.begin(Entry { number: 0, path, kind, bytes, modified, executable }, reading))
    }

    fn begin(&mut self, entry: Entry, reading: Reading) -> Step {
        self.open = Some((entry.clone(), reading));
        Step::Entry(entry)
    }

    fn read(&mut self) -> Step {
        let Some((entry, mut reading)) = self.open.take() else { return Step::End };
        match reading.next() {
            Err(why) if self.kind == Kind::File => Step::Lost(why),
            Err(why) => Step::Broken(entry.path, why),
            Ok((bytes, chunk)) => {
                if chunk.is_some_and(|chunk| chunk.last) {
                    self.entries += 1;
                    self.bytes += reading.bytes();
                    self.hash = reading.hash();
                } else {
                    self.open = Some((entry, reading));
                }
                Step::Bytes(bytes, chunk)
            }
        }
    }
}
