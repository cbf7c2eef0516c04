//! Reaching a listener: look its name up, try its addresses side by side, shake hands with the
//! first that answers.

use std::collections::VecDeque;
use std::net::SocketAddr;

use hallway::channel::Channel;
use hallway::conn::{ConnId, ConnectError, NetInput, NetOutput};
use hallway::handshake::auth::Peer;
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::{Rejected, Stretched};
use hallway::identity::PublicIdentity;
use hallway::limits;
use hallway::place::Place;
use hallway::reason::{Ended, PeerFault};
use hallway::secret::Secret;
use hallway::time::Millis;

use crate::desk::Desk;

/// Where somebody can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// As typed: an address, or a name to look up.
    Place(Place),
    /// As listed by a community, best first.
    Sockets(Vec<SocketAddr>),
}

/// What is needed to be let in.
pub(crate) struct Ticket {
    pub(crate) service: Service,
    pub(crate) password: Secret,
    pub(crate) identity: Option<PublicIdentity>,
}

/// One attempt to reach a listener, over all its addresses.
pub(crate) struct Outbound {
    ticket: Ticket,
    /// Addresses not tried yet.
    targets: VecDeque<SocketAddr>,
    stage: Stage,
    /// The most telling failure so far.
    failure: Option<Ended>,
}

enum Stage {
    /// The shell looks the name up.
    LookUp { number: u64 },
    /// Connections are being made; the next address is tried beside them at `next_at`.
    Racing { conns: Vec<(ConnId, SocketAddr)>, next_at: Millis },
    /// One stands.
    Shaking { conn: ConnId, at: SocketAddr, dialling: Box<Dialling> },
    /// It has come to its end, one way or the other.
    Over,
}

/// How far it has come.
pub(crate) enum Progress {
    /// Not at an end.
    Pending,
    /// The listener let us in. Messages may have come already: poll the channel.
    Open { conn: ConnId, at: SocketAddr, channel: Box<Channel>, peer: Peer },
    /// No address led anywhere.
    Failed(Ended),
}

impl Outbound {
    /// What is wanted of the listener.
    pub(crate) fn service(&self) -> Service {
        self.ticket.service
    }

    pub(crate) fn start(
        whereabouts: &Whereabouts,
        ticket: Ticket,
        now: Millis,
        desk: &mut Desk,
    ) -> Self {
        let mut outbound =
            Self { ticket, targets: VecDeque::new(), stage: Stage::Over, failure: None };
        match whereabouts {
            Whereabouts::Sockets(sockets) => outbound.race(sockets, now, desk),
            Whereabouts::Place(place) => match place.socket() {
                Some(socket) => outbound.race(&[socket], now, desk),
                None => outbound.stage = Stage::LookUp { number: desk.look_up(place) },
            },
        }
        outbound
    }

    fn race(&mut self, sockets: &[SocketAddr], now: Millis, desk: &mut Desk) {
        self.targets = in_turns(sockets);
        self.stage = Stage::Racing { conns: Vec::new(), next_at: now };
        self.try_next(now, desk);
    }

    /// The addresses that a look-up found, if it was ours.
    pub(crate) fn looked_up(
        &mut self,
        number: u64,
        found: &[SocketAddr],
        now: Millis,
        desk: &mut Desk,
    ) -> Option<Progress> {
        if !matches!(self.stage, Stage::LookUp { number: ours } if ours == number) {
            return None;
        }
        if found.is_empty() {
            return Some(Progress::Failed(Ended::NotReached(ConnectError::NoSuchHost)));
        }
        self.race(found, now, desk);
        Some(Progress::Pending)
    }

    /// Whether the connection is one of this attempt's.
    pub(crate) fn owns(&self, id: ConnId) -> bool {
        match &self.stage {
            Stage::Racing { conns, .. } => conns.iter().any(|(conn, _)| *conn == id),
            Stage::Shaking { conn, .. } => *conn == id,
            Stage::LookUp { .. } | Stage::Over => false,
        }
    }

