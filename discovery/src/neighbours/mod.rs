//! Who is on this network: the table behind every list of people and communities.
//!
//! Pure: what `ssdp` has heard, results of attempts to connect, and the time go in; changes,
//! attempts to make and devices to ask come out. Two things are the same neighbour when they have
//! the same UDN, which every run of a program draws anew: neither address nor identity tells, since
//! several people may use one machine and the disks of a class may be copies of each other.

mod address;
mod numbered;
mod probes;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use hallway::identity::Fingerprint;
use hallway::message::State;
use hallway::place::Place;
use hallway::seeds::Seeds;
use hallway::text::{Name, shown};
use hallway::time::Millis;
use ssdp::engine::{Entry, Event};
use ssdp::interface::{Interface, scoped};
pub use ssdp::target::Udn;

pub use self::address::{Address, Probed, Reach};
pub use self::numbered::Numbered;
use self::probes::Probes;
use crate::hints::Hints;
use crate::kind::Kind;
use crate::limits::{
    NEIGHBOURS_MAX, PROBE_AGAIN, PROBE_JITTER, PROBE_PORT_MIN, TWINS_COMPARED_MAX,
};

/// Somebody on this network, as they say of themselves: nothing is proved before the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Which run of which program.
    pub udn: Udn,
    /// A person or a community.
    pub kind: Kind,
    /// The name; long ones end with `…`.
    pub name: Name,
    /// Who they would prove to be.
    pub fingerprint: Fingerprint,
    /// Whether they can be called; a community always can.
    pub state: State,
    /// Where, best first; at least one.
    pub addresses: Vec<Address>,
    /// The same identity on another machine.
    pub twin: Option<Twin>,
}

/// An identity that is on two machines: a disk or an identity file was copied, or somebody lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twin {
    /// Another neighbour has it too.
    OfNeighbour,
    /// It is our own.
    OfUs,
}

impl Neighbour {
    /// Whether a connection comes about at any address.
    pub fn reach(&self) -> Reach {
        // They are sorted by that.
        self.addresses.first().map_or(Reach::Unknown, Address::reach)
    }

    /// The best address.
    pub fn socket(&self) -> Option<SocketAddr> {
        self.sockets().next()
    }

    /// The same as a person would type it.
    pub fn place(&self) -> Option<Place> {
        Place::parse(&self.socket()?.to_string(), 0).ok()
    }

    /// All addresses, best first.
    pub fn sockets(&self) -> impl Iterator<Item = SocketAddr> {
        self.addresses.iter().map(|address| address.socket)
    }

    fn ips(&self) -> Vec<IpAddr> {
        self.sockets().map(|socket| socket.ip()).collect()
    }
}

/// Whom the table never shows, and who it is compared with.
#[derive(Clone, Debug)]
pub struct Us {
    /// This run, if it announces itself.
    pub udn: Option<Udn>,
    /// Our identity.
    pub fingerprint: Option<Fingerprint>,
}

/// What happens.
#[derive(Debug)]
pub enum Input {
    /// Something was heard.
    Heard(Event),
    /// Our interfaces, now that something about them has changed.
    Interfaces(Vec<Interface>),
    /// Somebody begins, or stops, to look at the list: while they do, it is kept fresh.
    Look(bool),
    /// Somebody wants to know of one neighbour now.
    Probe(Udn),
    /// What came of [`Output::Probe`].
    Probed(Udn, SocketAddr, Probed),
    /// Somebody proved to have this identity, from this address.
    Verified(Fingerprint, IpAddr),
    /// The deadline has come.
    Timer,
}

/// What the table wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell this.
    Change(Change),
    /// Try to connect there, close at once, and say what came of it.
    Probe(Udn, SocketAddr),
    /// Have `ssdp` ask whether it is still there: it cannot be reached.
    Check(Udn),
    /// Have `ssdp` keep it: it is real.
    Verified(Udn),
}

/// What changed in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Somebody is there.
    Found(Neighbour),
    /// Something about somebody is different.
    Changed(Neighbour),
    /// Somebody is gone; as they were last.
    Gone(Neighbour),
}

/// Everybody on this network.
pub struct Neighbours {
    us: Us,
    interfaces: Vec<Interface>,
    known: BTreeMap<Udn, Neighbour>,
    probes: Probes,
    is_looked_at: bool,
    seeds: Seeds,
    /// Who is different since the outputs were made, and whether they are new.
    touched: BTreeMap<Udn, bool>,
    outputs: VecDeque<Output>,
}

