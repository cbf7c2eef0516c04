//! What was judged and what went wrong, how often; and how full what has a limit became.

use std::collections::BTreeMap;

/// Counts of one history, or of many.
#[derive(Debug, Default)]
pub struct Tally {
    counts: BTreeMap<&'static str, u64>,
    peaks: BTreeMap<&'static str, usize>,
}

impl Tally {
    /// It has happened once more.
    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// So much of it is there at once.
    pub fn fill(&mut self, what: &'static str, fill: usize) {
        let peak = self.peaks.entry(what).or_default();
        *peak = fill.max(*peak);
    }

    pub fn add(&mut self, other: &Self) {
        for (what, count) in &other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        for (what, peak) in &other.peaks {
            self.fill(what, *peak);
        }
    }

    /// Those of these things that have never happened.
    pub fn missing(&self, all: impl IntoIterator<Item = &'static str>) -> Vec<&'static str> {
        all.into_iter().filter(|what| !self.counts.contains_key(what)).collect()
    }
}
