//! Where a neighbour can be reached, and whether that has been seen to work.

use std::net::{IpAddr, SocketAddr};

/// Whether a connection comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// One did, lately.
    Reachable,
    /// Nobody has tried.
    Unknown,
    /// None did: seen, but not reachable.
    NotReachable,
}

/// What came of an attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// A connection.
    Connected,
    /// A refusal: the machine is there, but nobody listens at that port.
    Refused,
    /// Nothing within [`crate::limits::PROBE_WAIT`].
    Silent,
    /// No way there.
    Unreachable,
}

/// One address of a neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// To connect to; a link-local one carries our interface as its scope.
    pub socket: SocketAddr,
    /// Our interface that it was heard through.
    pub interface: String,
    /// What came of the last attempt to connect, if there was one.
    pub probed: Option<Probed>,
}

impl Address {
    /// Whether it works.
    pub fn reach(&self) -> Reach {
        match self.probed {
            None => Reach::Unknown,
            Some(Probed::Connected) => Reach::Reachable,
            Some(Probed::Refused | Probed::Silent | Probed::Unreachable) => Reach::NotReachable,
        }
    }

    /// What is tried first: what works; then as `hallway::shell::interfaces` ranks addresses.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let kind = match self.socket.ip() {
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Kind::LinkLocal6,
            IpAddr::V6(ip) if ip.is_unique_local() => Kind::Local6,
            IpAddr::V6(_) => Kind::Global6,
            IpAddr::V4(ip) if ip.is_link_local() => Kind::SelfAssigned,
            IpAddr::V4(_) => Kind::Ipv4,
        };
        (self.reach(), kind)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Global6,
    Local6,
    Ipv4,
    /// Works on every link, but can be given to nobody else.
    LinkLocal6,
    /// 169.254/16: left over where there is no other.
    SelfAssigned,
}
