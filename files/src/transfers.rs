//! All transfers and requests of one node, over all its connections.

use hallway::identity::Fingerprint;
use hallway::message::files::{Files, Item};
use hallway::reason::PeerFault;
use hallway::time::Millis;

use crate::disk::{Index, IndexDone, Read, ReadDone, Write, WriteDone};
use crate::news::{About, Command, FilePolicy, LinkId, News, Progress, Stage};

/// What a node is set up with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup {
    /// What to do with what is offered.
    pub policy: FilePolicy,
    /// Bytes of one transfer that are taken at most.
    pub bytes_max: Option<u64>,
}

/// What is to be done for it.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Say this on a connection.
    Send(LinkId, Files),
    /// Send these bytes of a transfer on a connection, behind what was said before.
    Bulk(LinkId, u64, Vec<u8>),
    /// A job for the thread that reads.
    Read(Read),
    /// A job for the thread that writes.
    Write(Write),
    /// A job for the thread that keeps the index.
    Index(Index),
    /// For whoever uses the node.
    News(News),
}

/// All transfers and requests of one node.
#[derive(Debug)]
pub struct Transfers {
    #[expect(dead_code, reason = "a skeleton")]
    setup: Setup,
}

impl Transfers {
    /// Without any connection.
    pub fn new(setup: Setup) -> Self {
        Self { setup }
    }

    /// Files may be exchanged on a connection from now on; what waits for this identity goes on.
    pub fn open(&mut self, _now: Millis, _link: LinkId, _peer: Fingerprint, _label: &str) {}

    /// A connection is gone; what moved on it waits.
    pub fn closed(&mut self, _now: Millis, _link: LinkId) {}

    /// A message has come.
    ///
    /// # Errors
    /// It has no place here; the connection must then be dropped.
    pub fn message(
        &mut self,
        _now: Millis,
        _link: LinkId,
        _message: Files,
    ) -> Result<(), PeerFault> {
        Ok(())
    }

    /// Bytes of a transfer have come.
    ///
    /// # Errors
    /// As [`Self::message`].
    pub fn bulk(
        &mut self,
        _now: Millis,
        _link: LinkId,
        _number: u64,
        _bytes: &[u8],
    ) -> Result<(), PeerFault> {
        Ok(())
    }

    /// The thread that reads has done something.
    pub fn read(&mut self, _now: Millis, _done: ReadDone) {}

    /// The thread that writes has done something.
    pub fn written(&mut self, _now: Millis, _done: WriteDone) {}

    /// The thread that keeps the index has found something.
    pub fn index(&mut self, _now: Millis, _done: IndexDone) {}

    /// Somebody wants something.
    pub fn command(&mut self, _now: Millis, _command: Command) {}

    /// The end of a turn of the loop, or the deadline.
    pub fn tick(&mut self, _now: Millis) {}

    /// When `tick` is wanted at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        None
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        None
    }

    /// All transfers, by their numbers.
    pub fn list(&self) -> impl Iterator<Item = (About, Progress, Stage)> {
        std::iter::empty()
    }

    /// What this node shares, by name.
    pub fn shares(&self) -> Vec<Item> {
        Vec::new()
    }

    /// Whether nothing moves on a connection, and nothing is asked there.
    pub fn is_idle(&self, _link: LinkId) -> bool {
        true
    }
}
