//! Somebody hostile on the LAN: connects and says anything, floods, replays what was recorded,
//! guesses passwords, changes bytes on the way, poses as a listener, and, where it knows a
//! password, logs in and breaks the rules inside.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use hallway::channel::{Channel, Incoming};
use hallway::conn::{ConnId, NetInput};
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{self, DialStep, Dialling};
use hallway::handshake::hello::Service;
use hallway::message::files::{Files, Get, Kind, List, Offer, Stored, Take, Wanted};
use hallway::message::{Addresses, Join, Message, Page, Say, State};
use hallway::seeds::Seeds;
use hallway::text::{FileName, Line, Name};
use hallway::time::Millis;

use crate::files::NAMES;
use crate::forger::Overheard;
use crate::host::{HostId, Role};
use crate::people::secret;
use crate::stretching::{profile, stretch};
use crate::swarm::Switch;
use crate::wires::Stage;
use crate::world::{Event, World};

/// What attackers are at.
#[derive(Default)]
pub struct Attack {
    /// Who dials the first gets the second.
    pub poses_as: Option<(HostId, HostId)>,
    wires: BTreeMap<(usize, usize), Plan>,
    dialled: u64,
    pub overheard: Overheard,
}

/// What an attacker does on one connection.
enum Plan {
    /// Says this when it stands, and then nothing.
    Say(Vec<u8>),
    /// Says this, and goes.
    SayAndGo(Vec<u8>),
    /// Gives back what it gets.
    Reflect,
    /// Logs in with a password, right or wrong.
    LogIn { password: String, service: Service },
    /// On the way in.
    Dialling(Box<(Dialling, Me)>, Service),
    /// Logged in.
    Inside { channel: Box<Channel>, said: u64 },
}

/// What it says to one person: an echo would never end.
const LINES_MAX: u64 = 4;
/// Instead of letters in a line: what a terminal would obey.
const FORGED: (&[u8], &[u8]) = (b"AAAAAAAA", b"\x1b[2J\x07\xe2\x80\xae");

type Assault = fn(&mut World, HostId, HostId);

/// What an attacker does to somebody: its name, whether it is done in this world, and how.
pub const ATTACKS: [(&str, Switch, Assault); 6] = [
    ("strange words", |there| there.strangers, World::speak_strangely),
    ("floods", |there| there.floods, World::flood),
    ("replays", |there| there.replays, World::replay_words),
    (
        "wrong guesses",
        |there| there.guesses,
        |world, me, target| {
            world.log_in(me, target, "wrong".to_owned());
        },
    ),
    (
        "insiders",
        |there| there.insiders,
        |world, me, target| {
            world.log_in(me, target, world.hosts[target].password.clone());
        },
    ),
    ("forged datagrams", |there| there.forgeries, |world, me, _| world.forge_datagrams(me)),
];

impl World {
    /// An attacker does something, and something more later.
    pub fn attack(&mut self, me: HostId) {
        if self.healed {
            return;
        }
        let wait = 1 + self.dice.below(self.swarm.until / 10);
        self.plan(self.now + wait, Event::Attack(me));
        let mut there = ATTACKS.to_vec();
        there.retain(|(_, is_there, _)| is_there(&self.swarm.faults));
        if !there.is_empty() {
            let target = self.dice.index(self.hosts.len());
            let (name, _, attack) = there[self.dice.index(there.len())];
            self.rules.tally.count(name);
            attack(self, me, target);
        }
    }

    fn speak_strangely(&mut self, me: HostId, target: HostId) {
        let plan = self.strange_words();
        self.assault(me, target, plan);
    }

    /// More connections than one address may have; or than all may.
    fn flood(&mut self, me: HostId, target: HostId) {
        let is_broad = self.dice.chance(30);
        let (count, sources) = if is_broad { (1_200, 20) } else { (self.dice.between(60, 80), 1) };
        for number in 0..count {
            let words = self.dice.pick(&["", "HWY1", "GET / HTTP/1.1\r\n\r\n"]);
            let pipe = self.assault(me, target, Plan::Say(words.as_bytes().to_vec()));
            if let (Some(pipe), true) = (pipe, is_broad) {
                let source = u8::try_from(number % sources).unwrap();
                self.pipes[pipe].from = IpAddr::V4(Ipv4Addr::new(10, 0, 9, source));
            }
        }
    }

    fn replay_words(&mut self, me: HostId, target: HostId) {
        let (words, listener) = self.recorded(0);
        let target = if self.dice.chance(700) { listener } else { target };
        self.assault(me, target, Plan::Say(words));
    }

    fn log_in(&mut self, me: HostId, target: HostId, password: String) {
        let is_community = self.hosts[target].role == Role::Community;
        let service = match is_community {
            true => Service::Community,
            false if self.dice.chance(300) => Service::Files,
            false => Service::Chat,
        };
        self.assault(me, target, Plan::LogIn { password, service });
    }

