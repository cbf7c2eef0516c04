//! What is there of something that is received, and what is left of it after a crash.

use files::disk::{Arriving, Target};
use hallway::limits::CHUNK_BYTES;
use hallway::message::files::{Chunk, Entry, Have, Kind};
use hallway::prefix::Prefix;
use hallway::text::FileName;
use hallway::tree::ChunkHash;

use super::thing::chunks;

/// What tells it from others.
pub type Key = (String, FileName, Kind, u64, Option<u64>);
/// Entries, their bytes, and whether all of these are there.
pub type Items = Vec<(Entry, Vec<u8>, bool)>;

/// A part that is open.
#[derive(Clone)]
pub struct Writing {
    pub key: Key,
    pub kind: Kind,
    pub target: Target,
    pub items: Items,
    pub is_checked: bool,
    pub has_failed: bool,
}

pub fn key(arriving: &Arriving) -> Key {
    let Arriving { from, name, kind, entries, bytes } = arriving.clone();
    (from, name, kind, entries, bytes)
}

pub fn size(items: &Items) -> u64 {
    items.iter().map(|(_, bytes, _)| bytes.len() as u64).sum()
}

/// What of a part can be gone on with; what cannot is thrown away.
pub fn have(items: &mut Items) -> Option<Have> {
    // Behind what is not whole nothing counts.
    let whole = items.iter().take_while(|(.., whole)| *whole).count();
    items.truncate(whole + 1);
    if let Some((entry, bytes, false)) = items.last_mut() {
        bytes.truncate(bytes.len() / CHUNK_BYTES * CHUNK_BYTES);
        if bytes.is_empty() || entry.bytes.is_none() {
            items.pop();
        }
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

/// The machine lost its power: from some point on entries may be gone, or bytes of a file, or these
/// are zeros. What was written later may be there.
pub fn tear(items: &mut Items, below: &mut dyn FnMut(usize) -> usize) {
    if items.is_empty() {
        return;
    }
    let at = below(items.len());
    let (entry, bytes, whole) = &mut items[at];
    let from = below(bytes.len() + 1);
    match below(4) {
        0 => {}
        1 => bytes[from..].fill(0),
        2 => {
            bytes.truncate(from);
            *whole = entry.kind == Kind::Folder || entry.bytes == Some(bytes.len() as u64);
        }
        _ => items.truncate(at),
    }
}
