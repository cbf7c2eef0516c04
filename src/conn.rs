//! How a core and the network loop speak of connections.

use std::net::SocketAddr;

/// One connection. Numbers are never used again, so a late event cannot reach the wrong peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnId(pub u64);

impl ConnId {
    /// The first number of connections that a core opens itself; those that come in count from
    /// zero, so the two never meet. Fits a machine word, since the system's events carry one.
    pub const DIALLED: u64 = 1 << (usize::BITS - 2);
}

/// What the network did. `Received` borrows the loop's buffer: a core keeps what it needs.
#[derive(Debug)]
pub enum NetInput<'a> {
    /// Somebody connected to our listener.
    Opened {
        /// The address it came from; an IPv4 caller of a dual-stack listener is shown as IPv4.
        from: SocketAddr,
    },
    /// A connection that we asked for stands.
    Connected,
    /// A connection that we asked for came to nothing. No `Closed` follows.
    Failed(ConnectError),
    /// Bytes came, in order; cut at any place.
    Received(&'a [u8]),
    /// The connection is gone. Nothing more comes from it. Not sent after the core's own `Drop`
    /// or `Close`.
    Closed(Lost),
}

/// What the network should do.
#[derive(Debug)]
pub enum NetOutput {
    /// Open a connection; answered by `Connected` or `Failed`.
    Connect(SocketAddr),
    /// Send these bytes, after all earlier ones; before `Connected`, they wait for it.
    Send(Vec<u8>),
    /// Send what is queued, say that no more comes, wait a moment for the other side, and let go.
    Close,
    /// Let go now; what is queued is lost.
    Drop,
}

/// Why a connection could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectError {
    /// The machine answers, the port does not.
    Refused,
    /// No such host name.
    NoSuchHost,
    /// Nobody answered in time, or the network has no way there.
    Unreachable,
    /// Our own machine did not let us (a firewall, a sandbox).
    NotPermitted,
    /// This process has no descriptor left, or another local shortage.
    NoResources,
}

/// How a connection ended on the level of TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// The other side said that no more bytes come. What is queued for it is still sent, no more
    /// can be added.
    Ended,
    /// It was reset, or keep-alive found nobody there.
    Broken,
    /// It did not read what we sent, and the queue for it was full.
    TooSlow,
}
