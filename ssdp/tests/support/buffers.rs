//! What a receiver's socket holds until it is read.

use std::collections::BTreeMap;
use std::time::Duration;

use ssdp::engine::{Arrival, Port, Way};

/// The buffers of all sockets, each read empty at every such span.
#[derive(Clone, Debug)]
pub(crate) struct Buffers {
    /// How often a socket is read.
    pub(crate) every: Duration,
    /// Datagrams that one holds; what comes after that is lost.
    pub(crate) room: usize,
    /// How many were lost so.
    pub(crate) lost: u64,
    /// The most that one held.
    pub(crate) most: usize,
    /// By the moment at which it is read.
    held: BTreeMap<(Duration, Socket), usize>,
}

/// Node, interface, family and role.
type Socket = (usize, u32, bool, u8);

impl Buffers {
    /// What the `rmem_default` of Linux, 212,992 bytes, was seen to hold of SSDP's datagrams.
    pub(crate) const USUAL_ROOM: usize = 180;

    pub(crate) fn new(every: Duration) -> Self {
        Self { every, room: Self::USUAL_ROOM, lost: 0, most: 0, held: BTreeMap::new() }
    }

    /// When a datagram that comes at that time is read; `None` where there is no room for it.
    pub(crate) fn read_at(&mut self, at: Duration, node: usize, to: Arrival) -> Option<Duration> {
        let role = match to.by {
            Way::Multicast => 0,
            Way::Unicast(Port::Own) => 1,
            Way::Unicast(Port::Ssdp) => 2,
        };
        let turns = at.as_micros().div_ceil(self.every.as_micros());
        let read = self.every * u32::try_from(turns).expect("a short test");
        let socket = (node, to.interface, to.source.is_ipv4(), role);
        let held = self.held.entry((read, socket)).or_default();
        if *held == self.room {
            self.lost += 1;
            return None;
        }
        *held += 1;
        self.most = self.most.max(*held);
        Some(read)
    }

    /// Forgets what has been read.
    pub(crate) fn forget(&mut self, now: Duration) {
        while let Some(first) = self.held.first_entry()
            && first.key().0 < now
        {
            first.remove();
        }
    }
}
