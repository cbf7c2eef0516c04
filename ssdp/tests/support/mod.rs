//! A network of whole engines without sockets: time, delay and loss come from a seed.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test uses a part of it, and stops at a surprise"
)]

pub(crate) mod buffers;
pub(crate) mod crowd;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use ssdp::engine::{
    Arrival, Config, Datagram, Device, Engine, Event, Input, Output, Port, Wanted, Way,
};
use ssdp::interface::{Address, Interface, SSDP_PORT, is_link_local};
use ssdp::message::{Message, read};
use ssdp::target::{Target, Udn};

use buffers::Buffers;

/// The type that the devices of these tests have.
pub(crate) const LAMP: &str = "urn:example-org:device:Lamp:1";

/// Segments, the engines on them, and what is under way.
pub(crate) struct Lan {
    /// The time, from zero on.
    pub(crate) now: Duration,
    /// What the network does to datagrams.
    pub(crate) faults: Faults,
    /// Everybody on it, by the number that joining gave.
    pub(crate) nodes: Vec<Node>,
    /// Everything that was sent.
    pub(crate) wire: Vec<Sent>,
    /// How receivers read; without it they read at once.
    pub(crate) buffers: Option<Buffers>,
    flying: BTreeMap<(Duration, u64), Flight>,
    count: u64,
    timers: BTreeSet<(Duration, usize)>,
    rng: fastrand::Rng,
}

/// What a network does to each copy of a datagram, by itself.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// Hundredths that are lost.
    pub(crate) loss_percent: u8,
    /// Hundredths that come twice.
    pub(crate) twice_percent: u8,
    /// How long it takes.
    pub(crate) delay: RangeInclusive<Duration>,
}

/// One program on the network.
pub(crate) struct Node {
    /// What it runs; `None` only listens.
    pub(crate) engine: Option<Engine>,
    /// What it told, and when.
    pub(crate) events: Vec<(Duration, Event)>,
    /// What was delivered to one without an engine.
    pub(crate) inbox: Vec<(Duration, Arrival, Rc<[u8]>)>,
    plugs: Vec<Plug>,
    deadline: Option<Duration>,
}

/// An interface and the segment that it is plugged into.
#[derive(Clone, Debug)]
pub(crate) struct Plug {
    /// Which segment.
    pub(crate) segment: u32,
    /// What the engine knows of it.
    pub(crate) interface: Interface,
}

/// A datagram that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// When.
    pub(crate) at: Duration,
    /// By whom.
    pub(crate) node: usize,
    /// What.
    pub(crate) datagram: Datagram,
}

struct Flight {
    node: usize,
    arrival: Arrival,
    bytes: Rc<[u8]>,
}

impl Faults {
    /// A network that loses nothing and takes a millisecond.
    pub(crate) fn none() -> Self {
        let delay = Duration::from_millis(1)..=Duration::from_millis(1);
        Self { loss_percent: 0, twice_percent: 0, delay }
    }
}

impl Sent {
    /// The message; all that engines send can be read.
    pub(crate) fn message(&self) -> Message {
        read(&self.datagram.bytes).expect("engines send what can be read")
    }

    /// The text of it.
    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.datagram.bytes).expect("engines send text")
    }
}

impl Lan {
    pub(crate) fn new(seed: u64, faults: Faults) -> Self {
        Self {
            now: Duration::ZERO,
            faults,
            nodes: Vec::new(),
            wire: Vec::new(),
            buffers: None,
            flying: BTreeMap::new(),
            count: 0,
            timers: BTreeSet::new(),
            rng: fastrand::Rng::with_seed(seed),
        }
    }

    /// Starts an engine on these interfaces.
    pub(crate) fn join(&mut self, engine: Engine, plugs: Vec<Plug>) -> usize {
        let node = self.add(Some(engine), Vec::new());
        self.plug(node, plugs);
        node
    }

    /// Somebody who only keeps what comes, and says what [`Lan::send`] has him say.
    pub(crate) fn listen(&mut self, plugs: Vec<Plug>) -> usize {
        self.add(None, plugs)
    }

    fn add(&mut self, engine: Option<Engine>, plugs: Vec<Plug>) -> usize {
        let (events, inbox) = (Vec::new(), Vec::new());
        self.nodes.push(Node { engine, events, inbox, plugs, deadline: None });
        self.nodes.len() - 1
    }

