//! A stream as it comes in: what may come next, and what is whole and can be written.

use hallway::limits;
use hallway::message::files::{Chunk, Entry, From, Have, Kind, Sent, Why};

use crate::disk::Piece;
use crate::flow::{Backlog, Job};

/// What may come of a transfer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) kind: Kind,
    pub(crate) entries: u64,
    /// Bytes that were promised exactly.
    pub(crate) bytes: Option<u64>,
    /// Bytes that this node takes at all.
    pub(crate) bytes_max: Option<u64>,
}

/// What has come of a stream, in chunks that are not written yet.
#[derive(Debug)]
pub(crate) struct Intake {
    bounds: Bounds,
    expects: Expects,
    /// Entries begun, those that were here before included.
    entries: u64,
    /// Bytes of all files, likewise.
    bytes: u64,
    /// What was left out.
    left_out: u64,
    /// What has come of a chunk.
    gathered: Vec<u8>,
    /// What is whole and was not given to the disk.
    pieces: Vec<Piece>,
    job: Job,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expects {
    /// Where it begins: here, or at zero.
    From(Option<Have>, u64),
    /// The entry that is here in part, so many bytes.
    Rest(u64),
    /// An entry, or the end.
    Entry,
    /// Bytes of a file that has so many, and so many of them are in whole chunks before.
    Bytes { declared: Option<u64>, before: u64 },
}

/// Why a stream is not taken any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// It breaks the protocol.
    Fault,
    /// It is not what was offered, or too much.
    Refuse(Why),
}

impl Intake {
    /// What comes after so much is here, so many bytes.
    pub(crate) fn new(bounds: Bounds, have: Option<Have>, bytes: u64) -> Self {
        Self {
            bounds,
            expects: Expects::From(have, bytes),
            entries: 0,
            bytes: 0,
            left_out: 0,
            gathered: Vec::new(),
            pieces: Vec::new(),
            job: Job::default(),
        }
    }

    /// Where it begins. Gives the bytes that are here.
    pub(crate) fn from(&mut self, from: From) -> Result<u64, Bad> {
        let Expects::From(have, bytes) = self.expects else { return Err(Bad::Fault) };
        self.expects = Expects::Entry;
        if (from.entries, from.chunks) == (0, 0) {
            return Ok(0);
        }
        let is_here =
            have.is_some_and(|have| (have.entries, have.chunks) == (from.entries, from.chunks));
        if !is_here {
            return Err(Bad::Fault);
        }
        self.entries = from.entries;
        self.bytes = bytes;
        if from.chunks > 0 {
            self.expects = Expects::Rest(from.chunks.saturating_mul(CHUNK));
        }
        Ok(bytes)
    }

    /// A file or a folder.
    pub(crate) fn entry(&mut self, entry: Entry) -> Result<(), Bad> {
        let before = match (self.expects, entry.kind) {
            (Expects::Entry, _) => 0,
            (Expects::Rest(before), Kind::File) => before,
            _ => return Err(Bad::Fault),
        };
        if self.bounds.kind == Kind::File && entry.kind == Kind::Folder {
            return Err(Bad::Fault);
        }
        if self.entries >= self.bounds.entries {
            return Err(Bad::Refuse(Why::Changed));
        }
        let rest = entry.bytes.map_or(Some(0), |bytes| bytes.checked_sub(before));
        let rest = rest.ok_or(Bad::Refuse(Why::Changed))?;
        self.expects = match entry.kind {
            Kind::File => Expects::Bytes { declared: entry.bytes, before },
            Kind::Folder => Expects::Entry,
        };
        if entry.kind == Kind::File {
            self.fits(rest)?;
        }
        self.entries += 1;
        let names = entry.path.names().iter();
        let path = names.map(|name| limits::NAME_HELD_BYTES + name.as_str().len());
        self.job.held += limits::ENTRY_HELD_BYTES + path.sum::<usize>();
        self.pieces.push(Piece::Entry(entry));
        Ok(())
    }

    /// Bytes of the file.
    pub(crate) fn bulk(&mut self, bytes: &[u8], backlog: &mut Backlog) -> Result<(), Bad> {
        let Expects::Bytes { declared, before } = self.expects else { return Err(Bad::Fault) };
        let gathered = self.gathered.len() + bytes.len();
        let is_legal = 1..=limits::FILE_RECORD_BYTES;
        if !is_legal.contains(&bytes.len()) || gathered > limits::CHUNK_BYTES {
            return Err(Bad::Fault);
        }
        if declared.is_some_and(|declared| before + gathered as u64 > declared) {
            return Err(Bad::Refuse(Why::Changed));
        }
        self.fits(gathered as u64)?;
        if self.gathered.is_empty() {
            let chunk = declared.map(|declared| CHUNK.min(declared - before));
            self.make_room(chunk, backlog);
        }
        self.gathered.extend_from_slice(bytes);
        Ok(())
    }

