//! One transfer to somebody: what is there, the offer, the stream, and whether it arrived.

use hallway::identity::Fingerprint;
use hallway::limits;
use hallway::message::files::{Files, Have, Item, Kind, NotThere, Offer, Stored, Why, Withdraw};
use hallway::reason::PeerFault;
use hallway::text::FileName;
use hallway::time::Millis;
use hallway::tree::FileHash;

use crate::desk::{Desk, LeftOut, Pace, Spot, Told};
use crate::disk::{Looked, Part, Read, Source, TransferId};
use crate::news::{About, Failure, LinkId, News, Progress, Stage, Way};

mod stream;
mod supply;

use supply::Supply;

/// A transfer to somebody.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) about: About,
    pub(crate) peer: Fingerprint,
    source: Source,
    /// It was asked for.
    answers: Option<Answers>,
    /// What it comes to, when that is known before it is sent.
    hash: Option<FileHash>,
    /// All of it was sent, and nobody has said that it is stored.
    is_unconfirmed: bool,
    left_out: LeftOut,
    progress: Progress,
    /// Bytes sent on this connection.
    sent: u64,
    pace: Pace,
    state: State,
}

/// The request that a transfer answers.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) request: u64,
    /// What was shared when it was asked for.
    pub(crate) item: Item,
}

/// What a transfer waits for.
#[derive(Debug)]
enum State {
    /// What is there?
    Looking(LinkId),
    /// Fewer unanswered offers.
    Queued(LinkId),
    /// An answer to the offer.
    Offered(Spot),
    /// The beginning of the stream: what they have is held against what is here.
    Beginning(Spot, Supply),
    /// Its end.
    Streaming(Spot, Supply),
    /// Word that it is stored.
    Sent(Spot),
    /// Meeting again.
    Waiting,
    /// Nothing: it is to be forgotten.
    Over,
}

impl Sending {
    /// Looks what there is to send.
    pub(crate) fn new(
        now: Millis,
        about: About,
        peer: Fingerprint,
        link: LinkId,
        source: Source,
        answers: Option<Answers>,
        desk: &mut Desk,
    ) -> Self {
        desk.read(Read::Look(about.id, source.clone()));
        let hash = answers.as_ref().and_then(|answers| answers.item.hash);
        Self {
            about,
            peer,
            source,
            answers,
            hash,
            is_unconfirmed: false,
            left_out: LeftOut::default(),
            progress: Progress::default(),
            sent: 0,
            pace: Pace::new(now),
            state: State::Looking(link),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether a person there is asked, or will be.
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.state, State::Queued(_) | State::Offered(_))
    }

    pub(crate) fn is_queued(&self, on: LinkId) -> bool {
        matches!(self.state, State::Queued(link) if link == on)
    }

    pub(crate) fn is_offered(&self, on: LinkId) -> bool {
        matches!(self.state, State::Offered(spot) if spot.link == on)
    }

    /// Whether it answers a request of that connection and is not taken.
    pub(crate) fn is_open_answer(&self, on: LinkId) -> bool {
        let is_open =
            matches!(self.state, State::Looking(_) | State::Queued(_) | State::Offered(_));
        is_open && self.answers.is_some() && self.link() == Some(on)
    }

    /// Whether it is streamed, and so keeps what is read ahead.
    pub(crate) fn is_moving(&self) -> bool {
        matches!(self.state, State::Beginning(..) | State::Streaming(..))
    }

    pub(crate) fn is_waiting(&self) -> bool {
        matches!(self.state, State::Waiting)
    }

    /// Which connection it is on.
    pub(crate) fn link(&self) -> Option<LinkId> {
        match &self.state {
            State::Looking(link) | State::Queued(link) => Some(*link),
            State::Offered(spot)
            | State::Beginning(spot, _)
            | State::Streaming(spot, _)
            | State::Sent(spot) => Some(spot.link),
            State::Waiting | State::Over => None,
        }
    }

    /// Which number it has on which connection.
    pub(crate) fn spot(&self) -> Option<Spot> {
        match &self.state {
            State::Offered(spot)
            | State::Beginning(spot, _)
            | State::Streaming(spot, _)
            | State::Sent(spot) => Some(*spot),
            State::Looking(_) | State::Queued(_) | State::Waiting | State::Over => None,
        }
    }

