//! Peers that send something else than they may, or than they said.

mod anything;
mod offers;
mod receivers;
mod streams;

use files::news::LinkId;
use files::transfers::Setup;
use hallway::limits::FILE_RECORD_BYTES;
use hallway::message::files::{Chunk, Entry, Files, From, Kind, Offer, Refuse, Sent, Take, Why};
use hallway::reason::PeerFault;
use hallway::text::FileName;
use hallway::tree::ChunkHash;

use crate::disk::{self};
use crate::world::{World, all};

pub(super) const BORIS: usize = 0;
pub(super) const FAULT: Result<(), PeerFault> = Err(PeerFault::UnexpectedMessage);

pub(super) fn offer(number: u64, kind: Kind, entries: u64, bytes: Option<u64>) -> Offer {
    let name = FileName::of("thing");
    Offer { number, name, kind, entries, bytes, hash: None, request: None, again: false }
}

pub(super) fn entry(path: &str, kind: Kind, bytes: Option<u64>) -> Files {
    Files::Entry(Entry { number: 1, ..disk::thing::entry(path, kind, bytes) })
}

pub(super) fn chunk(bytes: &[u8], last: bool) -> Files {
    Files::Chunk(Chunk { number: 1, hash: ChunkHash::of(0, bytes, last), last })
}

pub(super) fn from(entries: u64, chunks: u64) -> Files {
    Files::From(From { number: 1, entries, chunks })
}

pub(super) fn sent(entries: u64, bytes: u64) -> Files {
    Files::Sent(Sent { number: 1, entries, bytes })
}

pub(super) fn refused(why: Why) -> Files {
    Files::Refuse(Refuse { number: 1, why })
}

/// Boris alone, and the connection with the stranger.
pub(super) fn boris(setup: Setup) -> (World, LinkId) {
    let mut world = World::default();
    world.join("boris", setup);
    let link = world.stranger(BORIS);
    (world, link)
}

/// Boris, who has taken a folder of three entries and so many bytes, to the first of its stream.
pub(super) fn taking(kind: Kind, entries: u64, bytes: Option<u64>) -> (World, LinkId) {
    let (mut world, link) = boris(all());
    world.say(link, Files::Offer(offer(1, kind, entries, bytes))).unwrap();
    assert_eq!(world.heard(link), [Files::Take(Take { number: 1, have: None })]);
    world.say(link, from(0, 0)).unwrap();
    (world, link)
}

/// Sends bytes in records, and lets the other end acknowledge.
pub(super) fn send(world: &mut World, link: LinkId, bytes: &[u8]) -> Result<(), PeerFault> {
    for record in bytes.chunks(FILE_RECORD_BYTES) {
        world.bulk(link, 1, record)?;
        world.tick(BORIS);
    }
    Ok(())
}

/// What Boris said, but for how much he got.
pub(super) fn answers(world: &mut World, link: LinkId) -> Vec<Files> {
    let heard = world.heard(link).into_iter();
    heard.filter(|message| !matches!(message, Files::Got(_))).collect()
}
