//! A disk in memory: sources, parts, what was received, and the index. It does what the threads of
//! a program do, job by job, and loses what they keep when the program is killed.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use files::disk::{
    Index, IndexDone, Keep, Looked, Part, Piece, Placed, Read, ReadDone, Ready, Room, Share,
    Source, Stamp, Target, TransferId, Trouble, Write, WriteDone,
};
use hallway::limits::{CHUNK_BYTES, FILE_READ_BYTES};
use hallway::message::files::{Entry, Item, Kind, Why};
use hallway::text::FileName;
use hallway::tree::{ChunkHash, FileHash};

use self::part::{Items, Key, Writing, have, key, size, tear};
use self::thing::{looked, stream};

pub use self::thing::Thing;

mod part;
pub mod thing;

#[derive(Default)]
pub struct Disk {
    pub sources: BTreeMap<PathBuf, Thing>,
    pub stdin: Option<Thing>,
    pub parts: BTreeMap<Key, Items>,
    /// What was received, by its name there.
    pub downloads: BTreeMap<String, Thing>,
    pub stdout: Vec<u8>,
    pub free: u64,
    /// A folder that nothing can be written to.
    pub closed: Option<PathBuf>,
    pub shares: Vec<Share>,
    pub known: BTreeMap<FileHash, PathBuf>,
    /// Bytes that were written, again included.
    pub written: u64,
    /// Surveys that were asked for.
    pub surveys: usize,
    reading: BTreeMap<TransferId, (Source, VecDeque<Part>)>,
    writing: BTreeMap<TransferId, Writing>,
}

fn trouble(why: Why) -> Trouble {
    Trouble { why, words: format!("{why:?} on the disk") }
}

impl Disk {
    pub fn new() -> Self {
        Self { free: 1 << 40, ..Self::default() }
    }

    /// The program is gone: only what is on the disk stays.
    pub fn kill(&mut self) {
        self.reading.clear();
        for (_, writing) in std::mem::take(&mut self.writing) {
            self.parts.insert(writing.key, writing.items);
        }
    }

    /// The machine loses its power: what is not in its place may be torn.
    pub fn lose_power(&mut self, below: &mut dyn FnMut(usize) -> usize) {
        self.kill();
        self.parts.values_mut().for_each(|items| tear(items, below));
    }

    pub fn is_at_rest(&self) -> bool {
        self.writing.is_empty()
    }

    // ---- reading -------------------------------------------------------------------------------

    pub fn read(&mut self, job: Read) -> Option<ReadDone> {
        match job {
            Read::Look(id, source) => {
                let looked = self.source(&source).map(|thing| looked(&source, thing));
                self.reading.insert(id, (source, VecDeque::new()));
                Some(ReadDone::Looked(id, looked.ok_or(Why::Gone)))
            }
            Read::Begin(id, have) => {
                let source = self.reading[&id].0.clone();
                let failed = || [Part::Failed(Why::Gone)].into();
                let parts = self.source(&source).map_or_else(failed, |thing| stream(thing, have));
                self.reading.insert(id, (source, parts));
                None
            }
            Read::Next(id) => {
                let parts = &mut self.reading.get_mut(&id).unwrap().1;
                let mut next = Vec::new();
                let mut weight = 0;
                while weight < FILE_READ_BYTES
                    && let Some(part) = parts.pop_front()
                {
                    weight += if let Part::Bytes(bytes) = &part { bytes.len() } else { 256 };
                    next.push(part);
                }
                Some(ReadDone::Parts(id, next))
            }
            Read::Forget(id) => {
                self.reading.remove(&id);
                None
            }
        }
    }

    fn source(&self, source: &Source) -> Option<&Thing> {
        match source {
            Source::Path(path) | Source::Shared(path) => self.sources.get(path),
            Source::Stdin(_) => self.stdin.as_ref(),
        }
    }

    // ---- writing -------------------------------------------------------------------------------

    pub fn write(&mut self, job: Write) -> Option<WriteDone> {
        match job {
            Write::Look(id, arriving, _) => {
                let here = self.parts.get(&key(&arriving)).map_or(0, size);
                Some(WriteDone::Looked(id, Ok(Room { free: self.free, here })))
            }
            Write::Open(id, arriving, target) => {
                if matches!(&target, Target::Folder(path) if self.closed.as_ref() == Some(path)) {
                    return Some(WriteDone::Ready(id, Err(trouble(Why::Disk))));
                }
                let here = self.parts.get(&key(&arriving)).map_or(0, size);
                if !(Room { free: self.free, here }).takes(arriving.bytes) {
                    return Some(WriteDone::Ready(id, Err(trouble(Why::NoRoom))));
                }
                let key = key(&arriving);
                let is_open = |writing: &Writing| writing.key == key;
                assert!(!self.writing.values().any(is_open), "a part is opened twice");
                let items = self.parts.remove(&key).unwrap_or_default();
                let (kind, is_checked) = (arriving.kind, items.is_empty());
                let writing = Writing { key, kind, target, items, is_checked, has_failed: false };
                self.writing.insert(id, writing);
                self.check(id)
            }
            Write::Check(id) => self.check(id),
            Write::From(id, entries, chunks) => {
                let items = &mut self.writing.get_mut(&id).unwrap().items;
                items.truncate(usize::try_from(entries + u64::from(chunks > 0)).unwrap());
                Some(WriteDone::Wrote(id, Ok(()), Vec::new()))
            }
            Write::Put(id, pieces) => {
                let has_failed = self.writing[&id].has_failed;
                // Of what was asked for before it is known there, nothing is done.
                let before = if has_failed { Err(trouble(Why::Disk)) } else { Ok(()) };
                let mut all = pieces.into_iter();
                let wrote = before.and_then(|()| all.try_for_each(|piece| self.put(id, piece)));
                self.writing.get_mut(&id).unwrap().has_failed = wrote.is_err();
                // What is still in that memory means nothing.
                Some(WriteDone::Wrote(id, wrote, vec![0xee; CHUNK_BYTES]))
            }
            Write::Store(id, promised) => Some(WriteDone::Stored(id, self.store(id, promised))),
            Write::Abandon(id, keep) => {
                if let Some(writing) = self.writing.remove(&id)
                    && keep == Keep::Part
                    && writing.target != Target::Stdout
                {
                    self.parts.insert(writing.key, writing.items);
                }
                None
            }
        }
    }

