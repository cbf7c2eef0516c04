//! The device side: announces a device, and answers the searches for it (UDA 1.2 and 1.3).

mod answers;
mod heard;
mod notices;
mod plan;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use answers::{Answer, Answers};
use heard::{Bustle, Heard};
use notices::Notice;
use plan::{Plan, Step};

use crate::engine::{Arrival, Config, Datagram, Device, Port, Way};
use crate::guard::{self, Guard};
use crate::interface::Interface;
use crate::limits::{EXTRA_GAP, MAX_AGE_HEARD, SEARCH_PORTS};
use crate::message::{Advert, Message, Search, write};
use crate::rng::Rng;

/// A device that announces itself.
#[derive(Clone, Debug)]
pub(crate) struct DeviceSide {
    device: Device,
    set: Vec<Notice>,
    product: String,
    echo: Option<String>,
    unix: u64,
    boot_id: u32,
    interfaces: Vec<Interface>,
    plan: Plan,
    changed: Changed,
    answers: Answers,
    guard: Guard,
    bustle: Bustle,
    heard: Heard,
    rng: Rng,
    out: VecDeque<Datagram>,
}

/// Whether changed fields are to be announced.
#[derive(Clone, Copy, Debug)]
enum Changed {
    /// They are announced, and others may be from then on.
    Said { next: Duration },
    /// They wait for their time.
    Waits { until: Duration },
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was answered, or there was nothing to answer.
    Taken,
    /// It would have been answered, but for the limits on that.
    OverTheRate,
}

impl DeviceSide {
    pub(crate) fn new(mut device: Device, config: &Config, seed: u64) -> Self {
        // What holds for no time would have to be said all the time.
        device.max_age = device.max_age.max(MAX_AGE_HEARD.0);
        Self {
            set: notices::of(&device),
            device,
            product: config.product.clone(),
            echo: config.echo.clone(),
            unix: config.unix,
            boot_id: config.boot_id,
            interfaces: Vec::new(),
            plan: Plan::Idle,
            changed: Changed::Said { next: Duration::ZERO },
            answers: Answers::default(),
            guard: Guard::default(),
            bustle: Bustle::default(),
            heard: Heard::default(),
            rng: Rng::new(seed),
            out: VecDeque::new(),
        }
    }

    /// A message of somebody else came, from a neighbour.
    pub(crate) fn heard(&mut self, now: Duration, arrival: Arrival, message: &Message) -> Fate {
        if arrival.by == Way::Multicast {
            self.heard.note(now, arrival.source.ip());
        }
        match message {
            Message::Search(search) => self.search(now, arrival, search),
            Message::Alive(_) | Message::Update(_) | Message::Byebye(_) => {
                if arrival.by == Way::Multicast {
                    self.bustle.heard(now);
                }
                Fate::Taken
            }
            Message::Answer(_) => Fate::Taken,
        }
    }

    fn search(&mut self, now: Duration, arrival: Arrival, search: &Search) -> Fate {
        let source = arrival.source;
        let mx = match (arrival.by, search.mx) {
            // UDA 1.3.3: without MX, a search in the group is discarded.
            (Way::Multicast, None) => return Fate::Taken,
            (Way::Multicast | Way::Unicast(_), mx) => mx.unwrap_or_default(),
        };
        let notices = notices::matching(&self.set, &search.target);
        let interface = self.interfaces.iter().find(|other| other.index == arrival.interface);
        if notices.is_empty()
            || !interface.is_some_and(|interface| guard::is_answerable(interface, source))
            || self.answers.is_waiting(source, &search.target)
        {
            return Fate::Taken;
        }
        let parts = u32::try_from(notices.len()).unwrap_or(u32::MAX);
        if !self.answers.has_room(notices.len()) || !self.guard.admits(now, source.ip(), parts) {
            return Fate::OverTheRate;
        }
        self.answers.add(now, arrival, (&search.target, mx), notices, &mut self.rng);
        Fate::Taken
    }

    /// The interfaces are these now. Where that changes what we have said of ourselves it is a new
    /// boot: told beforehand where we were heard already, and then everywhere (UDA 1.2.4).
    pub(crate) fn interfaces(&mut self, now: Duration, interfaces: &[Interface]) {
        let before = std::mem::replace(&mut self.interfaces, interfaces.to_vec());
        if said(&before) == said(interfaces) {
            return;
        }
        if self.plan.has_begun() {
            let next = self.boot_id % (u32::MAX >> 1) + 1;
            self.update(&before, next);
            self.boot_id = next;
            self.plan = Plan::start(now, &mut self.rng);
            return;
        }
        self.leave_for_earlier();
        if self.plan == Plan::Idle {
            self.plan = Plan::start(now, &mut self.rng);
        }
    }

    /// The vendors' fields are these now.
    pub(crate) fn extra(&mut self, now: Duration, extra: Vec<(String, String)>) {
        if self.device.extra == extra {
            return;
        }
        self.device.extra = extra;
        if let Changed::Said { next } = self.changed {
            self.changed = Changed::Waits { until: next.max(now) };
        }
        self.timer(now);
    }

    /// Does everything whose time has come.
    pub(crate) fn timer(&mut self, now: Duration) {
        while let Some(answer) = self.answers.due(now) {
            self.answer(now, &answer);
        }
        let (max_age, parts) = (self.device.max_age, self.set.len());
        while let Some(step) = self.plan.due(now, max_age, parts, &mut self.bustle, &mut self.rng) {
            match step {
                Step::Set => self.alive_set(now),
                Step::One(part) => self.alive(part),
            }
        }
        if let Changed::Waits { until } = self.changed
            && until <= now
        {
            // Where the first set is still to come it says the change.
            if self.plan.has_begun() {
                self.alive_set(now);
            } else {
                self.changed = Changed::Said { next: now };
            }
        }
    }

