//! What there is to send: a file or a folder in memory, and its stream.

use std::collections::VecDeque;
use std::rc::Rc;

use files::disk::{Looked, Part, Source};
use hallway::limits::{CHUNK_BYTES, FILE_RECORD_BYTES};
use hallway::message::files::{Chunk, Entry, Have, Kind};
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

    pub fn modified(&self) -> i64 {
        self.entries.iter().map(|(entry, _)| entry.modified).max().unwrap_or(0)
    }

    pub fn hash(&self) -> Option<FileHash> {
        let [(_, bytes)] = &self.entries[..] else { return None };
        let mut tree = Tree::default();
        chunks(bytes).for_each(|(_, hash, _)| tree.push(hash));
        (self.kind == Kind::File).then(|| tree.file_hash().unwrap())
    }
}

/// The chunks of a file with their hashes, and whether each is the last.
pub fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8], ChunkHash, bool)> {
    let count = bytes.len().div_ceil(CHUNK_BYTES).max(1);
    (0..count).map(move |at| {
        let end = ((at + 1) * CHUNK_BYTES).min(bytes.len());
        let chunk = &bytes[at * CHUNK_BYTES..end];
        (chunk, ChunkHash::of(at as u64, chunk, count == 1), at + 1 == count)
    })
}

pub fn looked(source: &Source, thing: &Thing) -> Looked {
    let name = match source {
        Source::Path(path) | Source::Shared(path) => {
            FileName::of(path.file_name().unwrap().to_str().unwrap())
        }
        Source::Stdin(name) => name.clone(),
    };
    let bytes = thing.sized.then(|| thing.bytes());
    let (kind, entries, modified) = (thing.kind, thing.entries.len() as u64, thing.modified());
    Looked { name, kind, entries, bytes, modified }
}

/// All of the stream, from there on when that is the same here.
pub fn stream(thing: &Thing, have: Option<Have>) -> VecDeque<Part> {
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