    /// Looks through a part in two steps.
    fn check(&mut self, id: TransferId) -> Option<WriteDone> {
        let writing = self.writing.get_mut(&id)?;
        let bytes = size(&writing.items);
        let ready = if writing.is_checked {
            Ready::Here(have(&mut writing.items), size(&writing.items))
        } else {
            Ready::Checking(bytes)
        };
        writing.is_checked = true;
        Some(WriteDone::Ready(id, Ok(ready)))
    }

    fn put(&mut self, id: TransferId, piece: Piece) -> Result<(), Trouble> {
        let writing = self.writing.get_mut(&id).unwrap();
        match piece {
            Piece::Entry(entry) => {
                let entry = Entry { number: 0, ..entry };
                match writing.items.last_mut() {
                    Some((begun, _, false)) => assert_eq!(*begun, entry, "another goes on"),
                    _ => {
                        let whole = entry.kind == Kind::Folder;
                        writing.items.push((entry, Vec::new(), whole));
                    }
                }
            }
            Piece::Chunk(bytes, chunk) => {
                if bytes.len() as u64 > self.free {
                    return Err(trouble(Why::NoRoom));
                }
                let (_, file, whole) = writing.items.last_mut().unwrap();
                assert!(!*whole, "a chunk behind the last");
                let index = (file.len() / CHUNK_BYTES) as u64;
                if ChunkHash::of(index, &bytes, index == 0 && chunk.last) != chunk.hash {
                    return Err(trouble(Why::Damaged));
                }
                self.free -= bytes.len() as u64;
                self.written += bytes.len() as u64;
                file.extend(bytes);
                *whole = chunk.last;
            }
        }
        Ok(())
    }

    fn store(&mut self, id: TransferId, promised: Option<FileHash>) -> Result<Placed, Trouble> {
        let Writing { key, kind, target, items, has_failed, .. } = self.writing[&id].clone();
        assert!(!has_failed && items.iter().all(|(.., whole)| *whole), "stored, and not whole");
        let entries = items.into_iter().map(|(entry, bytes, _)| (entry, Rc::new(bytes))).collect();
        let thing = Thing { kind, entries, sized: true };
        let hash = thing.hash();
        if promised.is_some() && promised != hash {
            return Err(trouble(Why::Damaged));
        }
        self.writing.remove(&id);
        let taken = |name: &FileName| self.downloads.contains_key(name.as_str());
        let numbered = (2..).map(|number| key.1.numbered(number));
        let mut names = std::iter::once(key.1.clone()).chain(numbered);
        let name = names.find(|name| !taken(name)).unwrap();
        if target == Target::Stdout {
            thing.entries.iter().for_each(|(_, bytes)| self.stdout.extend(bytes.iter()));
            return Ok(Placed { name: key.1, path: None, hash, stamp: None });
        }
        // Nothing changes here behind its back.
        let (size, modified) = (thing.bytes(), thing.modified());
        let stamp = hash.map(|_| Stamp { file: (0, 0), size, modified });
        self.downloads.insert(name.as_str().to_owned(), thing);
        let path = Some(PathBuf::from("/downloads").join(name.as_str()));
        Ok(Placed { name, path, hash, stamp })
    }

    // ---- the index -----------------------------------------------------------------------------

    pub fn index(&mut self, job: Index) -> Option<IndexDone> {
        match job {
            Index::Find(id, hash) => {
                return Some(IndexDone::Found(id, self.known.get(&hash).cloned()));
            }
            Index::Remember(path, _, hash) => {
                self.known.insert(hash, path);
                return None;
            }
            Index::Survey => {
                self.surveys += 1;
                for share in &mut self.shares {
                    share.item = self
                        .sources
                        .get(&share.path)
                        .map_or_else(|| share.item.clone(), |thing| item(&share.path, thing));
                }
                return Some(IndexDone::Shares(self.shares.clone(), None));
            }
            Index::Share(path) => {
                let Some(thing) = self.sources.get(&path) else {
                    let gone = Some(trouble(Why::Gone));
                    return Some(IndexDone::Changed(self.shares.clone(), gone));
                };
                let item = item(&path, thing);
                self.shares.retain(|share| share.path != path);
                self.shares.push(Share { item, path });
                self.shares.sort_by(|one, next| one.item.name.cmp(&next.item.name));
            }
            Index::Unshare(None) => self.shares.clear(),
            Index::Unshare(Some(name)) => self.shares.retain(|share| share.item.name != name),
        }
        Some(IndexDone::Changed(self.shares.clone(), None))
    }
}

/// What others are told of something.
fn item(path: &Path, thing: &Thing) -> Item {
    let Looked { name, kind, entries, modified, .. } =
        looked(&Source::Path(path.to_owned()), thing);
    Item { name, kind, entries, bytes: thing.bytes(), modified, hash: thing.hash() }
}
