//! A part that is taken up: what is on the disk is hashed anew, and what is not proven goes.

use std::fs::File;
use std::io::Read as _;

use cap_std::fs::Dir;
use hallway::limits::{CHUNK_BYTES, FILE_CHECK_BYTES, STREAM_MESSAGE_WEIGHT};
use hallway::message::files::{Chunk, Have, Kind};
use hallway::tree::ChunkHash;

use super::fault::Fault;
use super::filling::{Current, Filling, set_modified};
use super::ledger::{Item, Items};
use super::part::{Part, open_to_write};
use super::places::Places;

/// A part that is looked through.
pub(super) struct Checking {
    filling: Filling,
    items: Items,
    /// Up to here `state` tells of what is proven.
    end: u64,
    /// Bytes that are proven.
    bytes: u64,
    /// The file that is read.
    open: Option<Open>,
}

struct Open {
    file: Current,
    /// Bytes that can be proven: all of it, or whole chunks.
    provable: u64,
    whole: bool,
    /// Chunks that were read.
    chunks: u64,
}

/// How far that is.
pub(super) enum Checked {
    /// So many bytes further.
    On(Checking, u64),
    /// Through: this is here, so many bytes.
    Done(Filling, Option<(Have, u64)>),
}

impl Checking {
    pub(super) fn new(part: Part, kind: Kind) -> Result<Self, Fault> {
        let items = part.ledger.items();
        let end = items.at;
        let filling = Filling::of(part, kind)?;
        Ok(Self { filling, items, end, bytes: 0, open: None })
    }

    /// What it was looking through.
    pub(super) fn into_part(self) -> Part {
        self.filling.part
    }

    /// Looks on for a moment.
    pub(super) fn go_on(mut self) -> Result<Checked, Fault> {
        let before = self.bytes;
        let mut weight = 0;
        let mut buffer = Vec::new();
        while weight < FILE_CHECK_BYTES as u64 {
            let is_proven = match self.open.take() {
                None => self.take_up(),
                Some(open) if open.is_through() => self.put_down(open),
                Some(mut open) => {
                    let chunk = open.read_chunk(&mut buffer);
                    if let Some(chunk) = &chunk {
                        self.filling.hash = self.filling.prefix.chunk(chunk);
                        self.bytes += buffer.len() as u64;
                    }
                    weight += buffer.len() as u64;
                    self.open = Some(open);
                    chunk.is_some()
                }
            };
            weight += STREAM_MESSAGE_WEIGHT;
            if !is_proven {
                return self.finish();
            }
        }
        let bytes = self.bytes - before;
        Ok(Checked::On(self, bytes))
    }

    /// Takes up the next item. False when there is none, or nothing of it is there.
    fn take_up(&mut self) -> bool {
        let Some(item) = self.items.next::<Item>() else { return false };
        let filling = &mut self.filling;
        let Ok(path) = filling.path_of(&item) else { return false };
        match (item.entry.kind, filling.kind) {
            (Kind::Folder, Kind::File) => false,
            (Kind::Folder, Kind::Folder) => {
                let about = filling.data.symlink_metadata(&path);
                let is_there = about.is_ok_and(|about| about.is_dir());
                if is_there {
                    filling.prefix.entry(&item.entry);
                    self.end = self.items.at;
                }
                is_there
            }
            // There is only one.
            (Kind::File, Kind::File) if filling.prefix.reached() != (0, 0) => false,
            (Kind::File, _) => {
                let Ok(file) = open_to_write(&filling.data, &path) else { return false };
                self.open = Open::of(file, item);
                if let Some(open) = &self.open {
                    filling.prefix.entry(&open.file.item.entry);
                }
                self.open.is_some()
            }
        }
    }

    /// Puts down a file of which all that can be proven was. False when that is not all of it.
    fn put_down(&mut self, open: Open) -> bool {
        if !open.whole {
            self.open = Some(open);
            return false;
        }
        set_modified(&open.file.file, &open.file.item.entry);
        self.end = self.items.at;
        true
    }

    /// Throws away what is not proven.
    fn finish(mut self) -> Result<Checked, Fault> {
        if let Some(Open { file, .. }) = self.open {
            file.file.set_len(file.bytes)?;
            if self.filling.prefix.reached().1 > 0 {
                self.end = self.items.at;
                self.filling.current = Some(file);
            }
        }
        let filling = &mut self.filling;
        if filling.prefix.reached() == (0, 0) || !is_tidied(filling, self.end)? {
            let Filling { part, kind, .. } = self.filling;
            return Ok(Checked::Done(Filling::empty(part, kind)?, None));
        }
        filling.part.ledger.cut(self.end)?;
        let have = filling.prefix.have();
        Ok(Checked::Done(self.filling, Some((have, self.bytes))))
    }
}

impl Open {
    /// A file of which something can be proven.
    fn of(file: File, item: Item) -> Option<Self> {
        let length = file.metadata().ok()?.len();
        let (provable, whole) = match item.entry.bytes {
            Some(declared) if length >= declared => (declared, true),
            // Only the last chunk is not a whole one, and this is not the end.
            _ => (length - length % CHUNK_BYTES as u64, false),
        };
        if !whole && provable == 0 {
            return None;
        }
        if length > provable {
            file.set_len(provable).ok()?;
        }
        let file = Current { file, item, bytes: 0, resumed: true };
        Some(Self { file, provable, whole, chunks: 0 })
    }

    fn is_through(&self) -> bool {
        self.file.bytes == self.provable && self.chunks > 0
    }

    /// The next chunk; nothing when it cannot be read.
    fn read_chunk(&mut self, buffer: &mut Vec<u8>) -> Option<Chunk> {
        let length = (self.provable - self.file.bytes).min(CHUNK_BYTES as u64);
        buffer.resize(usize::try_from(length).ok()?, 0);
        self.file.file.read_exact(buffer).ok()?;
        let is_alone = self.whole && self.provable <= CHUNK_BYTES as u64;
        let hash = ChunkHash::of(self.chunks, buffer, is_alone);
        self.chunks += 1;
        self.file.bytes += length;
        let last = self.whole && self.file.bytes == self.provable;
        Some(Chunk { number: 0, hash, last })
    }
}

/// Removes what `state` tells of behind `end`, and remembers the folders before it. Then there must
/// be as many files and folders as are proven: a torn `state` may not tell of all.
fn is_tidied(filling: &mut Filling, end: u64) -> Result<bool, Fault> {
    if filling.kind == Kind::File {
        return Ok(true);
    }
    filling.places = Places::default();
    let mut items = filling.part.ledger.items();
    while items.at < end
        && let Some(item) = items.next::<Item>()
    {
        filling.path_of(&item)?;
    }
    let mut places = filling.places.clone();
    while let Some(item) = items.next::<Item>() {
        let Ok(path) = places.path_of(&item) else { continue };
        // What cannot be removed is found when they are counted.
        let _ = match item.entry.kind {
            Kind::File => filling.data.remove_file(path),
            Kind::Folder => filling.data.remove_dir_all(path),
        };
    }
    let current = u64::from(filling.current.is_some());
    Ok(count(&filling.data)? == filling.prefix.reached().0 + current)
}

/// Everything that is in a folder.
fn count(dir: &Dir) -> Result<u64, Fault> {
    let mut waiting = vec![dir.try_clone()?];
    let mut count = 0;
    while let Some(dir) = waiting.pop() {
        for entry in dir.entries()? {
            let entry = entry?;
            count += 1;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.open_dir()?);
            }
        }
    }
    Ok(count)
}
