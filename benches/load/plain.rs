//! The floor: the same bytes moved by the same loop, at the same moments, with no cryptography and
//! nothing kept of anybody.
//!
//! A frame has the shape of a record: a length, a byte, a body of a padded size, and 32 bytes more.

use std::collections::{BTreeMap, BTreeSet};

use community_server::news::pause;
use community_server::options::Options;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::limits::{LIST_RECORD_BYTES_MAX, LISTS_PER_TURN, PADDED_BYTES, PADDED_STEP_BYTES};
use hallway::message::{Change, Message, State};
use hallway::shell::clock::Clock;
use hallway::shell::hardening::raise_descriptor_limit;
use hallway::shell::net::Net;
use hallway::time::Millis;

use crate::member::sample;

/// Bytes of the two hellos and of KE3, as in docs/PROTOCOL.md.
pub(crate) const HELLO_BYTES: usize = 125;
/// The listener's hello.
pub(crate) const ANSWER_BYTES: usize = 363;
/// What follows the listener's hello: KE3, then the frame of the dialler's Auth.
pub(crate) const KE3_BYTES: usize = 64;
/// Bytes of an Auth message.
pub(crate) const AUTH_BYTES: usize = 130;
const TAG_BYTES: usize = 32;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Auth,
    Join,
    Watch,
    State,
    Page,
    LastPage,
    Changes,
}

const KINDS: [Kind; 7] =
    [Kind::Auth, Kind::Join, Kind::Watch, Kind::State, Kind::Page, Kind::LastPage, Kind::Changes];

/// One frame with a payload of so many bytes that stands for `count` entries.
pub(crate) fn frame(kind: Kind, count: usize, payload_bytes: usize) -> Vec<u8> {
    let bare = payload_bytes + 3;
    let padded = PADDED_BYTES.into_iter().find(|padded| *padded >= bare);
    let inner = padded.unwrap_or(bare.next_multiple_of(PADDED_STEP_BYTES));
    let [_, l2, l1, l0] = u32::try_from(inner).unwrap().to_be_bytes();
    let mut bytes = vec![l2, l1, l0, kind as u8];
    bytes.extend(u16::try_from(count).unwrap().to_be_bytes());
    bytes.resize(4 + inner + TAG_BYTES, 7);
    bytes
}

/// Takes frames from a stream that is cut anywhere.
#[derive(Default)]
pub(crate) struct Frames {
    buffer: Vec<u8>,
    consumed: usize,
}

impl Frames {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame: what it is, and how many entries it stands for.
    pub(crate) fn next(&mut self) -> Option<(Kind, usize)> {
        let unread = &self.buffer[self.consumed..];
        let Some(&[l2, l1, l0, kind, c1, c0]) = unread.first_chunk::<6>() else {
            return self.give_back();
        };
        let whole = 4 + u32::from_be_bytes([0, l2, l1, l0]) as usize + TAG_BYTES;
        if unread.len() < whole {
            return self.give_back();
        }
        self.consumed += whole;
        Some((KINDS[usize::from(kind)], usize::from(u16::from_be_bytes([c1, c0]))))
    }

    /// An idle stream holds no memory, as in the real thing.
    fn give_back<T>(&mut self) -> Option<T> {
        if self.consumed == self.buffer.len() {
            *self = Self::default();
        }
        None
    }
}

/// A connection to the floor.
enum Guest {
    /// So many bytes of a handshake are missing, and of which half.
    Hello(usize),
    Proof(usize),
    Inside(Frames),
}

/// Everything that the floor knows.
#[derive(Default)]
struct Floor {
    guests: BTreeMap<ConnId, Guest>,
    /// Members on the list that everybody knows.
    told: usize,
    viewers: BTreeSet<ConnId>,
    newcomers: BTreeSet<ConnId>,
    joined: usize,
    changed: usize,
    next: Millis,
}

