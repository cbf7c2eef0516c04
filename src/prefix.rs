//! What a beginning of a transfer comes to, so that two ends can tell whether they have the same.
//!
//! The digest is BLAKE3's `derive_key` mode with [`labels::FILE_PREFIX`] over, for each whole
//! entry, `lp(entry) ‖ file hash` (of a folder only the former), and for a file that is not whole
//! `lp(entry) ‖ hashes of its chunks`. `entry` is the body of its message with the number 0.

use blake3::Hasher;

use crate::handshake::hello::length_prefixed;
use crate::labels;
use crate::message::files::{Chunk, Entry, Have, Kind};
use crate::tree::{FileHash, Tree};

/// Takes entries and their chunks in the order of the stream.
#[derive(Clone, Debug)]
pub struct Prefix {
    /// Over all entries that are whole.
    whole: Hasher,
    entries: u64,
    open: Option<Open>,
}

/// A file that is not whole.
#[derive(Clone, Debug)]
struct Open {
    entry: Vec<u8>,
    /// Over all before it, too.
    hasher: Hasher,
    tree: Tree,
}

impl Default for Prefix {
    fn default() -> Self {
        Self { whole: Hasher::new_derive_key(labels::FILE_PREFIX), entries: 0, open: None }
    }
}

impl Prefix {
    /// The next file or folder begins; a folder is whole with that. A file that was begun and is
    /// not whole gives way to it.
    pub fn entry(&mut self, entry: &Entry) {
        let bare = Entry { number: 0, ..entry.clone() };
        // Writing into a Vec cannot fail.
        let bare = minicbor::to_vec(bare).unwrap_or_default();
        self.open = match entry.kind {
            Kind::Folder => {
                length_prefixed(&mut self.whole, &bare);
                self.entries += 1;
                None
            }
            Kind::File => {
                let mut hasher = self.whole.clone();
                length_prefixed(&mut hasher, &bare);
                Some(Open { entry: bare, hasher, tree: Tree::default() })
            }
        };
    }

    /// The file's next chunk. Gives the hash of the file when that was its last one, and nothing
    /// when no file was begun.
    pub fn chunk(&mut self, chunk: &Chunk) -> Option<FileHash> {
        let open = self.open.as_mut()?;
        open.hasher.update(&chunk.hash.0);
        open.tree.push(chunk.hash);
        if !chunk.last {
            return None;
        }
        let hash = open.tree.file_hash()?;
        length_prefixed(&mut self.whole, &open.entry);
        self.whole.update(&hash.0);
        self.entries += 1;
        self.open = None;
        Some(hash)
    }

    /// Entries that are whole, and chunks of the next one.
    pub fn reached(&self) -> (u64, u64) {
        (self.entries, self.open.as_ref().map_or(0, |open| open.tree.chunks()))
    }

    /// What all of that comes to. A file without a chunk is not there yet.
    pub fn digest(&self) -> FileHash {
        let has_chunks = |open: &&Open| open.tree.chunks() > 0;
        let hasher = self.open.as_ref().filter(has_chunks).map_or(&self.whole, |open| &open.hasher);
        FileHash(*hasher.finalize().as_bytes())
    }

    /// Both, as they travel.
    pub fn have(&self) -> Have {
        let (entries, chunks) = self.reached();
        Have { entries, chunks, digest: self.digest() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::text::EntryPath;
    use crate::tree::ChunkHash;

    /// By `prefix.py` beside it: to change it is to change the protocol.
    const JSON: &str = include_str!("../tests/vectors/prefix.json");

    fn bytes(hex: &Value) -> Vec<u8> {
        let hex = hex.as_str().unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect()
    }

    fn entry(path: &str, kind: Kind) -> Entry {
        let path = EntryPath::of(path.split('/')).unwrap();
        Entry { number: 7, path, kind, bytes: None, modified: 1_800_000_000, executable: false }
    }

    fn chunk(byte: u8, last: bool) -> Chunk {
        Chunk { number: 7, hash: ChunkHash([byte; 32]), last }
    }

    #[test]
    fn what_a_second_program_says_of_every_step_is_what_this_one_says() {
        let steps: Vec<Value> = serde_json::from_str(JSON).unwrap();
        let mut prefix = Prefix::default();
        for step in &steps {
            match step.get("entry") {
                Some(body) => {
                    let entry: Entry = minicbor::decode(&bytes(body)).unwrap();
                    prefix.entry(&Entry { number: 12_345, ..entry });
                }
                None => {
                    let hash = ChunkHash(bytes(&step["chunk"]).try_into().unwrap());
                    let last = step["last"].as_bool().unwrap();
                    let file_hash = prefix.chunk(&Chunk { number: 12_345, hash, last });
                    // Each file that becomes whole has one chunk.
                    assert_eq!(file_hash, last.then_some(FileHash(hash.0)));
                }
            }
            let have = prefix.have();
            assert_eq!(Value::from(have.entries), step["entries"]);
            assert_eq!(Value::from(have.chunks), step["chunks"]);
            assert_eq!(Value::from(have.digest.to_string()), step["digest"], "{step}");
        }
        assert!(steps.len() > 10);
    }

    #[test]
    fn a_file_of_several_chunks_is_whole_with_its_last() {
        let mut prefix = Prefix::default();
        prefix.entry(&entry("a", Kind::File));
        let before = prefix.digest();
        let mut tree = Tree::default();
        for byte in 1..4 {
            assert_eq!(prefix.chunk(&chunk(byte, false)), None);
            tree.push(ChunkHash([byte; 32]));
            assert_eq!(prefix.reached(), (0, u64::from(byte)));
            assert_ne!(prefix.digest(), before);
        }
        tree.push(ChunkHash([9; 32]));
        assert_eq!(prefix.chunk(&chunk(9, true)), tree.file_hash());
        assert_eq!(prefix.reached(), (1, 0));
    }

    #[test]
    fn what_no_stream_does_changes_nothing_that_is_whole() {
        let mut prefix = Prefix::default();
        prefix.entry(&entry("a", Kind::Folder));
        let have = prefix.have();
        assert_eq!(prefix.chunk(&chunk(1, true)), None);
        assert_eq!(prefix.have(), have, "a chunk of a folder");
        prefix.entry(&entry("a/b", Kind::File));
        prefix.chunk(&chunk(1, false));
        prefix.entry(&entry("a/c", Kind::File));
        assert_eq!(prefix.have(), have, "a file that is left for another");
    }
}
