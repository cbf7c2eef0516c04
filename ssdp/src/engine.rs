//! The engine: what goes into it and what comes out, and how it shares that among its two sides,
//! the device and the control point.
//!
//! Time is a span since any fixed moment of the caller's, the same for all calls, never going back.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use crate::control::ControlPoint;
use crate::counts::Counts;
use crate::device::{DeviceSide, Fate};
use crate::interface::Interface;
use crate::message::{self, Message};
use crate::target::{Target, Udn};

/// A device that announces itself, a control point that listens and searches, or both.
#[derive(Debug)]
pub struct Engine {
    life: Life,
    own: Vec<Udn>,
    interfaces: Vec<Interface>,
    counts: BTreeMap<u32, Counts>,
    device: Option<DeviceSide>,
    control: ControlPoint,
    outputs: VecDeque<Output>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Running,
    Stopped,
}

impl Engine {
    /// An engine that has no interfaces yet: it begins when it is told of one.
    pub fn new(config: Config, seed: u64) -> Self {
        let device = config.device.as_ref();
        let control = ControlPoint::new(
            config.wanted.clone(),
            config.product.clone(),
            config.friendly_name.clone(),
            device.map(|device| device.udn.clone()),
            config.echo.clone(),
            !seed,
        );
        Self {
            life: Life::Running,
            own: device.map(names).unwrap_or_default(),
            interfaces: Vec::new(),
            counts: BTreeMap::new(),
            device: device.map(|device| DeviceSide::new(device.clone(), &config, seed)),
            control,
            outputs: VecDeque::new(),
        }
    }

    /// Something happens, at that time. After [`Input::Stop`] nothing does.
    pub fn handle(&mut self, now: Duration, input: Input<'_>) {
        if self.life == Life::Stopped {
            return;
        }
        match input {
            Input::Datagram(arrival, bytes) => self.datagram(now, arrival, bytes),
            Input::Interfaces(interfaces) => self.interfaces(now, interfaces),
            Input::Search(target) => self.control.search(now, target),
            Input::Check(udn) => self.control.check(now, &udn),
            Input::Verified(udn) => self.control.verified(&udn),
            Input::Extra(extra) => {
                if let Some(device) = &mut self.device {
                    device.extra(now, extra);
                }
            }
            Input::Timer => {
                self.device.iter_mut().for_each(|device| device.timer(now));
                self.control.timer(now);
            }
            Input::Stop => {
                self.device.iter_mut().for_each(DeviceSide::stop);
                self.life = Life::Stopped;
            }
        }
        self.gather();
    }

    /// The next thing that is to be done, in order.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When [`Input::Timer`] is wanted; it may come later, or for nothing.
    pub fn deadline(&self) -> Option<Duration> {
        match self.life {
            Life::Running => {
                let device = self.device.as_ref().and_then(DeviceSide::deadline);
                [device, self.control.deadline()].into_iter().flatten().min()
            }
            Life::Stopped => None,
        }
    }

    /// Who is there.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.control.entries()
    }

    /// What has been heard on each interface in use, by its index.
    pub fn counts(&self) -> &BTreeMap<u32, Counts> {
        &self.counts
    }

    fn datagram(&mut self, now: Duration, arrival: Arrival, bytes: &[u8]) {
        // Interfaces come and go; a datagram may be older than the news of that.
        let index = arrival.interface;
        let known = self.interfaces.iter().find(|interface| interface.index == index);
        let (Some(interface), Some(counts)) = (known, self.counts.get_mut(&index)) else { return };
        if !interface.is_on_link(arrival.source.ip()) {
            counts.dropped.off_link += 1;
            return;
        }
        let message = match message::read(bytes) {
            Ok(message) => message,
            Err(reason) => return counts.refused(reason),
        };
        if is_own(&self.own, interface, arrival.source, &message) {
            counts.own += u64::from(arrival.by == Way::Multicast);
            return;
        }
        if self.interfaces.iter().any(|ours| ours.has(arrival.source.ip())) {
            counts.here += 1;
        } else {
            counts.heard(arrival.by, &message);
        }
        if let Some(device) = &mut self.device
            && device.heard(now, arrival, &message) == Fate::OverTheRate
        {
            counts.dropped.over_rate += 1;
        }
        self.control.heard(now, arrival, &message);
    }

    fn interfaces(&mut self, now: Duration, interfaces: Vec<Interface>) {
        self.counts.retain(|index, _| interfaces.iter().any(|other| other.index == *index));
        for interface in &interfaces {
            self.counts.entry(interface.index).or_default();
        }
        if let Some(device) = &mut self.device {
            device.interfaces(now, &interfaces);
        }
        self.control.interfaces(now, &interfaces);
        self.interfaces = interfaces;
    }

    fn gather(&mut self) {
        if let Some(device) = &mut self.device {
            self.outputs.extend(std::iter::from_fn(|| device.poll()).map(Output::Send));
        }
        self.outputs.extend(std::iter::from_fn(|| self.control.poll()));
    }
}

/// Names of a device and of those inside it.
fn names(device: &Device) -> Vec<Udn> {
    let embedded = device.embedded.iter().map(|inside| inside.udn.clone());
    std::iter::once(device.udn.clone()).chain(embedded).collect()
}

