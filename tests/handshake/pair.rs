//! Two parties in memory: a dialler, a listener with its lobby, and a wire that may do anything.

use std::collections::VecDeque;
use std::net::SocketAddr;

use hallway::channel::Channel;
use hallway::conn::ConnId;
use hallway::guess::GuessLimits;
use hallway::handshake::answering::Door;
use hallway::handshake::auth::{Instance, Me, Peer};
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::{Entrant, Lobby, LobbyStep, Turned};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::{Identity, PublicIdentity};
use hallway::reason::Ended;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::Millis;

pub(crate) const PASSWORD: &str = "correct horse";
/// Where every dialler of these tests is.
pub(crate) const FROM: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 40_000);
/// For tests that make thousands of bad log-ins and are not about counting them.
pub(crate) const ANY_NUMBER: GuessLimits = GuessLimits { per_source: u32::MAX, global: u32::MAX };

/// One write of one side, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flight {
    ClientHello,
    ServerHello,
    /// KE3 and the record with the dialler's `Auth`.
    Proof,
    /// The record with the listener's `Auth`.
    Auth,
}

pub(crate) const FLIGHTS: [Flight; 4] =
    [Flight::ClientHello, Flight::ServerHello, Flight::Proof, Flight::Auth];

impl Flight {
    pub(crate) fn is_to_listener(self) -> bool {
        matches!(self, Self::ClientHello | Self::Proof)
    }
}

pub(crate) fn me(seed: u8, name: &str) -> Me {
    Me {
        name: Name::parse(name).unwrap(),
        identity: Identity::from_seed(&[seed; 32]),
        instance: Instance([seed; 8]),
    }
}

/// A listener with its password and its lobby.
pub(crate) struct Listener {
    pub(crate) me: Me,
    pub(crate) lobby: Lobby,
    pub(crate) services: &'static [Service],
    record: PasswordRecord,
    seeds: Seeds,
    next: u64,
}

impl Listener {
    pub(crate) fn new(seed: u8, guesses: GuessLimits) -> Self {
        let me = me(seed, "bob");
        let mut seeds = Seeds::new([seed; 32]);
        let password = Secret::new(PASSWORD).unwrap();
        let stretcher = Stretcher::new(Profile::Test);
        let identity = me.identity.public().0;
        let record = PasswordRecord::register(&password, identity, &stretcher, &mut seeds);
        let record = record.unwrap_or_else(|_| panic!("no memory for 64 KiB"));
        let lobby = Lobby::new(guesses);
        let services = &[Service::Chat, Service::Files];
        Self { me, lobby, services, record, seeds, next: 0 }
    }

    pub(crate) fn identity(&self) -> PublicIdentity {
        self.me.identity.public()
    }

    /// A connection from `from`, or `None` when the lobby has no place.
    pub(crate) fn open(&mut self, now: Millis, from: SocketAddr) -> Option<ConnId> {
        let id = ConnId(self.next);
        self.next += 1;
        self.lobby.open(now, id, from).then_some(id)
    }

    pub(crate) fn received(&mut self, now: Millis, id: ConnId, bytes: &[u8]) -> LobbyStep {
        let door = Door {
            services: self.services,
            record: &self.record,
            profile: Profile::Test,
            me: &self.me,
        };
        self.lobby.received(now, id, bytes, &door, &mut self.seeds).unwrap()
    }
}

/// What a dialler comes with.
pub(crate) struct Dialler {
    pub(crate) me: Me,
    pub(crate) seed: u8,
    pub(crate) service: Service,
    pub(crate) password: &'static str,
    pub(crate) wanted: Option<PublicIdentity>,
    pub(crate) stretcher: Stretcher,
}

impl Dialler {
    pub(crate) fn new() -> Self {
        Self {
            me: me(1, "ann"),
            seed: 7,
            service: Service::Chat,
            password: PASSWORD,
            wanted: None,
            stretcher: Stretcher::new(Profile::Test),
        }
    }

    pub(crate) fn start(&self, now: Millis, seeds: &mut Seeds) -> (Dialling, Vec<u8>) {
        let wanted = Wanted {
            service: self.service,
            password: Secret::new(self.password).unwrap(),
            identity: self.wanted,
            profile: self.stretcher.profile(),
        };
        Dialling::start(wanted, now, seeds).unwrap_or_else(|_| panic!("a short password"))
    }
}

/// How a dialler stands when nothing is on the wire any more.
pub(crate) enum DiallerEnd {
    Waiting(Box<Dialling>),
    Open(Box<Channel>, Peer),
    Failed(Ended),
}

/// How a listener stands then.
pub(crate) enum ListenerEnd {
    Waiting,
    Entered(Entrant),
    /// It answered a last time.
    Closed(Turned),
    Dropped(Turned),
}

pub(crate) struct Outcome {
    pub(crate) id: ConnId,
    pub(crate) dialler: DiallerEnd,
    pub(crate) listener: ListenerEnd,
    /// What was sent, before the wire got hold of it.
    pub(crate) sent: Vec<(Flight, Vec<u8>)>,
    /// How often the password was stretched.
    pub(crate) stretches: usize,
}

