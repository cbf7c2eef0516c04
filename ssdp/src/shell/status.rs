//! What the sockets tell of themselves, for whoever explains why nobody is seen.

use std::net::{IpAddr, SocketAddr};
use std::{fmt, io};

use crate::interface::Family;

/// Something that the system does not let us do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// With which family.
    pub family: Family,
    /// What we wanted.
    pub wanted: Wanted,
    /// The kind of refusal.
    pub kind: io::ErrorKind,
    /// The system's own words.
    pub words: String,
}

/// What the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
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
    /// Datagrams from others that came in.
    pub heard: u64,
    /// Datagrams that went out.
    pub sent: u64,
    /// Datagrams that could not be sent.
    pub failed: u64,
    /// Why the last of them could not.
    pub last_failure: Option<Trouble>,
    /// What is missing now.
    pub troubles: Vec<Trouble>,
}

impl Trouble {
    pub(super) fn new(family: Family, wanted: Wanted, error: &io::Error) -> Self {
        Self { family, wanted, kind: error.kind(), words: error.to_string() }
    }

    /// Whether another program holds port 1900 for itself.
    pub fn is_port_taken(&self) -> bool {
        matches!(self.wanted, Wanted::Group(_) | Wanted::Ssdp)
            && self.kind == io::ErrorKind::AddrInUse
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wanted {
            Wanted::Group(group) => write!(f, "cannot hear the group {group}")?,
            Wanted::Own => write!(f, "no port of our own for {}", self.family)?,
            Wanted::Ssdp => write!(f, "cannot have port 1900 for {}", self.family)?,
            Wanted::Send(to) => write!(f, "cannot send to {to}")?,
        }
        write!(f, ": {}", self.words)
    }
}
