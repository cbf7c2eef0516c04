//! What others ask a transfer from somebody about its state.

use hallway::identity::Fingerprint;

use super::{Consent, Receiving, State};
use crate::desk::Spot;
use crate::news::{About, FilePolicy, LinkId, Progress, Stage};
use crate::requests::Fetch;

impl Receiving {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether it is one of the offers on a connection that are not dealt with.
    pub(crate) fn is_open_on(&self, link: LinkId) -> bool {
        let is_here = self.spot().is_some_and(|spot| spot.link == link);
        match self.state {
            State::Leaving(left) => left == Some(link),
            State::Finding(_)
            | State::Looking(_)
            | State::Asking(_)
            | State::Queued(_)
            | State::Opening(_)
            | State::Finishing(Some(_)) => is_here,
            State::Streaming(..)
            | State::Draining(_)
            | State::Storing(_)
            | State::Waiting
            | State::Finishing(None)
            | State::Stored
            | State::Over => false,
        }
    }

    /// Whether a person here is asked.
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.state, State::Asking(_))
    }

    /// Whether nobody here has wanted it yet.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.consent, Consent::Open)
    }

    /// Where it is, when it waits for its turn.
    pub(crate) fn queued(&self) -> Option<Spot> {
        if let State::Queued(spot) = self.state { Some(spot) } else { None }
    }

    /// Whether somebody here wants it.
    pub(crate) fn is_wanted(&self) -> bool {
        self.consent != Consent::Open
    }

    /// Whether a person here asked for it, or said yes to it; not the policy.
    pub(crate) fn is_wish(&self, policy: FilePolicy) -> bool {
        let is_accepted = self.is_wanted() && policy != FilePolicy::All;
        let is_past = matches!(self.state, State::Stored);
        (is_accepted || matches!(self.consent, Consent::Wanted(..))) && !is_past
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
            State::Waiting
            | State::Finishing(None)
            | State::Stored
            | State::Leaving(_)
            | State::Over => None,
        }
    }

    /// Whether the sender was told to send, and has not said that it was all.
    pub(crate) fn is_streamed(&self) -> bool {
        matches!(self.state, State::Streaming(..))
    }

    /// Whether all of it has come, stored or about to be.
    pub(crate) fn has_come(&self) -> bool {
        matches!(self.state, State::Storing(_) | State::Finishing(_) | State::Stored)
    }

    /// Whether nothing is lost but the memory of it when it is forgotten.
    pub(crate) fn may_be_forgotten(&self) -> bool {
        let waits_only = !self.is_looked_at && self.sought.is_none();
        waits_only && matches!(self.state, State::Waiting | State::Stored)
    }

    /// Whether it is over for the people here.
    pub(crate) fn is_past(&self) -> bool {
        matches!(self.state, State::Stored | State::Leaving(_))
    }

    pub(crate) fn view(&self) -> (About, Progress, Stage) {
        let stage = match &self.state {
            State::Looking(_) => Stage::Looking,
            State::Asking(_) => Stage::Asking,
            _ if self.is_moving() && self.pace.has_stalled() => Stage::Stalled,
            State::Finding(_) | State::Queued(_) | State::Opening(_) => Stage::Checking,
            State::Streaming(..) | State::Draining(_) | State::Storing(_) => Stage::Moving,
            State::Waiting
            | State::Finishing(_)
            | State::Stored
            | State::Leaving(_)
            | State::Over => Stage::Waiting,
        };
        (self.about.clone(), self.progress, stage)
    }
}
