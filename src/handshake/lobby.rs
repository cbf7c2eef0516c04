//! Where connections wait until they have proved who they are: the one place with the limits on
//! strangers, used by every listener.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;

use super::answering::{AnswerStep, Answering, Door};
use super::auth::Peer;
use super::hello::Service;
use crate::channel::Channel;
use crate::conn::ConnId;
use crate::guess::{GuessLimits, Guesses, Source};
use crate::limits;
use crate::log::Level;
use crate::reason::PeerFault;
use crate::seeds::Seeds;
use crate::time::Millis;

/// All unauthenticated connections of a listener.
pub struct Lobby {
    guesses: Guesses,
    waiting: BTreeMap<ConnId, (Answering, SocketAddr)>,
    by_deadline: BTreeSet<(Millis, ConnId)>,
    by_source: BTreeMap<Source, usize>,
    /// Those whose place a newcomer has taken: to be dropped.
    displaced: VecDeque<(ConnId, Turned, SocketAddr)>,
}

/// What comes of a connection in the lobby.
pub enum LobbyStep {
    /// Send these bytes, if any; it stays here.
    Send(Vec<u8>),
    /// It has proved who it is and left the lobby: send these bytes, then poll the channel.
    Enter(Entrant, Vec<u8>),
    /// Send these bytes and close.
    Close(Vec<u8>, Turned, SocketAddr),
    /// Drop it; say nothing.
    Drop(Turned, SocketAddr),
}

/// Somebody who has logged in.
pub struct Entrant {
    /// The connection.
    pub channel: Box<Channel>,
    /// Who it is.
    pub peer: Peer,
    /// What it asked for, of what the door serves.
    pub service: Service,
    /// Where it comes from.
    pub from: SocketAddr,
}

/// Why somebody did not get in, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It stopped after our answer: that is what a wrong password looks like from here.
    NotCompleted,
    /// Too many attempts from there, or nothing in common.
    Refused,
    /// It broke the protocol, or was too slow.
    Fault(PeerFault),
}

impl Turned {
    /// How much it matters to who reads a log.
    pub fn level(self) -> Level {
        match self {
            // The two ways to try a wrong password; honest programs only know the first.
            Self::NotCompleted | Self::Fault(PeerFault::FalseProof) => Level::Warn,
            Self::Refused | Self::Fault(_) => Level::Debug,
        }
    }
}

impl Lobby {
    /// An empty lobby.
    pub fn new(guesses: GuessLimits) -> Self {
        Self {
            guesses: Guesses::new(guesses),
            waiting: BTreeMap::new(),
            by_deadline: BTreeSet::new(),
            by_source: BTreeMap::new(),
            displaced: VecDeque::new(),
        }
    }

    /// Somebody has connected. Without a place for it, `false`: drop it. In a full lobby it takes
    /// the place of who has been silent for longest, or has taken long to prove that it knows the
    /// password: a thousand connections that only stand there must not keep everybody out.
    #[must_use]
    pub fn open(&mut self, now: Millis, id: ConnId, from: SocketAddr) -> bool {
        let source = Source::of(from.ip());
        let here = self.by_source.get(&source).copied().unwrap_or(0);
        if here >= limits::HALF_OPEN_PER_SOURCE_MAX {
            return false;
        }
        if self.waiting.len() >= limits::HALF_OPEN_MAX && !self.displace(now) {
            return false;
        }
        self.put(id, Answering::new(source, now), from);
        true
    }

    /// Bytes for a connection; `None` when it is not here.
    pub fn received(
        &mut self,
        now: Millis,
        id: ConnId,
        bytes: &[u8],
        door: &Door<'_>,
        seeds: &mut Seeds,
    ) -> Option<LobbyStep> {
        let (handshake, from) = self.take(id)?;
        let step = match handshake.received(now, bytes, door, &mut self.guesses, seeds) {
            AnswerStep::Wait(handshake, bytes) => {
                self.put(id, handshake, from);
                LobbyStep::Send(bytes)
            }
            AnswerStep::Open(channel, peer, service, bytes) => {
                LobbyStep::Enter(Entrant { channel, peer, service, from }, bytes)
            }
            AnswerStep::Refused(bytes) => LobbyStep::Close(bytes, Turned::Refused, from),
            AnswerStep::Failed(fault) => LobbyStep::Drop(Turned::Fault(fault), from),
        };
        Some(step)
    }

    /// The connection is gone; if it was here, what that means.
    pub fn closed(&mut self, id: ConnId) -> Option<(Turned, SocketAddr)> {
        self.displaced.retain(|displaced| displaced.0 != id);
        let (handshake, from) = self.take(id)?;
        Some((self.turned(&handshake), from))
    }

    /// Takes out whose time is up first, unless it is still quick at proving the password.
    fn displace(&mut self, now: Millis) -> bool {
        // Who has not said hello has less time than that from the start.
        let too_quick = now + limits::KE3_WAIT - limits::PROOF_PATIENCE;
        let first = self.by_deadline.first().copied().filter(|(until, _)| *until <= too_quick);
        let Some((id, (handshake, from))) = first.and_then(|(_, id)| Some((id, self.take(id)?)))
        else {
            return false;
        };
        let turned = self.turned(&handshake);
        self.displaced.push_back((id, turned, from));
        true
    }

    /// Takes out one connection whose time is up, or whose place another has: it is to be dropped.
    pub fn expired(&mut self, now: Millis) -> Option<(ConnId, Turned, SocketAddr)> {
        if let Some(displaced) = self.displaced.pop_front() {
            return Some(displaced);
        }
        let (until, id) = self.by_deadline.first().copied()?;
        if until > now {
            return None;
        }
        let (handshake, from) = self.take(id)?;
        Some((id, self.turned(&handshake), from))
    }

    /// When the next connection's time is up.
    pub fn deadline(&self) -> Option<Millis> {
        if !self.displaced.is_empty() {
            return Some(Millis(0));
        }
        self.by_deadline.first().map(|(until, _)| *until)
    }

    /// How many are here.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody is here, in no index.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
            && self.by_deadline.is_empty()
            && self.by_source.is_empty()
            && self.displaced.is_empty()
    }

    /// Takes out everybody, to be dropped.
    pub fn clear(&mut self) -> Vec<ConnId> {
        let mut ids: Vec<ConnId> = self.waiting.keys().copied().collect();
        for id in &ids {
            let _ = self.closed(*id);
        }
        ids.extend(self.displaced.drain(..).map(|(id, ..)| id));
        ids
    }

    /// Why somebody who leaves like this did not get in; an unfinished log-in was a guess.
    fn turned(&mut self, handshake: &Answering) -> Turned {
        if !handshake.expects_proof() {
            return Turned::Fault(PeerFault::Silent);
        }
        self.guesses.lose(handshake.source());
        Turned::NotCompleted
    }

    fn put(&mut self, id: ConnId, handshake: Answering, from: SocketAddr) {
        self.by_deadline.insert((handshake.deadline(), id));
        *self.by_source.entry(handshake.source()).or_default() += 1;
        self.waiting.insert(id, (handshake, from));
    }

    fn take(&mut self, id: ConnId) -> Option<(Answering, SocketAddr)> {
        let (handshake, from) = self.waiting.remove(&id)?;
        self.by_deadline.remove(&(handshake.deadline(), id));
        let source = handshake.source();
        let left = self.by_source.get(&source).map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            self.by_source.remove(&source);
        } else {
            self.by_source.insert(source, left);
        }
        Some((handshake, from))
    }
}
