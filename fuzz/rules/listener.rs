//! The listeners that strangers come to: the cores of a node and of a community, and an impostor.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use community_server::community::{self, Community};
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::answering::Door;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::hello::Service;
use hallway::handshake::lobby::{Lobby, LobbyStep};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::{Fingerprint, Identity, PublicIdentity};
use hallway::pins::Pins;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::{Line, Name};
use hallway::time::{Millis, Now};
use node_server::calls::CallPolicy;
use node_server::node::{self, Node};
use node_server::notice::{CallId, Notice};

/// The password of every real listener.
pub(crate) const PASSWORD: &str = "correct horse";

/// A real core.
pub(crate) struct Listener {
    core: Core,
    identity: PublicIdentity,
    heard: Vec<Heard>,
    /// Whether calls are taken; otherwise a person is asked, who never answers.
    takes_calls: bool,
    /// Where the calls of a node come from.
    calls: BTreeMap<CallId, SocketAddr>,
}

enum Core {
    Node(Box<Node>),
    Community(Box<Community>),
}

/// What a listener did.
pub(crate) enum Heard {
    /// It said something to a dialler.
    Sent(ConnId, Vec<u8>),
    /// It let go of a connection.
    Ended(ConnId),
    /// It shows somebody: from where, by which name, as whom.
    Met(SocketAddr, String, Option<Fingerprint>),
    /// It shows a line from there.
    Line(SocketAddr, Line),
}

fn me(name: &str, key: u8) -> Me {
    let identity = Identity::from_seed(&[key; 32]);
    Me { name: Name::parse(name).expect("a name"), identity, instance: Instance([key; 8]) }
}

fn record(me: &Me, password: &str) -> PasswordRecord {
    let (stretcher, mut seeds) = (Stretcher::new(Profile::Test), Seeds::new([6; 32]));
    let password = Secret::new(password).expect("a password");
    let identity = me.identity.public().0;
    PasswordRecord::register(&password, identity, &stretcher, &mut seeds).expect("64 KiB")
}

impl Listener {
    /// A node that takes every call, one that asks, or a community.
    pub(crate) fn new(choice: u8, seed: [u8; 32]) -> Self {
        let (me, profile) = (me("bob", 2), Profile::Test);
        let identity = me.identity.public();
        let (record, guesses) = (record(&me, PASSWORD), GuessLimits::default());
        let core = if choice % 3 == 2 {
            let config =
                community_server::config::Config { me, record, profile, members_max: 3, guesses };
            Core::Community(Box::new(Community::new(config, seed)))
        } else {
            let calls = [CallPolicy::All, CallPolicy::Ask][usize::from(choice % 3)];
            let (record, pins) = (Some(record), Pins::default());
            let files = files::transfers::Setup::default();
            let config =
                node::Config { me, record, profile, calls, echo: true, guesses, pins, files };
            Core::Node(Box::new(Node::new(config, seed)))
        };
        let takes_calls = choice.is_multiple_of(3);
        Self { core, identity, heard: Vec::new(), takes_calls, calls: BTreeMap::new() }
    }

    pub(crate) fn identity(&self) -> PublicIdentity {
        self.identity
    }

    /// What it serves, or what it does not.
    pub(crate) fn service(&self, is_served: bool) -> Service {
        match (&self.core, is_served) {
            (Core::Node(_), true) | (Core::Community(_), false) => Service::Chat,
            (Core::Node(_), false) | (Core::Community(_), true) => Service::Community,
        }
    }

    /// How many are on the list.
    pub(crate) fn members(&self) -> usize {
        match &self.core {
            Core::Node(node) => node.talking().count() + node.ringing().count(),
            Core::Community(community) => community.members().count(),
        }
    }

    pub(crate) fn net(&mut self, now: Millis, conn: ConnId, input: NetInput<'_>) {
        let now = Now { tick: now, unix: 1 };
        match &mut self.core {
            Core::Node(node) => node.handle(now, node::Input::Net(conn, input)),
            Core::Community(community) => community.handle(now, community::Input::Net(conn, input)),
        }
        self.drain();
    }