    /// Tries the next address beside those under way.
    fn try_next(&mut self, now: Millis, desk: &mut Desk) {
        let Stage::Racing { conns, next_at } = &mut self.stage else { return };
        if let Some(target) = self.targets.pop_front() {
            let id = desk.new_conn();
            conns.push((id, target));
            *next_at = now + limits::CONNECT_STAGGER;
            desk.net(id, NetOutput::Connect(target));
        }
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        match &self.stage {
            Stage::Racing { conns, next_at } if !self.targets.is_empty() || conns.is_empty() => {
                Some(*next_at)
            }
            Stage::Shaking { dialling, .. } => dialling.deadline(),
            Stage::LookUp { .. } | Stage::Racing { .. } | Stage::Over => None,
        }
    }

    pub(crate) fn tick(&mut self, now: Millis, desk: &mut Desk) -> Progress {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return Progress::Pending;
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Shaking { conn, .. } => {
                desk.net(conn, NetOutput::Drop);
                self.failed(Ended::Fault(PeerFault::Silent), now, desk)
            }
            other @ (Stage::LookUp { .. } | Stage::Racing { .. } | Stage::Over) => {
                self.stage = other;
                self.try_next(now, desk);
                // Not even one address was given.
                if self.none_under_way() { self.give_up() } else { Progress::Pending }
            }
        }
    }

    pub(crate) fn handle(
        &mut self,
        now: Millis,
        id: ConnId,
        input: &NetInput<'_>,
        desk: &mut Desk,
    ) -> Progress {
        match (std::mem::replace(&mut self.stage, Stage::Over), input) {
            (Stage::Racing { conns, .. }, NetInput::Connected) => {
                self.connected(now, id, conns, desk)
            }
            (Stage::Racing { mut conns, next_at }, NetInput::Failed(_) | NetInput::Closed(_)) => {
                conns.retain(|(conn, _)| *conn != id);
                let nobody = conns.is_empty();
                self.stage = Stage::Racing { conns, next_at };
                let error = if let NetInput::Failed(error) = input {
                    *error
                } else {
                    ConnectError::Unreachable
                };
                self.note(Ended::NotReached(error));
                self.try_next(now, desk);
                if nobody && self.none_under_way() { self.give_up() } else { Progress::Pending }
            }
            (Stage::Shaking { conn, at, dialling }, NetInput::Received(bytes)) => {
                let step = dialling.received(bytes, &desk.me, &mut desk.seeds);
                self.step(now, conn, at, step, desk)
            }
            (Stage::Shaking { .. }, NetInput::Closed(lost)) => {
                self.failed(Ended::Lost(*lost), now, desk)
            }
            (stage, _) => {
                self.stage = stage;
                Progress::Pending
            }
        }
    }

    fn connected(
        &mut self,
        now: Millis,
        id: ConnId,
        conns: Vec<(ConnId, SocketAddr)>,
        desk: &mut Desk,
    ) -> Progress {
        let mut winner = None;
        for (conn, at) in conns.into_iter().rev() {
            if conn == id {
                winner = Some(at);
            } else {
                // Tried again if this one turns out not to be who we want.
                self.targets.push_front(at);
                desk.net(conn, NetOutput::Drop);
            }
        }
        let Some(at) = winner else { return Progress::Pending };
        let wanted = Wanted {
            service: self.ticket.service,
            password: self.ticket.password.clone(),
            identity: self.ticket.identity,
            profile: desk.profile,
        };
        match Dialling::start(wanted, now, &mut desk.seeds) {
            Ok((dialling, bytes)) => {
                desk.send(id, bytes);
                self.stage = Stage::Shaking { conn: id, at, dialling: Box::new(dialling) };
                Progress::Pending
            }
            Err(error) => {
                desk.net(id, NetOutput::Drop);
                Progress::Failed(error.into())
            }
        }
    }

    pub(crate) fn stretched(
        &mut self,
        now: Millis,
        result: Result<Stretched, Rejected>,
        desk: &mut Desk,
    ) -> Progress {
        let Stage::Shaking { conn, at, dialling } = std::mem::replace(&mut self.stage, Stage::Over)
        else {
            return Progress::Pending;
        };
        match dialling.stretched(result, &desk.me, now) {
            Ok((dialling, bytes)) => {
                desk.send(conn, bytes);
                self.stage = Stage::Shaking { conn, at, dialling: Box::new(dialling) };
                Progress::Pending
            }
            Err(ended) => {
                desk.net(conn, NetOutput::Drop);
                Progress::Failed(ended)
            }
        }
    }

    fn step(
        &mut self,
        now: Millis,
        conn: ConnId,
        at: SocketAddr,
        step: DialStep,
        desk: &mut Desk,
    ) -> Progress {
        match step {
            DialStep::Wait(dialling) => {
                self.stage = Stage::Shaking { conn, at, dialling: Box::new(dialling) };
                Progress::Pending
            }
            DialStep::Stretch(dialling, job) => {
                self.stage = Stage::Shaking { conn, at, dialling: Box::new(dialling) };
                desk.stretch(conn, job);
                Progress::Pending
            }
            DialStep::Open(channel, peer) => Progress::Open { conn, at, channel, peer },
            DialStep::Failed(ended) => {
                desk.net(conn, NetOutput::Drop);
                self.failed(ended, now, desk)
            }
        }
    }

    /// This address is not the right one; perhaps another is.
    fn failed(&mut self, ended: Ended, now: Millis, desk: &mut Desk) -> Progress {
        self.note(ended);
        if matches!(ended, Ended::Busy { .. }) || self.targets.is_empty() {
            return self.give_up();
        }
        self.stage = Stage::Racing { conns: Vec::new(), next_at: now };
        self.try_next(now, desk);
        Progress::Pending
    }

    fn none_under_way(&self) -> bool {
        matches!(&self.stage, Stage::Racing { conns, .. } if conns.is_empty())
    }

    fn note(&mut self, ended: Ended) {
        // Whoever answered tells more than who did not; and "refused" more than silence.
        let rank = |ended: &Ended| match ended {
            Ended::NotReached(ConnectError::Refused) => 1,
            Ended::NotReached(_) => 0,
            Ended::Closed(_)
            | Ended::ByUs(_)
            | Ended::Lost(_)
            | Ended::WrongPassword
            | Ended::OtherIdentity { .. }
            | Ended::PinBroken { .. }
            | Ended::Busy { .. }
            | Ended::NoResources
            | Ended::Fault(_) => 2,
        };
        if self.failure.as_ref().is_none_or(|known| rank(known) <= rank(&ended)) {
            self.failure = Some(ended);
        }
    }

    fn give_up(&mut self) -> Progress {
        self.stage = Stage::Over;
        let nothing = Ended::NotReached(ConnectError::Unreachable);
        Progress::Failed(self.failure.unwrap_or(nothing))
    }

    /// Lets go of everything.
    pub(crate) fn cancel(&mut self, desk: &mut Desk) {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Racing { conns, .. } => {
                for (conn, _) in conns {
                    desk.net(conn, NetOutput::Drop);
                }
            }
            Stage::Shaking { conn, .. } => desk.net(conn, NetOutput::Drop),
            Stage::LookUp { .. } | Stage::Over => {}
        }
    }
}

