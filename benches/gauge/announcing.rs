//! SSDP announcements of others, and the quiet between them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use discovery::hints::{Hints, product};
use discovery::kind::Kind;
use hallway::identity::PublicIdentity;
use hallway::message::State;
use ssdp::engine::{Arrival, Config, Device, Engine, Input, Output, Wanted, Way};
use ssdp::interface::{Address, GROUP_V4, Interface, SSDP_PORT};
use ssdp::limits::MAX_AGE;
use ssdp::message::Advert;
use ssdp::message::write::alive;
use ssdp::target::{Target, Udn, Usn};

use crate::login::name;
use crate::works::gauged;

const ROUNDS: u8 = 50;

fn kind() -> Target {
    Kind::Person.device_type()
}

fn udn(number: u8) -> Udn {
    Udn::random([number; 16])
}

fn extra() -> Vec<(String, String)> {
    let fingerprint = PublicIdentity([7; 32]).fingerprint();
    vec![Hints { port: 5460, state: State::Available, fingerprint, name: name("ann") }.field()]
}

/// An announcement as our programs make it, and where it comes from.
fn announcement(number: u8) -> (Arrival, Vec<u8>) {
    let ip = IpAddr::V4(Ipv4Addr::new(10, 0, 0, number));
    let advert = Advert {
        target: kind(),
        usn: Usn { udn: udn(number), target: Some(kind()) },
        location: Some(format!("http://{ip}:54601/device.xml")),
        server: Some(product()),
        max_age: Some(MAX_AGE.as_secs() as u32),
        boot_id: Some(1_700_000_000),
        next_boot_id: None,
        config_id: Some(1),
        search_port: Some(50_000),
        extra: extra(),
    };
    let group = SocketAddr::from((GROUP_V4, SSDP_PORT));
    let source = SocketAddr::new(ip, 50_000);
    (Arrival { interface: 1, source, by: Way::Multicast }, alive(group, &advert))
}

/// A program that announces itself and looks for others, on one interface.
struct Listener {
    engine: Engine,
    now: Duration,
    outputs: Vec<Output>,
}

impl Listener {
    fn new() -> Self {
        let device = Device {
            udn: udn(255),
            kind: kind(),
            services: vec![Kind::Person.service_type()],
            embedded: Vec::new(),
            location: (54_601, "/device.xml".into()),
            config_id: 1,
            max_age: MAX_AGE,
            extra: extra(),
            earlier: Vec::new(),
        };
        let config = Config {
            device: Some(device),
            wanted: Wanted::Types(vec![kind()]),
            product: product(),
            friendly_name: "Hallway".into(),
            echo: None,
            boot_id: 1_700_000_000,
            unix: 1_700_000_000,
        };
        let engine = Engine::new(config, 1);
        let outputs = Vec::with_capacity(1 << 10);
        let mut listener = Self { engine, now: Duration::ZERO, outputs };
        listener.handle(Input::Interfaces(vec![Interface {
            index: 1,
            name: "eth0".into(),
            addresses: vec![Address { ip: Ipv4Addr::new(10, 0, 0, 254).into(), prefix: 24 }],
            own_port: 50_000,
        }]));
        listener.pass(Duration::from_secs(300));
        listener
    }

    fn handle(&mut self, input: Input<'_>) {
        self.engine.handle(self.now, input);
        self.outputs.extend(std::iter::from_fn(|| self.engine.poll()));
    }

    /// Time passes, with a timer whenever the engine wants one.
    fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.engine.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.handle(Input::Timer);
        }
        self.now = end;
        self.outputs.clear();
    }

    fn hear(&mut self, (arrival, bytes): &(Arrival, Vec<u8>)) {
        self.handle(Input::Datagram(*arrival, bytes));
    }
}

/// A device that is known announces itself again.
pub(crate) fn known() -> usize {
    let mut listener = Listener::new();
    let said = announcement(1);
    listener.hear(&said);
    assert_eq!(listener.engine.entries().count(), 1);
    for _ in 0..ROUNDS {
        listener.pass(Duration::from_secs(10));
        gauged(|| listener.hear(&said));
    }
    usize::from(ROUNDS)
}

/// A device announces itself for the first time.
pub(crate) fn new() -> usize {
    let mut listener = Listener::new();
    for number in 1..=ROUNDS {
        let said = announcement(number);
        gauged(|| listener.hear(&said));
        listener.pass(Duration::from_secs(1));
    }
    assert_eq!(listener.engine.entries().count(), usize::from(ROUNDS));
    usize::from(ROUNDS)
}

/// A minute passes with one neighbour, who says nothing in it.
pub(crate) fn idle() -> usize {
    let mut listener = Listener::new();
    listener.hear(&announcement(1));
    listener.pass(Duration::from_secs(60));
    let minutes = 10;
    for _ in 0..minutes {
        gauged(|| listener.pass(Duration::from_secs(60)));
    }
    minutes
}