impl Neighbours {
    /// Nobody yet. `seed` is for jitter alone.
    pub fn new(us: Us, seed: [u8; 32]) -> Self {
        Self {
            us,
            interfaces: Vec::new(),
            known: BTreeMap::new(),
            probes: Probes::default(),
            is_looked_at: false,
            seeds: Seeds::new(seed),
            touched: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Everybody: people by name, then communities by name.
    pub fn all(&self) -> Vec<&Neighbour> {
        let mut all: Vec<&Neighbour> = self.known.values().collect();
        all.sort_by_key(|one| (one.kind, &one.name, &one.udn));
        all
    }

    /// One of them.
    pub fn get(&self, udn: &Udn) -> Option<&Neighbour> {
        self.known.get(udn)
    }

    /// Our interfaces, as it was told of them last.
    pub fn interfaces(&self) -> &[Interface] {
        &self.interfaces
    }

    /// When [`Neighbours::handle`] wants [`Input::Timer`] at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        self.probes.deadline()
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes what happened.
    pub fn handle(&mut self, now: Millis, input: Input) {
        match input {
            Input::Heard(Event::Found(entry) | Event::Changed(entry)) => self.heard(now, &entry),
            Input::Heard(Event::Gone(udn)) => self.gone(&udn),
            Input::Interfaces(interfaces) => {
                self.interfaces = interfaces;
                self.us.fingerprint.into_iter().for_each(|ours| self.mark_twins(ours));
            }
            Input::Look(is_looked_at) => {
                self.is_looked_at = is_looked_at;
                let all: Vec<Udn> = self.known.keys().cloned().collect();
                all.iter().for_each(|udn| self.plan(udn, now));
            }
            Input::Probe(udn) => {
                let sockets = self.known.get(&udn).into_iter().flat_map(Neighbour::sockets);
                sockets.for_each(|socket| self.probes.plan(&udn, socket, now));
            }
            Input::Probed(udn, at, probed) => self.probed(now, &udn, at, probed),
            Input::Verified(fingerprint, ip) => {
                let proved =
                    |one: &&Neighbour| one.fingerprint == fingerprint && one.ips().contains(&ip);
                let meant = self.known.values().filter(proved);
                self.outputs.extend(meant.map(|one| Output::Verified(one.udn.clone())));
            }
            Input::Timer => {}
        }
        self.tell(now);
    }

    /// Makes outputs of what is due and of what has changed.
    fn tell(&mut self, now: Millis) {
        for (udn, is_new) in std::mem::take(&mut self.touched) {
            if let Some(one) = self.known.get(&udn).cloned() {
                let change = if is_new { Change::Found(one) } else { Change::Changed(one) };
                self.outputs.push_back(Output::Change(change));
            }
        }
        while let Some((udn, at)) = self.probes.next(now) {
            self.outputs.push_back(Output::Probe(udn, at));
        }
    }

    fn heard(&mut self, now: Millis, entry: &Entry) {
        let udn = &entry.udn;
        let is_full = self.known.len() >= NEIGHBOURS_MAX && !self.known.contains_key(udn);
        if is_full || self.us.udn.as_ref() == Some(udn) {
            return;
        }
        let Some(new) = self.read(entry) else {
            // It may have become something else, such as somebody who lies about their type.
            return self.gone(udn);
        };
        let fingerprint = new.fingerprint;
        let old = self.known.insert(udn.clone(), new);
        let now_known = self.known.get(udn);
        if old.as_ref() != now_known {
            self.touched.insert(udn.clone(), old.is_none());
        }
        for socket in old.iter().flat_map(Neighbour::sockets) {
            if now_known.is_none_or(|new| new.sockets().all(|kept| kept != socket)) {
                self.probes.forget(udn, socket);
            }
        }
        self.plan(udn, now);
        old.into_iter().for_each(|old| self.mark_twins(old.fingerprint));
        self.mark_twins(fingerprint);
    }

    /// What a device says of itself, if it is one of ours.
    fn read(&self, entry: &Entry) -> Option<Neighbour> {
        let old = self.known.get(&entry.udn);
        let Hints { port, state, fingerprint, name } = Hints::among(&entry.extra)?;
        let mut addresses: Vec<Address> = Vec::new();
        for place in &entry.places {
            let socket = scoped(place.source, port, place.interface);
            let ours = self.interfaces.iter().find(|ours| ours.index == place.interface);
            // Whoever forges a source must not have all of us try to connect there.
            let Some(ours) = ours.filter(|ours| ours.is_on_link(place.source)) else { continue };
            if addresses.iter().any(|known| known.socket == socket) {
                continue;
            }
            let tried = old.and_then(|old| old.addresses.iter().find(|old| old.socket == socket));
            let interface = shown(&ours.name);
            addresses.push(Address {
                socket,
                interface,
                probed: tried.and_then(|tried| tried.probed),
            });
        }
        addresses.sort_by_key(Address::rank);
        (!addresses.is_empty()).then_some(Neighbour {
            udn: entry.udn.clone(),
            kind: Kind::among(&entry.targets)?,
            name,
            fingerprint,
            state,
            addresses,
            twin: old.and_then(|old| old.twin),
        })
    }

    fn gone(&mut self, udn: &Udn) {
        let Some(old) = self.known.remove(udn) else { return };
        old.sockets().for_each(|socket| self.probes.forget(udn, socket));
        let fingerprint = old.fingerprint;
        self.outputs.push_back(Output::Change(Change::Gone(old)));
        self.mark_twins(fingerprint);
    }

    /// Tries all addresses of somebody soon, if anybody looks; those that worked when their result
    /// is old.
    fn plan(&mut self, udn: &Udn, now: Millis) {
        let Some(one) = self.known.get(udn).filter(|_| self.is_looked_at) else { return };
        // Whoever forges a port must not have all of us try to connect to a mail server.
        for address in
            one.addresses.iter().filter(|address| address.socket.port() >= PROBE_PORT_MIN)
        {
            let soon = now + Millis(self.seeds.below(PROBE_JITTER.0));
            let last = self.probes.tried(udn, address.socket);
            let holds = last.filter(|_| address.reach() == Reach::Reachable);
            let when = holds.map_or(soon, |last| soon.max(last + PROBE_AGAIN));
            self.probes.plan(udn, address.socket, when);
        }
    }

    fn probed(&mut self, now: Millis, udn: &Udn, at: SocketAddr, probed: Probed) {
        self.probes.done(udn, at, now);
        let Some(one) = self.known.get_mut(udn) else { return self.probes.forget(udn, at) };
        let Some(address) = one.addresses.iter_mut().find(|address| address.socket == at) else {
            return self.probes.forget(udn, at);
        };
        let before = address.reach();
        address.probed = Some(probed);
        if address.reach() != before {
            one.addresses.sort_by_key(Address::rank);
            self.touched.entry(udn.clone()).or_insert(false);
        }
        if one.reach() == Reach::NotReachable {
            self.outputs.push_back(Output::Check(udn.clone()));
        }
        if self.is_looked_at {
            self.probes.plan(udn, at, now + PROBE_AGAIN);
        }
    }

    /// Sees anew who of those with this identity is on different machines.
    fn mark_twins(&mut self, fingerprint: Fingerprint) {
        let bearers: Vec<(&Neighbour, Vec<IpAddr>)> = self
            .known
            .values()
            .filter(|one| one.fingerprint == fingerprint)
            .map(|one| (one, one.ips()))
            .collect();
        let is_ours = self.us.fingerprint == Some(fingerprint);
        let our_ips: Vec<IpAddr> =
            self.interfaces.iter().flat_map(|ours| &ours.addresses).map(|ours| ours.ip).collect();
        let twin = |ips: &[IpAddr]| {
            let mut compared = bearers.iter().take(TWINS_COMPARED_MAX);
            if is_ours && are_elsewhere(ips, &our_ips) {
                Some(Twin::OfUs)
            } else {
                compared.any(|(_, theirs)| are_elsewhere(ips, theirs)).then_some(Twin::OfNeighbour)
            }
        };
        let marks: Vec<(Udn, Option<Twin>)> =
            bearers.iter().map(|(one, ips)| (one.udn.clone(), twin(ips))).collect();
        for (udn, twin) in marks {
            if let Some(one) = self.known.get_mut(&udn)
                && one.twin != twin
            {
                one.twin = twin;
                self.touched.entry(udn).or_insert(false);
            }
        }
    }
}

/// Whether these addresses belong to different machines; not if that cannot be told.
fn are_elsewhere(ips: &[IpAddr], others: &[IpAddr]) -> bool {
    let families = |ips: &[IpAddr]| [IpAddr::is_ipv4, IpAddr::is_ipv6].map(|is| ips.iter().any(is));
    // Of one that is known by IPv6 alone nothing follows for another known by IPv4.
    let comparable = families(ips).iter().zip(families(others)).any(|(one, other)| *one && other);
    comparable && !ips.iter().any(|ip| others.contains(ip))
}
