//! How the bytes of a file are held against hashes, chunk by chunk.
//!
//! The hash of a file is its plain BLAKE3: `b3sum` shows the same. BLAKE3 is a tree, and a chunk of
//! [`limits::CHUNK_BYTES`] is a whole subtree of it, so the hash of a chunk is that subtree's
//! chaining value, and those of all chunks give the hash of the file without a second look at its
//! bytes. (BLAKE3 paper, section 2.1: a left subtree is the largest power of two of chunks that
//! leaves something for the right one.) The hash of a file of one chunk is that chunk's.

use std::fmt;

use blake3::Hasher;
use blake3::hazmat::{self, HasherExt as _, Mode};
use minicbor::{Decode, Encode};

use crate::limits;

/// What the bytes of one chunk must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct ChunkHash(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

/// What the bytes of a whole file come to: its BLAKE3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct FileHash(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 32]);

impl ChunkHash {
    /// The hash of `bytes`, which are chunk number `index` of a file; `whole` when the file has no
    /// other chunk.
    ///
    /// # Panics
    /// For more than [`limits::CHUNK_BYTES`], and for an empty chunk that is not the whole file:
    /// there is none.
    pub fn of(index: u64, bytes: &[u8], whole: bool) -> Self {
        let mut hasher = ChunkHasher::new(index);
        hasher.push(bytes);
        hasher.finish(whole)
    }
}

/// The hash of a chunk in the making: for who has its bytes piece by piece.
#[derive(Debug)]
pub struct ChunkHasher {
    hasher: Hasher,
    bytes: usize,
}

impl ChunkHasher {
    /// Of chunk number `index` of a file.
    pub fn new(index: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.set_input_offset(index * limits::CHUNK_BYTES as u64);
        Self { hasher, bytes: 0 }
    }

    /// Takes the next of its bytes.
    ///
    /// # Panics
    /// For more than [`limits::CHUNK_BYTES`] altogether.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
        assert!(self.bytes <= limits::CHUNK_BYTES, "more than a chunk");
        self.hasher.update(bytes);
    }

    /// The hash; `whole` when the file has no other chunk.
    ///
    /// # Panics
    /// For an empty chunk that is not the whole file: there is none.
    pub fn finish(&self, whole: bool) -> ChunkHash {
        if whole {
            return ChunkHash(*self.hasher.finalize().as_bytes());
        }
        assert!(self.bytes > 0, "a chunk without bytes");
        ChunkHash(self.hasher.finalize_non_root())
    }
}

impl FileHash {
    /// Reads the 64 hexadecimal digits that `Display` and `b3sum` write.
    pub fn parse(typed: &str) -> Option<Self> {
        blake3::Hash::from_hex(typed).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

/// The hash of a file in the making: the hashes of its chunks go in, in order.
///
/// It keeps one hash for each power of two in the count of chunks, and no more.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// Hashes of finished subtrees, the largest first.
    stack: Vec<[u8; 32]>,
    chunks: u64,
}

impl Tree {
    /// Takes the next chunk's hash.
    pub fn push(&mut self, chunk: ChunkHash) {
        // What is finished is merged when more follows: the last merge of all is the root's.
        while self.stack.len() > self.chunks.count_ones() as usize {
            if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
                self.stack.push(hazmat::merge_subtrees_non_root(&left, &right, Mode::Hash));
            }
        }
        self.stack.push(chunk.0);
        self.chunks += 1;
    }

    /// Chunks so far.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// The hash of the file whose chunks these are; `None` before the first.
    pub fn file_hash(&self) -> Option<FileHash> {
        let (last, rest) = self.stack.split_last()?;
        let Some((first, between)) = rest.split_first() else { return Some(FileHash(*last)) };
        let merge = |right, left: &_| hazmat::merge_subtrees_non_root(left, &right, Mode::Hash);
        let right = between.iter().rev().fold(*last, merge);
        Some(FileHash(*hazmat::merge_subtrees_root(first, &right, Mode::Hash).as_bytes()))
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHUNK: usize = limits::CHUNK_BYTES;

    /// The pattern of BLAKE3's own test vectors.
    fn bytes(count: usize) -> Vec<u8> {
        (0..count).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    fn by_chunks(bytes: &[u8]) -> FileHash {
        let whole = bytes.len() <= CHUNK;
        let mut tree = Tree::default();
        if bytes.is_empty() {
            tree.push(ChunkHash::of(0, bytes, true));
        }
        for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
            tree.push(ChunkHash::of(index as u64, chunk, whole));
        }
        tree.file_hash().unwrap()
    }

    #[test]
    fn the_chunks_of_a_file_give_its_plain_blake3() {
        let most = bytes(17 * CHUNK + 1);
        let edges = (1..=17).flat_map(|n| [n * CHUNK - 1, n * CHUNK, n * CHUNK + 1]);
        for count in [0, 1, 1023, 1024, 1025].into_iter().chain(edges) {
            let bytes = &most[..count];
            let hash = by_chunks(bytes);
            assert_eq!(hash, FileHash(*blake3::hash(bytes).as_bytes()), "{count} bytes");
        }
    }

    #[test]
    fn a_chunk_in_pieces_has_the_hash_of_the_chunk() {
        let bytes = bytes(CHUNK - 7);
        for index in [0, 3] {
            let mut hasher = ChunkHasher::new(index);
            bytes.chunks(limits::FILE_RECORD_BYTES).for_each(|piece| hasher.push(piece));
            assert_eq!(hasher.finish(false), ChunkHash::of(index, &bytes, false));
        }
    }

    #[test]
    fn a_hash_is_the_one_that_the_standard_names() {
        // test_vectors.json of BLAKE3, inputs of 0 and of 102,400 bytes.
        for (count, hash) in [
            (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
            (102_400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
        ] {
            assert_eq!(by_chunks(&bytes(count)).to_string(), hash);
        }
    }

    #[test]
    fn a_chunk_in_another_place_or_of_another_file_has_another_hash() {
        let bytes = bytes(CHUNK);
        let hashes = [
            ChunkHash::of(0, &bytes, true),
            ChunkHash::of(0, &bytes, false),
            ChunkHash::of(1, &bytes, false),
        ];
        assert!(hashes[0] != hashes[1] && hashes[1] != hashes[2] && hashes[0] != hashes[2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn any_number_of_chunks_keeps_few_hashes(chunks in 1_u64..5_000) {
            let mut tree = Tree::default();
            for at in 0..chunks {
                tree.push(ChunkHash([u8::try_from(at % 256).unwrap(); 32]));
                prop_assert!(tree.stack.len() <= 1 + u64::BITS as usize);
            }
            prop_assert!(tree.stack.len() <= 1 + (64 - chunks.leading_zeros()) as usize);
            prop_assert_eq!(tree.chunks(), chunks);
        }
    }
}
