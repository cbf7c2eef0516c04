//! What the parts of the core share: outputs in order, numbers, and when something is told.

use std::collections::VecDeque;

use hallway::limits;
use hallway::message::files::{Files, Why};
use hallway::text::EntryPath;
use hallway::time::Millis;

use crate::disk::{Index, Read, TransferId, Write};
use crate::news::{About, LinkId, News};
use crate::transfers::Output;

/// Outputs that wait to be polled, and the next number.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    outputs: VecDeque<Output>,
    ids: u64,
}

impl Desk {
    pub(crate) fn next_id(&mut self) -> TransferId {
        self.ids += 1;
        TransferId(self.ids)
    }

    pub(crate) fn say(&mut self, link: LinkId, message: Files) {
        self.outputs.push_back(Output::Send(link, message));
    }

    pub(crate) fn bulk(&mut self, spot: Spot, bytes: Vec<u8>) {
        self.outputs.push_back(Output::Bulk(spot.link, spot.number, bytes));
    }

    pub(crate) fn read(&mut self, job: Read) {
        self.outputs.push_back(Output::Read(job));
    }

    pub(crate) fn write(&mut self, job: Write) {
        self.outputs.push_back(Output::Write(job));
    }

    pub(crate) fn index(&mut self, job: Index) {
        self.outputs.push_back(Output::Index(job));
    }

    pub(crate) fn news(&mut self, news: News) {
        self.outputs.push_back(Output::News(news));
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

/// A transfer on a connection: its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) link: LinkId,
    pub(crate) number: u64,
}

/// What was left out of a transfer on this connection.
#[derive(Debug, Default)]
pub(crate) struct LeftOut(u64);

impl LeftOut {
    /// One more: told, unless many were.
    pub(crate) fn tell(&mut self, about: &About, path: EntryPath, why: Why, desk: &mut Desk) {
        self.0 += 1;
        if self.0 <= limits::LEFT_OUT_TOLD {
            desk.news(News::Skipped(about.clone(), path, why));
        }
    }

    /// That was all: tells how many were not told.
    pub(crate) fn end(&mut self, about: &About, desk: &mut Desk) {
        let more = std::mem::take(&mut self.0).saturating_sub(limits::LEFT_OUT_TOLD);
        if more > 0 {
            desk.news(News::SkippedMore(about.clone(), more));
        }
    }
}

/// When the progress of a transfer is told, and when it has stalled.
#[derive(Debug)]
pub(crate) struct Pace {
    /// When something moved last.
    moved: Millis,
    /// What has moved since is told then.
    tells: Option<Millis>,
    told: Millis,
    has_stalled: bool,
}

/// What is to be told of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Moved,
    Stalled,
}

impl Pace {
    pub(crate) fn new(now: Millis) -> Self {
        Self { moved: now, tells: None, told: now, has_stalled: false }
    }

    /// Something of the transfer moved.
    pub(crate) fn moved(&mut self, now: Millis) {
        self.moved = now;
        self.tells = self.tells.or(Some(self.told + limits::PROGRESS_PAUSE));
        self.has_stalled = false;
    }

    pub(crate) fn has_stalled(&self) -> bool {
        self.has_stalled
    }

    /// What is to be told now of a transfer that should move.
    pub(crate) fn tell(&mut self, now: Millis) -> Option<Told> {
        if self.tells.is_some_and(|tells| tells <= now) {
            self.tells = None;
            self.told = now;
            return Some(Told::Moved);
        }
        if !self.has_stalled && self.moved + limits::STALL_WAIT <= now {
            self.has_stalled = true;
            return Some(Told::Stalled);
        }
        None
    }

    /// When there may be something to tell.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let stalls = (!self.has_stalled).then_some(self.moved + limits::STALL_WAIT);
        self.tells.into_iter().chain(stalls).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_once_in_a_while_and_only_when_there_is_some() {
        let mut pace = Pace::new(Millis(0));
        assert_eq!(pace.tell(limits::PROGRESS_PAUSE), None);
        pace.moved(Millis(10));
        assert_eq!(pace.tell(Millis(10)), None);
        assert_eq!(pace.deadline(), Some(limits::PROGRESS_PAUSE));
        assert_eq!(pace.tell(limits::PROGRESS_PAUSE), Some(Told::Moved));
        assert_eq!(pace.tell(limits::PROGRESS_PAUSE + Millis(1)), None);
        pace.moved(Millis(1_000));
        assert_eq!(pace.tell(Millis(1_000)), Some(Told::Moved), "the pause is long over");
    }

    #[test]
    fn a_stall_is_told_once_until_something_moves() {
        let mut pace = Pace::new(Millis(5));
        let stalls = Millis(5) + limits::STALL_WAIT;
        assert_eq!(pace.deadline(), Some(stalls));
        assert_eq!(pace.tell(stalls), Some(Told::Stalled));
        assert!(pace.has_stalled());
        assert_eq!((pace.tell(stalls + stalls), pace.deadline()), (None, None));
        pace.moved(stalls + stalls);
        assert!(!pace.has_stalled());
    }
}
