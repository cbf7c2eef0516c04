//! All transfers and requests of one node, over all its connections.

use std::collections::BTreeMap;

use hallway::identity::Fingerprint;
use hallway::message::files::{Files, Item};
use hallway::reason::PeerFault;
use hallway::time::Millis;

use crate::desk::Desk;
use crate::disk::{Index, IndexDone, Read, ReadDone, TransferId, Write, WriteDone};
use crate::flow::Backlog;
use crate::link::Link;
use crate::news::{About, Command, FilePolicy, LinkId, News, Progress, Stage};
use crate::receiving::{Receiving, Step};
use crate::requests::{Ask, Fetch};
use crate::sending::Sending;
use crate::sharing::{Sharing, What};
use crate::unheard::Unheard;

mod asking;
mod incoming;
mod outgoing;

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
    setup: Setup,
    desk: Desk,
    links: BTreeMap<LinkId, Link>,
    sending: BTreeMap<TransferId, Sending>,
    receiving: BTreeMap<TransferId, Receiving>,
    backlog: Backlog,
    sharing: Sharing,
    /// What was asked for and not offered when the connection was lost.
    missed: Vec<(Fingerprint, Fetch)>,
    unheard: Unheard,
}

impl Transfers {
    /// Without any connection.
    pub fn new(setup: Setup) -> Self {
        Self {
            setup,
            desk: Desk::default(),
            links: BTreeMap::new(),
            sending: BTreeMap::new(),
            receiving: BTreeMap::new(),
            backlog: Backlog::default(),
            sharing: Sharing::default(),
            missed: Vec::new(),
            unheard: Unheard::default(),
        }
    }

    /// Files may be exchanged on a connection from now on; what waits for this identity goes on.
    /// `label` is what the person there is called.
    pub fn open(&mut self, _now: Millis, link: LinkId, peer: Fingerprint, label: &str) {
        self.links.insert(link, Link::new(peer, label));
        self.resume(link);
    }

    /// A connection is gone; what moved on it waits.
    pub fn closed(&mut self, now: Millis, link: LinkId) {
        let Some(gone) = self.links.remove(&link) else { return };
        self.sharing.closed(link);
        self.unheard.closed(now, link);
        self.cut_outgoing(link);
        self.cut_incoming(now, link);
        self.miss(link, gone.peer, &gone.label, gone.requests);
        // The two may have another connection.
        let other = self.links.iter().find(|(_, other)| other.peer == gone.peer);
        if let Some(other) = other.map(|(id, _)| *id) {
            self.resume(other);
        }
    }

    /// The program ends: what is not over does not go on by itself, and is told as that. Then its
    /// connections are [`Self::closed`].
    pub fn quit(&mut self) {
        for sending in self.sending.values_mut() {
            sending.quit(&mut self.desk);
        }
        self.sending.clear();
        for receiving in self.receiving.values_mut() {
            receiving.flush(&mut self.backlog, &mut self.desk);
            receiving.quit(&mut self.desk);
        }
        self.drop_requests();
    }

    /// What waits for the identity at the other end goes on.
    fn resume(&mut self, link: LinkId) {
        self.resume_outgoing(link);
        self.resume_requests(link);
    }

    /// A message has come.
    ///
    /// # Errors
    /// It has no place here; the connection must then be dropped.
    pub fn message(&mut self, now: Millis, link: LinkId, message: Files) -> Result<(), PeerFault> {
        let weight = message.weight();
        if weight > 0 {
            self.link(link)?.arrived.came(weight)?;
        }
        match message {
            Files::Offer(offer) => self.offered(now, link, &offer),
            Files::Withdraw(withdraw) => self.withdrawn(now, link, withdraw),
            Files::From(from) => self.stream(now, link, from.number, Step::From(from)),
            Files::Entry(entry) => self.stream(now, link, entry.number, Step::Entry(entry)),
            Files::Chunk(chunk) => self.stream(now, link, chunk.number, Step::Chunk(chunk)),
            Files::Skipped(it) => self.stream(now, link, it.number, Step::Skipped(it)),
            Files::Sent(sent) => self.stream(now, link, sent.number, Step::Sent(sent)),
            Files::Take(take) => self.taken(now, link, take),
            Files::Refuse(refuse) => self.refused(link, refuse),
            Files::Stored(stored) => self.stored(link, stored),
            Files::Got(total) => self.got(now, link, total),
            Files::List(list) => self.asked(now, link, list.request, What::Page(list.after)),
            Files::Get(get) => self.asked(now, link, get.request, What::Offer(get.what)),
            Files::Listing(page) => self.listing(link, page),
            Files::NotThere(answer) => self.not_there(link, answer),
        }
    }

    /// Bytes of a transfer have come.
    ///
    /// # Errors
    /// As [`Self::message`].
    pub fn bulk(
        &mut self,
        now: Millis,
        link: LinkId,
        number: u64,
        bytes: &[u8],
    ) -> Result<(), PeerFault> {
        self.link(link)?.arrived.came(bytes.len() as u64)?;
        self.stream(now, link, number, Step::Bulk(bytes))
    }

    /// A connection that must be open: who hands in its messages was told of it.
    fn link(&mut self, link: LinkId) -> Result<&mut Link, PeerFault> {
        self.links.get_mut(&link).ok_or(PeerFault::UnexpectedMessage)
    }

