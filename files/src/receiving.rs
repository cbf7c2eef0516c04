//! One transfer from somebody: the offer, the question, what is here already, the stream, the file.

use std::path::{Path, PathBuf};

use hallway::identity::Fingerprint;
use hallway::message::files::{Files, Kind, Take, Wanted, Why};
use hallway::time::Millis;
use hallway::tree::FileHash;

use crate::desk::{Desk, LeftOut, Pace, Spot};
use crate::disk::{Arriving, Index, Keep, Ready, Room, Target, Trouble, Write};
use crate::intake::{Bounds, Intake};
use crate::news::{About, Failure, FilePolicy, LinkId, News, Progress};
use crate::requests::Fetch;
use crate::transfers::Setup;

mod ends;
mod questions;
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
    /// The disk was asked whether there is room, and has not answered.
    is_looked_at: bool,
    left_out: LeftOut,
    /// The index was asked for this, and has not answered.
    sought: Option<FileHash>,
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
    /// Is there room?
    Looking(Spot),
    /// An answer of the person here.
    Asking(Spot),
    /// Is the same content here?
    Finding(Spot),
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
    /// Only answers that nobody needs any more: so whoever offers and withdraws cannot have the
    /// disk do more at a time than whoever only offers. On that connection, if it is still there.
    Leaving(Option<LinkId>),
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
        Self {
            about,
            peer,
            hash: None,
            consent,
            progress,
            pace,
            state: State::Waiting,
            is_looked_at: false,
            left_out: LeftOut::default(),
            sought: None,
        }
    }

    /// It is offered, perhaps again. Asks whether there is room.
    pub(crate) fn offered(
        &mut self,
        spot: Spot,
        about: About,
        hash: Option<FileHash>,
        desk: &mut Desk,
    ) {
        self.about = about;
        self.hash = hash;
        if let State::Stored = self.state {
            self.refuse(Why::Have, spot, desk);
        } else if let State::Finishing(_) = self.state {
            self.state = State::Finishing(Some(spot));
        } else {
            self.look(spot, desk);
        }
    }

    /// An answer from before an interruption may still be to come: it will do if it is to the
    /// same question, and no second one is asked before it.
    fn look(&mut self, spot: Spot, desk: &mut Desk) {
        if !self.is_looked_at {
            let target = self.target().cloned().unwrap_or(Target::Downloads);
            desk.write(Write::Look(self.about.id, self.arriving(), target));
        }
        self.is_looked_at = true;
        self.state = State::Looking(spot);
    }

    /// Somebody here wants it: it may be here already. Before that nobody is told what is.
    fn seek(&mut self, spot: Spot, desk: &mut Desk) {
        match self.hash {
            // What goes to standard output is wanted there, wherever else it may be.
            Some(hash) if self.target() != Some(&Target::Stdout) => self.find(spot, hash, desk),
            _ => self.state = State::Queued(spot),
        }
    }

    /// Asks once, as [`Self::look`].
    fn find(&mut self, spot: Spot, hash: FileHash, desk: &mut Desk) {
        if self.sought.is_none() {
            desk.index(Index::Find(self.about.id, hash));
            self.sought = Some(hash);
        }
        self.state = State::Finding(spot);
    }

    /// It is over, as soon as nothing comes of it any more.
    fn leave(&mut self) {
        let link = if let State::Leaving(link) = self.state {
            link
        } else {
            self.spot().map(|spot| spot.link)
        };
        let waits = self.is_looked_at || self.sought.is_some();
        self.state = if waits { State::Leaving(link) } else { State::Over };
    }

    /// One of the answers that were waited for has come.
    fn answered(&mut self) {
        if let State::Leaving(_) = self.state {
            self.leave();
        }
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

    // ---- the disk ----------------------------------------------------------------------------

    /// The same content is here, or not.
    pub(crate) fn found(&mut self, path: Option<PathBuf>, desk: &mut Desk) {
        let sought = self.sought.take();
        self.answered();
        let State::Finding(spot) = self.state else { return };
        if let Some(hash) = self.hash
            && sought != self.hash
        {
            return self.find(spot, hash, desk);
        }
        match path.filter(|path| self.is_in_place(path)) {
            Some(path) => {
                // Its size is what they say it is, and nobody has looked.
                let about = About { bytes: None, ..self.about.clone() };
                desk.news(News::HadAlready(about, Some(path)));
                self.refuse(Why::Have, spot, desk);
            }
            None => self.state = State::Queued(spot),
        }
    }

    /// Whether what is there is where it is wanted.
    fn is_in_place(&self, path: &Path) -> bool {
        match self.target() {
            Some(Target::Downloads) => true,
            Some(Target::Folder(folder)) => path.parent() == Some(folder),
            Some(Target::Stdout) | None => false,
        }
    }

    /// There is room, or not. Decides by the policy whether it is taken.
    pub(crate) fn looked(
        &mut self,
        room: Result<Room, Trouble>,
        policy: FilePolicy,
        desk: &mut Desk,
    ) {
        self.is_looked_at = false;
        self.answered();
        let State::Looking(spot) = self.state else { return };
        let room = match room {
            Ok(room) => room,
            Err(trouble) => return self.unplaced(spot, trouble, policy, desk),
        };
        if self.about.kind == Kind::Folder && self.target() == Some(&Target::Stdout) {
            return self.fail(Failure::NoFile, Some(Why::NotAFile), desk);
        }
        let fits = room.takes(self.about.bytes);
        match (&self.consent, policy) {
            // There may be more room in the place that is chosen.
            (Consent::Open, FilePolicy::Ask) => self.ask(spot, Ok(room), desk),
            (Consent::Taken(_), FilePolicy::Ask) => self.seek(spot, desk),
            (Consent::Open, FilePolicy::None) => self.refuse(Why::Policy, spot, desk),
            _ if !fits => self.fail(Failure::Here(Why::NoRoom), Some(Why::NoRoom), desk),
            (Consent::Open, FilePolicy::All) => {
                self.consent = Consent::Taken(Target::Downloads);
                self.seek(spot, desk);
            }
            (Consent::Taken(_) | Consent::Wanted(..), _) => self.seek(spot, desk),
        }
    }

    /// It cannot go where it was to go: whoever may choose another place is asked.
    fn unplaced(&mut self, spot: Spot, trouble: Trouble, policy: FilePolicy, desk: &mut Desk) {
        if policy == FilePolicy::Ask && !matches!(self.consent, Consent::Wanted(..)) {
            if self.is_moving() {
                desk.write(Write::Abandon(self.about.id, Keep::Part));
            }
            self.consent = Consent::Open;
            self.ask(spot, Err(trouble.words), desk);
        } else {
            self.trouble(trouble, desk);
        }
    }

    fn ask(&mut self, spot: Spot, room: Result<Room, String>, desk: &mut Desk) {
        desk.news(News::Offered(self.about.clone(), room));
        self.state = State::Asking(spot);
    }

    /// Its turn has come.
    pub(crate) fn go(&mut self, now: Millis, desk: &mut Desk) {
        let (State::Queued(spot), Some(target)) = (&self.state, self.target()) else { return };
        desk.write(Write::Open(self.about.id, self.arriving(), target.clone()));
        self.progress = Progress::default();
        self.left_out = LeftOut::default();
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
            Err(trouble) => return self.unplaced(spot, trouble, setup.policy, desk),
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

    pub(crate) fn accept(&mut self, target: Target, desk: &mut Desk) {
        if let State::Asking(spot) = self.state {
            self.consent = Consent::Taken(target);
            self.seek(spot, desk);
        }
    }
}
