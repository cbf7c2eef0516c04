//! One machine: what it is, and the program that runs on it at the moment.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use client::app::{Answer, App};
use client::chat::{Chat, Wants};
use community_server::community::Community;
use discovery::neighbours::Change;
use files::news::FilePolicy;
use hallway::conn::ConnId;
use hallway::identity::{Fingerprint, Identity};
use hallway::log::Level;
use hallway::secret::Secret;
use hallway::time::Millis;
use node_server::menu::{Menu, Question};
use node_server::node::Node;
use node_server::notice::{CallId, Notice};
use node_server::sight::Sight;
use node_server::talk::Act;
use node_server::view;

use crate::clock::Clock;
use crate::discovering::{Discovery, ips_of};
use crate::disk::Disk;
use crate::files::{Shelf, Threads};
use crate::swarm::Seat;

/// Index of a machine.
pub type HostId = usize;

/// One run of a program on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Run {
    pub host: HostId,
    pub number: u32,
}

/// What a machine is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Community,
    Person(Seat),
    Attacker,
}

/// A machine.
pub struct Host {
    pub role: Role,
    /// What transcripts call it.
    pub label: String,
    /// The name that its program is given.
    pub name: &'static str,
    /// Seed of its identity.
    key: u8,
    pub fingerprint: Fingerprint,
    pub password: String,
    pub ip: IpAddr,
    pub port: u16,
    pub clock: Clock,
    pub disk: Disk,
    pub files: Shelf,
    /// What becomes of files that are offered.
    pub takes: FilePolicy,
    /// Programs started so far.
    pub runs: u32,
    /// Without power it does not even refuse.
    pub powered: bool,
    /// The cable is in.
    pub plugged: bool,
    /// Its programs stand still until then.
    pub frozen_until: u64,
    /// When the last one died.
    pub died_at: Option<u64>,
    /// Milliseconds between two things that its person does.
    pub pause: u64,
    /// The members that its running community may have.
    pub members_max: usize,
    /// The community that its person likes best.
    pub home: HostId,
    /// Lines said so far, in all runs.
    pub said: u32,
    pub running: Option<Box<Running>>,
}

impl Host {
    pub fn new(id: HostId, role: Role, name: &'static str, pause: u64) -> Self {
        let number = u8::try_from(id + 1).unwrap();
        let kind = match role {
            Role::Community => "community",
            Role::Person(_) => name,
            Role::Attacker => "attacker",
        };
        Self {
            role,
            label: format!("{kind}.{id}"),
            name,
            key: number,
            fingerprint: Identity::from_seed(&[number; 32]).public().fingerprint(),
            password: format!("password of {id}"),
            ip: IpAddr::V4(Ipv4Addr::new(10, 0, 0, number)),
            port: if role == Role::Community { 5000 } else { 5460 },
            clock: Clock { boot: 0, ppm: 0, unix: 1_800_000_000 },
            disk: Disk::default(),
            files: Shelf::default(),
            takes: FilePolicy::None,
            runs: 0,
            powered: true,
            plugged: true,
            frozen_until: 0,
            died_at: None,
            pause,
            members_max: 0,
            home: 0,
            said: 0,
            running: None,
        }
    }

    pub fn is_attacker(&self) -> bool {
        self.role == Role::Attacker
    }

    pub fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.ip, self.port)
    }

    /// All addresses on the LAN.
    pub fn ips(&self) -> Vec<IpAddr> {
        ips_of(self.key)
    }

    pub fn identity(&self) -> Identity {
        Identity::from_seed(&[self.key; 32])
    }

    pub fn node(&self) -> Option<&Node> {
        match &self.running.as_ref()?.program {
            Program::Person(node, _) => Some(node),
            Program::Community(_) => None,
        }
    }

    pub fn community(&self) -> Option<&Community> {
        match &self.running.as_ref()?.program {
            Program::Community(community) => Some(community),
            Program::Person(..) => None,
        }
    }

    /// When its program wants a turn, in the world's time.
    pub fn due(&self) -> Option<u64> {
        Some(self.clock.when(self.running.as_ref()?.deadline?).max(self.frozen_until))
    }

    /// Whether its program was told something since its last turn.
    pub fn is_dirty(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.dirty)
    }

    /// Whether it can run at that time.
    pub fn is_awake(&self, now: u64) -> bool {
        self.running.is_some() && self.frozen_until <= now
    }

    pub fn run(&self, host: HostId) -> Run {
        Run { host, number: self.runs }
    }
}