    fn assault(&mut self, me: HostId, target: HostId, plan: Plan) -> Option<usize> {
        let is_ours = self.hosts[target].role != Role::Attacker;
        is_ours.then(|| {
            self.attack.dialled += 1;
            let conn = ConnId(ConnId::DIALLED + self.attack.dialled);
            let pipe = self.connect(me, 1, conn, self.hosts[target].socket());
            self.attack.wires.insert((pipe, 0), plan);
            pipe
        })
    }

    fn strange_words(&mut self) -> Plan {
        let len = self.dice.index(5_000);
        match self.dice.below(6) {
            0 => Plan::Say(self.dice.bytes(len)),
            1 => Plan::Say(b"HWY1\xff\xff".to_vec()),
            2 => Plan::Say([b"HWY1\x00\x80".to_vec(), self.dice.bytes(0x90)].concat()),
            3 => Plan::SayAndGo(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec()),
            4 => Plan::Say(b"HWY2\x00\x04abcd".to_vec()),
            _ => Plan::Reflect,
        }
    }

    /// The beginning of what somebody once said at this end of a connection, and the listener's
    /// host; whole, or cut, or with a changed bit.
    fn recorded(&mut self, side: usize) -> (Vec<u8>, HostId) {
        let heard = |pipe: &&crate::wires::Pipe| !pipe.ends[side].said.first.is_empty();
        let all: Vec<&crate::wires::Pipe> = self.pipes.iter().filter(heard).collect();
        if all.is_empty() {
            return (Vec::new(), 0);
        }
        let pipe = all[self.dice.index(all.len())];
        let (mut bytes, listener) = (pipe.ends[side].said.first.clone(), pipe.ends[1].host);
        match self.dice.below(4) {
            0 => bytes.truncate(self.dice.index(bytes.len())),
            1 => {
                let at = self.dice.index(bytes.len());
                bytes[at] ^= 1 << self.dice.below(8);
            }
            _ => {}
        }
        (bytes, listener)
    }

    /// Bytes are changed on their way: a bit flipped, some put in, repeated or swapped.
    pub fn tamper(&mut self, bytes: &mut Vec<u8>) {
        let at = self.dice.index(bytes.len());
        match self.dice.below(5) {
            0 => bytes[at] ^= 1 << self.dice.below(8),
            1 => {
                let put_in = self.dice.bytes(1 + at % 90);
                bytes.splice(at..at, put_in);
            }
            2 => bytes.extend_from_within(at..),
            3 => {
                let (side, mut replayed) = (self.dice.index(2), Vec::new());
                std::mem::swap(&mut replayed, &mut self.recorded(side).0);
                bytes.splice(at..at, replayed);
            }
            _ => bytes.rotate_left(at),
        }
    }

    /// The network tells an attacker something.
    pub fn attacker_hears(&mut self, pipe: usize, side: usize, input: &NetInput<'_>) {
        let key = (pipe, side);
        match input {
            NetInput::Opened { .. } => {
                let plan = match self.dice.below(4) {
                    0 => Plan::Say(self.recorded(1).0),
                    1 => Plan::SayAndGo(self.recorded(1).0),
                    2 => Plan::Reflect,
                    _ => self.strange_words(),
                };
                self.attack.wires.insert(key, plan);
                self.begin(key);
            }
            NetInput::Connected => self.begin(key),
            NetInput::Failed(_) | NetInput::Closed(_) => {
                self.attack.wires.remove(&key);
            }
            NetInput::Received(bytes) => {
                let Some(plan) = self.attack.wires.remove(&key) else { return };
                let next = self.go_on(key, plan, bytes);
                self.attack.wires.extend(next.map(|plan| (key, plan)));
            }
        }
    }

    fn says(&mut self, (pipe, side): (usize, usize), bytes: &[u8]) {
        if self.pipes[pipe].ends[side].stage == Stage::Open {
            self.transmit(pipe, side, bytes);
        }
    }

    fn begin(&mut self, key: (usize, usize)) {
        let Some(plan) = self.attack.wires.remove(&key) else { return };
        let next = match plan {
            Plan::Say(bytes) => {
                self.says(key, &bytes);
                Some(Plan::Say(Vec::new()))
            }
            Plan::SayAndGo(bytes) => {
                self.says(key, &bytes);
                self.end(key.0, key.1);
                None
            }
            Plan::LogIn { password, service } => {
                let identity = self.hosts[self.pipes[key.0].ends[key.1].host].identity();
                let name = self.dice.pick(&["mallory", "bob", "ann", "Katie"]);
                let name = Name::parse(name).unwrap();
                let instance = Instance([self.dice.next() as u8 | 0x80; 8]);
                let wanted = dialling::Wanted {
                    service,
                    password: secret(&password),
                    identity: None,
                    profile: profile(),
                };
                let mut seeds = Seeds::new(self.dice.seed());
                let (dialling, hello) = Dialling::start(wanted, Millis(0), &mut seeds).unwrap();
                self.says(key, &hello);
                let me = Me { name, identity, instance };
                Some(Plan::Dialling(Box::new((dialling, me)), service))
            }
            other => Some(other),
        };
        self.attack.wires.extend(next.map(|plan| (key, plan)));
    }

