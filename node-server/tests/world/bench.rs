//! A node on a bench: the other ends of its connections are ours, and say whatever we want.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hallway::channel::Channel;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::answering::Door;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::{Entrant, Lobby, LobbyStep};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::Identity;
use hallway::message::Message;
use hallway::place::Place;
use hallway::seeds::Seeds;
use hallway::time::{Millis, Now};
use node_server::membership::Wish;
use node_server::node::{Command, Input, Node, Output};
use node_server::notice::Notice;
use node_server::outbound::Whereabouts;

use crate::people::{Person, call, name, new_node, password};

/// A node and what it did.
pub struct Bench {
    pub node: Node,
    pub now: u64,
    pub notices: Vec<Notice>,
    /// Connections that it closed or dropped.
    pub ended: BTreeSet<ConnId>,
    sent: BTreeMap<ConnId, Vec<u8>>,
    dialled: Vec<ConnId>,
    stretcher: Stretcher,
    seeds: Seeds,
    incoming: u64,
}

/// The other end of one connection, past its handshake.
pub struct Wire {
    pub conn: ConnId,
    pub channel: Box<Channel>,
}

const SOMEWHERE: &str = "10.9.9.9:5460";

fn me(who: &str) -> Me {
    let key = who.bytes().fold(0, u8::wrapping_add);
    let identity = Identity::from_seed(&[key; 32]);
    Me { name: name(who), identity, instance: Instance([key; 8]) }
}

impl Bench {
    pub fn new(person: &Person) -> Self {
        Self {
            node: new_node(person, [3; 32]),
            now: 1_000,
            notices: Vec::new(),
            ended: BTreeSet::new(),
            sent: BTreeMap::new(),
            dialled: Vec::new(),
            stretcher: Stretcher::new(Profile::Test),
            seeds: Seeds::new([4; 32]),
            incoming: 0,
        }
    }

    pub fn handle(&mut self, input: Input<'_>) {
        let now = Now { tick: Millis(self.now), unix: 1 };
        self.node.handle(now, input);
        self.drain();
        self.node.handle(now, Input::TurnEnd);
        self.drain();
        assert!(self.node.deadline().is_none_or(|deadline| deadline.0 > self.now));
    }

    fn drain(&mut self) {
        while let Some(output) = self.node.poll() {
            match output {
                Output::Net(conn, NetOutput::Connect(_)) => self.dialled.push(conn),
                Output::Net(conn, NetOutput::Send(bytes)) => {
                    assert!(!self.ended.contains(&conn), "sent after the end of {conn:?}");
                    self.sent.entry(conn).or_default().extend(bytes);
                }
                Output::Net(conn, NetOutput::Close | NetOutput::Drop) => {
                    self.ended.insert(conn);
                }
                Output::Stretch(conn, job) => {
                    let result = job.run(&self.stretcher);
                    let now = Now { tick: Millis(self.now), unix: 1 };
                    self.node.handle(now, Input::Stretched(conn, result));
                }
                Output::Notice(notice) => self.notices.push(notice),
                Output::LookUp(..) | Output::Disk(_) | Output::Remember(_) => {}
            }
        }
    }

    pub fn receive(&mut self, conn: ConnId, bytes: &[u8]) -> Vec<u8> {
        self.handle(Input::Net(conn, NetInput::Received(bytes)));
        self.sent.remove(&conn).unwrap_or_default()
    }

    pub fn open(&mut self) -> ConnId {
        self.incoming += 1;
        let from: SocketAddr = SOMEWHERE.parse().unwrap();
        self.handle(Input::Net(ConnId(self.incoming), NetInput::Opened { from }));
        ConnId(self.incoming)
    }

    /// Somebody dials the node and proves who they are. With `stop_after`, only so many of their
    /// messages are sent, and there is no channel.
    pub fn dial_in(&mut self, who: &str, stop_after: usize) -> Result<Wire, ConnId> {
        self.dial_in_for(Service::Chat, who, stop_after)
    }

    /// The same for one of the services of a node.
    pub fn dial_in_for(
        &mut self,
        service: Service,
        who: &str,
        stop_after: usize,
    ) -> Result<Wire, ConnId> {
        let conn = self.open();
        let wanted =
            Wanted { service, password: password(), identity: None, profile: Profile::Test };
        let me = me(who);
        let (dialling, hello) = Dialling::start(wanted, Millis(self.now), &mut self.seeds).unwrap();
        if stop_after == 0 {
            return Err(conn);
        }
        let answer = self.receive(conn, &hello);
        let DialStep::Stretch(dialling, job) = dialling.received(&answer, &me, &mut self.seeds)
        else {
            panic!("no stretch")
        };
        if stop_after == 1 {
            return Err(conn);
        }
        let stretched = job.run(&self.stretcher);
        let (dialling, proof) = dialling.stretched(stretched, &me, Millis(self.now)).ok().unwrap();
        let answer = self.receive(conn, &proof);
        match dialling.received(&answer, &me, &mut self.seeds) {
            DialStep::Open(channel, _) => Ok(Wire { conn, channel }),
            _ => panic!("not let in"),
        }
    }

    /// The node calls somebody, or joins a community, that answers. With `stop_after`, only so many
    /// of their messages are sent, and there is no channel.
    pub fn dial_out(
        &mut self,
        service: Service,
        who: &str,
        stop_after: usize,
    ) -> Result<Wire, ConnId> {
        let from: SocketAddr = SOMEWHERE.parse().unwrap();
        self.handle(Input::Command(match service {
            Service::Chat | Service::Files => call(Whereabouts::Sockets(vec![from])),
            Service::Community => Command::Join(Wish {
                place: Place::parse(SOMEWHERE, 1).unwrap(),
                password: password(),
                listed: None,
                persist: false,
            }),
        }));
        let conn = *self.dialled.last().unwrap();
        self.handle(Input::Net(conn, NetInput::Connected));
        if stop_after == 0 {
            return Err(conn);
        }
        let me = me(who);
        let public = me.identity.public().0;
        let record =
            PasswordRecord::register(&password(), public, &self.stretcher, &mut self.seeds)
                .unwrap();
        let door = Door { services: &[service], record: &record, profile: Profile::Test, me: &me };
        let mut lobby = Lobby::new(GuessLimits::default());
        assert!(lobby.open(Millis(self.now), conn, from));
        let hello = self.sent.remove(&conn).unwrap();
        let step = lobby.received(Millis(self.now), conn, &hello, &door, &mut self.seeds);
        let Some(LobbyStep::Send(answer)) = step else { panic!("no answer") };
        let proof = self.receive(conn, &answer);
        if stop_after == 1 {
            return Err(conn);
        }
        let step = lobby.received(Millis(self.now), conn, &proof, &door, &mut self.seeds);
        let Some(LobbyStep::Enter(Entrant { channel, .. }, auth)) = step else {
            panic!("not let in")
        };
        let mut wire = Wire { conn, channel };
        let bytes = self.receive(conn, &auth);
        wire.channel.push(&bytes);
        Ok(wire)
    }

    /// The other end says something; the node's answer goes into its channel.
    pub fn send(&mut self, wire: &mut Wire, message: &Message) {
        let mut bytes = Vec::new();
        wire.channel.send(Millis(self.now), message, &mut bytes).unwrap();
        let answer = self.receive(wire.conn, &bytes);
        wire.channel.push(&answer);
    }

    /// Lets time pass, with a turn whenever the node wants one.
    pub fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while let Some(next) = self.node.deadline().filter(|next| next.0 <= end) {
            self.now = next.0;
            self.handle(Input::TurnEnd);
        }
        self.now = end;
    }
}
