//! A disk in memory: sources, parts, what was received, and the index. It does what the threads of
//! a program do, job by job, and loses what they keep when the program is killed.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use files::disk::{
    Arriving, Index, IndexDone, Keep, Looked, Part, Piece, Placed, Read, ReadDone, Ready, Room,
    Share, Source, Target, TransferId, Trouble, Write, WriteDone,
};
use hallway::limits::{CHUNK_BYTES, FILE_READ_BYTES, FILE_RECORD_BYTES};
use hallway::message::files::{Chunk, Entry, Have, Item, Kind, Why};
use hallway::prefix::Prefix;
use hallway::text::{EntryPath, FileName};
use hallway::tree::{ChunkHash, FileHash, Tree};

/// Entries of a file or folder in the order of their stream; of a file one, of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    pub kind: Kind,
    pub entries: Vec<(Entry, Rc<Vec<u8>>)>,
    /// Whether its size is known before its end.
    pub sized: bool,
}

pub fn entry(path: &str, kind: Kind, bytes: Option<u64>) -> Entry {
    let path = EntryPath::of(path.split('/')).unwrap();
    Entry { number: 0, path, kind, bytes, modified: 1_700_000_000, executable: false }
}

impl Thing {
    pub fn file(name: &str, bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u64;
        let entries = vec![(entry(name, Kind::File, Some(size)), Rc::new(bytes))];
        Self { kind: Kind::File, entries, sized: true }
    }

    /// A folder of these files, and of folders where there are no bytes.
    pub fn folder(contents: Vec<(&str, Option<Vec<u8>>)>) -> Self {
        let one = |(path, bytes): (&str, Option<Vec<u8>>)| match bytes {
            Some(bytes) => (entry(path, Kind::File, Some(bytes.len() as u64)), Rc::new(bytes)),
            None => (entry(path, Kind::Folder, None), Rc::default()),
        };
        let entries = contents.into_iter().map(one).collect();
        Self { kind: Kind::Folder, entries, sized: true }
    }

    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }

    pub fn hash(&self) -> Option<FileHash> {
        let [(_, bytes)] = &self.entries[..] else { return None };
        let mut tree = Tree::default();
        chunks(bytes).for_each(|(_, hash, _)| tree.push(hash));
        (self.kind == Kind::File).then(|| tree.file_hash().unwrap())
    }
}

/// The chunks of a file with their hashes, and whether each is the last.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], ChunkHash, bool)> {
    let count = bytes.len().div_ceil(CHUNK_BYTES).max(1);
    (0..count).map(move |at| {
        let end = ((at + 1) * CHUNK_BYTES).min(bytes.len());
        let chunk = &bytes[at * CHUNK_BYTES..end];
        (chunk, ChunkHash::of(at as u64, chunk, count == 1), at + 1 == count)
    })
}

/// What is there of something that is received.
type Key = (String, FileName, Option<u64>);
type Items = Vec<(Entry, Vec<u8>, bool)>;

/// A part that is open.
#[derive(Clone)]
struct Writing {
    key: Key,
    kind: Kind,
    target: Target,
    items: Items,
    is_checked: bool,
    has_failed: bool,
}

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
                let wrote = pieces.into_iter().try_for_each(|piece| self.put(id, piece));
                if wrote.is_err() {
                    self.writing.get_mut(&id).unwrap().has_failed = true;
                }
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
        assert!(!writing.has_failed, "written to after it failed");
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
            return Ok(Placed { name: key.1, path: None, hash });
        }
        self.downloads.insert(name.as_str().to_owned(), thing);
        let path = Some(PathBuf::from("/downloads").join(name.as_str()));
        Ok(Placed { name, path, hash })
    }

    // ---- the index -----------------------------------------------------------------------------

    pub fn index(&mut self, job: Index) -> Option<IndexDone> {
        match job {
            Index::Find(id, hash) => {
                return Some(IndexDone::Found(id, self.known.get(&hash).cloned()));
            }
            Index::Remember(path, hash) => {
                self.known.insert(hash, path);
                return None;
            }
            Index::Survey => {
                self.surveys += 1;
                return Some(IndexDone::Shares(self.shares.clone(), None));
            }
            Index::Share(path) => {
                let Some(thing) = self.sources.get(&path) else {
                    let gone = Some(trouble(Why::Gone));
                    return Some(IndexDone::Changed(self.shares.clone(), gone));
                };
                let looked = looked(&Source::Path(path.clone()), thing);
                let item = Item {
                    name: looked.name,
                    kind: looked.kind,
                    entries: looked.entries,
                    bytes: thing.bytes(),
                    modified: 0,
                    hash: thing.hash(),
                };
                self.shares.push(Share { item, path });
            }
            Index::Unshare(None) => self.shares.clear(),
            Index::Unshare(Some(name)) => self.shares.retain(|share| share.item.name != name),
        }
        Some(IndexDone::Changed(self.shares.clone(), None))
    }
}

