//! The far end of one connection: the real dialling side, and what it makes of what it is told.

use std::collections::BTreeMap;

use hallway::channel::{Channel, Incoming};
use hallway::handshake::auth::Me;
use hallway::handshake::dialling::{DialStep, Dialling};
use hallway::handshake::stretch::Stretcher;
use hallway::message::{Change, Member, Message};
use hallway::reason::{CloseReason, Ended};
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::Now;

use super::Person;

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By the community, orderly: what was queued is sent.
    Closed,
    /// By the community, at once.
    Dropped,
    /// By the line.
    Lost,
}

/// Where a guest is on its way in.
pub(super) enum Phase {
    /// A connection that only sends what the test gives it.
    Raw,
    Dialling(Box<Dialling>),
    Open(Box<Channel>),
    Failed(Ended),
}

/// One connection, seen from its far end.
pub struct Guest {
    me: Me,
    pub(super) phase: Phase,
    /// What it made of the list that it was sent.
    pub replica: BTreeMap<Name, Member>,
    /// Whether the last page of the list has come.
    pub has_list: bool,
    /// Everything that came, in order.
    pub heard: Vec<Incoming<'static>>,
    /// How many writes the community made to it.
    pub writes: usize,
    /// How it ended.
    pub end: Option<End>,
}

impl Guest {
    pub(super) fn new(person: &Person) -> Self {
        Self {
            me: person.me(),
            phase: Phase::Raw,
            replica: BTreeMap::new(),
            has_list: false,
            heard: Vec::new(),
            writes: 0,
            end: None,
        }
    }

    /// As whom it comes.
    pub fn name(&self) -> &str {
        self.me.name.as_str()
    }

    /// Whether it has logged in.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// Why it could not log in.
    pub fn failure(&self) -> Option<Ended> {
        match &self.phase {
            Phase::Failed(ended) => Some(*ended),
            Phase::Raw | Phase::Dialling(_) | Phase::Open(_) => None,
        }
    }

    /// The community's last word.
    pub fn last_word(&self) -> Option<CloseReason> {
        self.heard.iter().rev().find_map(|heard| match heard {
            Incoming::Closed(reason) => Some(*reason),
            Incoming::Message(_) | Incoming::Bulk(..) => None,
        })
    }

    /// The changes it was told, in order.
    pub fn changes(&self) -> Vec<Change> {
        let all = self.heard.iter().filter_map(|heard| match heard {
            Incoming::Message(Message::Changes(changes)) => Some(changes.clone()),
            Incoming::Message(_) | Incoming::Bulk(..) | Incoming::Closed(_) => None,
        });
        all.flatten().collect()
    }

    /// Who is on the list, as it sees it.
    pub fn sees(&self) -> Vec<&str> {
        self.replica.keys().map(Name::as_str).collect()
    }

    /// Bytes from the community; gives the answer, if there is one.
    pub(super) fn receive(&mut self, bytes: &[u8], now: Now, keys: &mut Keys) -> Option<Vec<u8>> {
        self.writes += 1;
        match std::mem::replace(&mut self.phase, Phase::Raw) {
            Phase::Dialling(dialling) => {
                let step = dialling.received(bytes, &self.me, &mut keys.seeds);
                return self.step(step, now, keys);
            }
            Phase::Open(mut channel) => {
                channel.push(bytes);
                self.phase = Phase::Open(channel);
                self.read();
            }
            ignores @ (Phase::Raw | Phase::Failed(_)) => self.phase = ignores,
        }
        None
    }

    fn step(&mut self, step: DialStep, now: Now, keys: &Keys) -> Option<Vec<u8>> {
        match step {
            DialStep::Wait(dialling) => self.phase = Phase::Dialling(Box::new(dialling)),
            DialStep::Stretch(dialling, job) => {
                match dialling.stretched(job.run(&keys.stretcher), &self.me, now.tick) {
                    Ok((dialling, answer)) => {
                        self.phase = Phase::Dialling(Box::new(dialling));
                        return Some(answer);
                    }
                    Err(ended) => self.phase = Phase::Failed(ended),
                }
            }
            DialStep::Open(channel, _) => {
                self.phase = Phase::Open(channel);
                self.read();
            }
            DialStep::Failed(ended) => self.phase = Phase::Failed(ended),
        }
        None
    }

    /// Takes in what has come whole, and keeps the replica up.
    fn read(&mut self) {
        let Phase::Open(channel) = &mut self.phase else { return };
        while let Some(incoming) = channel.poll().unwrap() {
            let incoming = match incoming {
                Incoming::Message(message) => Incoming::Message(message),
                Incoming::Closed(reason) => Incoming::Closed(reason),
                Incoming::Bulk(..) => panic!("a community sends no files"),
            };
            match &incoming {
                Incoming::Message(Message::Members(page)) => {
                    assert!(!self.has_list, "the list comes once");
                    let entries = page.members.iter().map(|m| (m.name.clone(), m.clone()));
                    self.replica.extend(entries);
                    self.has_list = page.last;
                }
                Incoming::Message(Message::Changes(changes)) => {
                    assert!(self.has_list, "changes come after the list");
                    changes.iter().for_each(|change| apply(&mut self.replica, change));
                }
                Incoming::Message(_) | Incoming::Bulk(..) | Incoming::Closed(_) => {}
            }
            self.heard.push(incoming);
        }
    }
}

/// Every change must make sense where it comes.
fn apply(replica: &mut BTreeMap<Name, Member>, change: &Change) {
    match change {
        Change::Joined(member) => {
            assert!(replica.insert(member.name.clone(), member.clone()).is_none());
        }
        Change::Left(name) => assert!(replica.remove(name).is_some()),
        Change::State(name, state) => {
            let member = replica.get_mut(name).unwrap();
            assert_ne!(member.state, *state);
            member.state = *state;
        }
    }
}

/// What all guests share: randomness, and one memory of the stretched password.
pub(super) struct Keys {
    pub(super) seeds: Seeds,
    pub(super) stretcher: Stretcher,
}
