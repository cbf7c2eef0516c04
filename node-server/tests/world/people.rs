//! Who lives in the world in memory, and how they are told what to do.

use community_server::community::Community;
use files::news::FilePolicy;
use files::transfers::Setup;
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::{Fingerprint, Identity};
use hallway::message::Addresses;
use hallway::pins::Pins;
use hallway::place::Place;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::{Line, Name};
use node_server::calls::{CallPolicy, Callee};
use node_server::membership::{Listing, Wish};
use node_server::node::{Command, Config, Node};
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;

use crate::host::{Core, Host};
use crate::world::{HostId, World};

/// Somebody with a node.
#[derive(Clone)]
pub struct Person {
    pub name: &'static str,
    /// Seed of the identity.
    pub key: u8,
    pub instance: u8,
    pub calls: CallPolicy,
    pub echo: bool,
    pub guesses: u32,
    pub pins: String,
}

/// Takes every call, and has an identity of their own for their name.
pub fn person(name: &'static str) -> Person {
    let key = name.bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte));
    let (calls, pins) = (CallPolicy::All, String::new());
    Person { name, key, instance: key, calls, echo: false, guesses: 1_000, pins }
}

impl Person {
    pub fn calls(self, calls: CallPolicy) -> Self {
        Self { calls, ..self }
    }

    pub fn key(self, key: u8) -> Self {
        Self { key, ..self }
    }

    pub fn fingerprint(&self) -> Fingerprint {
        Identity::from_seed(&[self.key; 32]).public().fingerprint()
    }

    /// The line of a pin file that knows somebody by this name and key.
    pub fn pin(&self) -> String {
        format!("node {} {} 1\n", self.name, self.fingerprint())
    }

    pub fn knows(self, other: &Self) -> Self {
        Self { pins: self.pins + &other.pin(), ..self }
    }
}

/// The one password of everybody's node and community.
pub fn password() -> Secret {
    Secret::new("correct horse battery staple").unwrap()
}

fn me(name: &str, key: u8, instance: u8) -> Me {
    let identity = Identity::from_seed(&[key; 32]);
    Me { name: Name::parse(name).unwrap(), identity, instance: Instance([instance; 8]) }
}

fn record(me: &Me, seed: &[u8; 32]) -> PasswordRecord {
    let stretcher = Stretcher::new(Profile::Test);
    let mut seeds = Seeds::new(*seed);
    PasswordRecord::register(&password(), me.identity.public().0, &stretcher, &mut seeds).unwrap()
}

pub fn new_node(person: &Person, seed: [u8; 32]) -> Node {
    let me = me(person.name, person.key, person.instance);
    let config = Config {
        record: Some(record(&me, &seed)),
        me,
        profile: Profile::Test,
        calls: person.calls,
        echo: person.echo,
        guesses: GuessLimits { per_source: person.guesses, global: 1_000 },
        pins: Pins::read(&person.pins),
        files: Setup { policy: FilePolicy::Ask, bytes_max: None },
    };
    Node::new(config, seed)
}

impl World {
    pub fn join(&mut self, person: &Person) -> HostId {
        let seed = *self.dice.draw();
        self.add(Core::Node(Box::new(new_node(person, seed))))
    }

    /// A community, with an identity of this seed.
    pub fn new_community(&mut self, key: u8, members_max: usize, guesses: u32) -> Core {
        let me = me("class", key, key);
        let seed = *self.dice.draw();
        let config = community_server::config::Config {
            record: record(&me, &seed),
            me,
            profile: Profile::Test,
            members_max,
            guesses: GuessLimits { per_source: guesses, global: 1_000 },
        };
        Core::Community(Box::new(Community::new(config, seed)))
    }

    pub fn community(&mut self) -> HostId {
        let core = self.new_community(200, 100, 1_000);
        self.add(core)
    }

    /// A dead or stopped host comes back with another program.
    pub fn restart(&mut self, host: HostId, core: Core) {
        let socket = self.socket(host);
        self.hosts[host].core = core;
        self.listeners.insert(socket, host);
    }

    /// A command to call somebody at these hosts, in this order.
    pub fn call(&self, hosts: &[HostId]) -> Command {
        let sockets = hosts.iter().map(|host| self.socket(*host)).collect();
        call(Whereabouts::Sockets(sockets))
    }

    /// A command to join the community of that host.
    pub fn wish(&self, host: HostId, listed: bool) -> Wish {
        let place = Place::parse(&self.socket(host).to_string(), 5000).unwrap();
        let listed = listed.then(|| Listing { port: 5460, addresses: Addresses::default() });
        Wish { place, password: password(), listed, persist: false }
    }

    /// Two people in a conversation that `one` began.
    pub fn introduce(&mut self, one: HostId, two: HostId) {
        let (before, call) = (self.talking(one).len(), self.call(&[two]));
        self.command(one, call);
        self.until("a conversation", |world| world.talking(one).len() > before);
    }

    pub fn talking(&self, host: HostId) -> Vec<CallId> {
        self.node(host).talking().map(|(call, _)| call).collect()
    }

    /// Labels of those a host talks with.
    pub fn labels(&self, host: HostId) -> Vec<String> {
        self.node(host).talking().map(|(_, who)| who.label.clone()).collect()
    }

    /// Says a line in a host's only conversation.
    pub fn say(&mut self, host: HostId, text: &str) {
        let call = *self.talking(host).last().unwrap();
        self.command(host, Command::Say(call, vec![line(text)]));
    }

    /// The newest notice of that host.
    pub fn last(&self, host: HostId) -> Option<&Notice> {
        self.hosts[host].notices.last()
    }

    pub fn host(&self, host: HostId) -> &Host {
        &self.hosts[host]
    }
}

pub fn call(whereabouts: Whereabouts) -> Command {
    let label = "somebody".to_owned();
    Command::Call(Callee { label, whereabouts, identity: None, password: password() })
}

pub fn line(text: &str) -> Line {
    Line::split(text).into_iter().next().unwrap()
}

pub fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}
