//! Answers that wait for their time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use super::notices::Notice;
use crate::engine::{Arrival, Way};
use crate::limits::{ANSWERS_PENDING_MAX, UNICAST_DELAY_MAX};
use crate::rng::Rng;
use crate::target::Target;

/// The queue, by time; the number keeps two of one moment apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Answers {
    waiting: BTreeMap<(Duration, u64), Answer>,
    count: u64,
}

/// One answer to be sent.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// To whom, and how the question came.
    pub(super) arrival: Arrival,
    /// What was asked for.
    asked: Target,
    /// What is answered.
    pub(super) notice: Notice,
}

impl Answers {
    /// Whether the same asker waits for an answer to the same question: searches are repeated,
    /// since they may get lost, and one answer serves all of them.
    pub(super) fn is_waiting(&self, source: SocketAddr, asked: &Target) -> bool {
        let mut waiting = self.waiting.values();
        waiting.any(|answer| answer.arrival.source == source && answer.asked == *asked)
    }

    /// Whether there is room for so many more.
    pub(super) fn has_room(&self, more: usize) -> bool {
        self.waiting.len() + more <= ANSWERS_PENDING_MAX
    }

    /// Puts off each part by its own chance: in all of MX after a search in the group, within a
    /// moment after one that was sent to us alone.
    pub(super) fn add(
        &mut self,
        now: Duration,
        arrival: Arrival,
        (asked, mx): (&Target, u32),
        notices: Vec<Notice>,
        rng: &mut Rng,
    ) {
        let most = match arrival.by {
            Way::Multicast => Duration::from_secs(mx.into()),
            Way::Unicast(_) => UNICAST_DELAY_MAX,
        };
        for notice in notices {
            let at = now + rng.within(Duration::ZERO..=most);
            self.count += 1;
            let answer = Answer { arrival, asked: asked.clone(), notice };
            self.waiting.insert((at, self.count), answer);
        }
    }

    /// The next whose time has come.
    pub(super) fn due(&mut self, now: Duration) -> Option<Answer> {
        let first = self.waiting.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }
}
