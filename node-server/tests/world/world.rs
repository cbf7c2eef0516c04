//! A world in memory: real nodes, a real community, a clock that jumps, and streams that cut, delay
//! and break as their seed says. The same seed gives the same run.
//!
//! What must always hold is asserted here and not in the tests: no byte after a goodbye, no
//! deadline in the past, and that every call is told of in the right order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use community_server::community;
use hallway::conn::{ConnId, ConnectError, Lost, NetInput, NetOutput};
use hallway::handshake::opaque::{Rejected, Stretched};
use hallway::limits;
use hallway::seeds::Seeds;
use hallway::time::{Millis, Now};
use node_server::node::{Command, Input, Node, Output};

use crate::host::{Core, Host};

/// Index of a host.
pub type HostId = usize;

/// How bad the network is.
#[derive(Clone, Copy)]
pub struct Weather {
    /// Most milliseconds that a piece takes.
    pub delay: u64,
    /// Most bytes of a piece.
    pub piece: u64,
    /// Of a thousand pieces, so many break their connection.
    pub resets: u64,
}

struct Pipe {
    ends: [(HostId, ConnId); 2],
    /// Nothing arrives at that end before then.
    ready_at: [u64; 2],
    /// That end hears nothing more.
    deaf: [bool; 2],
}

enum Event {
    Syn(usize, SocketAddr),
    Connected(usize),
    Failed(usize, ConnectError),
    Arrive(usize, usize, Vec<u8>),
    Over(usize, usize, Lost),
    Stretched(HostId, ConnId, Result<Stretched, Rejected>),
    LookedUp(HostId, u64, Vec<SocketAddr>),
    Command(HostId, Command),
}

/// The world.
pub struct World {
    pub now: u64,
    pub weather: Weather,
    pub hosts: Vec<Host>,
    pub listeners: BTreeMap<SocketAddr, HostId>,
    /// Host names.
    pub names: BTreeMap<String, Vec<SocketAddr>>,
    /// Addresses where packets vanish.
    pub silent: BTreeSet<SocketAddr>,
    pub dice: Seeds,
    pipes: Vec<Pipe>,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
}

