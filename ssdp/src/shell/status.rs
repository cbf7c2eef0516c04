//! What the sockets tell of themselves, for whoever explains why nobody is seen.

use std::net::{IpAddr, SocketAddr};
use std::{fmt, io};

use crate::candidates::{Candidate, Verdict};
use crate::counts::Counts;
use crate::interface::Family;

/// How a service is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// All interfaces of this machine, by index.
    pub interfaces: Vec<State>,
    /// What is missing of the sockets that they share.
    pub troubles: Vec<Trouble>,
}

/// One interface, whether it is used, and how that goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The interface.
    pub candidate: Candidate,
    /// Whether it is used, or why not.
    pub verdict: Verdict,
    /// Its sockets.
    pub traffic: Traffic,
    /// What has been heard there.
    pub counts: Counts,
}

/// Something that the system does not let us do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// With which family.
    pub family: Family,
    /// What it does not let us do.
    pub refused: Refused,
    /// The kind of refusal.
    pub kind: io::ErrorKind,
    /// The system's own words.
    pub words: String,
}

/// What the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// To hear that group.
    Group(IpAddr),
    /// A port of our own.
    Own,
    /// Unicasts to port 1900.
    Ssdp,
    /// To send there.
    Send(SocketAddr),
}

/// How it goes on one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// The port of our own sockets; 0 where there are none.
    pub own_port: u16,
    /// Datagrams that went out.
    pub sent: u64,
    /// Datagrams that could not be sent.
    pub failed: u64,
    /// Why the last of them could not.
    pub last_failure: Option<Trouble>,
    /// What is missing now.
    pub troubles: Vec<Trouble>,
}

impl Status {
    /// Whether another program holds port 1900 for itself, so that not everything is heard.
    pub fn is_degraded(&self) -> bool {
        let of_interfaces = self.interfaces.iter().flat_map(|state| &state.traffic.troubles);
        of_interfaces.chain(&self.troubles).any(Trouble::is_port_taken)
    }
}

impl Trouble {
    pub(super) fn new(family: Family, refused: Refused, error: &io::Error) -> Self {
        Self { family, refused, kind: error.kind(), words: error.to_string() }
    }

    /// Whether another program holds port 1900 for itself.
    pub fn is_port_taken(&self) -> bool {
        matches!(self.refused, Refused::Group(_) | Refused::Ssdp)
            && self.kind == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.refused {
            Refused::Group(group) => write!(f, "cannot hear the group {group}")?,
            Refused::Own => write!(f, "no port of our own for {}", self.family)?,
            Refused::Ssdp => write!(f, "cannot have port 1900 for {}", self.family)?,
            Refused::Send(to) => write!(f, "cannot send to {to}")?,
        }
        write!(f, ": {}", self.words)
    }
}
