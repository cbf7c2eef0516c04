//! What `discovery::shell::service` and the thread of `ssdp` do around their cores, step by step,
//! without their sockets: the engine's outputs go onto the virtual LAN, attempts to connect are
//! answered by the world.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use discovery::hints::{self, Hints};
use discovery::kind::Kind;
use discovery::limits::{DESCRIPTION_PORTS, EARLIER_RUNS_MAX, PROBE_WAIT};
use discovery::neighbours::{Change, Input, Neighbours, Output, Probed, Us};
use discovery::view::{Summary, row};
use hallway::message::State;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::Millis;
use node_server::notice::Notice;
use node_server::talk::Seek;
use node_server::view;
use ssdp::candidates::{Candidate, Verdict, choose};
use ssdp::engine::{Arrival, Config, Engine, Input as Happens, Output as Wants, Wanted};
use ssdp::interface::{Address, Interface, scoped};
use ssdp::limits::{DATAGRAM_BYTES_MAX, OWN_PORTS};
use ssdp::outbox::Outbox;
use ssdp::target::Udn;

use crate::datagrams::{Flight, link_local, way};
use crate::facts::Fact;
use crate::host::{Happening, Host, HostId, Program, Role, Run, Running};
use crate::swarm::Seat;
use crate::world::{Event, Life, World};

/// One program's discovery.
pub struct Discovery {
    pub engine: Engine,
    /// Between the engine's thread and the program's.
    outbox: Outbox,
    /// There is something in it.
    pub has_news: bool,
    pub neighbours: Neighbours,
    pub udn: Udn,
    hints: Hints,
    own_port: u16,
    /// What the engine's thread says of the interfaces.
    interfaces: Vec<Interface>,
    looks: bool,
}

impl Discovery {
    /// When it wants to be called, on the clock of its machine.
    pub fn deadline(&self) -> Option<Millis> {
        let whole = |due: Duration| Millis(due.as_nanos().div_ceil(1_000_000) as u64);
        [self.engine.deadline().map(whole), self.neighbours.deadline()].into_iter().flatten().min()
    }
}

/// The interface that leads to the LAN.
const WIRE: u32 = 2;

impl Host {
    /// Its interfaces as a system lists them: one to the LAN, and the usual others.
    fn candidates(&self) -> Vec<Candidate> {
        let with = |index: u32, name: &str, addresses: Vec<Address>| Candidate {
            index,
            name: name.to_owned(),
            addresses,
            up: index != WIRE || self.plugged,
            multicast: true,
            point_to_point: false,
            loopback: index == 1,
        };
        let local = |ip: [u8; 4], prefix| vec![Address { ip: ip.into(), prefix }];
        vec![
            with(1, "lo", local([127, 0, 0, 1], 8)),
            with(WIRE, "eth0", self.addresses()),
            with(3, "docker0", local([172, 17, 0, 1], 16)),
        ]
    }

    /// Where it listens, as its neighbours write it.
    pub fn sockets(&self) -> Vec<SocketAddr> {
        self.ips().into_iter().map(|ip| scoped(ip, self.port, WIRE)).collect()
    }

    /// Its addresses on the LAN, with their networks.
    pub fn addresses(&self) -> Vec<Address> {
        let ours = self.ips().into_iter();
        ours.map(|ip| Address { ip, prefix: if ip.is_ipv4() { 24 } else { 64 } }).collect()
    }

    /// Whether neighbours are looked for by the program here.
    pub fn looks_for_others(&self) -> bool {
        matches!(self.role, Role::Person(Seat::App | Seat::Console))
    }
}

/// The IPv4 address, and on some machines a link-local one.
pub fn ips_of(number: u8) -> Vec<IpAddr> {
    let v4 = [10, 0, 0, number].into();
    if number.is_multiple_of(3) { vec![v4] } else { vec![v4, link_local(number)] }
}

