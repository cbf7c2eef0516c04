//! The stream of a transfer from somebody: taken in, written, stored.

use hallway::message::files::{Chunk, Entry, Files, From, Sent, Skipped, Stored, Why};
use hallway::reason::PeerFault;
use hallway::time::Millis;

use super::{Consent, Receiving, State};
use crate::desk::{Desk, Spot};
use crate::disk::{Index, Piece, Placed, Trouble, Write};
use crate::flow::{Backlog, Job};
use crate::intake::Bad;
use crate::news::{News, Progress};

/// A piece of a stream.
#[derive(Debug)]
pub(crate) enum Step<'a> {
    From(From),
    Entry(Entry),
    Bulk(&'a [u8]),
    Chunk(Chunk),
    Skipped(Skipped),
    Sent(Sent),
}

impl Receiving {
    /// Something of the stream comes.
    pub(crate) fn stream(
        &mut self,
        now: Millis,
        step: Step<'_>,
        backlog: &mut Backlog,
        desk: &mut Desk,
    ) -> Result<(), PeerFault> {
        match self.take_in(now, step, backlog, desk) {
            Ok(()) => Ok(()),
            Err(Bad::Fault) => Err(PeerFault::UnexpectedMessage),
            Err(Bad::Refuse(why)) => {
                self.reject(why, desk);
                Ok(())
            }
        }
    }

    fn take_in(
        &mut self,
        now: Millis,
        step: Step<'_>,
        backlog: &mut Backlog,
        desk: &mut Desk,
    ) -> Result<(), Bad> {
        let State::Streaming(spot, intake) = &mut self.state else { return Err(Bad::Fault) };
        self.pace.moved(now);
        match step {
            Step::Bulk(bytes) => intake.bulk(bytes, backlog)?,
            Step::Chunk(chunk) => intake.chunk(chunk)?,
            Step::Entry(entry) => {
                intake.entry(entry)?;
                self.progress.entries += 1;
            }
            Step::From(from) => {
                let before = intake.from(from)?;
                desk.write(Write::From(self.about.id, from.entries, from.chunks));
                backlog.begin(self.about.id, Job::default());
                self.progress = Progress { done: before, before, entries: from.entries };
                desk.news(News::Begun(self.about.clone(), self.progress));
            }
            Step::Skipped(skipped) => {
                intake.skipped()?;
                self.left_out.tell(&self.about, skipped.path, skipped.why, desk);
            }
            Step::Sent(sent) => {
                intake.sent(sent)?;
                let spot = *spot;
                self.left_out.end(&self.about, desk);
                self.flush(backlog, desk);
                self.state = State::Draining(spot);
                self.store(backlog.is_clear(self.about.id), desk);
                return Ok(());
            }
        }
        if let Some((pieces, job)) = intake.take(false) {
            self.put(pieces, job, backlog, desk);
        }
        Ok(())
    }

    /// Gives the disk what is whole.
    pub(crate) fn flush(&mut self, backlog: &mut Backlog, desk: &mut Desk) {
        if let State::Streaming(_, intake) = &mut self.state
            && let Some((pieces, job)) = intake.take(true)
        {
            self.put(pieces, job, backlog, desk);
        }
    }

    fn put(&self, pieces: Vec<Piece>, job: Job, backlog: &mut Backlog, desk: &mut Desk) {
        desk.write(Write::Put(self.about.id, pieces));
        backlog.begin(self.about.id, job);
    }

    /// Moves it into its place, once all of it is written.
    fn store(&mut self, is_written: bool, desk: &mut Desk) {
        if let State::Draining(spot) = self.state
            && is_written
        {
            desk.write(Write::Store(self.about.id, self.hash));
            self.state = State::Storing(spot);
        }
    }

    /// The disk has taken what it was given, or not.
    pub(crate) fn wrote(
        &mut self,
        now: Millis,
        wrote: Result<(), Trouble>,
        job: Job,
        is_clear: bool,
        desk: &mut Desk,
    ) {
        if !matches!(self.state, State::Streaming(..) | State::Draining(_)) {
            return;
        }
        if let Err(trouble) = wrote {
            return self.trouble(trouble, desk);
        }
        self.pace.moved(now);
        self.progress.done += job.bytes;
        self.store(is_clear, desk);
    }

    /// It is in its place, or not.
    pub(crate) fn stored(&mut self, stored: Result<Placed, Trouble>, desk: &mut Desk) {
        let (State::Storing(_) | State::Finishing(_)) = self.state else { return };
        let placed = match stored {
            Ok(placed) => placed,
            Err(trouble) => return self.trouble(trouble, desk),
        };
        let about = self.about.clone();
        let Placed { name, path, hash, stamp } = placed;
        if let (Some(path), Some(stamp), Some(hash)) = (&path, stamp, hash) {
            desk.index(Index::Remember(path.clone(), stamp, hash));
        }
        desk.news(News::Done(about, name.clone(), path, hash));
        self.state = match (self.spot(), &self.state) {
            (Some(Spot { link, number }), State::Storing(_)) => {
                desk.say(link, Files::Stored(Stored { number, name, hash }));
                State::Over
            }
            (Some(spot), _) => return self.refuse(Why::Have, spot, desk),
            // Whoever asked for it knows.
            (None, _) if matches!(self.consent, Consent::Wanted(..)) => State::Over,
            // Who could not be told will offer it again.
            (None, _) => State::Stored,
        };
    }
}
