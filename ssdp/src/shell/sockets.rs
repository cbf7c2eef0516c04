//! All sockets: for each interface and family one for each group and one of our own, and for each
//! family one on port 1900 for what is sent to this machine alone: all the time for a device, else
//! only while answers to a search from there may come.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mio::{Registry, Token};

use super::link::{Link, Open, Opener, Role};
use super::socket;
use super::status::{Refused, Traffic, Trouble};
use crate::candidates::Candidate;
use crate::engine::{Arrival, Datagram, Port, Way};
use crate::interface::{Family, Interface};
use crate::limits::SSDP_PORT_KEPT;

/// The sockets of all interfaces in use.
#[derive(Debug)]
pub struct Sockets {
    opener: Opener,
    links: BTreeMap<u32, Link>,
    ssdp: Vec<Open>,
    /// Until when port 1900 is ours; `None` for ever.
    ssdp_until: Option<Duration>,
    troubles: Vec<Trouble>,
}

impl Sockets {
    /// None yet. Tokens from `first` on are theirs; `seed` chooses the ports. Who announces a
    /// device is searched for on port 1900.
    pub fn new(registry: Registry, first: usize, seed: u64, announces: bool) -> Self {
        let opener = Opener { registry, next: first, random: fastrand::Rng::with_seed(seed) };
        let ssdp_until = (!announces).then_some(Duration::ZERO);
        let (links, ssdp, troubles) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { opener, links, ssdp, ssdp_until, troubles }
    }

    /// Uses these interfaces and no others from now on. What could not be had is tried again.
    pub fn update<'a>(&mut self, now: Duration, used: impl Iterator<Item = &'a Candidate>) {
        let mut before = std::mem::take(&mut self.links);
        for candidate in used {
            let mut link =
                before.remove(&candidate.index).unwrap_or_else(|| Link::new(now, candidate));
            link.follow(now, candidate);
            link.open_missing(&mut self.opener);
            self.links.insert(candidate.index, link);
        }
        self.open_ssdp(now);
    }

    /// When [`Sockets::release`] has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.ssdp_until.filter(|_| !self.ssdp.is_empty())
    }

    /// Leaves port 1900 to others when no answers are to come there any more.
    pub fn release(&mut self, now: Duration) {
        if self.deadline().is_some_and(|until| until <= now) {
            self.ssdp.clear();
        }
    }

    /// Whether something could not be had.
    pub fn has_trouble(&self) -> bool {
        let links = self.links.values().any(|link| !link.traffic.troubles.is_empty());
        links || !self.troubles.is_empty()
    }

    /// The interfaces through which something can be sent, as the engine wants them.
    pub fn interfaces(&self) -> Vec<Interface> {
        self.links.values().filter_map(Link::interface).collect()
    }

    /// How it goes on one interface; `None` where it is not used.
    pub fn traffic(&self, index: u32) -> Option<&Traffic> {
        self.links.get(&index).map(|link| &link.traffic)
    }

    /// What is missing of the sockets that all interfaces share.
    pub fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// Reads one datagram into `buffer`: where it came from, and its length, which is that of the
    /// buffer where it was longer. `None` where it came from no network of ours.
    ///
    /// # Errors
    /// `WouldBlock` where there is none; others are passing.
    pub fn receive(
        &mut self,
        now: Duration,
        token: Token,
        buffer: &mut [u8],
    ) -> io::Result<Option<(Arrival, usize)>> {
        let mut links = self.links.iter();
        let own = links.find_map(|(index, link)| Some((Some(*index), link.socket(token)?)));
        let shared = self.ssdp.iter().find(|open| open.token == token);
        // An event may be older than the end of its socket.
        let (index, open) =
            own.or_else(|| shared.map(|open| (None, open))).ok_or(io::ErrorKind::WouldBlock)?;
        let (length, source) = open.udp.recv_from(buffer)?;
        let by = open.role.way();
        let index = index.or_else(|| self.neighbours(source));
        let Some((interface, link)) =
            index.and_then(|index| Some((index, self.links.get_mut(&index)?)))
        else {
            return Ok(None);
        };
        if by == Way::Multicast {
            link.heard(now, source.ip());
        }
        Ok(Some((Arrival { interface, source, by }, length)))
    }

    /// Sends, or counts that it could not.
    pub fn send(&mut self, now: Duration, datagram: &Datagram) {
        if datagram.from == Port::Ssdp
            && let Some(until) = &mut self.ssdp_until
        {
            *until = now + SSDP_PORT_KEPT;
            self.open_ssdp(now);
        }
        let Some(link) = self.links.get_mut(&datagram.interface) else { return };
        let family = Family::of(datagram.to.ip());
        let shared = match datagram.from {
            Port::Own => None,
            // Where it could not be had our own port has to do.
            Port::Ssdp => self.ssdp.iter().find(|open| open.family == family),
        };
        match link.send(shared, datagram) {
            Ok(()) => link.traffic.sent += 1,
            Err(error) => {
                link.traffic.failed += 1;
                let trouble = Trouble::new(family, Refused::Send(datagram.to), &error);
                link.traffic.last_failure = Some(trouble);
            }
        }
    }

    /// Joins the groups again on interfaces where nobody else has been heard for long.
    pub fn rejoin_silent(&mut self, now: Duration) {
        for link in self.links.values_mut() {
            link.rejoin_if_silent(now, &mut self.opener);
        }
    }

    /// The interface that a sender is a neighbour on. Link-local IPv6 says it itself.
    fn neighbours(&self, source: SocketAddr) -> Option<u32> {
        match source {
            SocketAddr::V6(source) if source.scope_id() != 0 => Some(source.scope_id()),
            SocketAddr::V4(_) | SocketAddr::V6(_) => {
                let mut links = self.links.iter();
                links.find(|(_, link)| link.is_on_link(source.ip())).map(|(index, _)| *index)
            }
        }
    }

    /// Takes port 1900, if it is to be ours now.
    fn open_ssdp(&mut self, now: Duration) {
        self.troubles.clear();
        if self.ssdp_until.is_some_and(|until| until <= now) {
            return;
        }
        for family in [Family::V4, Family::V6] {
            let is_needed = self.links.values().any(|link| link.families().contains(&family));
            let is_open = self.ssdp.iter().any(|open| open.family == family);
            if is_needed && !is_open {
                match self.opener.open(family, Role::Ssdp, socket::ssdp(family)) {
                    Ok(open) => self.ssdp.push(open),
                    Err(trouble) => self.troubles.push(trouble),
                }
            }
        }
    }
}