    pub(crate) fn view(&self) -> (About, Progress, Stage) {
        let stage = match &self.state {
            State::Looking(_) => Stage::Looking,
            State::Queued(_) | State::Offered(_) => Stage::Asking,
            _ if self.should_move() && self.pace.has_stalled() => Stage::Stalled,
            State::Beginning(..) => Stage::Checking,
            State::Streaming(..) | State::Sent(_) => Stage::Moving,
            State::Waiting | State::Over => Stage::Waiting,
        };
        (self.about.clone(), self.progress, stage)
    }

    fn should_move(&self) -> bool {
        self.is_moving() || matches!(self.state, State::Sent(_))
    }

    // ---- the disk ----------------------------------------------------------------------------

    /// The disk has looked.
    pub(crate) fn looked(&mut self, looked: Result<Looked, Why>, desk: &mut Desk) {
        // One that comes late, from before an interruption, is not waited for.
        let State::Looking(link) = self.state else { return };
        match looked.and_then(|looked| self.fits(looked)) {
            Ok(()) => self.state = State::Queued(link),
            Err(why) => {
                self.fail(Failure::Here(why), Some(why), desk);
            }
        }
    }

    /// Takes what is there, when it can be sent at all and is still what was asked for.
    fn fits(&mut self, looked: Looked) -> Result<(), Why> {
        if looked.entries > limits::ENTRIES_MAX {
            return Err(Why::TooDeep);
        }
        self.about.kind = looked.kind;
        self.about.entries = looked.entries;
        self.about.bytes = looked.bytes;
        let Some(Answers { item, .. }) = &self.answers else {
            self.about.name = looked.name;
            return Ok(());
        };
        self.about.name = item.name.clone();
        let has_size = looked.bytes.is_none_or(|bytes| bytes == item.bytes);
        // Without a hash nobody is promised what is in it.
        let has_content = item.hash.is_none() || looked.modified == item.modified;
        if item.kind == looked.kind && has_size && has_content { Ok(()) } else { Err(Why::Changed) }
    }

    /// The disk has read.
    pub(crate) fn parts(&mut self, parts: Vec<Part>, desk: &mut Desk) {
        let (State::Beginning(_, supply) | State::Streaming(_, supply)) = &mut self.state else {
            return;
        };
        supply.add(parts);
        supply.refill(self.about.id, desk);
    }

    // ---- the receiver ------------------------------------------------------------------------

    /// Its turn has come to be offered, under this number.
    pub(crate) fn offer(&mut self, number: u64, desk: &mut Desk) {
        let State::Queued(link) = self.state else { return };
        let offer = Offer {
            number,
            name: self.about.name.clone(),
            kind: self.about.kind,
            entries: self.about.entries,
            bytes: self.about.bytes,
            hash: self.hash,
            request: self.answers.as_ref().map(|answers| answers.request),
            again: self.is_unconfirmed,
        };
        desk.say(link, Files::Offer(offer));
        // Who asked for it needs not be waited for.
        if self.answers.is_none() {
            desk.news(News::Asked(self.about.clone()));
        }
        self.state = State::Offered(Spot { link, number });
    }

    /// The receiver takes it.
    pub(crate) fn taken(
        &mut self,
        now: Millis,
        have: Option<Have>,
        desk: &mut Desk,
    ) -> Result<(), PeerFault> {
        let State::Offered(spot) = self.state else { return Err(PeerFault::UnexpectedMessage) };
        if have.is_some_and(|have| have.entries > self.about.entries) {
            return Err(PeerFault::UnexpectedMessage);
        }
        desk.read(Read::Begin(self.about.id, have));
        let mut supply = Supply::default();
        supply.refill(self.about.id, desk);
        self.progress = Progress::default();
        self.sent = 0;
        self.is_unconfirmed = false;
        self.left_out = LeftOut::default();
        self.pace = Pace::new(now);
        self.state = State::Beginning(spot, supply);
        Ok(())
    }

    /// The receiver does not take it, or not any more.
    pub(crate) fn refused(&mut self, why: Why, desk: &mut Desk) {
        if why == Why::Have {
            desk.news(News::HadAlready(self.about.clone(), None));
            self.end(desk);
        } else {
            self.fail(Failure::There(why), None, desk);
        }
    }

