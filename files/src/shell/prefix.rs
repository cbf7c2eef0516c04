//! What a beginning of a transfer comes to: a digest over its entries and chunks.

use hallway::message::files::Entry;
use hallway::tree::{ChunkHash, ChunkHasher, FileHash};

/// A digest in the making.
#[derive(Default)]
pub(super) struct Prefix {
    bytes: Vec<u8>,
}

impl Prefix {
    pub(super) fn entry(&mut self, entry: &Entry) {
        self.bytes.extend(format!("{}|{:?}", entry.path, entry.kind).into_bytes());
    }

    pub(super) fn chunk(&mut self, chunk: &ChunkHash) {
        self.bytes.extend(chunk.0);
    }

    pub(super) fn digest(&self) -> FileHash {
        let mut hasher = ChunkHasher::new(0);
        hasher.push(&self.bytes);
        FileHash(hasher.finish(true).0)
    }
}
