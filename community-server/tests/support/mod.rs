//! A world in memory: a real community, and guests made of the real dialling side. No socket, no
//! clock: bytes are carried by hand, time passes when a test says so.

mod guest;

use std::collections::BTreeMap;
use std::net::SocketAddr;

use community_server::community::{Command, Community, Input, Output};
use community_server::config::Config;
use community_server::notice::Notice;
use hallway::channel::Channel;
use hallway::conn::{ConnId, Lost, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::identity::Identity;
use hallway::limits::NEWS_PAUSE_PER_THOUSAND;
use hallway::message::{Addresses, Join, Member, Message, State};
use hallway::reason::CloseReason;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::{Millis, Now};

pub use guest::{End, Guest};
use guest::{Keys, Phase};

/// The community's password in every test.
pub const PASSWORD: &str = "correct horse";

/// Somebody who may come: who, on which run of the program, from where, with which password.
#[derive(Clone)]
pub struct Person {
    pub name: Name,
    pub identity: [u8; 32],
    pub instance: [u8; 8],
    pub from: SocketAddr,
    pub password: &'static str,
}

impl Person {
    /// A person of that name with an identity, run and address of their own.
    pub fn called(name: &str) -> Self {
        let mut identity = [7; 32];
        identity.iter_mut().zip(name.bytes()).for_each(|(to, from)| *to = from);
        let [.., a, b] =
            name.bytes().fold(0_u32, |sum, byte| sum * 31 % 65_521 + u32::from(byte)).to_be_bytes();
        Self {
            name: Name::parse(name).unwrap(),
            identity,
            instance: identity[..8].try_into().unwrap(),
            from: SocketAddr::from(([10, 1, a, b], 40_000)),
            password: PASSWORD,
        }
    }

    fn me(&self) -> Me {
        Me {
            name: self.name.clone(),
            identity: Identity::from_seed(&self.identity),
            instance: Instance(self.instance),
        }
    }
}

/// A community and everybody who ever connected to it.
pub struct World {
    pub community: Community,
    pub guests: BTreeMap<ConnId, Guest>,
    pub notices: Vec<Notice>,
    now: Now,
    keys: Keys,
    next: u64,
}

impl World {
    /// An empty community for so many; the same seed gives the same run.
    pub fn new(seed: u8, members_max: usize) -> Self {
        let mut seeds = Seeds::new([seed; 32]);
        let stretcher = Stretcher::new(Profile::Test);
        let me = Person::called("hall").me();
        let password = Secret::new(PASSWORD).unwrap();
        let identity = me.identity.public().0;
        let record = PasswordRecord::register(&password, identity, &stretcher, &mut seeds).unwrap();
        let guesses = GuessLimits::default();
        let config = Config { me, record, profile: Profile::Test, members_max, guesses };
        let community = Community::new(config, *seeds.draw());
        let keys = Keys { seeds, stretcher };
        let (guests, notices) = (BTreeMap::new(), Vec::new());
        Self { community, guests, notices, now: Now::default(), keys, next: 0 }
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        self.keys.seeds.below(bound as u64) as usize
    }

    /// The guest on that connection.
    pub fn guest(&self, id: ConnId) -> &Guest {
        &self.guests[&id]
    }

    /// A connection, and no word on it.
    pub fn connect(&mut self, person: &Person) -> ConnId {
        let id = ConnId(self.next);
        self.next += 1;
        self.guests.insert(id, Guest::new(person));
        self.net(id, NetInput::Opened { from: person.from });
        id
    }

    /// The first bytes of a log-in on a connection; they are not sent yet.
    pub fn hello(&mut self, id: ConnId, password: &str) -> Vec<u8> {
        let wanted = Wanted {
            service: Service::Community,
            password: Secret::new(password).unwrap(),
            identity: None,
            profile: Profile::Test,
        };
        let (dialling, bytes) =
            Dialling::start(wanted, self.now.tick, &mut self.keys.seeds).unwrap();
        self.guests.get_mut(&id).unwrap().phase = Phase::Dialling(Box::new(dialling));
        bytes
    }

    /// A connection that logs in, as far as the password lets it, and has not said what it wants.
    pub fn log_in(&mut self, person: &Person) -> ConnId {
        let id = self.connect(person);
        let hello = self.hello(id, person.password);
        self.bytes(id, &hello);
        id
    }

    /// Logs in and asks for a place on the list; the turn does not end.
    pub fn join(&mut self, person: &Person) -> ConnId {
        let id = self.log_in(person);
        self.say(id, &Message::Join(join_message()));
        id
    }

    /// The same for each of these names, each in a turn of its own.
    pub fn join_all<const N: usize>(&mut self, names: [&str; N]) -> [ConnId; N] {
        names.map(|name| {
            let id = self.join(&Person::called(name));
            self.turn();
            id
        })
    }

    /// Logs in and asks for the list; the turn does not end.
    pub fn watch(&mut self, person: &Person) -> ConnId {
        let id = self.log_in(person);
        self.say(id, &Message::Watch);
        id
    }

    /// A message from a guest as it travels; its records are numbered, so send it or be forged.
    pub fn sealed(&mut self, id: ConnId, message: &Message) -> Vec<u8> {
        let tick = self.now.tick;
        let mut bytes = Vec::new();
        self.channel(id).send(tick, message, &mut bytes).unwrap();
        bytes
    }

    /// A message from a guest that has logged in.
    pub fn say(&mut self, id: ConnId, message: &Message) {
        let bytes = self.sealed(id, message);
        self.bytes(id, &bytes);
    }

    /// A guest says goodbye.
    pub fn leave(&mut self, id: ConnId) {
        let tick = self.now.tick;
        let mut bytes = Vec::new();
        self.channel(id).close(tick, CloseReason::Bye, &mut bytes);
        self.bytes(id, &bytes);
    }

    /// A guest's line is cut.
    pub fn die(&mut self, id: ConnId) {
        self.net(id, NetInput::Closed(Lost::Broken));
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, id: ConnId, bytes: &[u8]) {
        self.net(id, NetInput::Received(bytes));
    }

    /// The operator types something.
    pub fn operate(&mut self, command: Command) {
        self.handle(Input::Operator(command));
    }

    /// The community stops.
    pub fn stop(&mut self) {
        self.handle(Input::Stop);
    }

    /// The turn of the loop ends, so long after the last that nothing more is gathered; whoever is
    /// new gets the list.
    pub fn turn(&mut self) {
        self.now.tick = self.now.tick + NEWS_PAUSE_PER_THOUSAND;
        self.turn_at_once();
        while self.community.deadline() == Some(Millis(0)) {
            self.turn_at_once();
        }
    }

    /// The turn of the loop ends, and no time has passed.
    pub fn turn_at_once(&mut self) {
        self.handle(Input::TurnEnd);
    }

    /// Time passes; whatever the community waits for happens when it is due.
    pub fn pass(&mut self, span: Millis) {
        let until = self.now.tick + span;
        while let Some(due) = self.community.deadline().filter(|due| *due <= until) {
            self.now.tick = self.now.tick.max(due);
            self.turn_at_once();
            assert_ne!(self.community.deadline(), Some(due), "the loop would spin");
        }
        self.now.tick = until;
    }

    /// Checks that all who see the list see the same one as the community.
    pub fn check_replicas(&self) {
        let members: Vec<&Member> = self.community.members().collect();
        let mut viewers = 0;
        for (id, guest) in self.guests.iter().filter(|(_, guest)| guest.has_list) {
            if guest.end.is_none() {
                assert_eq!(guest.replica.values().collect::<Vec<_>>(), members, "{id:?}");
                viewers += 1;
            }
        }
        let load = self.community.load();
        assert_eq!(load.members, members.len());
        assert_eq!(viewers, load.members + load.watchers);
    }

    fn channel(&mut self, id: ConnId) -> &mut Channel {
        match &mut self.guests.get_mut(&id).unwrap().phase {
            Phase::Open(channel) => channel,
            Phase::Raw | Phase::Dialling(_) | Phase::Failed(_) => panic!("{id:?} is not open"),
        }
    }

    /// The network tells the community something; who is gone says nothing.
    fn net(&mut self, id: ConnId, input: NetInput<'_>) {
        let guest = self.guests.get_mut(&id).unwrap();
        if guest.end.is_some() {
            return;
        }
        if matches!(input, NetInput::Closed(_)) {
            guest.end = Some(End::Lost);
        }
        self.handle(Input::Net(id, input));
    }

    /// One input, and all that comes of it, answers of the guests included.
    fn handle(&mut self, input: Input<'_>) {
        self.community.handle(self.now, input);
        while let Some(output) = self.community.poll() {
            let (id, output) = match output {
                Output::Net(id, output) => (id, output),
                Output::Notice(notice) => {
                    self.notices.push(notice);
                    continue;
                }
            };
            let guest = self.guests.get_mut(&id).unwrap();
            assert_eq!(guest.end, None, "{id:?} is gone, and yet: {output:?}");
            match output {
                NetOutput::Send(bytes) => {
                    if let Some(answer) = guest.receive(&bytes, self.now, &mut self.keys) {
                        self.community
                            .handle(self.now, Input::Net(id, NetInput::Received(&answer)));
                    }
                }
                NetOutput::Close => guest.end = Some(End::Closed),
                NetOutput::Drop => guest.end = Some(End::Dropped),
                NetOutput::Connect(address) => panic!("a community dials nobody: {address}"),
            }
        }
    }
}

/// How a guest wants to be listed, unless a test says otherwise.
pub fn join_message() -> Join {
    let addresses = Addresses::new(["127.0.0.1".parse().unwrap(), "192.168.1.5".parse().unwrap()]);
    Join { port: 5460, addresses, state: State::Available }
}