    fn go_on(&mut self, key: (usize, usize), plan: Plan, bytes: &[u8]) -> Option<Plan> {
        match plan {
            Plan::Reflect => {
                self.says(key, bytes);
                Some(Plan::Reflect)
            }
            Plan::Dialling(state, service) => {
                let (dialling, me) = *state;
                let mut seeds = Seeds::new(self.dice.seed());
                match dialling.received(bytes, &me, &mut seeds) {
                    DialStep::Wait(dialling) => {
                        Some(Plan::Dialling(Box::new((dialling, me)), service))
                    }
                    DialStep::Stretch(dialling, job) => {
                        let listener = self.pipes[key.0].ends[1].host;
                        let done = dialling.stretched(stretch(listener, *job), &me, Millis(0)).ok();
                        let (dialling, proof) = done?;
                        self.says(key, &proof);
                        Some(Plan::Dialling(Box::new((dialling, me)), service))
                    }
                    DialStep::Open(channel, _) => Some(self.inside(key, channel, service)),
                    DialStep::Failed(_) => None,
                }
            }
            Plan::Inside { mut channel, mut said } => {
                channel.push(bytes);
                while let Ok(Some(Incoming::Message(message))) = channel.poll() {
                    let answers = matches!(message, Message::Accepted | Message::Say(_));
                    if answers && said < LINES_MAX {
                        said += 1;
                        let line = Line::split("see AAAAAAAA this").remove(0);
                        let say = Message::Say(Say { number: said, line }).encode();
                        self.forge(key, &mut channel, say);
                    }
                }
                Some(Plan::Inside { channel, said })
            }
            other => Some(other),
        }
    }

    /// Logged in: it behaves for a while, or not at all.
    fn inside(&mut self, key: (usize, usize), mut channel: Box<Channel>, service: Service) -> Plan {
        let line = Line::split("AAAAAAAA").remove(0);
        let join = Join { port: 9, addresses: Addresses::default(), state: State::Available };
        let len = self.dice.index(300);
        let message = match (self.dice.below(10), service) {
            (0, _) => self.dice.bytes(len),
            (1, _) => Message::Say(Say { number: 1, line }).encode(),
            (2, _) => Message::Shown(7).encode(),
            (3, _) => Message::Members(Page { members: Vec::new(), last: true }).encode(),
            (4, _) => Message::Notice(line).encode(),
            (5, Service::Community) => Message::Watch.encode(),
            (_, Service::Community) => Message::Join(join).encode(),
            (_, Service::Files) => Message::Files(self.lie_about_files()).encode(),
            // It rings, as if it were a friend.
            (_, Service::Chat) => return Plan::Inside { channel, said: 0 },
        };
        self.forge(key, &mut channel, message);
        Plan::Inside { channel, said: 0 }
    }

    /// Asks for what may be there, offers what never comes, or answers what nobody has said.
    fn lie_about_files(&mut self) -> Files {
        let name = FileName::of(self.dice.pick(&NAMES));
        let (number, kind) = (1, *self.dice.pick(&[&Kind::File, &Kind::Folder]));
        match self.dice.below(8) {
            0 => Files::Got(1 << 40),
            1 => Files::Take(Take { number, have: None }),
            2 => Files::Stored(Stored { number, name, hash: None }),
            3 => {
                let (entries, bytes, hash) = (1, Some(self.dice.below(1 << 50)), None);
                let (request, again) = (None, self.dice.chance(500));
                Files::Offer(Offer { number, name, kind, entries, bytes, hash, request, again })
            }
            4 => Files::List(List { request: number, after: None }),
            _ => Files::Get(Get { request: number, what: Wanted::Name(name) }),
        }
    }

    /// Sends a message as no honest program would: some letters in it are controls.
    fn forge(&mut self, key: (usize, usize), channel: &mut Channel, mut message: Vec<u8>) {
        let (from, to) = FORGED;
        if let Some(at) = message.windows(from.len()).position(|letters| letters == from) {
            message[at..at + to.len()].copy_from_slice(to);
        }
        let mut bytes = Vec::new();
        if channel.send_encoded(Millis(0), &message, &mut bytes).is_ok() {
            self.says(key, &bytes);
        }
    }
}
