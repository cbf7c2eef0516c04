//! What a device notices of others: how busy the network is, and who can be heard.

use std::collections::BTreeMap;
use std::mem;
use std::net::IpAddr;
use std::time::Duration;

use crate::limits::{BUSY_DELAY, BUSY_NOTIFIES, HEARD_FOR, SOURCES_MAX};

/// Announcements of others in the second that runs, and in the one before.
#[derive(Clone, Debug, Default)]
pub(super) struct Bustle {
    second: u64,
    count: u32,
    before: u32,
}

impl Bustle {
    pub(super) fn heard(&mut self, now: Duration) {
        self.turn(now);
        self.count = self.count.saturating_add(1);
    }

    /// How long ours had better wait at most, where so many devices are speaking.
    pub(super) fn delay_max(&mut self, now: Duration) -> Option<Duration> {
        self.turn(now);
        let heard = self.count.max(self.before);
        let spread = Duration::from_secs(1) * heard / BUSY_NOTIFIES;
        (heard > BUSY_NOTIFIES).then(|| spread.clamp(*BUSY_DELAY.start(), *BUSY_DELAY.end()))
    }

    fn turn(&mut self, now: Duration) {
        let second = now.as_secs();
        if second != self.second {
            let count = mem::take(&mut self.count);
            self.before = if second == self.second + 1 { count } else { 0 };
            self.second = second;
        }
    }
}

/// When whose multicasts were heard. Two maps, of which the older is dropped when the newer is
/// full: so it stays small, without a search for the oldest, whatever is forged.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    newer: BTreeMap<IpAddr, Duration>,
    older: BTreeMap<IpAddr, Duration>,
}

impl Heard {
    pub(super) fn note(&mut self, now: Duration, source: IpAddr) {
        if self.newer.len() >= SOURCES_MAX && !self.newer.contains_key(&source) {
            self.older = mem::take(&mut self.newer);
        }
        self.newer.insert(source, now);
    }

    pub(super) fn is_recent(&self, now: Duration, source: IpAddr) -> bool {
        let at = self.newer.get(&source).or_else(|| self.older.get(&source));
        at.is_some_and(|at| now.saturating_sub(*at) <= HEARD_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_more_speak_in_a_second_the_longer_is_the_wait() {
        let mut bustle = Bustle::default();
        let at = |millis: u64| Duration::from_millis(100_000 + millis);
        for _ in 0..BUSY_NOTIFIES {
            bustle.heard(at(0));
        }
        assert_eq!(bustle.delay_max(at(10)), None);
        bustle.heard(at(20));
        assert_eq!(bustle.delay_max(at(30)), Some(at(1_020) - at(0)));
        for _ in 0..2 * BUSY_NOTIFIES {
            bustle.heard(at(40));
        }
        assert_eq!(bustle.delay_max(at(1_500)), Some(at(3_020) - at(0)));
        assert_eq!(bustle.delay_max(at(2_500)), None);
    }

    #[test]
    fn who_was_heard_is_forgotten_after_a_while_or_when_too_many_speak() {
        let mut heard = Heard::default();
        let ip = |n: u32| IpAddr::from(Ipv4Addr::from_bits(n));
        heard.note(Duration::ZERO, ip(0));
        assert!(heard.is_recent(HEARD_FOR, ip(0)) && !heard.is_recent(HEARD_FOR, ip(1)));
        assert!(!heard.is_recent(HEARD_FOR + Duration::from_millis(1), ip(0)));
        for n in 0..1_000_000 {
            heard.note(Duration::ZERO, ip(n));
            assert!(heard.newer.len() <= SOURCES_MAX && heard.older.len() <= SOURCES_MAX);
        }
        assert!(heard.is_recent(Duration::ZERO, ip(999_999)));
        assert!(!heard.is_recent(Duration::ZERO, ip(0)));
    }
}