    /// Says goodbye; answers that wait are not given.
    pub(crate) fn stop(&mut self) {
        self.answers = Answers::default();
        for (interface, group, address) in each_group(&self.interfaces) {
            for notice in &self.set {
                let advert = self.advert(interface, address, notice);
                self.out.push_back(datagram(interface, group, write::byebye(group, &advert)));
            }
        }
        self.interfaces = Vec::new();
        self.plan = Plan::Idle;
    }

    pub(crate) fn poll(&mut self) -> Option<Datagram> {
        self.out.pop_front()
    }

    pub(crate) fn deadline(&self) -> Option<Duration> {
        let changed = match self.changed {
            Changed::Waits { until } => Some(until),
            Changed::Said { .. } => None,
        };
        [self.answers.deadline(), self.plan.deadline(), changed].into_iter().flatten().min()
    }

    fn leave_for_earlier(&mut self) {
        for (interface, group, address) in each_group(&self.interfaces) {
            for udn in &self.device.earlier {
                for notice in notices::of_earlier(&self.device, udn) {
                    let advert = self.advert(interface, address, &notice);
                    self.out.push_back(datagram(interface, group, write::byebye(group, &advert)));
                }
            }
        }
    }

    /// Says on the interfaces that stay that the boot number will be another, with the LOCATION
    /// that was known there until now.
    fn update(&mut self, before: &[Interface], next: u32) {
        let stays = |interface: &Interface, group| {
            let mut groups = each_group(&self.interfaces);
            groups.any(|(now, other, _)| now.index == interface.index && other == group)
        };
        for (interface, group, address) in each_group(before) {
            if !stays(interface, group) {
                continue;
            }
            for notice in &self.set {
                let mut advert = self.advert(interface, address, notice);
                advert.next_boot_id = Some(next);
                self.out.push_back(datagram(interface, group, write::update(group, &advert)));
            }
        }
    }

    /// Announces everything at once; changed fields are said with it.
    fn alive_set(&mut self, now: Duration) {
        for part in 0..self.set.len() {
            self.alive(part);
        }
        if let Changed::Waits { .. } = self.changed {
            self.changed = Changed::Said { next: now + EXTRA_GAP };
        }
        // From now on a goodbye would be our own.
        self.device.earlier.clear();
    }

    /// Announces one part of the set, everywhere.
    fn alive(&mut self, part: usize) {
        let Some(notice) = self.set.get(part) else { return };
        for (interface, group, address) in each_group(&self.interfaces) {
            let advert = self.advert(interface, address, notice);
            self.out.push_back(datagram(interface, group, write::alive(group, &advert)));
        }
    }

    fn answer(&mut self, now: Duration, answer: &Answer) {
        let Arrival { interface, source, by } = answer.arrival;
        // The interface may be gone by now, or its address.
        let Some(interface) = self.interfaces.iter().find(|other| other.index == interface) else {
            return;
        };
        let mut ours = interface.addresses.iter();
        let Some(near) = ours.find(|ours| ours.shares_network(source.ip())) else { return };
        let mut advert = self.advert(interface, near.ip, &answer.notice);
        if let (Way::Unicast(_), Some(echo)) = (by, &self.echo) {
            let is_heard = self.heard.is_recent(now, source.ip());
            advert.extra.push((echo.clone(), if is_heard { "1" } else { "0" }.to_owned()));
        }
        let bytes = write::answer(self.unix.saturating_add(now.as_secs()), &advert);
        let from = match by {
            Way::Multicast => Port::Own,
            // Firewalls let in only what comes back from where the question went.
            Way::Unicast(port) => port,
        };
        self.out.push_back(Datagram { from, ..datagram(interface, source, bytes) });
    }

    /// What we say of ourselves to those who reach us under that address.
    fn advert(&self, interface: &Interface, address: IpAddr, notice: &Notice) -> Advert {
        let (port, path) = &self.device.location;
        let host = SocketAddr::new(address, *port);
        Advert {
            target: notice.target.clone(),
            usn: notice.usn.clone(),
            location: Some(format!("http://{host}{path}")),
            server: Some(self.product.clone()),
            max_age: Some(u32::try_from(self.device.max_age.as_secs()).unwrap_or(u32::MAX)),
            boot_id: Some(self.boot_id),
            next_boot_id: None,
            config_id: Some(self.device.config_id),
            search_port: Some(interface.own_port).filter(|port| SEARCH_PORTS.contains(port)),
            extra: self.device.extra.clone(),
        }
    }
}

/// What is said of interfaces: two lists that are said alike are the same to others.
fn said(interfaces: &[Interface]) -> Vec<(u32, u16, SocketAddr, IpAddr)> {
    let mut said: Vec<_> = each_group(interfaces)
        .map(|(interface, group, ours)| (interface.index, interface.own_port, group, ours))
        .collect();
    said.sort();
    said
}

/// Where something is said to all: the interface, the group, and our address for its members.
fn each_group(interfaces: &[Interface]) -> impl Iterator<Item = (&Interface, SocketAddr, IpAddr)> {
    interfaces.iter().flat_map(|interface| {
        let groups = interface.groups().into_iter();
        groups.map(move |(group, address)| (interface, group, address))
    })
}

fn datagram(interface: &Interface, to: SocketAddr, bytes: Vec<u8>) -> Datagram {
    Datagram { interface: interface.index, to, from: Port::Own, bytes }
}
