//! How a transfer from somebody is told of, interrupted and ended.

use hallway::message::files::{Files, Refuse, Why};
use hallway::time::Millis;

use super::{Consent, Receiving, State};
use crate::desk::{Desk, Spot, Told};
use crate::disk::{Keep, Target, Trouble, Write};
use crate::news::{Failure, News, Stage};

impl Receiving {
    /// Tells how far it is.
    pub(crate) fn tick(&mut self, now: Millis, desk: &mut Desk) {
        if !self.is_moving() {
            return;
        }
        let Some(told) = self.pace.tell(now) else { return };
        let (about, progress, stage) = self.view();
        let stage = if told == Told::Stalled { Stage::Stalled } else { stage };
        desk.news(News::Moved(about, progress, stage));
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.is_moving().then(|| self.pace.deadline()).flatten()
    }

    /// The connection is gone.
    pub(crate) fn cut(&mut self, desk: &mut Desk) {
        if self.is_asked() {
            return self.fail(Failure::Left, None, desk);
        }
        let was_streaming = matches!(self.state, State::Streaming(..) | State::Draining(_));
        if was_streaming && self.target() == Some(&Target::Stdout) {
            let words = "the connection was lost, and what has gone to standard output stays there";
            return self.fail(Failure::Trouble(words.to_owned()), None, desk);
        }
        let next = match (&self.state, &self.consent) {
            (State::Storing(_) | State::Finishing(_), _) => State::Finishing(None),
            // It will be offered again, as if for the first time.
            (_, Consent::Open) => State::Over,
            (_, Consent::Taken(_) | Consent::Wanted(..)) => State::Waiting,
        };
        let was_told = !matches!(self.state, State::Looking(_));
        if was_told && !matches!(next, State::Finishing(_)) {
            if self.is_moving() {
                desk.write(Write::Abandon(self.about.id, Keep::Part));
            }
            desk.news(News::Interrupted(self.about.clone(), self.progress));
        }
        if matches!(next, State::Over) {
            self.leave();
        } else {
            self.state = next;
        }
    }

    /// The sender gives up.
    pub(crate) fn withdrawn(&mut self, why: Why, desk: &mut Desk) {
        match (&self.state, &self.consent) {
            // It has all come, and is stored in a moment.
            (State::Storing(_), _) => {}
            (State::Finishing(_), _) => self.state = State::Finishing(None),
            // Nobody here has heard of it.
            (State::Looking(_), Consent::Open) => self.leave(),
            (State::Asking(_), _) if why == Why::Stopped => {
                self.fail(Failure::Withdrawn, None, desk);
            }
            _ => self.fail(Failure::There(why), None, desk),
        }
    }

    pub(crate) fn deny(&mut self, desk: &mut Desk) {
        if let State::Asking(_) = self.state {
            self.fail(Failure::Here(Why::Denied), Some(Why::Denied), desk);
        }
    }

    /// A person here stops it: the part is thrown away, unless another transfer is at it.
    pub(crate) fn cancel(&mut self, is_alone: bool, desk: &mut Desk) {
        if let State::Stored = self.state {
            self.state = State::Over;
            return;
        }
        // It has all come, and is stored in a moment; or it is over.
        let is_late = matches!(self.state, State::Storing(_) | State::Finishing(_));
        if is_late || matches!(self.state, State::Leaving(_)) {
            return;
        }
        if let (State::Waiting, Some(target), true) = (&self.state, self.target(), is_alone) {
            // So that the disk knows which part is thrown away.
            desk.write(Write::Open(self.about.id, self.arriving(), target.clone()));
            desk.write(Write::Abandon(self.about.id, Keep::Nothing));
        }
        self.end(Keep::Nothing, Failure::Here(Why::Stopped), Some(Why::Stopped), desk);
    }

    /// The program ends.
    pub(crate) fn quit(&mut self, desk: &mut Desk) {
        let failure = match (&self.state, &self.consent) {
            (State::Asking(_), _) => Failure::Unanswered,
            // Nobody here has heard of it.
            (State::Looking(_), Consent::Open) => return,
            // It is stored in a moment; or it is over.
            (State::Storing(_) | State::Finishing(_) | State::Stored, _)
            | (State::Leaving(_) | State::Over, _) => return,
            _ if self.target() == Some(&Target::Stdout) && self.progress.done > 0 => {
                let words = "what has gone to standard output stays there";
                Failure::Trouble(words.to_owned())
            }
            _ => Failure::Ended(self.progress),
        };
        self.fail(failure, None, desk);
    }

    /// There is no place left to remember it.
    pub(crate) fn forget(&mut self, desk: &mut Desk) {
        if !matches!(self.state, State::Stored) {
            desk.news(News::Failed(self.about.clone(), Failure::Here(Why::TooMany)));
        }
        self.state = State::Over;
    }

    /// What comes is not what was offered: nobody wants the part. But when the source has changed,
    /// what had come of it before is good, and the next offer may go on with it.
    pub(super) fn reject(&mut self, why: Why, desk: &mut Desk) {
        let keep = if why == Why::Changed { Keep::Part } else { Keep::Nothing };
        self.end(keep, Failure::Here(why), Some(why), desk);
    }

    /// The disk does not do its part.
    pub(super) fn trouble(&mut self, trouble: Trouble, desk: &mut Desk) {
        let failure = if trouble.why == Why::Damaged {
            Failure::Here(Why::Damaged)
        } else {
            Failure::Trouble(trouble.words)
        };
        self.fail(failure, Some(trouble.why), desk);
    }

    /// It is over for now; the part stays, for another time.
    pub(crate) fn fail(&mut self, failure: Failure, tell: Option<Why>, desk: &mut Desk) {
        self.end(Keep::Part, failure, tell, desk);
    }

    fn end(&mut self, keep: Keep, failure: Failure, tell: Option<Why>, desk: &mut Desk) {
        // One whose connection is gone, too, when it could not be put in its place.
        if self.is_moving() || matches!(self.state, State::Finishing(_)) {
            desk.write(Write::Abandon(self.about.id, keep));
        }
        desk.news(News::Failed(self.about.clone(), failure));
        match self.spot().zip(tell) {
            Some((spot, why)) => self.refuse(why, spot, desk),
            None => self.leave(),
        }
    }

    pub(super) fn refuse(&mut self, why: Why, spot: Spot, desk: &mut Desk) {
        desk.say(spot.link, Files::Refuse(Refuse { number: spot.number, why }));
        self.leave();
    }
}
