//! One transfer from somebody: the offer, the question, what is here already, the stream, the file.

use std::path::PathBuf;

use hallway::identity::Fingerprint;
use hallway::message::files::{Files, Take, Wanted, Why};
use hallway::time::Millis;
use hallway::tree::FileHash;

use crate::desk::{Desk, Pace, Spot};
use crate::disk::{Arriving, Index, Ready, Room, Target, Trouble, Write};
use crate::intake::{Bounds, Intake};
use crate::news::{About, Failure, FilePolicy, News, Progress, Stage};
use crate::requests::Fetch;
use crate::transfers::Setup;

mod ends;
mod stream;

pub(crate) use stream::Step;

/// A transfer from somebody.
#[derive(Debug)]
pub(crate) struct Receiving {
    pub(crate) about: About,
    pub(crate) peer: Fingerprint,
    hash: Option<FileHash>,
    consent: Consent,
    progress: Progress,
    pace: Pace,
    state: State,
}

/// Whether it is wanted here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Consent {
    /// Nobody has said so yet.
    Open,
    /// It is, to this place.
    Taken(Target),
    /// It was asked for, and will be again.
    Wanted(Wanted, Target),
}

/// What a transfer waits for.
#[derive(Debug)]
enum State {
    /// Is the same content here?
    Finding(Spot),
    /// Is there room?
    Looking(Spot),
    /// An answer of the person here.
    Asking(Spot),
    /// Fewer that move, and the end of another of that name.
    Queued(Spot),
    /// The part is made, or what is there is looked through.
    Opening(Spot),
    /// The end of the stream.
    Streaming(Spot, Box<Intake>),
    /// All of it to be written.
    Draining(Spot),
    /// It to be in its place.
    Storing(Spot),
    /// Meeting again, with a part on the disk.
    Waiting,
    /// It to be in its place, though the connection is gone; perhaps it is offered again there.
    Finishing(Option<Spot>),
    /// Meeting again, to say that all of it is here.
    Stored,
    /// Nothing: it is to be forgotten.
    Over,
}

impl Receiving {
    /// Something that is offered, by its own wish or by somebody's here.
    pub(crate) fn new(now: Millis, about: About, peer: Fingerprint, wish: Option<Fetch>) -> Self {
        let consent = match wish {
            Some(fetch) => Consent::Wanted(fetch.wanted, fetch.target),
            None => Consent::Open,
        };
        let (progress, pace) = (Progress::default(), Pace::new(now));
        Self { about, peer, hash: None, consent, progress, pace, state: State::Waiting }
    }

    /// It is offered, perhaps again. Asks whether it is here already, or whether there is room.
    pub(crate) fn offered(
        &mut self,
        spot: Spot,
        about: About,
        hash: Option<FileHash>,
        desk: &mut Desk,
    ) {
        self.about = about;
        self.hash = hash;
        match (&self.state, hash) {
            (State::Stored, _) => self.refuse(Why::Have, spot, desk),
            (State::Finishing(_), _) => self.state = State::Finishing(Some(spot)),
            // What goes to standard output is wanted there, wherever else it may be.
            (_, Some(hash)) if self.target() != Some(&Target::Stdout) => {
                desk.index(Index::Find(self.about.id, hash));
                self.state = State::Finding(spot);
            }
            _ => self.look(spot, desk),
        }
    }

    fn look(&mut self, spot: Spot, desk: &mut Desk) {
        let target = self.target().cloned().unwrap_or(Target::Downloads);
        desk.write(Write::Look(self.about.id, self.arriving(), target));
        self.state = State::Looking(spot);
    }

    fn target(&self) -> Option<&Target> {
        match &self.consent {
            Consent::Open => None,
            Consent::Taken(target) | Consent::Wanted(_, target) => Some(target),
        }
    }

    fn arriving(&self) -> Arriving {
        Arriving {
            from: self.peer.short(),
            name: self.about.name.clone(),
            kind: self.about.kind,
            entries: self.about.entries,
            bytes: self.about.bytes,
        }
    }

    // ---- what it is asked for ----------------------------------------------------------------

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether the sender waits for an answer to its offer.
    pub(crate) fn is_unanswered(&self) -> bool {
        match self.state {
            State::Finding(_)
            | State::Looking(_)
            | State::Asking(_)
            | State::Queued(_)
            | State::Opening(_)
            | State::Finishing(Some(_)) => true,
            State::Streaming(..)
            | State::Draining(_)
            | State::Storing(_)
            | State::Waiting
            | State::Finishing(None)
            | State::Stored
            | State::Over => false,
        }
    }

    /// Where it is, when it waits for its turn.
    pub(crate) fn queued(&self) -> Option<Spot> {
        if let State::Queued(spot) = self.state { Some(spot) } else { None }
    }