/// A program with what its shell holds for it.
pub struct Running {
    pub program: Program,
    pub discovery: Option<Box<Discovery>>,
    /// Which end of which wire.
    pub conns: BTreeMap<ConnId, (usize, usize)>,
    /// Connections it said goodbye to, or was told are gone.
    pub done: BTreeSet<ConnId>,
    /// Bytes that go out at the end of the turn.
    pub gathered: BTreeMap<ConnId, Vec<u8>>,
    pub incoming: u64,
    pub happenings: VecDeque<Happening>,
    /// What the person is asked at the moment.
    pub prompt: Option<Question>,
    /// Whom that named, when it came up.
    pub meant: Option<Fingerprint>,
    /// Whom each call was, or is, with.
    pub peers: BTreeMap<CallId, Fingerprint>,
    /// The calls that are not over.
    pub open: BTreeSet<CallId>,
    /// The connections for files alone that are not over.
    pub links: BTreeSet<CallId>,
    pub threads: Threads,
    /// When it wants to be called again; looked up once after each input.
    pub deadline: Option<Millis>,
    /// Something was handed in since its last turn.
    pub dirty: bool,
    /// It dies after so many more things that it does.
    pub fuse: Option<u32>,
}

/// What concerns the person.
pub enum Happening {
    Notice(Notice),
    Neighbour(Change),
    Line(String),
    Secret(Option<Secret>),
    /// The end of input.
    End,
}

pub enum Program {
    Community(Box<Community>),
    Person(Box<Node>, Front),
}

impl Running {
    pub fn new(program: Program, discovery: Option<Box<Discovery>>) -> Box<Self> {
        Box::new(Self {
            program,
            discovery,
            conns: BTreeMap::new(),
            done: BTreeSet::new(),
            gathered: BTreeMap::new(),
            incoming: 0,
            happenings: VecDeque::new(),
            prompt: None,
            meant: None,
            peers: BTreeMap::new(),
            open: BTreeSet::new(),
            links: BTreeSet::new(),
            threads: Threads::default(),
            deadline: None,
            dirty: true,
            fuse: None,
        })
    }
}

impl Running {
    /// When it wants a turn, as it said last.
    pub fn next_turn(&self) -> Option<Millis> {
        let program = match &self.program {
            Program::Community(community) => community.deadline(),
            Program::Person(node, _) => node.deadline(),
        };
        let discovery = self.discovery.as_ref().and_then(|discovery| discovery.deadline());
        [program, discovery].into_iter().flatten().min()
    }
}

/// What a person has before them: the pure part of each program's front.
pub enum Front {
    Menu(Box<Menu>),
    App(Box<App>),
    Chat(Box<Chat>),
}

impl Front {
    /// What is asked, as each program's loop decides it.
    pub fn question(&mut self, node: &Node) -> Question {
        match self {
            Self::Menu(menu) => menu.question(node),
            Self::App(app) if !app.takes_lines(node) => Question::Nothing,
            Self::App(app) => app.question(node),
            Self::Chat(chat) => match chat.wants(node) {
                Wants::Nothing => Question::Nothing,
                Wants::Line => Question::Line("> ".into()),
                Wants::Password => Question::Secret("Password of it [leave]: ".into()),
            },
        }
    }

    /// Whether the person looks at who is on this network.
    pub fn looks_at_people(&self) -> bool {
        matches!(self, Self::App(app) if app.looks_at_people())
    }

    /// What concerns the person reaches them; gives what they then see and do.
    pub fn answer(&mut self, happening: Happening, sight: Sight<'_>) -> Vec<Act> {
        let node = sight.node;
        match (self, happening) {
            (front, Happening::Notice(notice)) => front.told(&notice, sight),
            (Self::App(app), Happening::Neighbour(change)) => app.neighbour(&change),
            (Self::Menu(_) | Self::Chat(_), Happening::Neighbour(_)) => Vec::new(),
            (Self::Menu(menu), Happening::Line(line)) => menu.typed(&line, sight),
            (Self::Menu(menu), Happening::Secret(secret)) => menu.secret(secret, node),
            (Self::Menu(_), Happening::End) => vec![Act::Quit],
            (Self::App(app), Happening::Line(line)) => app.answered(Answer::Line(line), sight),
            (Self::App(app), Happening::Secret(word)) => app.answered(Answer::Secret(word), sight),
            (Self::App(app), Happening::End) => app.ended_input(node),
            (Self::Chat(chat), Happening::Line(line)) => chat.line(&line, node),
            (Self::Chat(chat), Happening::Secret(secret)) => chat.password(secret),
            (Self::Chat(chat), Happening::End) => chat.end(node),
        }
    }

    fn told(&mut self, notice: &Notice, sight: Sight<'_>) -> Vec<Act> {
        let aloud = view::level(notice) <= Level::Info;
        match self {
            Self::Menu(menu) => {
                let mut acts = menu.told(notice, sight.node);
                acts.retain(|act| aloud || !matches!(act, Act::Show(..)));
                acts
            }
            Self::App(app) => app.told(notice, sight, aloud),
            Self::Chat(chat) => {
                let mut acts = chat.told(notice, sight.node);
                if let Notice::Heard(_, _, line) = notice {
                    // To a script, what they say is data and nothing else.
                    acts = vec![Act::Show(line.as_str().to_owned(), false)];
                }
                if chat.exit().is_some() {
                    acts.push(Act::Quit);
                }
                acts
            }
        }
    }
}