impl World {
    /// As a program starts its discovery: its run is noted, earlier ones are taken back.
    pub fn discover(&mut self, id: HostId, run: Run) -> Option<Box<Discovery>> {
        let kind = match self.hosts[id].role {
            Role::Community => Kind::Community,
            Role::Person(Seat::Script) | Role::Attacker => return None,
            Role::Person(_) => Kind::Person,
        };
        let mut seeds = Seeds::new(self.dice.seed());
        let mut udn = [0; 16];
        udn.copy_from_slice(seeds.draw().split_at(16).0);
        let udn = Udn::random(udn);
        self.facts.push(Fact::Announced { at: run, udn: udn.clone() });
        self.note_of(id, format_args!("is announced as {udn}"));
        let (first, last) = OWN_PORTS.into_inner();
        let own_port = self.dice.between(first.into(), last.into()) as u16;
        let host = &mut self.hosts[id];
        let mut earlier = std::mem::take(&mut host.disk.announced);
        earlier.truncate(EARLIER_RUNS_MAX);
        if !host.disk.full {
            host.disk.announced.push(udn.clone());
        }
        let (port, state, fingerprint) = (host.port, State::Available, host.fingerprint);
        let name = Name::parse(host.name).unwrap();
        let hints = Hints { port, state, fingerprint, name };
        let pages = DESCRIPTION_PORTS.0;
        let wanted = match host.looks_for_others() {
            true => Wanted::Types(Kind::ALL.map(Kind::device_type).to_vec()),
            false => Wanted::Nothing,
        };
        let device = Some(hints::device(kind, udn.clone(), &hints, pages, earlier));
        let now = host.clock.now(self.now);
        let config = Config { device, wanted, ..hints::config(now) };
        let us = Us { udn: Some(udn.clone()), fingerprint: Some(fingerprint) };
        self.plan(self.now, Event::Look(id));
        Some(Box::new(Discovery {
            engine: Engine::new(config, seeds.below(u64::MAX)),
            outbox: Outbox::default(),
            has_news: false,
            neighbours: Neighbours::new(us, *seeds.draw()),
            udn,
            hints,
            own_port,
            interfaces: Vec::new(),
            looks: false,
        }))
    }

    /// The engine's thread looks at the interfaces, and tells of what has changed.
    pub fn look_at_interfaces(&mut self, id: HostId) {
        let decided = choose(self.hosts[id].candidates(), &[]);
        self.with(id, |world, running| {
            let Some(discovery) = &mut running.discovery else { return Life::Alive };
            let used = decided.iter().filter(|(_, verdict)| *verdict == Verdict::Used);
            let used = used.map(|(candidate, _)| candidate.interface(discovery.own_port));
            let used: Vec<Interface> = used.collect();
            if used != discovery.interfaces {
                discovery.interfaces.clone_from(&used);
                world.engine(id, discovery, Happens::Interfaces(used));
                running.dirty = true;
            }
            Life::Alive
        });
    }

    /// Hands something to an engine, and does what it wants.
    fn engine(&mut self, id: HostId, discovery: &mut Discovery, input: Happens<'_>) {
        let now = Duration::from_millis(self.hosts[id].clock.now(self.now).tick.0);
        discovery.engine.handle(now, input);
        if discovery.engine.deadline().is_some_and(|due| due <= now) {
            discovery.engine.handle(now, Happens::Timer);
        }
        while let Some(wants) = discovery.engine.poll() {
            match wants {
                Wants::Send(datagram) => {
                    let mut ours = discovery.interfaces.iter();
                    let ours = ours.find(|ours| ours.index == datagram.interface).cloned();
                    if let Some(ours) = ours.filter(|ours| ours.index == WIRE) {
                        self.cast(id, &ours, datagram);
                    }
                }
                Wants::Event(event) => {
                    discovery.outbox.push(event);
                    discovery.has_news = true;
                }
            }
        }
    }

    /// A datagram has come to a program.
    pub fn hears(&mut self, flight: &Flight, running: &mut Running) {
        let id = flight.target;
        let Some(discovery) = &mut running.discovery else { return };
        let mut ours = discovery.interfaces.iter();
        let ours = ours.find(|ours| ours.index == WIRE && self.hosts[id].plugged);
        let Some(by) = ours.and_then(|ours| way(ours, flight.to)) else { return };
        if flight.bytes.len() > DATAGRAM_BYTES_MAX {
            return;
        }
        let at = self.hosts[id].run(id);
        let word = |(udn, age)| Fact::Word { at, udn, until: self.now + age };
        self.facts.extend(flight.says.clone().map(word));
        let source = scoped(flight.source.ip(), flight.source.port(), WIRE);
        let arrival = Arrival { interface: WIRE, source, by };
        self.engine(id, discovery, Happens::Datagram(arrival, &flight.bytes));
        // Only then the program's own thread is woken.
        running.dirty |= discovery.has_news;
    }

    /// What a program does for its discovery in each turn of its loop.
    pub fn gather(&mut self, id: HostId, running: &mut Running) {
        let Some(mut discovery) = running.discovery.take() else { return };
        let now = self.hosts[id].clock.now(self.now).tick;
        if discovery.engine.deadline().is_some_and(|due| due <= Duration::from_millis(now.0)) {
            self.engine(id, &mut discovery, Happens::Timer);
        }
        if discovery.interfaces != discovery.neighbours.interfaces() {
            let ours = discovery.interfaces.clone();
            self.table(id, &mut discovery, running, Input::Interfaces(ours));
        }
        discovery.has_news = false;
        while let Some(event) = discovery.outbox.pop() {
            self.table(id, &mut discovery, running, Input::Heard(event));
        }
        if discovery.neighbours.deadline().is_some_and(|due| due <= now) {
            self.table(id, &mut discovery, running, Input::Timer);
        }
        running.discovery = Some(discovery);
    }