    /// Room for a chunk of so many bytes, once, and not more than a small file needs.
    fn make_room(&mut self, chunk: Option<u64>, backlog: &mut Backlog) {
        if chunk == Some(CHUNK) {
            self.gathered = backlog.take_spare();
        }
        let bytes = chunk.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        self.gathered.reserve_exact(bytes);
    }

    /// The end of a chunk.
    pub(crate) fn chunk(&mut self, chunk: Chunk) -> Result<(), Bad> {
        let Expects::Bytes { declared, before } = self.expects else { return Err(Bad::Fault) };
        let length = self.gathered.len() as u64;
        let is_empty_file = before + length == 0;
        let has_length = if chunk.last { length > 0 || is_empty_file } else { length == CHUNK };
        if !has_length {
            return Err(Bad::Fault);
        }
        let end = before + length;
        let is_end = |declared: u64| if chunk.last { end == declared } else { end < declared };
        if !declared.is_none_or(is_end) {
            return Err(Bad::Refuse(Why::Changed));
        }
        self.expects = match chunk.last {
            true => Expects::Entry,
            false => Expects::Bytes { declared, before: end },
        };
        self.bytes += length;
        self.job.held += self.gathered.capacity() + limits::STREAM_MESSAGE_WEIGHT as usize;
        self.job.bytes += length;
        self.pieces.push(Piece::Chunk(std::mem::take(&mut self.gathered), chunk));
        Ok(())
    }

    /// Something is left out.
    pub(crate) fn skipped(&mut self) -> Result<(), Bad> {
        if self.expects != Expects::Entry || self.bounds.kind != Kind::Folder {
            return Err(Bad::Fault);
        }
        self.left_out += 1;
        if self.left_out > limits::ENTRIES_MAX { Err(Bad::Refuse(Why::TooDeep)) } else { Ok(()) }
    }

    /// That was all.
    pub(crate) fn sent(&self, sent: Sent) -> Result<(), Bad> {
        if self.expects != Expects::Entry {
            return Err(Bad::Fault);
        }
        let is_single = self.bounds.kind == Kind::Folder || self.entries == 1;
        if (sent.entries, sent.bytes) != (self.entries, self.bytes) || !is_single {
            return Err(Bad::Refuse(Why::Damaged));
        }
        Ok(())
    }

    /// Whether so much more than what is whole may come.
    fn fits(&self, more: u64) -> Result<(), Bad> {
        let total = self.bytes.saturating_add(more);
        if self.bounds.bytes.is_some_and(|bytes| total > bytes) {
            return Err(Bad::Refuse(Why::Changed));
        }
        if self.bounds.bytes_max.is_some_and(|most| total > most) {
            return Err(Bad::Refuse(Why::TooLarge));
        }
        Ok(())
    }

    /// What is whole, once it is enough for a write; or all of it.
    pub(crate) fn take(&mut self, all: bool) -> Option<(Vec<Piece>, Job)> {
        let is_due =
            if all { !self.pieces.is_empty() } else { self.job.held >= limits::FILE_WRITE_BYTES };
        is_due.then(|| (std::mem::take(&mut self.pieces), std::mem::take(&mut self.job)))
    }
}

const CHUNK: u64 = limits::CHUNK_BYTES as u64;

#[cfg(test)]
mod tests {
    use hallway::text::EntryPath;

    use super::*;

    #[test]
    fn so_much_may_be_left_out_as_may_come() {
        let bounds = Bounds { kind: Kind::Folder, entries: 2, bytes: None, bytes_max: None };
        let mut intake = Intake::new(bounds, None, 0);
        intake.from(From { number: 1, entries: 0, chunks: 0 }).unwrap();
        assert!((0..limits::ENTRIES_MAX).all(|_| intake.skipped() == Ok(())));
        assert_eq!(intake.skipped(), Err(Bad::Refuse(Why::TooDeep)));
    }

    #[test]
    fn a_long_path_counts_as_what_it_is() {
        let bounds = Bounds { kind: Kind::Folder, entries: 3, bytes: None, bytes_max: None };
        let mut intake = Intake::new(bounds, None, 0);
        intake.from(From { number: 1, entries: 0, chunks: 0 }).unwrap();
        let name = "n".repeat(150);
        for names in [vec!["n"], vec![&name; 9], vec!["n"; limits::DEPTH_MAX]] {
            let letters: usize = names.iter().map(|name| name.len()).sum();
            let held = limits::ENTRY_HELD_BYTES + names.len() * limits::NAME_HELD_BYTES + letters;
            let path = EntryPath::of(names).unwrap();
            let (kind, modified, executable) = (Kind::Folder, 0, false);
            let entry = Entry { number: 1, path, kind, bytes: None, modified, executable };
            intake.entry(entry).unwrap();
            let (_, job) = intake.take(true).unwrap();
            assert_eq!(job.held, held);
        }
    }
}