/// Both families in turn, that of the first one first (RFC 8305, section 4), otherwise in the order
/// given: the best comes first in every list.
fn in_turns(sockets: &[SocketAddr]) -> VecDeque<SocketAddr> {
    let is_first_family =
        |one: &SocketAddr| sockets.first().is_some_and(|first| first.is_ipv6() == one.is_ipv6());
    let (mut first, mut second): (VecDeque<_>, VecDeque<_>) =
        sockets.iter().copied().partition(is_first_family);
    let mut turns = VecDeque::new();
    while !(first.is_empty() && second.is_empty()) {
        turns.extend(first.pop_front());
        turns.extend(second.pop_front());
    }
    turns.truncate(limits::ADDRESSES_MAX);
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_that_of_the_best_goes_first() {
        let parse = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter().map(|socket| socket.parse().unwrap()).collect()
        };
        let given = parse(&["10.0.0.1:1", "10.0.0.2:1", "[::1]:1", "10.0.0.3:1", "[::2]:1"]);
        let turns = parse(&["10.0.0.1:1", "[::1]:1", "10.0.0.2:1", "[::2]:1", "10.0.0.3:1"]);
        assert_eq!(in_turns(&given), turns);
        let given = parse(&["[::1]:1", "10.0.0.1:1", "10.0.0.2:1"]);
        assert_eq!(in_turns(&given), given);
        assert!(in_turns(&[]).is_empty());
    }
}