    /// The interfaces of a node are these now.
    pub(crate) fn plug(&mut self, node: usize, plugs: Vec<Plug>) {
        let interfaces = plugs.iter().map(|plug| plug.interface.clone()).collect();
        self.nodes[node].plugs = plugs;
        self.input(node, Input::Interfaces(interfaces));
    }

    /// Ends a node without a goodbye.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node].engine = None;
        self.nodes[node].plugs.clear();
        self.set_timer(node);
    }

    /// Tells an engine something, and does what it then wants.
    pub(crate) fn input(&mut self, node: usize, input: Input<'_>) {
        let Some(engine) = &mut self.nodes[node].engine else { return };
        let is_timer = matches!(input, Input::Timer);
        engine.handle(self.now, input);
        if is_timer {
            let deadline = engine.deadline();
            assert!(
                deadline.is_none_or(|at| at > self.now),
                "it would turn for ever: {deadline:?}"
            );
        }
        while let Some(output) = self.nodes[node].engine.as_mut().and_then(Engine::poll) {
            match output {
                Output::Send(datagram) => self.send(node, datagram),
                Output::Event(event) => self.nodes[node].events.push((self.now, event)),
            }
        }
        self.set_timer(node);
    }

    /// Sends a datagram from a node's interface, as its engine would.
    pub(crate) fn send(&mut self, node: usize, datagram: Datagram) {
        self.wire.push(Sent { at: self.now, node, datagram: datagram.clone() });
        let Datagram { interface, to, from, bytes } = datagram;
        let from_plug = self.nodes[node].plugs.iter().find(|p| p.interface.index == interface);
        let Some(plug) = from_plug else { return };
        let Some(ip) = source(&plug.interface, to) else { return };
        let port = match from {
            Port::Own => plug.interface.own_port,
            Port::Ssdp => SSDP_PORT,
        };
        let segment = plug.segment;
        self.send_as(segment, SocketAddr::new(ip, port), to, &bytes.into());
    }

    /// Sends a datagram with any source, forged or not.
    pub(crate) fn send_as(
        &mut self,
        segment: u32,
        source: SocketAddr,
        to: SocketAddr,
        bytes: &Rc<[u8]>,
    ) {
        let mut flights = Vec::new();
        for (node, there) in self.nodes.iter().enumerate() {
            for plug in there.plugs.iter().filter(|plug| plug.segment == segment) {
                if let Some(by) = way(&plug.interface, to) {
                    let interface = plug.interface.index;
                    let arrival = Arrival { interface, source: scoped(source, interface), by };
                    flights.push(Flight { node, arrival, bytes: Rc::clone(bytes) });
                }
            }
        }
        for flight in flights {
            self.fly(flight);
        }
    }

    fn fly(&mut self, flight: Flight) {
        let chance = |rng: &mut fastrand::Rng, percent: u8| rng.u8(0..100) < percent;
        if chance(&mut self.rng, self.faults.loss_percent) {
            return;
        }
        let copies = 1 + u8::from(chance(&mut self.rng, self.faults.twice_percent));
        let micros = |span: &Duration| u64::try_from(span.as_micros()).expect("a short delay");
        let (least, most) = (micros(self.faults.delay.start()), micros(self.faults.delay.end()));
        for _ in 0..copies {
            let at = self.now + Duration::from_micros(self.rng.u64(least..=most));
            let Some(at) = self.read_at(at, &flight) else { continue };
            self.count += 1;
            let Flight { node, arrival, bytes } = &flight;
            let copy = Flight { node: *node, arrival: *arrival, bytes: Rc::clone(bytes) };
            self.flying.insert((at, self.count), copy);
        }
    }

    fn read_at(&mut self, at: Duration, flight: &Flight) -> Option<Duration> {
        match &mut self.buffers {
            Some(buffers) => buffers.read_at(at, flight.node, flight.arrival),
            None => Some(at),
        }
    }

    /// Lets time pass, with all that happens in it.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            let arrives = self.flying.first_key_value().map(|((at, _), _)| *at);
            let timer = self.timers.first().copied();
            let next = arrives.into_iter().chain(timer.map(|(at, _)| at)).min();
            let Some(at) = next.filter(|at| *at <= end) else { break };
            self.now = at.max(self.now);
            if arrives == Some(at) {
                self.deliver();
            } else if let Some((_, node)) = timer {
                self.input(node, Input::Timer);
            }
        }
        self.now = end;
        self.buffers.iter_mut().for_each(|buffers| buffers.forget(end));
    }

    fn deliver(&mut self) {
        let Some((_, Flight { node, arrival, bytes })) = self.flying.pop_first() else { return };
        if self.nodes[node].engine.is_some() {
            self.input(node, Input::Datagram(arrival, &bytes));
        } else {
            self.nodes[node].inbox.push((self.now, arrival, bytes));
        }
    }

    fn set_timer(&mut self, node: usize) {
        let there = &mut self.nodes[node];
        let deadline = there.engine.as_ref().and_then(Engine::deadline);
        if let Some(before) = std::mem::replace(&mut there.deadline, deadline) {
            self.timers.remove(&(before, node));
        }
        self.timers.extend(deadline.map(|at| (at, node)));
    }

    /// What a node has sent since then.
    pub(crate) fn sent(&self, node: usize, since: Duration) -> Vec<Sent> {
        let sent = self.wire.iter().filter(|sent| sent.node == node && sent.at >= since);
        sent.cloned().collect()
    }
}

