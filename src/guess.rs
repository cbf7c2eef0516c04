//! Limits on guessing passwords: a token is taken when KE2 is sent and given back on a valid KE3.
//!
//! A listener does not see a wrong password (the dialler just stops), so every log-in that does not
//! end counts as a guess. There is no lock-out: that would hand attackers an off switch.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::limits;
use crate::time::Millis;

/// How many guesses are allowed, and how fast they come back.
#[derive(Clone, Copy, Debug)]
pub struct GuessLimits {
    /// In a row, from one address.
    pub per_source: u32,
    /// In a row, from all together.
    pub global: u32,
}

impl Default for GuessLimits {
    fn default() -> Self {
        Self { per_source: limits::GUESS_BURST, global: limits::GUESS_GLOBAL_BURST }
    }
}

/// Who is held to account: an IPv4 address, or the /64 of an IPv6 address, since one machine has
/// all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source(u128);

impl Source {
    /// The source that this address belongs to.
    pub fn of(address: IpAddr) -> Self {
        // A dual-stack socket shows an IPv4 caller as ::ffff:a.b.c.d; all of them are one /64.
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(u128::from(v4.to_ipv6_mapped())),
            IpAddr::V6(v6) => Self(u128::from(v6) >> 64 << 64),
        }
    }
}

/// Token buckets, one a source and one for all.
pub struct Guesses {
    limits: GuessLimits,
    global: Bucket,
    sources: BTreeMap<Source, Bucket>,
}

/// Tokens that were there at a time; the rest is computed when asked.
#[derive(Clone, Copy)]
struct Bucket {
    tokens: u32,
    since: Millis,
}

impl Bucket {
    fn refill(&mut self, now: Millis, every: Millis, capacity: u32) {
        let earned = (now - self.since).0 / every.0.max(1);
        let room = u64::from(capacity.saturating_sub(self.tokens));
        if earned >= room {
            *self = Self { tokens: capacity, since: now };
        } else {
            self.tokens += u32::try_from(earned).unwrap_or(0);
            self.since = self.since + Millis(earned * every.0);
        }
    }

    /// Time until a token is there.
    fn wait(&self, now: Millis, every: Millis) -> Millis {
        if self.tokens > 0 { Millis(0) } else { self.since + every - now }
    }
}

impl Guesses {
    /// Full buckets.
    pub fn new(limits: GuessLimits) -> Self {
        let global = Bucket { tokens: limits.global, since: Millis(0) };
        Self { limits, global, sources: BTreeMap::new() }
    }

    /// Takes a token for one log-in.
    ///
    /// # Errors
    /// None is left: the time after which one is.
    pub fn take(&mut self, now: Millis, source: Source) -> Result<(), Millis> {
        self.make_room(now, source);
        let full = Bucket { tokens: self.limits.per_source, since: now };
        let bucket = self.sources.entry(source).or_insert(full);
        bucket.refill(now, limits::GUESS_REFILL, self.limits.per_source);
        self.global.refill(now, limits::GUESS_GLOBAL_REFILL, self.limits.global);
        if bucket.tokens == 0 {
            return Err(bucket.wait(now, limits::GUESS_REFILL));
        }
        if self.global.tokens == 0 {
            return Err(self.global.wait(now, limits::GUESS_GLOBAL_REFILL));
        }
        bucket.tokens -= 1;
        self.global.tokens -= 1;
        Ok(())
    }

    /// Gives a token back: the log-in it was taken for came to a good end.
    pub fn give_back(&mut self, source: Source) {
        let capacity = self.limits.per_source;
        if let Some(bucket) = self.sources.get_mut(&source) {
            bucket.tokens = (bucket.tokens + 1).min(capacity);
        }
        self.global.tokens = (self.global.tokens + 1).min(self.limits.global);
    }

    /// Forgets sources when there are too many: the full ones, which forgetting does not favour;
    /// if all are in use, the fullest.
    fn make_room(&mut self, now: Millis, newcomer: Source) {
        let has_room = self.sources.len() < limits::GUESS_SOURCES_MAX;
        if has_room || self.sources.contains_key(&newcomer) {
            return;
        }
        let capacity = self.limits.per_source;
        self.sources.retain(|_, bucket| {
            bucket.refill(now, limits::GUESS_REFILL, capacity);
            bucket.tokens < capacity
        });
        if self.sources.len() >= limits::GUESS_SOURCES_MAX {
            let fullest = self.sources.iter().max_by_key(|(_, bucket)| bucket.tokens);
            if let Some(source) = fullest.map(|(source, _)| *source) {
                self.sources.remove(&source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::of(IpAddr::from([10, 0, 0, last]))
    }

    #[test]
    fn after_the_burst_one_guess_comes_back_each_interval() {
        let mut guesses = Guesses::new(GuessLimits::default());
        for _ in 0..limits::GUESS_BURST {
            assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
        }
        assert_eq!(guesses.take(Millis(0), source(1)), Err(limits::GUESS_REFILL));
        assert_eq!(guesses.take(Millis(4_000), source(1)), Err(Millis(6_000)));
        assert_eq!(guesses.take(limits::GUESS_REFILL, source(1)), Ok(()));
        assert!(guesses.take(limits::GUESS_REFILL, source(1)).is_err());
        assert_eq!(guesses.take(Millis(0), source(2)), Ok(()), "others are not locked out");
    }

    #[test]
    fn a_thousand_good_log_ins_are_not_throttled() {
        let mut guesses = Guesses::new(GuessLimits::default());
        for _ in 0..1000 {
            assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
            guesses.give_back(source(1));
        }
    }

    #[test]
    fn all_sources_together_are_limited_too() {
        let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: 3 });
        for last in 0..3 {
            assert_eq!(guesses.take(Millis(0), source(last)), Ok(()));
        }
        assert_eq!(guesses.take(Millis(0), source(9)), Err(limits::GUESS_GLOBAL_REFILL));
    }

    #[test]
    fn the_memory_of_sources_is_bounded_and_keeps_the_guilty() {
        let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: u32::MAX });
        let guilty = source(1);
        for _ in 0..5 {
            assert!(guesses.take(Millis(0), guilty).is_ok());
        }
        for number in 0..20_000u32 {
            let address = IpAddr::from((number + (11 << 24)).to_be_bytes());
            assert!(guesses.take(Millis(0), Source::of(address)).is_ok());
            assert!(guesses.sources.len() <= limits::GUESS_SOURCES_MAX);
        }
        assert!(guesses.take(Millis(0), guilty).is_err());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_and_a_mapped_address_as_ipv4() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        let elsewhere: IpAddr = "2001:db8:1:3::1".parse().unwrap();
        assert_eq!(Source::of(one), Source::of(other));
        assert_ne!(Source::of(one), Source::of(elsewhere));
        assert_ne!(source(1), source(2));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(Source::of(mapped), source(1));
    }
}
