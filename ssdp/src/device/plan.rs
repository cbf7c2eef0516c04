//! When a device announces itself.

use std::time::Duration;

use super::heard::Bustle;
use crate::limits::{BUSY_DELAY, REFRESH_PERCENT, SET_GAP, START_DELAY_MAX, START_SETS};
use crate::rng::Rng;

/// What is announced next, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// There is no interface to announce anything on.
    Idle,
    /// The whole set, and so many more times after that.
    Sets { at: Duration, after: u32, wait: Wait },
    /// One part of the set after the other, spread over the time until it has to be said again.
    Refresh { at: Duration, part: usize, gap: Duration },
}

/// Whether a set gives way when others are loud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Never: it is the first one, or has waited.
    No,
    /// It has not waited yet.
    Once,
}

/// What is to be announced now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The whole set.
    Set,
    /// This part of it.
    One(usize),
}

impl Plan {
    /// As at a start: a short wait, then the set, repeated since datagrams get lost.
    pub(super) fn start(now: Duration, rng: &mut Rng) -> Self {
        let at = now + rng.within(Duration::ZERO..=START_DELAY_MAX);
        Self::Sets { at, after: START_SETS - 1, wait: Wait::No }
    }

    /// The next step, if its time has come; and plans the one after.
    pub(super) fn due(
        &mut self,
        now: Duration,
        max_age: Duration,
        parts: usize,
        bustle: &mut Bustle,
        rng: &mut Rng,
    ) -> Option<Step> {
        if self.deadline()? > now {
            return None;
        }
        match *self {
            Self::Idle => None,
            Self::Sets { after, wait: Wait::Once, .. }
                if let Some(most) = bustle.delay_max(now) =>
            {
                let at = now + rng.within(*BUSY_DELAY.start()..=most);
                *self = Self::Sets { at, after, wait: Wait::No };
                None
            }
            Self::Sets { after: 0, .. } => {
                *self = Self::refresh(now, max_age, parts, rng);
                Some(Step::Set)
            }
            Self::Sets { after, .. } => {
                let at = now + rng.within(SET_GAP);
                *self = Self::Sets { at, after: after - 1, wait: Wait::Once };
                Some(Step::Set)
            }
            // Counted from now: who comes back from sleep has not to make up for it.
            Self::Refresh { part, gap, .. } => {
                *self = if part + 1 < parts {
                    Self::Refresh { at: now + gap, part: part + 1, gap }
                } else {
                    Self::refresh(now, max_age, parts, rng)
                };
                Some(Step::One(part))
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        match *self {
            Self::Idle => None,
            Self::Sets { at, .. } | Self::Refresh { at, .. } => Some(at),
        }
    }

    /// Whether the device has been announced since the last start.
    pub(super) fn has_begun(&self) -> bool {
        match *self {
            Self::Idle => false,
            Self::Sets { after, .. } => after + 1 < START_SETS,
            Self::Refresh { .. } => true,
        }
    }

    /// The whole set once more, after a random time; its last part comes at the end of that. So
    /// each part follows itself within the range, whatever chance gives.
    fn refresh(from: Duration, max_age: Duration, parts: usize, rng: &mut Rng) -> Self {
        let percent = |percent: &u32| max_age * *percent / 100;
        let (least, most) = (percent(REFRESH_PERCENT.start()), percent(REFRESH_PERCENT.end()));
        let gap = rng.within(least..=most) / u32::try_from(parts.max(1)).unwrap_or(u32::MAX);
        Self::Refresh { at: from + gap, part: 0, gap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_AGE;

    const PARTS: usize = 4;

    /// The steps of a plan from zero on, each with its moment; `loud` fills the network.
    fn steps(seed: u64, count: usize, is_loud: bool) -> Vec<(Duration, Step)> {
        let (mut rng, mut bustle) = (Rng::new(seed), Bustle::default());
        let mut plan = Plan::start(Duration::ZERO, &mut rng);
        let mut steps = Vec::new();
        while steps.len() < count {
            let now = plan.deadline().unwrap();
            for _ in 0..if is_loud { 60 } else { 0 } {
                bustle.heard(now);
            }
            let step = plan.due(now, MAX_AGE, PARTS, &mut bustle, &mut rng);
            steps.extend(step.map(|step| (now, step)));
        }
        steps
    }

    #[test]
    fn a_start_is_three_sets_and_each_part_then_follows_itself_in_the_range() {
        for seed in 0..200 {
            let steps = steps(seed, 3 + 5 * PARTS, false);
            let (sets, rest) = steps.split_at(3);
            assert!(sets.iter().all(|(_, step)| *step == Step::Set));
            assert!(sets[0].0 <= START_DELAY_MAX);
            for pair in sets.windows(2) {
                assert!(SET_GAP.contains(&(pair[1].0 - pair[0].0)), "seed {seed}");
            }
            let mut last = [sets[2].0; PARTS];
            for (at, step) in rest {
                let Step::One(part) = *step else { panic!("a set, seed {seed}") };
                let after = *at - last[part];
                last[part] = *at;
                // The first time a part may come early; and 1 ms is for rounding.
                let least = if *at < MAX_AGE / 2 { 0 } else { 35 };
                assert!(after + Duration::from_millis(1) >= MAX_AGE * least / 100, "{after:?}");
                assert!(after <= MAX_AGE * 47 / 100, "seed {seed}: {after:?}");
            }
        }
    }

    #[test]
    fn in_a_loud_room_the_second_and_third_set_wait() {
        for seed in 0..200 {
            let sets = steps(seed, 3, true);
            assert!(sets[0].0 <= START_DELAY_MAX, "the first one does not");
            for pair in sets.windows(2) {
                let gap = pair[1].0 - pair[0].0;
                assert!(gap >= *BUSY_DELAY.start(), "seed {seed}: {gap:?}");
                assert!(gap <= *BUSY_DELAY.end() + *SET_GAP.end(), "seed {seed}: {gap:?}");
            }
        }
    }
}