    /// Hands something to the table of neighbours.
    pub fn tell_table(&mut self, id: HostId, running: &mut Running, input: Input) {
        if let Some(mut discovery) = running.discovery.take() {
            self.table(id, &mut discovery, running, input);
            running.discovery = Some(discovery);
        }
    }

    /// The same, and does what it wants.
    fn table(&mut self, id: HostId, of: &mut Discovery, running: &mut Running, input: Input) {
        let now = self.hosts[id].clock.now(self.now).tick;
        of.neighbours.handle(now, input);
        while let Some(output) = of.neighbours.poll() {
            match output {
                Output::Change(change) => {
                    let (Change::Found(one) | Change::Changed(one) | Change::Gone(one)) = &change;
                    let text = row(1, one);
                    self.note_of(id, format_args!("sees {text}, {}", one.udn));
                    self.facts.push(Fact::Screen { text });
                    running.happenings.push_back(Happening::Neighbour(change));
                }
                Output::Probe(udn, to) => self.probe(id, udn, to),
                Output::Check(udn) => self.engine(id, of, Happens::Check(udn)),
                Output::Verified(udn) => self.engine(id, of, Happens::Verified(udn)),
            }
        }
    }

    /// Whether a connection would come about, is seen after a while.
    fn probe(&mut self, id: HostId, udn: Udn, to: SocketAddr) {
        let run = self.hosts[id].run(id);
        self.facts.push(Fact::Cast { at: run, to });
        let there = self.hosts.iter().position(|host| host.ips().contains(&to.ip()));
        let there = there.filter(|there| {
            self.hosts[*there].powered && !self.is_cut(id, *there) && !self.is_cut(*there, id)
        });
        let (wait, probed) = match there {
            None => (PROBE_WAIT.0, Probed::Silent),
            Some(there) if there == id || self.listens(there, to.port()) => {
                (self.dice.below(500), Probed::Connected)
            }
            Some(_) => (self.dice.below(500), Probed::Refused),
        };
        self.plan(self.now + wait, Event::Probed(run, udn, to, probed));
    }

    /// Does what a person wants of discovery.
    pub fn seek(&mut self, id: HostId, running: &mut Running, seek: Seek) {
        match (seek, &mut running.discovery) {
            (_, None) => {}
            (Seek::Search, Some(discovery)) => self.engine(id, discovery, Happens::Search(None)),
            (Seek::Try(udn), Some(_)) => self.tell_table(id, running, Input::Probe(udn)),
            (Seek::Tell, Some(discovery)) => {
                let all = discovery.neighbours.all();
                let people = all.iter().filter(|one| one.kind == Kind::Person).count();
                let summary = Summary {
                    interfaces: discovery.interfaces.iter().map(|one| one.name.clone()).collect(),
                    people,
                    communities: all.len() - people,
                    ..Summary::default()
                };
                self.facts.push(Fact::Screen { text: view::network(&summary) });
            }
        }
    }

    /// What the core has told concerns discovery, too: `Machine::notice`.
    pub fn verified(&mut self, id: HostId, running: &mut Running, notice: &Notice) {
        if let Notice::Connected(_, who) = notice {
            self.tell_table(id, running, Input::Verified(who.fingerprint, who.at.ip()));
        }
    }

    /// At the end of each turn: others are told whether we can be called, and the list is kept
    /// fresh while it is looked at.
    pub fn keep_fresh(&mut self, id: HostId, running: &mut Running) {
        let Some(discovery) = &mut running.discovery else { return };
        let Program::Person(node, front) = &running.program else { return };
        let (state, looks) = (node.state(), front.looks_at_people());
        if discovery.hints.state != state {
            discovery.hints.state = state;
            let extra = vec![discovery.hints.field()];
            self.engine(id, discovery, Happens::Extra(extra));
        }
        if discovery.looks != looks {
            discovery.looks = looks;
            self.tell_table(id, running, Input::Look(looks));
        }
    }

    /// Goodbye to the network.
    pub fn disappear(&mut self, id: HostId, running: &mut Running) {
        if let Some(mut discovery) = running.discovery.take() {
            self.engine(id, &mut discovery, Happens::Stop);
            self.hosts[id].disk.announced.retain(|udn| *udn != discovery.udn);
        }
    }
}