/// Serves until it is killed.
pub(crate) fn serve(options: &Options) {
    raise_descriptor_limit();
    let clock = Clock::new();
    let mut net = Net::new(clock).unwrap();
    net.listen(options.listen.unwrap(), 0).unwrap();
    let mut floor = Floor::default();
    loop {
        net.wait(floor.deadline());
        while let Some((id, input)) = net.next() {
            match input {
                NetInput::Opened { .. } => {
                    floor.guests.insert(id, Guest::Hello(HELLO_BYTES));
                }
                NetInput::Received(bytes) => {
                    if let Some(answer) = floor.received(id, bytes) {
                        net.perform(id, NetOutput::Send(answer));
                    }
                }
                NetInput::Closed(_) => {
                    floor.guests.remove(&id);
                    floor.viewers.remove(&id);
                    floor.newcomers.remove(&id);
                }
                NetInput::Connected | NetInput::Failed(_) => unreachable!("it dials nobody"),
            }
        }
        floor.tell_news(clock.now().tick, &mut net);
    }
}

impl Floor {
    fn received(&mut self, id: ConnId, bytes: &[u8]) -> Option<Vec<u8>> {
        let guest = self.guests.get_mut(&id)?;
        match guest {
            Guest::Hello(missing) => {
                *missing -= bytes.len();
                (*missing == 0).then(|| {
                    *guest = Guest::Proof(KE3_BYTES + frame(Kind::Auth, 0, AUTH_BYTES).len());
                    vec![7; ANSWER_BYTES]
                })
            }
            Guest::Proof(missing) => {
                *missing -= bytes.len();
                (*missing == 0).then(|| {
                    *guest = Guest::Inside(Frames::default());
                    frame(Kind::Auth, 0, AUTH_BYTES)
                })
            }
            Guest::Inside(frames) => {
                frames.push(bytes);
                while let Some((kind, _)) = frames.next() {
                    match kind {
                        Kind::Join => {
                            self.joined += 1;
                            self.newcomers.insert(id);
                        }
                        Kind::Watch => {
                            self.newcomers.insert(id);
                        }
                        Kind::State => self.changed += 1,
                        Kind::Auth | Kind::Page | Kind::LastPage | Kind::Changes => {
                            unreachable!("no member says that")
                        }
                    }
                }
                None
            }
        }
    }

    /// What the community does at the end of a turn.
    fn tell_news(&mut self, now: Millis, net: &mut Net) {
        if self.joined + self.changed > 0 && now >= self.next {
            let joined = pages(Kind::Changes, self.joined, joined_bytes());
            let changed = pages(Kind::Changes, self.changed, state_bytes());
            let changes = [joined, changed].concat();
            self.told += self.joined;
            (self.joined, self.changed) = (0, 0);
            self.next = now + pause(self.viewers.len());
            for id in &self.viewers {
                net.perform(*id, NetOutput::Send(changes.clone()));
            }
        }
        if !self.newcomers.is_empty() {
            let mut list = pages(Kind::Page, self.told, joined_bytes());
            list.extend(frame(Kind::LastPage, 0, 8));
            for _ in 0..LISTS_PER_TURN {
                let Some(id) = self.newcomers.pop_first() else { break };
                net.perform(id, NetOutput::Send(list.clone()));
                self.viewers.insert(id);
            }
        }
    }

    fn deadline(&self) -> Option<Millis> {
        let news = (self.joined + self.changed > 0).then_some(self.next);
        if self.newcomers.is_empty() { news } else { Some(Millis(0)) }
    }
}

/// So many entries in as many frames as they take.
fn pages(kind: Kind, entries: usize, entry_bytes: usize) -> Vec<u8> {
    let in_one = (LIST_RECORD_BYTES_MAX - 64) / entry_bytes;
    let mut bytes = Vec::new();
    let mut left = entries;
    while left > 0 {
        let count = left.min(in_one);
        bytes.extend(frame(kind, count, count * entry_bytes + 8));
        left -= count;
    }
    bytes
}

fn joined_bytes() -> usize {
    Message::Changes(vec![Change::Joined(sample())]).encode().len() - 4
}

fn state_bytes() -> usize {
    Message::Changes(vec![Change::State(sample().name, State::InChat)]).encode().len() - 4
}
