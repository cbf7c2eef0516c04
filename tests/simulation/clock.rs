//! The clock of one machine: it drifts, its calendar jumps, its count of milliseconds never goes
//! back.

use hallway::time::{Millis, Now};

/// A clock.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// When its program was started, in the world's time.
    pub boot: u64,
    /// How much faster it runs than the world, in millionths.
    pub ppm: i64,
    /// Seconds since 1970 at the world's beginning, as it believes.
    pub unix: i64,
}

const MILLION: i64 = 1_000_000;

impl Clock {
    /// What it shows.
    pub fn now(&self, world: u64) -> Now {
        let run = i64::try_from(world - self.boot).unwrap();
        let tick = run * (MILLION + self.ppm) / MILLION;
        let unix = self.unix + i64::try_from(world / 1_000).unwrap();
        Now { tick: Millis(tick as u64), unix: u64::try_from(unix).unwrap_or(0) }
    }

    /// The world's time when it will first show this.
    pub fn when(&self, tick: Millis) -> u64 {
        let rate = (MILLION + self.ppm) as u64;
        let guess = self.boot + tick.0.saturating_mul(1_000_000).div_ceil(rate);
        // Rounding down may need one more.
        if self.now(guess).tick < tick { guess + 1 } else { guess }
    }
}

#[test]
fn a_deadline_is_met_and_not_before_its_time() {
    for ppm in [-20_000, -37, 0, 1, 20_000] {
        let clock = Clock { boot: 77, ppm, unix: 0 };
        for tick in (0..5_000).chain([1_000_000, 123_456_789]) {
            let when = clock.when(Millis(tick));
            assert!(clock.now(when).tick.0 >= tick, "{ppm} {tick}");
            assert!(when <= 78 || clock.now(when - 2).tick.0 < tick, "{ppm} {tick}");
        }
    }
}