impl World {
    /// An empty world with good weather.
    pub fn new(seed: u64) -> Self {
        let mut bytes = [7; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self {
            now: 1_000,
            weather: Weather { delay: 2, piece: 100_000, resets: 0 },
            hosts: Vec::new(),
            listeners: BTreeMap::new(),
            names: BTreeMap::new(),
            silent: BTreeSet::new(),
            dice: Seeds::new(bytes),
            pipes: Vec::new(),
            events: BTreeMap::new(),
            count: 0,
        }
    }

    /// A machine that listens at port 5460 of an address of its own.
    pub fn add(&mut self, core: Core) -> HostId {
        let id = self.hosts.len();
        let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, u8::try_from(id + 1).unwrap()));
        self.listeners.insert(SocketAddr::new(ip, 5460), id);
        self.hosts.push(Host::new(core, ip));
        id
    }

    /// Where a host listens.
    pub fn socket(&self, host: HostId) -> SocketAddr {
        SocketAddr::new(self.hosts[host].ip, 5460)
    }

    pub fn node(&self, host: HostId) -> &Node {
        match &self.hosts[host].core {
            Core::Node(node) => node,
            _ => panic!("host {host} is no node"),
        }
    }

    fn clock(&self) -> Now {
        Now { tick: Millis(self.now), unix: 1_700_000_000 + self.now / 1000 }
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    /// Has somebody do something, so many milliseconds from now.
    pub fn later(&mut self, wait: u64, host: HostId, command: Command) {
        self.plan(self.now + wait, Event::Command(host, command));
    }

    /// Has somebody do something now.
    pub fn command(&mut self, host: HostId, command: Command) {
        let now = self.clock();
        if let Core::Node(node) = &mut self.hosts[host].core {
            node.handle(now, Input::Command(command));
        }
        self.turn(host);
    }

    /// The operator of a community does something, or a host is told to stop.
    pub fn operate(&mut self, host: HostId, input: community::Input<'_>) {
        let now = self.clock();
        match (&mut self.hosts[host].core, input) {
            (Core::Community(community), input) => community.handle(now, input),
            (Core::Node(node), _) => node.handle(now, Input::Stop),
            (Core::Stranger(_) | Core::Down, _) => {}
        }
        self.turn(host);
    }

    /// A program dies, or its cable is pulled; the others notice that after `notice` milliseconds.
    pub fn kill(&mut self, host: HostId, notice: u64) {
        self.hosts[host].core = Core::Down;
        self.listeners.retain(|_, listener| *listener != host);
        self.cut(|ends| ends.contains(&host), notice);
    }

    /// Breaks connections; each end notices after `notice` milliseconds.
    pub fn cut(&mut self, which: impl Fn([HostId; 2]) -> bool, notice: u64) {
        for pipe in 0..self.pipes.len() {
            let ends = &self.pipes[pipe].ends;
            if which([ends[0].0, ends[1].0]) {
                self.break_pipe(pipe, notice);
            }
        }
    }

    /// Nothing is heard any more on the connections that one has dialled to the other.
    pub fn deafen(&mut self, one: HostId, two: HostId) {
        for pipe in &mut self.pipes {
            if pipe.ends.map(|(host, _)| host) == [one, two] {
                pipe.deaf = [true, true];
            }
        }
    }

    /// What is under way is lost, and both ends will hear of it.
    fn break_pipe(&mut self, pipe: usize, notice: u64) {
        self.events.retain(|_, event| match event {
            Event::Arrive(of, ..) | Event::Over(of, ..) | Event::Connected(of) => *of != pipe,
            Event::Syn(of, _) => *of != pipe,
            _ => true,
        });
        for side in 0..2 {
            self.pipes[pipe].ready_at[side] = u64::MAX;
            self.plan(self.now + notice, Event::Over(pipe, side, Lost::Broken));
        }
    }

    /// Lets so many milliseconds pass.
    pub fn run(&mut self, millis: u64) {
        let end = self.now + millis;
        while self.next().is_some_and(|next| next <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Runs until it holds, for a virtual hour at most.
    pub fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = self.now + 3_600_000;
        while !holds(self) {
            assert!(self.next().is_some_and(|next| next < end), "never: {what}\n{}", self.story());
            self.step();
        }
    }

    /// Everything that was told, for a failed test.
    pub fn story(&self) -> String {
        let told = |(id, host): (usize, &Host)| format!("host {id}: {:#?}\n", host.notices);
        self.hosts.iter().enumerate().map(told).collect()
    }

    fn next(&self) -> Option<u64> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let deadlines = self.hosts.iter().filter_map(Host::deadline);
        deadlines.chain(event).min().map(|at| at.max(self.now))
    }

    fn step(&mut self) {
        let Some(next) = self.next() else { return };
        self.now = next;
        while let Some(first) = self.events.first_entry().filter(|first| first.key().0 <= next) {
            let event = first.remove();
            self.happen(event);
        }
        for host in 0..self.hosts.len() {
            let due = self.hosts[host].deadline().is_some_and(|deadline| deadline <= self.now);
            if due || self.hosts[host].dirty {
                self.turn(host);
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Syn(pipe, to) => self.syn(pipe, to),
            Event::Connected(pipe) => self.hand_in(pipe, 0, &NetInput::Connected),
            Event::Failed(pipe, error) => self.hand_in(pipe, 0, &NetInput::Failed(error)),
            Event::Over(pipe, side, lost) => self.hand_in(pipe, side, &NetInput::Closed(lost)),
            Event::Arrive(pipe, side, bytes) => {
                if self.dice.below(1_000) < self.weather.resets {
                    self.break_pipe(pipe, 0);
                } else {
                    self.hand_in(pipe, side, &NetInput::Received(&bytes));
                }
            }
            Event::Stretched(host, conn, result) => {
                self.hand_to_node(host, Input::Stretched(conn, result));
            }
            Event::LookedUp(host, number, found) => {
                self.hand_to_node(host, Input::LookedUp(number, found));
            }
            Event::Command(host, command) => self.hand_to_node(host, Input::Command(command)),
        }
    }

    fn syn(&mut self, pipe: usize, to: SocketAddr) {
        let Some(listener) = self.listeners.get(&to).copied() else {
            let at = self.now + 1;
            self.pipes[pipe].deaf[1] = true;
            return self.plan(at, Event::Failed(pipe, ConnectError::Refused));
        };
        let from = SocketAddr::new(self.hosts[self.pipes[pipe].ends[0].0].ip, 50_000);
        let host = &mut self.hosts[listener];
        host.incoming += 1;
        let conn = ConnId(host.incoming);
        host.conns.insert(conn, (pipe, 1));
        self.pipes[pipe].ends[1] = (listener, conn);
        self.hand_in(pipe, 1, &NetInput::Opened { from });
        self.in_order(pipe, 0, Event::Connected(pipe));
        if let Core::Stranger(banner) = &self.hosts[listener].core {
            let banner = banner.clone();
            self.in_order(pipe, 0, Event::Arrive(pipe, 0, banner));
        }
    }

    fn hand_in(&mut self, pipe: usize, side: usize, input: &NetInput<'_>) {
        let over = matches!(input, NetInput::Closed(_) | NetInput::Failed(_));
        let (id, conn) = self.pipes[pipe].ends[side];
        if std::mem::replace(&mut self.pipes[pipe].deaf[side], over) {
            self.pipes[pipe].deaf[side] = true;
            return;
        }
        if over {
            self.hosts[id].done.insert(conn);
        }
        let now = self.clock();
        let host = &mut self.hosts[id];
        host.dirty = true;
        let input = match input {
            NetInput::Opened { from } => NetInput::Opened { from: *from },
            NetInput::Connected => NetInput::Connected,
            NetInput::Failed(error) => NetInput::Failed(*error),
            NetInput::Received(bytes) => NetInput::Received(bytes),
            NetInput::Closed(lost) => NetInput::Closed(*lost),
        };
        match &mut host.core {
            Core::Node(node) => node.handle(now, Input::Net(conn, input)),
            Core::Community(core) => core.handle(now, community::Input::Net(conn, input)),
            Core::Stranger(_) | Core::Down => {}
        }
        self.drain(id);
    }

    fn hand_to_node(&mut self, host: HostId, input: Input<'_>) {
        let now = self.clock();
        self.hosts[host].dirty = true;
        if let Core::Node(node) = &mut self.hosts[host].core {
            node.handle(now, input);
        }
        self.drain(host);
    }

    /// The end of a host's turn, and all that comes of it.
    fn turn(&mut self, id: HostId) {
        let now = self.clock();
        self.hosts[id].dirty = false;
        match &mut self.hosts[id].core {
            Core::Node(node) => node.handle(now, Input::TurnEnd),
            Core::Community(community) => community.handle(now, community::Input::TurnEnd),
            Core::Stranger(_) | Core::Down => {}
        }
        self.drain(id);
        let deadline = self.hosts[id].deadline();
        assert!(deadline.is_none_or(|deadline| deadline > self.now), "a deadline in the past");
    }

    fn drain(&mut self, id: HostId) {
        while let Some(output) = self.hosts[id].poll() {
            match output {
                Output::Net(conn, output) => self.net(id, conn, output),
                Output::Stretch(conn, job) => {
                    let result = job.run(&self.hosts[id].stretcher);
                    let at = self.now + 1 + self.dice.below(self.weather.delay);
                    self.plan(at, Event::Stretched(id, conn, result));
                }
                Output::LookUp(number, place) => {
                    let found = self.names.get(&place.host).cloned().unwrap_or_default();
                    self.plan(self.now + 1, Event::LookedUp(id, number, found));
                }
                // A disk that never answers.
                Output::Disk(_) => {}
                Output::Remember(pin) => self.hosts[id].pins += &pin,
                Output::Notice(notice) => self.hosts[id].note(notice),
            }
        }
    }

    fn net(&mut self, host: HostId, conn: ConnId, output: NetOutput) {
        if let NetOutput::Connect(to) = output {
            return self.connect(host, conn, to);
        }
        let (pipe, side) = self.hosts[host].conns[&conn];
        let done = self.hosts[host].done.contains(&conn);
        let other = 1 - side;
        match output {
            NetOutput::Connect(_) => {}
            NetOutput::Send(bytes) => {
                assert!(!done, "host {host} sends after the end of {conn:?}");
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let most = rest.len().min(usize::try_from(self.weather.piece).unwrap());
                    let len = 1 + usize::try_from(self.dice.below(most as u64)).unwrap();
                    let (piece, after) = rest.split_at(len);
                    self.in_order(pipe, other, Event::Arrive(pipe, other, piece.to_vec()));
                    rest = after;
                }
            }
            NetOutput::Close | NetOutput::Drop => {
                let lost = match output {
                    NetOutput::Close => Lost::Ended,
                    _ => Lost::Broken,
                };
                self.hosts[host].done.insert(conn);
                self.pipes[pipe].deaf[side] = true;
                self.in_order(pipe, other, Event::Over(pipe, other, lost));
            }
        }
    }

    fn connect(&mut self, host: HostId, conn: ConnId, to: SocketAddr) {
        let pipe = self.pipes.len();
        let nobody = (host, ConnId(u64::MAX));
        let ends = [(host, conn), nobody];
        self.pipes.push(Pipe { ends, ready_at: [0; 2], deaf: [false, true] });
        self.hosts[host].conns.insert(conn, (pipe, 0));
        self.hosts[host].tries.push((self.now, to));
        if self.silent.contains(&to) {
            let at = self.now + limits::CONNECT_WAIT.0;
            self.plan(at, Event::Failed(pipe, ConnectError::Unreachable));
        } else {
            self.pipes[pipe].deaf[1] = false;
            self.in_order(pipe, 1, Event::Syn(pipe, to));
        }
    }

    /// After everything that is on its way to that end already.
    fn in_order(&mut self, pipe: usize, side: usize, event: Event) {
        let at = self.now + 1 + self.dice.below(self.weather.delay);
        let at = at.max(self.pipes[pipe].ready_at[side]);
        // A broken pipe carries nothing.
        if at < u64::MAX {
            self.pipes[pipe].ready_at[side] = at;
            self.plan(at, event);
        }
    }

    /// Whether no connection is left, and nobody waits for anything.
    pub fn is_quiet(&self) -> bool {
        let quiet = |host: &Host| {
            host.deadline().is_none() && host.conns.keys().all(|conn| host.done.contains(conn))
        };
        self.events.is_empty() && self.hosts.iter().all(quiet)
    }
}