/// The address that a datagram to there leaves with.
fn source(interface: &Interface, to: SocketAddr) -> Option<IpAddr> {
    if to.ip().is_multicast() {
        let mut groups = interface.groups().into_iter();
        return groups.find(|(group, _)| group.ip() == to.ip()).map(|(_, ours)| ours);
    }
    let mut ours = interface.addresses.iter();
    ours.find(|ours| ours.shares_network(to.ip())).map(|ours| ours.ip)
}

/// How a datagram to there comes in at an interface, if at all.
fn way(interface: &Interface, to: SocketAddr) -> Option<Way> {
    if to.ip().is_multicast() {
        let mut groups = interface.groups().into_iter();
        let is_member = groups.any(|(group, _)| group.ip() == to.ip());
        return (is_member && to.port() == SSDP_PORT).then_some(Way::Multicast);
    }
    if !interface.addresses.iter().any(|ours| ours.ip == to.ip()) {
        return None;
    }
    match to.port() {
        SSDP_PORT => Some(Way::Unicast(Port::Ssdp)),
        port if port == interface.own_port => Some(Way::Unicast(Port::Own)),
        _ => None,
    }
}

/// A link-local address as the receiving system says it: with the interface that it came in at.
fn scoped(source: SocketAddr, interface: u32) -> SocketAddr {
    match source {
        SocketAddr::V6(v6) if is_link_local(source.ip()) => {
            SocketAddr::V6(SocketAddrV6::new(*v6.ip(), v6.port(), 0, interface))
        }
        SocketAddr::V4(_) | SocketAddr::V6(_) => source,
    }
}

/// An interface with these addresses, such as `10.0.0.7/24`.
pub(crate) fn plug(segment: u32, index: u32, addresses: &[&str]) -> Plug {
    let address = |text: &&str| {
        let (ip, prefix) = text.split_once('/').expect("address/prefix");
        Address { ip: ip.parse().unwrap(), prefix: prefix.parse().unwrap() }
    };
    let addresses = addresses.iter().map(address).collect();
    let name = format!("eth{index}");
    Plug { segment, interface: Interface { index, name, addresses, own_port: 50_000 } }
}

/// A lamp; the number makes its name.
pub(crate) fn lamp(number: u8) -> Device {
    Device {
        udn: Udn::random([number; 16]),
        kind: Target::parse(LAMP).unwrap(),
        services: vec![Target::parse("urn:example-org:service:Switch:1").unwrap()],
        embedded: Vec::new(),
        location: (8080, "/description.xml".into()),
        config_id: 7,
        max_age: Duration::from_secs(1800),
        extra: vec![("HINT.EXAMPLE-ORG".into(), "on".into())],
        earlier: Vec::new(),
    }
}

/// What an engine for that device, or for none, is set up with.
pub(crate) fn config(device: Option<Device>, wanted: Wanted) -> Config {
    Config {
        device,
        wanted,
        product: "Linux/6.1 UPnP/2.0 lamp/0.1".into(),
        friendly_name: "lamp".into(),
        echo: Some("ECHO.EXAMPLE-ORG".into()),
        boot_id: 1_000,
        unix: 1_800_000_000,
    }
}
