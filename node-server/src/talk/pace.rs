//! How often transfers are told of: a long one now and then, many short ones together. Whoever
//! types is not to be drowned.

use std::collections::{BTreeMap, BTreeSet};

use files::disk::TransferId;
use files::news::{About, News, Stage, Way};
use hallway::limits;

use crate::file_words::{self, size};

/// What has been told, and what waits to be told together.
#[derive(Default)]
pub(super) struct Pace {
    /// News of progress of each transfer since the last line about it.
    moved: BTreeMap<TransferId, u32>,
    bursts: BTreeMap<Side, Burst>,
}

/// Which way, with whom.
type Side = (bool, String);

/// Transfers of one side that overlap.
#[derive(Default)]
struct Burst {
    /// They have begun and are not over.
    going: BTreeSet<TransferId>,
    /// How many were told of when they were offered, at their beginning, and at their end.
    asked: usize,
    begun: usize,
    done: usize,
    /// Those that are there and were not told of, and their bytes.
    untold: (usize, u64),
}

impl Pace {
    /// The words, if it is told now. `moving` are the transfers under way.
    pub(super) fn words(
        &mut self,
        news: &News,
        mut moving: impl Iterator<Item = About>,
    ) -> Option<String> {
        let mut same =
            |about: &About| moving.any(|other| side(&other) == side(about) && other.id != about.id);
        match news {
            News::Asked(about) => {
                let burst = self.bursts.entry(side(about)).or_default();
                burst.asked += 1;
                (burst.asked <= limits::TOLD_APART_MAX).then(|| file_words::words(news))?
            }
            News::Begun(about, _) => {
                let burst = self.bursts.entry(side(about)).or_default();
                burst.going.insert(about.id);
                burst.begun += 1;
                (burst.begun <= limits::TOLD_APART_MAX).then(|| file_words::words(news))?
            }
            News::Moved(about, progress, Stage::Moving) => {
                let moved = self.moved.entry(about.id).or_default();
                *moved += 1;
                let is_due = moved.is_multiple_of(limits::PROGRESS_LINE_EACH);
                is_due.then(|| file_words::moved(about, progress))
            }
            News::Done(about, ..) | News::HadAlready(about, _) => {
                let others = same(about);
                let burst = self.bursts.entry(side(about)).or_default();
                burst.done += 1;
                let words = if burst.done <= limits::TOLD_APART_MAX {
                    file_words::words(news)
                } else {
                    burst.untold.0 += 1;
                    burst.untold.1 = burst.untold.1.saturating_add(about.bytes.unwrap_or(0));
                    None
                };
                joined(words, self.over(about, others))
            }
            News::Failed(about, _) | News::Interrupted(about, _) => {
                let others = same(about);
                joined(file_words::words(news), self.over(about, others))
            }
            News::Moved(..)
            | News::Offered(..)
            | News::Skipped(..)
            | News::SkippedMore(..)
            | News::Listed(..)
            | News::NotThere(..)
            | News::Looking(_)
            | News::Shares(..) => file_words::words(news),
        }
    }

    /// One is over: when it was the last of its side, what is there and was not told of.
    fn over(&mut self, about: &About, others: bool) -> Option<String> {
        self.moved.remove(&about.id);
        let burst = self.bursts.get_mut(&side(about))?;
        burst.going.remove(&about.id);
        if others || !burst.going.is_empty() {
            return None;
        }
        let (count, bytes) = self.bursts.remove(&side(about))?.untold;
        let bytes = size(bytes);
        match (count, about.way) {
            (0, _) => None,
            (_, Way::In) => {
                Some(format!("{count} more from {} are here, verified ({bytes})", about.peer))
            }
            (_, Way::Out) => Some(format!("{} has {count} more, verified ({bytes})", about.peer)),
        }
    }
}

fn side(about: &About) -> Side {
    (about.way == Way::In, about.peer.clone())
}

fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("{one}\n{other}")),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use files::news::{Failure, Progress};
    use hallway::message::files::{Kind, Why};
    use hallway::text::FileName;

    fn about(id: u64) -> About {
        About {
            id: TransferId(id),
            way: Way::In,
            peer: "katie".into(),
            name: FileName::of(&format!("{id}.txt")),
            kind: Kind::File,
            entries: 1,
            bytes: Some(1_000),
        }
    }

    fn begun(id: u64) -> News {
        News::Begun(about(id), Progress::default())
    }

    fn done(id: u64) -> News {
        News::Done(about(id), about(id).name, None, None)
    }

    fn none() -> std::iter::Empty<About> {
        std::iter::empty()
    }

    #[test]
    fn of_many_that_overlap_the_first_are_told_apart_and_the_rest_together() {
        let mut pace = Pace::default();
        let told = (1..=30).filter_map(|id| pace.words(&begun(id), none())).count();
        assert_eq!(told, limits::TOLD_APART_MAX);
        let told: Vec<String> = (1..=30).filter_map(|id| pace.words(&done(id), none())).collect();
        assert_eq!(told.len(), limits::TOLD_APART_MAX + 1, "{told:?}");
        assert_eq!(told[3], "27 more from katie are here, verified (27.00 kB)");
        // What comes later is told of again.
        assert!(pace.words(&begun(31), none()).is_some());
        assert!(pace.words(&done(31), none()).unwrap().starts_with("31.txt is here"));
    }

    #[test]
    fn one_after_the_other_with_more_under_way_is_a_burst_too() {
        let mut pace = Pace::default();
        let mut told = 0;
        for id in 1..=30 {
            let rest = || (id + 1..=30).map(about);
            told += usize::from(pace.words(&begun(id), rest()).is_some());
            told += usize::from(pace.words(&done(id), rest()).is_some());
        }
        assert_eq!(told, 2 * limits::TOLD_APART_MAX + 1);
    }

    #[test]
    fn failures_are_always_told_and_end_a_burst() {
        let mut pace = Pace::default();
        for id in 1..=9 {
            pace.words(&begun(id), none());
        }
        for id in 1..=8 {
            pace.words(&done(id), none());
        }
        let failed = News::Failed(about(9), Failure::There(Why::Gone));
        let words = pace.words(&failed, none()).unwrap();
        assert!(words.contains("9.txt") && words.contains("\n5 more from katie"), "{words}");
    }

    #[test]
    fn a_long_transfer_is_told_of_now_and_then() {
        let mut pace = Pace::default();
        let moved =
            |done| News::Moved(about(1), Progress { done, ..Progress::default() }, Stage::Moving);
        let told: Vec<String> =
            (1..=100).filter_map(|at| pace.words(&moved(at * 10), none())).collect();
        assert_eq!(told.len(), 100 / limits::PROGRESS_LINE_EACH as usize);
        assert!(told[0].contains("40%"), "{told:?}");
    }
}
