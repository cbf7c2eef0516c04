//! The connections that have logged in, each with its role and, until it has one, its deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hallway::channel::Channel;
use hallway::conn::ConnId;
use hallway::handshake::auth::Peer;
use hallway::text::Name;
use hallway::time::Millis;

/// An authenticated connection is exactly one of these.
pub enum Conn {
    /// Logged in; has not said what it wants. Boxed: few are that, and all would be as large.
    Arrived(Box<Arrived>),
    /// Gets the list without being on it.
    Watcher {
        /// Its messages.
        channel: Box<Channel>,
    },
    /// On the list.
    Member {
        /// Its messages.
        channel: Box<Channel>,
        /// As whom.
        name: Name,
    },
}

/// Who has logged in, and not said yet what it wants.
pub struct Arrived {
    /// Its messages.
    pub channel: Box<Channel>,
    /// Who it has proved to be.
    pub peer: Peer,
    /// Where it comes from.
    pub from: SocketAddr,
    /// When it has been too slow.
    pub until: Millis,
}

/// How many are here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// On the list.
    pub members: usize,
    /// Getting the list without being on it.
    pub watchers: usize,
    /// Neither yet: they have not logged in, or not said what they want.
    pub half_open: usize,
}

impl Conn {
    /// Its messages.
    pub fn channel(&mut self) -> &mut Channel {
        match self {
            Self::Arrived(arrived) => &mut arrived.channel,
            Self::Watcher { channel } | Self::Member { channel, .. } => channel,
        }
    }

    /// Its messages, if it sees the list.
    pub fn viewer(&mut self) -> Option<&mut Channel> {
        match self {
            Self::Arrived(_) => None,
            Self::Watcher { channel } | Self::Member { channel, .. } => Some(channel),
        }
    }
}

/// All of them.
#[derive(Default)]
pub struct Conns {
    by_id: BTreeMap<ConnId, Conn>,
    /// Those that have only arrived, by deadline.
    arrived: BTreeSet<(Millis, ConnId)>,
}

impl Conns {
    /// Puts a connection in, with its deadline if it has one.
    pub fn put(&mut self, id: ConnId, conn: Conn) {
        if let Conn::Arrived(arrived) = &conn {
            self.arrived.insert((arrived.until, id));
        }
        self.by_id.insert(id, conn);
    }

    /// Takes a connection out, and its deadline with it.
    pub fn take(&mut self, id: ConnId) -> Option<Conn> {
        let conn = self.by_id.remove(&id)?;
        if let Conn::Arrived(arrived) = &conn {
            self.arrived.remove(&(arrived.until, id));
        }
        Some(conn)
    }

    /// The connection of that number. Its role changes by `take` and `put` only.
    pub fn get_mut(&mut self, id: ConnId) -> Option<&mut Conn> {
        self.by_id.get_mut(&id)
    }

    /// The numbers of all.
    pub fn ids(&self) -> Vec<ConnId> {
        self.by_id.keys().copied().collect()
    }

    /// One that should have said by now what it wants.
    pub fn overdue(&self, now: Millis) -> Option<ConnId> {
        self.arrived.first().filter(|(until, _)| *until <= now).map(|(_, id)| *id)
    }

    /// When the next one is overdue.
    pub fn deadline(&self) -> Option<Millis> {
        self.arrived.first().map(|(until, _)| *until)
    }

    /// How many see the list.
    pub fn viewers(&self) -> usize {
        self.by_id.len() - self.arrived.len()
    }

    /// How many have only arrived.
    pub fn arrived(&self) -> usize {
        self.arrived.len()
    }

    /// Whether there is none, in no index.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.arrived.is_empty()
    }
}
