//! Time as a value: cores are told what time it is, they never look.

use std::ops::{Add, Sub};

/// Milliseconds on the monotonic clock of this process; zero is its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Add for Millis {
    type Output = Self;

    fn add(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Millis {
    type Output = Self;

    /// The span from `earlier` to `self`; zero when `earlier` is later.
    fn sub(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

/// What a core is told of the time with each input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and spans: never goes back.
    pub tick: Millis,
    /// For what is written down: seconds since 1970, as the machine believes; may jump.
    pub unix: u64,
}