fn key(arriving: &Arriving) -> Key {
    (arriving.from.clone(), arriving.name.clone(), arriving.bytes)
}

fn size(items: &Items) -> u64 {
    items.iter().map(|(_, bytes, _)| bytes.len() as u64).sum()
}

fn looked(source: &Source, thing: &Thing) -> Looked {
    let name = match source {
        Source::Path(path) | Source::Shared(path) => {
            FileName::of(path.file_name().unwrap().to_str().unwrap())
        }
        Source::Stdin(name) => name.clone(),
    };
    let bytes = thing.sized.then(|| thing.bytes());
    Looked { name, kind: thing.kind, entries: thing.entries.len() as u64, bytes }
}

/// What of a part can be gone on with; what cannot is thrown away.
fn have(items: &mut Items) -> Option<Have> {
    if let Some((entry, bytes, false)) = items.last()
        && (bytes.is_empty() || entry.bytes.is_none())
    {
        items.pop();
    }
    let mut prefix = Prefix::default();
    for (entry, bytes, whole) in &*items {
        prefix.entry(entry);
        for (_, hash, last) in chunks(bytes).filter(|_| entry.kind == Kind::File) {
            // The last one there is not the last of the file, and was hashed as such.
            let last = last && *whole;
            let hash = if last || *whole { hash } else { full(bytes, &prefix) };
            prefix.chunk(&Chunk { number: 0, hash, last });
        }
    }
    (prefix.reached() != (0, 0)).then(|| prefix.have())
}

/// The hash of the next chunk of a file that is not whole.
fn full(bytes: &[u8], prefix: &Prefix) -> ChunkHash {
    let index = prefix.reached().1;
    let at = usize::try_from(index).unwrap() * CHUNK_BYTES;
    ChunkHash::of(index, &bytes[at..at + CHUNK_BYTES], false)
}

/// All of the stream, from there on when that is the same here.
fn stream(thing: &Thing, have: Option<Have>) -> VecDeque<Part> {
    let mut prefix = Prefix::default();
    let mut parts = VecDeque::new();
    let mut passed = 0;
    let mut begin = (0, 0);
    for (entry, bytes) in &thing.entries {
        let entry = Entry { bytes: entry.bytes.filter(|_| thing.sized), ..entry.clone() };
        prefix.entry(&entry);
        parts.push_back(Part::Entry(entry.clone()));
        for (bytes, hash, last) in chunks(bytes).filter(|_| entry.kind == Kind::File) {
            let records = bytes.chunks(FILE_RECORD_BYTES);
            parts.extend(records.map(|bytes| Part::Bytes(bytes.to_vec())));
            let chunk = Chunk { number: 0, hash, last };
            parts.push_back(Part::Chunk(chunk));
            prefix.chunk(&chunk);
            passed += bytes.len() as u64;
            if Some(prefix.have()) == have {
                begin = prefix.reached();
                parts.clear();
                parts.push_back(Part::Passed(passed));
                parts.push_back(Part::From(begin.0, begin.1));
                parts.extend((begin.1 > 0).then(|| Part::Entry(entry.clone())));
            }
        }
        if Some(prefix.have()) == have && begin == (0, 0) {
            begin = prefix.reached();
            parts = [Part::Passed(passed), Part::From(begin.0, begin.1)].into();
        }
    }
    if begin == (0, 0) {
        parts.push_front(Part::From(0, 0));
    }
    let (entries, bytes) = (thing.entries.len() as u64, thing.bytes());
    parts.push_back(Part::End { entries, bytes, hash: thing.hash() });
    parts
}
