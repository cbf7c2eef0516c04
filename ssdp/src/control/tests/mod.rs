//! A control point among neighbours that exist only as messages.

mod cache;
mod checks;
mod limits;
mod places;
mod searches;
mod strangers;

use std::net::SocketAddr;
use std::time::Duration;

use super::ControlPoint;
use crate::engine::{Arrival, Datagram, Entry, Event, Output, Port, Wanted, Way};
use crate::interface::{Address, Interface};
use crate::message::{Advert, Message};
use crate::target::{Target, Udn, Usn};

const LAMP: &str = "urn:example-org:device:Lamp:1";
const ECHO: &str = "HEARS.EXAMPLE-ORG";
const UNICAST: Way = Way::Unicast(Port::Own);

/// The network as the control point sees it. Times are in milliseconds.
struct Lan {
    point: ControlPoint,
    now: Duration,
    events: Vec<(u64, Event)>,
    sends: Vec<(u64, Datagram)>,
}

impl Lan {
    /// Lamps are wanted; one interface.
    fn new() -> Self {
        Self::wanting(Wanted::Types(vec![target(LAMP)]))
    }

    fn wanting(wanted: Wanted) -> Self {
        let (product, name) = ("Linux/6 UPnP/2.0 test/1".into(), "test".into());
        let (own, echo) = (Some(udn("own")), Some(ECHO.into()));
        let point = ControlPoint::new(wanted, product, name, own, echo, 7);
        let mut lan = Self { point, now: Duration::ZERO, events: vec![], sends: vec![] };
        lan.interfaces(&[ethernet(2)]);
        lan
    }

    fn interfaces(&mut self, interfaces: &[Interface]) {
        self.point.interfaces(self.now, interfaces);
        self.take();
    }

    fn hears(&mut self, source: &str, by: Way, message: &Message) {
        self.hears_on(2, source, by, message);
    }

    fn hears_on(&mut self, interface: u32, source: &str, by: Way, message: &Message) {
        let source = SocketAddr::new(source.parse().unwrap(), 1900);
        self.point.heard(self.now, Arrival { interface, source, by }, message);
        self.take();
    }

    fn search(&mut self, target: Option<Target>) {
        self.point.search(self.now, target);
        self.take();
    }

    fn check(&mut self, name: &str) {
        self.point.check(self.now, &udn(name));
        self.take();
    }

    /// Lets time pass until that moment, calling the timer when it is wanted.
    fn until(&mut self, ms: u64) {
        let end = Duration::from_millis(ms);
        while let Some(due) = self.point.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.point.timer(self.now);
            self.take();
        }
        self.now = end;
    }

    fn take(&mut self) {
        let now = u64::try_from(self.now.as_millis()).unwrap();
        while let Some(output) = self.point.poll() {
            match output {
                Output::Send(datagram) => self.sends.push((now, datagram)),
                Output::Event(event) => self.events.push((now, event)),
            }
        }
    }

    /// What was told since the last call: when, what, whom.
    fn told(&mut self) -> Vec<String> {
        let words = |(ms, event): (u64, Event)| match event {
            Event::Found(entry) => format!("{ms} found {}", entry.udn.bare()),
            Event::Changed(entry) => format!("{ms} changed {}", entry.udn.bare()),
            Event::Gone(udn) => format!("{ms} gone {}", udn.bare()),
        };
        self.events.drain(..).map(words).collect()
    }

    /// What was sent since the last call to one address, or to groups: when, where, from which.
    fn asked(&mut self, multicast: bool) -> Vec<String> {
        let (wanted, rest) = std::mem::take(&mut self.sends)
            .into_iter()
            .partition(|(_, sent)| sent.to.ip().is_multicast() == multicast);
        self.sends = rest;
        let wanted: Vec<(u64, Datagram)> = wanted;
        wanted.iter().map(|(ms, sent)| format!("{ms} {} {:?}", sent.to, sent.from)).collect()
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        self.point.entries().find(|entry| entry.udn == udn(name))
    }

    fn known(&self) -> usize {
        self.point.entries().count()
    }
}

fn udn(name: &str) -> Udn {
    Udn::parse(name).unwrap()
}

fn target(text: &str) -> Target {
    Target::parse(text).unwrap()
}

/// What a lamp says.
fn lamp(name: &str) -> Advert {
    Advert {
        target: target(LAMP),
        usn: Usn { udn: udn(name), target: Some(target(LAMP)) },
        location: Some("http://10.0.0.9:80/d.xml".into()),
        server: Some("Linux/6 UPnP/2.0 lamp/1".into()),
        max_age: Some(1800),
        boot_id: Some(1),
        next_boot_id: None,
        config_id: None,
        search_port: None,
        extra: vec![],
    }
}

fn booted(name: &str, boot_id: u32) -> Advert {
    Advert { boot_id: Some(boot_id), ..lamp(name) }
}

/// The same from the device as a whole, as an answer to a check says it.
fn itself(advert: Advert) -> Advert {
    let target = Target::Device(advert.usn.udn.clone());
    let usn = Usn { target: None, ..advert.usn };
    Advert { target, usn, ..advert }
}

fn alive(advert: Advert) -> Message {
    Message::Alive(advert)
}

fn byebye(name: &str) -> Message {
    Message::Byebye(lamp(name))
}

fn answer(advert: Advert) -> Message {
    Message::Answer(advert)
}

/// An interface with 10.0.0.0/8 alone.
fn ethernet(index: u32) -> Interface {
    let address = Address { ip: "10.0.0.1".parse().unwrap(), prefix: 8 };
    Interface { index, name: format!("eth{index}"), addresses: vec![address], own_port: 40_000 }
}
