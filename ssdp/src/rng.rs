//! Chance, from a seed: the same seed gives the same run.

use std::ops::RangeInclusive;
use std::time::Duration;

/// A seeded source of chance. Good enough to spread moments, not for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Rng(fastrand::Rng);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Any span in that range, to the microsecond, each as likely as the other.
    pub(crate) fn within(&mut self, range: RangeInclusive<Duration>) -> Duration {
        let micros = |span: &Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let (from, to) = (micros(range.start()), micros(range.end()));
        Duration::from_micros(self.0.u64(from..=to.max(from)))
    }
}