    /// Whether somebody here wants it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.consent != Consent::Open
    }

    /// Whether it has a part that is open, and keeps a chunk in memory.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(
            self.state,
            State::Opening(_) | State::Streaming(..) | State::Draining(_) | State::Storing(_)
        )
    }

    /// Whether it goes on when the two meet again.
    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting | State::Finishing(None) | State::Stored)
    }

    /// What is to be asked for when the two meet again.
    pub(crate) fn wish(&self) -> Option<Fetch> {
        match (&self.consent, &self.state) {
            (Consent::Wanted(wanted, target), State::Waiting) => Some(Fetch {
                wanted: wanted.clone(),
                target: target.clone(),
                resumes: Some(self.about.id),
            }),
            _ => None,
        }
    }

    /// Whether its part on the disk would be the same.
    pub(crate) fn is_same(&self, peer: Fingerprint, about: &About) -> bool {
        self.peer == peer && self.about.is_like(about)
    }

    pub(crate) fn spot(&self) -> Option<Spot> {
        match &self.state {
            State::Finding(spot)
            | State::Looking(spot)
            | State::Asking(spot)
            | State::Queued(spot)
            | State::Opening(spot)
            | State::Streaming(spot, _)
            | State::Draining(spot)
            | State::Storing(spot)
            | State::Finishing(Some(spot)) => Some(*spot),
            State::Waiting | State::Finishing(None) | State::Stored | State::Over => None,
        }
    }

    /// Whether the sender was told to send, and has not said that it was all.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self.state, State::Streaming(..))
    }

    /// Whether nothing is lost but the memory of it when it is forgotten.
    pub(crate) fn may_be_forgotten(&self) -> bool {
        matches!(self.state, State::Waiting | State::Stored)
    }

    /// Whether it is all here, and only the sender does not know.
    pub(crate) fn is_stored(&self) -> bool {
        matches!(self.state, State::Stored)
    }

    pub(crate) fn view(&self) -> (About, Progress, Stage) {
        let stage = match &self.state {
            State::Finding(_) | State::Looking(_) => Stage::Looking,
            State::Asking(_) => Stage::Asking,
            _ if self.is_moving() && self.pace.has_stalled() => Stage::Stalled,
            State::Queued(_) | State::Opening(_) => Stage::Checking,
            State::Streaming(..) | State::Draining(_) | State::Storing(_) => Stage::Moving,
            State::Waiting | State::Finishing(_) | State::Stored | State::Over => Stage::Waiting,
        };
        (self.about.clone(), self.progress, stage)
    }

    // ---- the disk ----------------------------------------------------------------------------

    /// The same content is here, or not.
    pub(crate) fn found(&mut self, path: Option<PathBuf>, desk: &mut Desk) {
        let State::Finding(spot) = self.state else { return };
        if path.is_none() {
            return self.look(spot, desk);
        }
        desk.news(News::HadAlready(self.about.clone(), path));
        self.refuse(Why::Have, spot, desk);
    }

    /// There is room, or not. Decides by the policy whether it is taken.
    pub(crate) fn looked(
        &mut self,
        room: Result<Room, Trouble>,
        policy: FilePolicy,
        desk: &mut Desk,
    ) {
        let State::Looking(spot) = self.state else { return };
        let room = match room {
            Ok(room) => room,
            Err(trouble) => return self.trouble(trouble, desk),
        };
        let most = room.free.saturating_add(room.here);
        if self.about.bytes.is_some_and(|bytes| bytes > most) {
            return self.fail(Failure::Here(Why::NoRoom), Some(Why::NoRoom), desk);
        }
        match (&self.consent, policy) {
            (Consent::Open, FilePolicy::Ask) => {
                desk.news(News::Offered(self.about.clone(), room.free, room.here));
                self.state = State::Asking(spot);
            }
            (Consent::Open, FilePolicy::All) => {
                self.consent = Consent::Taken(Target::Downloads);
                self.state = State::Queued(spot);
            }
            (Consent::Open, FilePolicy::None) => self.refuse(Why::Policy, spot, desk),
            (Consent::Taken(_) | Consent::Wanted(..), _) => self.state = State::Queued(spot),
        }
    }

    /// Its turn has come.
    pub(crate) fn go(&mut self, now: Millis, desk: &mut Desk) {
        let (State::Queued(spot), Some(target)) = (&self.state, self.target()) else { return };
        desk.write(Write::Open(self.about.id, self.arriving(), target.clone()));
        self.progress = Progress::default();
        self.pace = Pace::new(now);
        self.state = State::Opening(*spot);
    }

    /// What is here was looked through, or a piece of it.
    pub(crate) fn ready(
        &mut self,
        now: Millis,
        ready: Result<Ready, Trouble>,
        setup: Setup,
        desk: &mut Desk,
    ) {
        let State::Opening(spot) = self.state else { return };
        self.pace.moved(now);
        let (have, bytes) = match ready {
            Err(trouble) => return self.trouble(trouble, desk),
            Ok(Ready::Checking(bytes)) => {
                self.progress.done = self.progress.done.saturating_add(bytes);
                return desk.write(Write::Check(self.about.id));
            }
            Ok(Ready::Here(have, bytes)) => (have, bytes),
        };
        desk.say(spot.link, Files::Take(Take { number: spot.number, have }));
        let bounds = Bounds {
            kind: self.about.kind,
            entries: self.about.entries,
            bytes: self.about.bytes,
            bytes_max: setup.bytes_max,
        };
        self.state = State::Streaming(spot, Box::new(Intake::new(bounds, have, bytes)));
    }

    // ---- the person here ---------------------------------------------------------------------

    pub(crate) fn accept(&mut self, target: Target) {
        if let State::Asking(spot) = self.state {
            self.consent = Consent::Taken(target);
            self.state = State::Queued(spot);
        }
    }
}
