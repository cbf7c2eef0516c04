//! The sockets of one interface.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};

use super::socket;
use super::status::{Refused, Traffic, Trouble};
use crate::candidates::Candidate;
use crate::engine::{Datagram, Port, Way};
use crate::interface::{Family, Interface};
use crate::limits::{OWN_PORT_TRIES, OWN_PORTS, REJOIN_AFTER};

/// The sockets of one interface.
#[derive(Debug)]
pub(super) struct Link {
    candidate: Candidate,
    sockets: Vec<Open>,
    pub(super) traffic: Traffic,
    /// When a multicast of somebody else came, or the groups were joined.
    heard_at: Duration,
}

/// A socket in use.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) token: Token,
    pub(super) role: Role,
    pub(super) family: Family,
    pub(super) udp: UdpSocket,
}

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// To hear that group.
    Group(IpAddr),
    /// To send, and for what comes back.
    Own,
    /// To hear what is sent to port 1900 of this machine.
    Ssdp,
}

/// Makes sockets known to the poll, each under a token that no other ever had.
#[derive(Debug)]
pub(super) struct Opener {
    pub(super) registry: Registry,
    pub(super) next: usize,
    pub(super) random: fastrand::Rng,
}

impl Link {
    /// Without sockets yet.
    pub(super) fn new(now: Duration, candidate: &Candidate) -> Self {
        let traffic = Traffic::default();
        Self { candidate: candidate.clone(), sockets: Vec::new(), traffic, heard_at: now }
    }

    /// Follows a change of the interface. Our own sockets stay, since others know their port; the
    /// groups are left, to be joined as the interface is now.
    pub(super) fn follow(&mut self, now: Duration, candidate: &Candidate) {
        if self.candidate == *candidate {
            return;
        }
        self.candidate = candidate.clone();
        self.heard_at = now;
        let plan = self.plan();
        self.sockets.retain(|open| {
            // Without an address of its family one cannot send.
            let can_send = || socket::leave_through(&open.udp, open.family, &plan).is_ok();
            open.role == Role::Own && can_send()
        });
    }

    pub(super) fn is_on_link(&self, source: IpAddr) -> bool {
        self.plan().is_on_link(source)
    }

    /// The families that it has addresses of.
    pub(super) fn families(&self) -> Vec<Family> {
        let plan = self.plan();
        let mut families = vec![Family::V4, Family::V6];
        families.retain(|family| plan.address(*family).is_some());
        families
    }

    /// What the engine may use: only families that can be sent in.
    pub(super) fn interface(&self) -> Option<Interface> {
        let mut interface = self.plan();
        interface.addresses.retain(|address| self.own(Family::of(address.ip)).is_some());
        (!interface.addresses.is_empty()).then_some(interface)
    }

    pub(super) fn socket(&self, token: Token) -> Option<&Open> {
        self.sockets.iter().find(|open| open.token == token)
    }

    /// Opens what is not open. What cannot be had is skipped and noted.
    pub(super) fn open_missing(&mut self, opener: &mut Opener) {
        self.traffic.troubles.clear();
        self.open_own(opener);
        let plan = self.plan();
        for (group, _) in plan.groups() {
            let role = Role::Group(group.ip());
            if !self.sockets.iter().any(|open| open.role == role) {
                self.keep(opener, Family::of(group.ip()), role, socket::group(&plan, group));
            }
        }
    }

    /// One port for both families, since one number is announced; one that is in use stays.
    fn open_own(&mut self, opener: &mut Opener) {
        let mut families = self.families();
        families.retain(|family| self.own(*family).is_none());
        let in_use = self.sockets.iter().any(|open| open.role == Role::Own);
        let mut plan = self.plan();
        for tried in 1..=OWN_PORT_TRIES {
            if plan.own_port == 0 {
                plan.own_port = opener.random.u16(OWN_PORTS);
            }
            let open = |family: &Family| socket::own(&plan, *family, plan.own_port);
            let opened: Vec<io::Result<UdpSocket>> = families.iter().map(open).collect();
            let is_taken = opened.iter().any(|opened| {
                opened.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
            });
            if in_use || !is_taken || tried == OWN_PORT_TRIES {
                for (family, opened) in families.into_iter().zip(opened) {
                    self.keep(opener, family, Role::Own, opened);
                }
                break;
            }
            plan.own_port = 0;
        }
        let has_own = self.sockets.iter().any(|open| open.role == Role::Own);
        self.traffic.own_port = if has_own { plan.own_port } else { 0 };
    }

    /// Sends through `shared` or, where there is none, from our own port.
    pub(super) fn send(&self, shared: Option<&Open>, datagram: &Datagram) -> io::Result<()> {
        let open = shared.or_else(|| self.own(Family::of(datagram.to.ip())));
        let open = open.ok_or(io::ErrorKind::NotConnected)?;
        if open.role == Role::Ssdp {
            socket::leave_through(&open.udp, open.family, &self.plan())?;
        }
        open.udp.send_to(&datagram.bytes, datagram.to).map(drop)
    }

    /// Notes who has sent something to a group.
    pub(super) fn heard(&mut self, now: Duration, source: IpAddr) {
        // Our own multicasts come back, as do those of the other programs here.
        if !self.candidate.has(source) {
            self.heard_at = now;
        }
    }

    /// Joins the groups again where nobody else has been heard for long: a switch may have
    /// forgotten us.
    pub(super) fn rejoin_if_silent(&mut self, now: Duration, opener: &mut Opener) {
        if now.saturating_sub(self.heard_at) >= REJOIN_AFTER {
            self.heard_at = now;
            // A socket that closes leaves its group, one that opens joins it.
            self.sockets.retain(|open| !matches!(open.role, Role::Group(_)));
            self.open_missing(opener);
        }
    }

    fn plan(&self) -> Interface {
        self.candidate.interface(self.traffic.own_port)
    }

    fn own(&self, family: Family) -> Option<&Open> {
        self.sockets.iter().find(|open| open.role == Role::Own && open.family == family)
    }

    fn keep(
        &mut self,
        opener: &mut Opener,
        family: Family,
        role: Role,
        opened: io::Result<UdpSocket>,
    ) {
        match opener.open(family, role, opened) {
            Ok(open) => self.sockets.push(open),
            Err(trouble) => self.traffic.troubles.push(trouble),
        }
    }
}

impl Opener {
    /// Registers what has been opened.
    pub(super) fn open(
        &mut self,
        family: Family,
        role: Role,
        opened: io::Result<UdpSocket>,
    ) -> Result<Open, Trouble> {
        let token = Token(self.next);
        self.next += 1;
        let registered = opened.and_then(|mut udp| {
            self.registry.register(&mut udp, token, Interest::READABLE)?;
            Ok(Open { token, role, family, udp })
        });
        registered.map_err(|error| Trouble::new(family, role.refused(), &error))
    }
}

impl Role {
    pub(super) fn way(self) -> Way {
        match self {
            Self::Group(_) => Way::Multicast,
            Self::Own => Way::Unicast(Port::Own),
            Self::Ssdp => Way::Unicast(Port::Ssdp),
        }
    }

    fn refused(self) -> Refused {
        match self {
            Self::Group(group) => Refused::Group(group),
            Self::Own => Refused::Own,
            Self::Ssdp => Refused::Ssdp,
        }
    }
}