    /// The thread that reads has done something.
    pub fn read(&mut self, now: Millis, done: ReadDone) {
        match done {
            ReadDone::Looked(id, looked) => {
                self.with_sending(id, |sending, desk| sending.looked(looked, desk));
            }
            ReadDone::Parts(id, parts) => {
                self.with_sending(id, |sending, desk| sending.parts(parts, desk));
                if let Some(link) = self.sending.get(&id).and_then(Sending::link) {
                    self.pump(now, link);
                }
            }
        }
    }

    /// The thread that writes has done something.
    pub fn written(&mut self, now: Millis, done: WriteDone) {
        let setup = self.setup;
        match done {
            WriteDone::Looked(id, room) => self.with_receiving(now, id, |receiving, desk| {
                receiving.looked(room, setup.policy, desk);
            }),
            WriteDone::Ready(id, ready) => self.with_receiving(now, id, |receiving, desk| {
                receiving.ready(now, ready, setup, desk);
            }),
            WriteDone::Wrote(id, wrote, spare) => {
                let job = self.backlog.end(id);
                self.backlog.reuse(spare);
                let is_clear = self.backlog.is_clear(id);
                self.with_receiving(now, id, |receiving, desk| {
                    receiving.wrote(now, wrote, job, is_clear, desk);
                });
            }
            WriteDone::Stored(id, stored) => self.put_away(now, id, stored),
        }
    }

    /// The thread that keeps the index has found something.
    pub fn index(&mut self, now: Millis, done: IndexDone) {
        match done {
            IndexDone::Found(id, path) => {
                self.with_receiving(now, id, |receiving, desk| receiving.found(path, desk));
            }
            IndexDone::Shares(shares, trouble) => {
                self.sharing.surveyed(now);
                self.sharing.are(shares, trouble, &mut self.desk);
                self.answer(now);
            }
            IndexDone::Hashed(shares, trouble) => {
                self.sharing.are(shares, trouble, &mut self.desk);
            }
            IndexDone::Changed(shares, trouble) => {
                self.sharing.are(shares, None, &mut self.desk);
                self.sharing.changed(now, trouble, &mut self.desk);
            }
        }
    }

    /// Somebody wants something.
    pub fn command(&mut self, now: Millis, command: Command) {
        match command {
            Command::Send(link, source) => self.send(now, link, source),
            Command::Accept(id, target) => {
                self.with_receiving(now, id, |receiving, desk| receiving.accept(target, desk));
            }
            Command::Deny(id) => {
                self.with_receiving(now, id, |receiving, desk| receiving.deny(desk));
            }
            Command::Cancel(id) => {
                self.with_sending(id, |sending, desk| sending.cancel(desk));
                self.stop(now, id);
            }
            Command::Share(path) => self.sharing.change(now, Index::Share(path), &mut self.desk),
            Command::Unshare(name) => {
                self.sharing.change(now, Index::Unshare(name), &mut self.desk)
            }
            Command::List(link) => self.ask(link, Ask::List(Vec::new())),
            Command::Get(link, wanted, target) => {
                self.ask(link, Ask::Get(Fetch { wanted, target, resumes: None }));
            }
        }
    }

    /// The end of a turn of the loop, or the deadline: what is whole goes to the disk, what has
    /// come is acknowledged when that is due, and what has changed is told.
    pub fn tick(&mut self, now: Millis) {
        self.sharing.tick(now, &mut self.desk);
        for receiving in self.receiving.values_mut() {
            receiving.flush(&mut self.backlog, &mut self.desk);
            receiving.tick(now, &mut self.desk);
        }
        for sending in self.sending.values_mut() {
            let link = sending.link().and_then(|link| self.links.get(&link));
            let under_way = link.map_or(0, |link| link.window.under_way());
            sending.tick(now, under_way, &mut self.desk);
        }
        if self.receiving.is_empty() {
            self.backlog.forget();
        }
        if self.backlog.is_short() {
            for (id, link) in &mut self.links {
                if let Some(total) = link.arrived.acknowledge(now) {
                    self.desk.say(*id, Files::Got(total));
                }
            }
        }
    }

    /// When `tick` is wanted at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        let receiving = self.receiving.values().filter_map(Receiving::deadline);
        let sending = self.sending.values().filter_map(Sending::deadline);
        // The disk speaks up when it has caught up.
        let links = self.links.values().filter(|_| self.backlog.is_short());
        let acknowledged = links.filter_map(|link| link.arrived.deadline());
        receiving.chain(sending).chain(acknowledged).chain(self.sharing.deadline()).min()
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.desk.poll()
    }

    /// All transfers that are not over, by their numbers.
    pub fn list(&self) -> impl Iterator<Item = (About, Progress, Stage)> {
        let receiving = self.receiving.values().filter(|receiving| !receiving.is_past());
        let mut all: Vec<_> = self.sending.values().map(Sending::view).collect();
        all.extend(receiving.map(Receiving::view));
        all.sort_by_key(|(about, ..)| about.id);
        all.into_iter()
    }

    /// What this node shares, by name.
    pub fn shares(&self) -> Vec<Item> {
        self.sharing.items()
    }

    /// Whether nothing moves on a connection, and nothing is asked there.
    pub fn is_idle(&self, link: LinkId) -> bool {
        self.links.get(&link).is_none_or(Link::is_idle)
            && !self.sharing.is_asked(link)
            && !self.sending.values().any(|sending| sending.link() == Some(link))
    }
}
