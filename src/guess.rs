//! Limits on guessing passwords: a token is taken when KE2 is sent and given back on a valid KE3.
//!
//! A listener does not see a wrong password (the dialler just stops), so every log-in that does not
//! come to its end counts as a guess. While it may still come to its end it does not stand in the
//! way of others: a class behind one router logs in at once. If they all turn out to be guesses,
//! the account is overdrawn and has to be paid off before the next. There is no lock-out: that
//! would hand attackers an off switch.

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

/// Who is held to account: one address.
///
/// Not the /64 of an IPv6 address, although one machine can have all of it: on a LAN everybody
/// shares one, and a classroom's typing errors must not keep the classroom out. Who uses many
/// addresses meets the limit for all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source(u128);

impl Source {
    /// The source that this address belongs to.
    pub fn of(address: IpAddr) -> Self {
        // A dual-stack socket shows an IPv4 caller as ::ffff:a.b.c.d: the same number.
        match address {
            IpAddr::V4(v4) => Self(u128::from(v4.to_ipv6_mapped())),
            IpAddr::V6(v6) => Self(u128::from(v6)),
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
    /// Below zero when more log-ins at once turned out to be guesses than the burst allows.
    tokens: i64,
    /// Tokens taken for log-ins that have not come to an end.
    pending: i64,
    since: Millis,
}

impl Bucket {
    fn full(capacity: u32, since: Millis) -> Self {
        Self { tokens: i64::from(capacity), pending: 0, since }
    }

    fn refill(&mut self, now: Millis, every: Millis, capacity: u32) {
        let earned = (now - self.since).0 / every.0.max(1);
        let room = i64::from(capacity) - self.tokens - self.pending;
        let earned_tokens = i64::try_from(earned).unwrap_or(i64::MAX);
        if earned_tokens >= room {
            self.tokens += room;
            self.since = now;
        } else {
            self.tokens += earned_tokens;
            self.since = self.since + Millis(earned * every.0);
        }
    }

    /// Takes a token unless those that are lost for good have used up all.
    fn take(&mut self) {
        self.tokens -= 1;
        self.pending += 1;
    }

    /// Tokens that would be there if everything pending came to a good end.
    fn balance(&self) -> i64 {
        self.tokens + self.pending
    }

    /// Time until the balance allows another.
    fn wait(&self, now: Millis, every: Millis) -> Millis {
        let missing = u64::try_from(1 - self.balance()).unwrap_or(0);
        self.since + Millis(every.0.saturating_mul(missing)) - now
    }

    fn give_back(&mut self) {
        self.tokens += 1;
        self.pending -= 1;
    }

    fn lose(&mut self) {
        self.pending -= 1;
    }
}

impl Guesses {
    /// Full buckets.
    pub fn new(limits: GuessLimits) -> Self {
        let global = Bucket::full(limits.global, Millis(0));
        Self { limits, global, sources: BTreeMap::new() }
    }

    /// Takes a token for one log-in.
    ///
    /// # Errors
    /// None is left: the time after which one is.
    pub fn take(&mut self, now: Millis, source: Source) -> Result<(), Millis> {
        self.global.refill(now, limits::GUESS_GLOBAL_REFILL, self.limits.global);
        if self.global.balance() <= 0 {
            return Err(self.global.wait(now, limits::GUESS_GLOBAL_REFILL));
        }
        self.make_room(now, source);
        let full = Bucket::full(self.limits.per_source, now);
        let bucket = self.sources.entry(source).or_insert(full);
        bucket.refill(now, limits::GUESS_REFILL, self.limits.per_source);
        if bucket.balance() <= 0 {
            return Err(bucket.wait(now, limits::GUESS_REFILL));
        }
        bucket.take();
        self.global.take();
        Ok(())
    }

    /// Gives a token back: the log-in it was taken for came to a good end.
    pub fn give_back(&mut self, source: Source) {
        if let Some(bucket) = self.sources.get_mut(&source) {
            bucket.give_back();
        }
        self.global.give_back();
    }

    /// The log-in that a token was taken for will not come to a good end any more.
    pub fn lose(&mut self, source: Source) {
        if let Some(bucket) = self.sources.get_mut(&source) {
            bucket.lose();
        }
        self.global.lose();
    }

    /// Forgets sources when there are too many: the full ones, which forgetting does not favour;
    /// if all are in use, the fullest. Those with a log-in under way stay: they are few.
    fn make_room(&mut self, now: Millis, newcomer: Source) {
        let has_room = self.sources.len() < limits::GUESS_SOURCES_MAX;
        if has_room || self.sources.contains_key(&newcomer) {
            return;
        }
        let capacity = self.limits.per_source;
        self.sources.retain(|_, bucket| {
            bucket.refill(now, limits::GUESS_REFILL, capacity);
            bucket.pending > 0 || bucket.tokens < i64::from(capacity)
        });
        if self.sources.len() >= limits::GUESS_SOURCES_MAX {
            let settled = self.sources.iter().filter(|(_, bucket)| bucket.pending == 0);
            let fullest = settled.max_by_key(|(_, bucket)| bucket.tokens);
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
            guesses.lose(source(1));
        }
        assert_eq!(guesses.take(Millis(0), source(1)), Err(limits::GUESS_REFILL));
        assert_eq!(guesses.take(Millis(4_000), source(1)), Err(Millis(6_000)));
        assert_eq!(guesses.take(limits::GUESS_REFILL, source(1)), Ok(()));
        guesses.lose(source(1));
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
    fn a_class_behind_one_router_logs_in_at_once_and_so_many_guesses_are_paid_off() {
        let mut guesses = Guesses::new(GuessLimits::default());
        for _ in 0..30 {
            assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
        }
        for _ in 0..30 {
            guesses.give_back(source(1));
        }
        for _ in 0..30 {
            assert_eq!(guesses.take(Millis(0), source(1)), Ok(()));
        }
        for _ in 0..30 {
            guesses.lose(source(1));
        }
        let debt = Millis(limits::GUESS_REFILL.0 * 26);
        assert_eq!(guesses.take(Millis(0), source(1)), Err(debt));
        assert!(guesses.take(debt, source(1)).is_ok());
    }

    #[test]
    fn all_sources_together_are_limited_too() {
        let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: 3 });
        for last in 0..3 {
            assert_eq!(guesses.take(Millis(0), source(last)), Ok(()));
            guesses.lose(source(last));
        }
        assert_eq!(guesses.take(Millis(0), source(9)), Err(limits::GUESS_GLOBAL_REFILL));
    }

    #[test]
    fn the_memory_of_sources_is_bounded_and_keeps_the_guilty() {
        let mut guesses = Guesses::new(GuessLimits { per_source: 5, global: u32::MAX });
        let guilty = source(1);
        for _ in 0..5 {
            assert!(guesses.take(Millis(0), guilty).is_ok());
            guesses.lose(guilty);
        }
        for number in 0..5_000u32 {
            let address = IpAddr::from((number + (11 << 24)).to_be_bytes());
            assert!(guesses.take(Millis(0), Source::of(address)).is_ok());
            guesses.lose(Source::of(address));
            assert!(guesses.sources.len() <= limits::GUESS_SOURCES_MAX);
        }
        assert!(guesses.take(Millis(0), guilty).is_err());
    }

    #[test]
    fn neighbours_on_an_ipv6_network_are_told_apart_and_a_mapped_address_is_ipv4() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2::2".parse().unwrap();
        assert_ne!(Source::of(one), Source::of(other));
        assert_ne!(source(1), source(2));
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(Source::of(mapped), source(1));
    }
}