/// Whether we said this ourselves: groups give back what is sent to them. An announcement is known
/// by its name, never by its address, for others on this machine have the same; a search by the
/// port that only we have.
fn is_own(own: &[Udn], interface: &Interface, source: SocketAddr, message: &Message) -> bool {
    match message {
        Message::Alive(advert)
        | Message::Update(advert)
        | Message::Byebye(advert)
        | Message::Answer(advert) => own.contains(&advert.usn.udn),
        Message::Search(_) => source.port() == interface.own_port && interface.has(source.ip()),
    }
}

/// What an engine is set up with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whom we announce; `None` to listen and search only.
    pub device: Option<Device>,
    /// What is searched for by itself and kept when heard.
    pub wanted: Wanted,
    /// `OS/version UPnP/2.0 product/version`, for SERVER and USER-AGENT.
    pub product: String,
    /// What a search calls us, for CPFN.UPNP.ORG: no person's name, since everybody hears it.
    pub friendly_name: String,
    /// A vendor's field (`name.domain`, upper case) for answers to unicast searches: whether the
    /// asker's multicasts have been heard lately (`1` or `0`). So everybody learns whether they are
    /// heard at all.
    pub echo: Option<String>,
    /// The first boot number, below 2^31; Unix time is the usual source (UDA 1.2.2).
    pub boot_id: u32,
    /// Seconds since 1970 when the engine's time was zero, for DATE.
    pub unix: u64,
}

/// A device that we announce.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name, which no other has.
    pub udn: Udn,
    /// Its type; a [`Target::DeviceType`].
    pub kind: Target,
    /// Types of its services, each a [`Target::ServiceType`].
    pub services: Vec<Target>,
    /// Devices inside it.
    pub embedded: Vec<Embedded>,
    /// Port and path of its description; the address is that of each interface.
    pub location: (u16, String),
    /// `CONFIGID.UPNP.ORG`, below 2^24.
    pub config_id: u32,
    /// How long an announcement holds.
    pub max_age: Duration,
    /// Vendors' fields (`name.domain`, upper case) for all announcements and answers.
    pub extra: Vec<(String, String)>,
    /// Earlier runs that ended without a goodbye: it is said for them at the start.
    pub earlier: Vec<Udn>,
}

/// A device inside a device.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Its name.
    pub udn: Udn,
    /// Its type.
    pub kind: Target,
    /// Types of its services.
    pub services: Vec<Target>,
}

/// What the control point cares about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: it keeps no list and never searches.
    Nothing,
    /// Devices and services of these types.
    Types(Vec<Target>),
    /// Every device; searched for with `ssdp:all`.
    Everything,
}

/// What happens to an engine.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// A datagram came.
    Datagram(Arrival, &'a [u8]),
    /// The interfaces in use, all of them, now that something about them has changed.
    Interfaces(Vec<Interface>),
    /// Somebody wants to know now: search for what is wanted, or for this alone.
    Search(Option<Target>),
    /// Somebody doubts that a device is still there: ask it.
    Check(Udn),
    /// A device has proved, elsewhere, to be there: it is kept when the list is full.
    Verified(Udn),
    /// The vendors' fields of our announcements are others now.
    Extra(Vec<(String, String)>),
    /// The deadline has come.
    Timer,
    /// Say goodbye; nothing is sent after that.
    Stop,
}

/// Where a datagram came from, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Index of the interface.
    pub interface: u32,
    /// Who sent it.
    pub source: SocketAddr,
    /// What it was sent to.
    pub by: Way,
}

/// How a datagram travelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To the group.
    Multicast,
    /// To one of our ports.
    Unicast(Port),
}

/// What an engine wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this.
    Send(Datagram),
    /// Tell this.
    Event(Event),
}

/// A datagram to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Through this interface, whatever the routing table says.
    pub interface: u32,
    /// To the group, or to one address. Link-local IPv6 carries its scope.
    pub to: SocketAddr,
    /// From which of our ports.
    pub from: Port,
    /// The message.
    pub bytes: Vec<u8>,
}

/// One of the ports that we send from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    /// Our own, announced as SEARCHPORT: all but the next.
    Own,
    /// 1900: a firewall that lets in what is sent to 1900 lets in the answers to a search from
    /// there, and no others.
    Ssdp,
}

/// What is told of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A device is there.
    Found(Entry),
    /// A device says something else than before, or is elsewhere.
    Changed(Entry),
    /// A device is gone: it said so and does not answer, or it has not been heard for too long.
    Gone(Udn),
}

/// A device in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub udn: Udn,
    /// What it says to be.
    pub targets: Vec<Target>,
    /// Where it was heard, latest first.
    pub places: Vec<Place>,
    /// Its SERVER.
    pub server: Option<String>,
    /// Vendors' fields it sent last.
    pub extra: Vec<(String, String)>,
}

/// Where a device was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of our interface.
    pub interface: u32,
    /// Its address: the source of the datagram, with port [`Place::search_port`].
    pub source: std::net::IpAddr,
    /// Where it takes unicast searches.
    pub search_port: u16,
    /// Where it says its description is. Not checked: see `shell::fetch`.
    pub location: Option<String>,
    /// Its boot number.
    pub boot_id: Option<u32>,
    /// What its echo field said last, if it answered a unicast search.
    pub hears_us: Option<bool>,
}
