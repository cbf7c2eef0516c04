//! The clock and the random source of the machine.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::time::{Millis, Now};

/// The one clock of a process. Copies agree with each other.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts the clock: its ticks count from here.
    #[expect(clippy::new_without_default, reason = "two clocks made by `default` would not agree")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// What time it is.
    pub fn now(&self) -> Now {
        let tick = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // A machine whose clock stands before 1970 gets 1970: only shown times depend on it.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
        Now { tick: Millis(tick), unix }
    }
}

/// 32 bytes from the operating system's random source.
///
/// # Panics
/// When there is no such source: nothing this project does is safe without one.
pub fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    if let Err(error) = getrandom::fill(&mut seed) {
        panic!("the operating system gives no random bytes ({error}): no key would be secret");
    }
    seed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_never_go_back_and_two_seeds_differ() {
        let clock = Clock::new();
        let first = clock.now();
        let second = clock.now();
        assert!(first.tick <= second.tick);
        assert!(first.unix > 1_700_000_000);
        assert_ne!(seed(), seed());
    }
}