impl Outcome {
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.dialler, DiallerEnd::Open(..))
    }

    pub(crate) fn has_entered(&self) -> bool {
        matches!(self.listener, ListenerEnd::Entered(..))
    }

    /// What the dialler is let in for.
    pub(crate) fn service(&self) -> Option<Service> {
        match &self.listener {
            ListenerEnd::Entered(entrant) => Some(entrant.service),
            ListenerEnd::Waiting | ListenerEnd::Closed(_) | ListenerEnd::Dropped(_) => None,
        }
    }

    pub(crate) fn dialler_failed(&self) -> Option<Ended> {
        match self.dialler {
            DiallerEnd::Failed(ended) => Some(ended),
            DiallerEnd::Waiting(_) | DiallerEnd::Open(..) => None,
        }
    }

    pub(crate) fn sent(&self, flight: Flight) -> Option<&[u8]> {
        let found = self.sent.iter().find(|(sent, _)| *sent == flight);
        found.map(|(_, bytes)| bytes.as_slice())
    }

    /// Both ends, of a run that must have come to a good end.
    pub(crate) fn both_open(self) -> (Box<Channel>, Peer, Box<Channel>, Peer) {
        match (self.dialler, self.listener) {
            (DiallerEnd::Open(channel, peer), ListenerEnd::Entered(entrant)) => {
                (channel, peer, entrant.channel, entrant.peer)
            }
            _ => panic!("the log-in did not come to a good end"),
        }
    }
}

/// Says in which pieces a flight arrives.
pub(crate) type Wire<'a> = dyn FnMut(Flight, &[u8]) -> Vec<Vec<u8>> + 'a;

/// The wire that changes nothing.
pub(crate) fn as_it_is(_: Flight, bytes: &[u8]) -> Vec<Vec<u8>> {
    vec![bytes.to_vec()]
}

/// Runs one handshake at `now`, until nothing moves.
pub(crate) fn run(
    dialler: &Dialler,
    listener: &mut Listener,
    now: Millis,
    wire: &mut Wire<'_>,
) -> Outcome {
    let mut seeds = Seeds::new([dialler.seed; 32]);
    let id = listener.open(now, FROM).unwrap();
    let (state, hello) = dialler.start(now, &mut seeds);
    let mut outcome = Outcome {
        id,
        dialler: DiallerEnd::Waiting(Box::new(state)),
        listener: ListenerEnd::Waiting,
        sent: Vec::new(),
        stretches: 0,
    };
    let mut moving: VecDeque<(Flight, Vec<u8>)> = VecDeque::new();
    let mut send = |outcome: &mut Outcome, moving: &mut VecDeque<_>, flight, bytes: Vec<u8>| {
        if !bytes.is_empty() {
            moving.extend(wire(flight, &bytes).into_iter().map(|piece| (flight, piece)));
            outcome.sent.push((flight, bytes));
        }
    };
    send(&mut outcome, &mut moving, Flight::ClientHello, hello);
    while let Some((flight, piece)) = moving.pop_front() {
        let answer = if flight.is_to_listener() {
            outcome.give_listener(listener, now, &piece)
        } else {
            outcome.give_dialler(dialler, now, &mut seeds, &piece)
        };
        let next = match flight {
            Flight::ClientHello => Flight::ServerHello,
            Flight::ServerHello => Flight::Proof,
            Flight::Proof | Flight::Auth => Flight::Auth,
        };
        send(&mut outcome, &mut moving, next, answer);
    }
    outcome
}

impl Outcome {
    fn give_listener(&mut self, listener: &mut Listener, now: Millis, piece: &[u8]) -> Vec<u8> {
        if !matches!(self.listener, ListenerEnd::Waiting) {
            return Vec::new();
        }
        let (end, answer) = match listener.received(now, self.id, piece) {
            LobbyStep::Send(bytes) => (ListenerEnd::Waiting, bytes),
            LobbyStep::Enter(entrant, bytes) => {
                assert_eq!(entrant.from, FROM);
                (ListenerEnd::Entered(entrant), bytes)
            }
            LobbyStep::Close(bytes, why, _) => (ListenerEnd::Closed(why), bytes),
            LobbyStep::Drop(why, _) => (ListenerEnd::Dropped(why), Vec::new()),
        };
        self.listener = end;
        answer
    }

    fn give_dialler(
        &mut self,
        dialler: &Dialler,
        now: Millis,
        seeds: &mut Seeds,
        piece: &[u8],
    ) -> Vec<u8> {
        // A dialler that has failed has hung up; one that is open is not handshaking any more.
        let failed = DiallerEnd::Failed(Ended::NoResources);
        let state = match std::mem::replace(&mut self.dialler, failed) {
            DiallerEnd::Waiting(state) => state,
            end @ (DiallerEnd::Open(..) | DiallerEnd::Failed(_)) => {
                self.dialler = end;
                return Vec::new();
            }
        };
        let (end, answer) = match state.received(piece, &dialler.me, seeds) {
            DialStep::Wait(state) => (DiallerEnd::Waiting(Box::new(state)), Vec::new()),
            DialStep::Open(channel, peer) => (DiallerEnd::Open(channel, peer), Vec::new()),
            DialStep::Failed(ended) => (DiallerEnd::Failed(ended), Vec::new()),
            DialStep::Stretch(state, job) => {
                self.stretches += 1;
                match state.stretched(job.run(&dialler.stretcher), &dialler.me, now) {
                    Ok((state, bytes)) => (DiallerEnd::Waiting(Box::new(state)), bytes),
                    Err(ended) => (DiallerEnd::Failed(ended), Vec::new()),
                }
            }
        };
        self.dialler = end;
        answer
    }
}