    /// Ends the turn of the loop, as often as is wanted; gives all that was done.
    pub(crate) fn turn(&mut self, now: Millis) -> Vec<Heard> {
        for _ in 0..100 {
            let clock = Now { tick: now, unix: 1 };
            let deadline = match &mut self.core {
                Core::Node(node) => {
                    node.handle(clock, node::Input::TurnEnd);
                    node.deadline()
                }
                Core::Community(community) => {
                    community.handle(clock, community::Input::TurnEnd);
                    community.deadline()
                }
            };
            self.drain();
            if deadline.is_none_or(|deadline| deadline > now) {
                return std::mem::take(&mut self.heard);
            }
        }
        panic!("the loop would spin");
    }

    fn drain(&mut self) {
        loop {
            let output = match &mut self.core {
                Core::Node(node) => node.poll().map(Ok),
                Core::Community(community) => community.poll().map(Err),
            };
            match output {
                None => return,
                Some(Ok(output)) => self.node_did(output),
                Some(Err(community::Output::Net(conn, output))) => self.wire(conn, output),
                Some(Err(community::Output::Notice(notice))) => self.community_said(notice),
            }
        }
    }

    fn node_did(&mut self, output: node::Output) {
        match output {
            node::Output::Net(conn, output) => self.wire(conn, output),
            node::Output::Notice(notice) => self.node_said(notice),
            // A disk that never answers.
            node::Output::Disk(_) => {}
            // Nothing is pinned to who was not asked for; nobody is dialled.
            node::Output::Remember(line) => panic!("{line}"),
            node::Output::Stretch(conn, _) => panic!("{conn:?} is not ours"),
            node::Output::LookUp(_, place) => panic!("{place}"),
        }
    }

    fn wire(&mut self, conn: ConnId, output: NetOutput) {
        match output {
            NetOutput::Send(bytes) => self.heard.push(Heard::Sent(conn, bytes)),
            NetOutput::Close | NetOutput::Drop => self.heard.push(Heard::Ended(conn)),
            NetOutput::Connect(address) => panic!("it dials {address}"),
        }
    }

    fn node_said(&mut self, notice: Notice) {
        let is_talk = matches!(notice, Notice::Connected(..) | Notice::Heard(..));
        assert!(self.takes_calls || !is_talk, "nobody has taken the call: {notice:?}");
        match notice {
            Notice::Ringing(id, who) | Notice::Connected(id, who) => {
                self.calls.insert(id, who.at);
                // A second one by that name has a piece of the fingerprint behind it.
                let name = who.label.split('~').next().unwrap_or_default().to_owned();
                self.heard.push(Heard::Met(who.at, name, Some(who.fingerprint)));
            }
            Notice::Heard(id, _, line) => self.heard.push(Heard::Line(self.calls[&id], line)),
            Notice::Ended(..) | Notice::Turned(..) => {}
            other => panic!("{other:?} has no place here"),
        }
    }

    fn community_said(&mut self, notice: community_server::notice::Notice) {
        use community_server::notice::Notice;
        if let Notice::Joined(name, from) | Notice::NameTaken(name, from) = notice {
            self.heard.push(Heard::Met(from, name.to_string(), None));
        }
    }
}

/// Somebody who listens in the place of another, and does not know the password.
pub(crate) struct Impostor {
    seeds: Seeds,
}

thread_local! {
    /// Registered once, over all inputs.
    static IMPOSTOR: (Me, PasswordRecord) = {
        let me = me("eve", 3);
        let record = record(&me, "a guess");
        (me, record)
    };
}

impl Impostor {
    pub(crate) fn new() -> Self {
        Self { seeds: Seeds::new([8; 32]) }
    }

    /// The answer to a hello, if it is one; in the name of `identity`, if there is one.
    pub(crate) fn answer(
        &mut self,
        now: Millis,
        service: Service,
        hello: &[u8],
        identity: Option<PublicIdentity>,
    ) -> Vec<u8> {
        let from = SocketAddr::from(([10, 9, 9, 9], 1));
        let mut lobby = Lobby::new(GuessLimits::default());
        assert!(lobby.open(now, ConnId(0), from));
        let step = IMPOSTOR.with(|(me, record)| {
            let door = Door { services: &[service], record, profile: Profile::Test, me };
            lobby.received(now, ConnId(0), hello, &door, &mut self.seeds)
        });
        let Some(LobbyStep::Send(mut answer) | LobbyStep::Close(mut answer, ..)) = step else {
            return Vec::new();
        };
        if let Some(named) = identity
            && let Some(place) = answer.get_mut(9..41)
        {
            place.copy_from_slice(&named.0);
        }
        answer
    }
}