    /// The receiver has it.
    pub(crate) fn stored(&mut self, stored: Stored, desk: &mut Desk) -> Result<(), PeerFault> {
        let State::Sent(_) = self.state else { return Err(PeerFault::UnexpectedMessage) };
        let differs = self.hash.zip(stored.hash).is_some_and(|(ours, theirs)| ours != theirs);
        if differs {
            self.fail(Failure::There(Why::Damaged), None, desk);
        } else {
            let hash = stored.hash.or(self.hash);
            desk.news(News::Done(self.about.clone(), stored.name, None, hash));
            self.end(desk);
        }
        Ok(())
    }

    // ---- time --------------------------------------------------------------------------------

    /// Tells how far it is, with so many bytes under way on its connection.
    pub(crate) fn tick(&mut self, now: Millis, under_way: u64, desk: &mut Desk) {
        if !self.should_move() {
            return;
        }
        if !matches!(self.state, State::Beginning(..)) {
            let arrived = self.progress.before + self.sent.saturating_sub(under_way);
            self.progress.done = self.progress.done.max(arrived);
        }
        let Some(told) = self.pace.tell(now) else { return };
        let (about, progress, stage) = self.view();
        let stage = if told == Told::Stalled { Stage::Stalled } else { stage };
        desk.news(News::Moved(about, progress, stage));
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.should_move().then(|| self.pace.deadline()).flatten()
    }

    // ---- ends --------------------------------------------------------------------------------

    /// The connection is gone.
    pub(crate) fn cut(&mut self, desk: &mut Desk) {
        let is_stdin = matches!(self.source, Source::Stdin(_));
        if is_stdin {
            let words = "the connection was lost, and standard input is not offered twice";
            return self.fail(Failure::Trouble(words.to_owned()), None, desk);
        }
        desk.read(Read::Forget(self.about.id));
        desk.news(News::Interrupted(self.about.clone(), self.progress));
        // What they asked for they will ask for again.
        self.state = if self.answers.is_some() { State::Over } else { State::Waiting };
    }

    /// The two have met again, there.
    pub(crate) fn resume(&mut self, link: LinkId, label: &str, desk: &mut Desk) {
        label.clone_into(&mut self.about.peer);
        // It may have changed since.
        self.hash = None;
        desk.read(Read::Look(self.about.id, self.source.clone()));
        self.state = State::Looking(link);
    }

    /// A person here stops it.
    pub(crate) fn cancel(&mut self, desk: &mut Desk) {
        self.fail(Failure::Here(Why::Stopped), Some(Why::Stopped), desk);
    }

    /// Nobody there answers.
    pub(crate) fn give_up(&mut self, desk: &mut Desk) {
        self.fail(Failure::Unanswered, Some(Why::Stopped), desk);
    }

    /// The program ends.
    pub(crate) fn quit(&mut self, desk: &mut Desk) {
        let is_unanswered = self.is_asked() && self.answers.is_none();
        let ended = Failure::Ended(self.progress);
        self.fail(if is_unanswered { Failure::Unanswered } else { ended }, None, desk);
    }

    /// It is over; with what the receiver is told, if anything.
    fn fail(&mut self, failure: Failure, tell: Option<Why>, desk: &mut Desk) {
        if let Some(why) = tell {
            let request = self.answers.as_ref().map(|answers| answers.request);
            match (self.link(), self.spot(), request) {
                (_, Some(Spot { link, number }), _) => {
                    desk.say(link, Files::Withdraw(Withdraw { number, why }));
                }
                (Some(link), None, Some(request)) => {
                    desk.say(link, Files::NotThere(NotThere { request, why }));
                }
                _ => {}
            }
        }
        desk.news(News::Failed(self.about.clone(), failure));
        self.end(desk);
    }

    fn end(&mut self, desk: &mut Desk) {
        desk.read(Read::Forget(self.about.id));
        self.state = State::Over;
    }
}

/// What is known of something to be sent before anybody has looked.
pub(crate) fn unseen(id: TransferId, label: &str, source: &Source) -> About {
    let name = match source {
        Source::Path(path) | Source::Shared(path) => {
            let last = path.file_name().unwrap_or(path.as_os_str());
            FileName::of(&last.to_string_lossy())
        }
        Source::Stdin(name) => name.clone(),
    };
    let peer = label.to_owned();
    About { id, way: Way::Out, peer, name, kind: Kind::File, entries: 1, bytes: None }
}
