//! Limits on guessing passwords: a token is taken when KE2 is sent and given back on a valid KE3.
//!
//! A listener does not see a wrong password (the dialler just stops), so every log-in that does not
//! come to its end counts as a guess. While it may still come to its end it does not stand in the
//! way of others: a class behind one router logs in at once. If they all turn out to be guesses,
//! the account is overdrawn and has to be paid off before the next. There is no lock-out: that
//! would hand attackers an off switch.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use crate::limits;
use crate::time::Millis;

/// How many guesses are allowed, and how fast they come back.
#[derive(Clone, Copy, Debug)]
pub struct GuessLimits {
    /// In a row, from one address.
    pub per_source: u32,
    /// In a row, from all strange addresses together; and from all where somebody has logged in.
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
/// addresses meets the limit for all strangers together.
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

/// Token buckets: for those from where somebody has logged in, and for strangers.
///
/// They are apart so that a flood of strangers, who use up what there is for all of them, keeps
/// nobody out who has been in.
pub struct Guesses {
    limits: GuessLimits,
    proven: Pool,
    strangers: Pool,
}

/// Sources that share what is earned: a bucket for each, and one for all.
struct Pool {
    all: Bucket,
    sources: BTreeMap<Source, Bucket>,
    sources_max: usize,
    /// Who found the bucket of all empty and is to come again, in order, each with the time until
    /// which its place is kept. What is earned goes round the sources, whoever asks how often.
    line: VecDeque<(Source, Millis)>,
}

/// Tokens that were there at a time; the rest is computed when asked.
#[derive(Clone, Copy)]
struct Bucket {
    /// Below zero when more log-ins at once turned out to be guesses than the burst allows.
    tokens: i64,
    /// Tokens taken for log-ins that have not come to an end.
    pending: i64,
    since: Millis,
    capacity: u32,
    /// The time in which one more token is earned.
    every: Millis,
}

impl Bucket {
    fn full(capacity: u32, every: Millis, since: Millis) -> Self {
        Self { tokens: i64::from(capacity), pending: 0, since, capacity, every }
    }

    fn refill(&mut self, now: Millis) {
        let before = self.tokens;
        self.tokens = self.tokens_at(now);
        let is_full = self.balance() >= i64::from(self.capacity);
        let earned = u64::try_from(self.tokens - before).unwrap_or(0);
        self.since = if is_full { now } else { self.since + Millis(earned * self.every.0) };
    }

    /// Tokens with what has been earned by now.
    fn tokens_at(&self, now: Millis) -> i64 {
        let earned = i64::try_from((now - self.since).0 / self.every.0).unwrap_or(i64::MAX);
        self.tokens.saturating_add(earned).min(i64::from(self.capacity) - self.pending)
    }

    /// Tokens that would be there if everything pending came to a good end.
    fn balance(&self) -> i64 {
        self.tokens + self.pending
    }

    /// Time until there is one more than `others` want.
    fn wait(&self, now: Millis, others: usize) -> Millis {
        let wanted = i64::try_from(others).unwrap_or(i64::MAX).saturating_add(1);
        let missing = u64::try_from(wanted.saturating_sub(self.balance())).unwrap_or(0);
        self.since + Millis(self.every.0.saturating_mul(missing)) - now
    }

    fn take(&mut self, count: i64) {
        self.tokens -= count;
        self.pending += count;
    }

    fn give_back(&mut self, count: i64) {
        self.take(-count);
    }

    fn lose(&mut self) {
        self.pending -= 1;
    }
}

impl Guesses {
    /// Full buckets.
    pub fn new(limits: GuessLimits) -> Self {
        let proven = Pool::new(limits.global, limits::GUESS_PROVEN_MAX);
        let strangers = Pool::new(limits.global, limits::GUESS_SOURCES_MAX);
        Self { limits, proven, strangers }
    }

    /// Takes a token for one log-in.
    ///
    /// # Errors
    /// None is left: the time after which one is.
    pub fn take(&mut self, now: Millis, source: Source) -> Result<(), Millis> {
        let per_source = self.limits.per_source;
        self.pool(source).take(now, source, per_source)
    }

    /// Gives a token back: the log-in it was taken for came to a good end, and its source belongs
    /// to the proven ones from now on.
    pub fn give_back(&mut self, now: Millis, source: Source) {
        if let Some(bucket) = self.strangers.sources.remove(&source) {
            self.strangers.all.give_back(bucket.pending);
            self.proven.make_room(now);
            self.proven.all.take(bucket.pending);
            self.proven.sources.insert(source, bucket);
        }
        self.proven.end(source, |bucket| bucket.give_back(1));
    }

    /// The log-in that a token was taken for will not come to a good end any more.
    pub fn lose(&mut self, source: Source) {
        self.pool(source).end(source, Bucket::lose);
    }

    fn pool(&mut self, source: Source) -> &mut Pool {
        let is_proven = self.proven.sources.contains_key(&source);
        if is_proven { &mut self.proven } else { &mut self.strangers }
    }
}

impl Pool {
    fn new(burst: u32, sources_max: usize) -> Self {
        let all = Bucket::full(burst, limits::GUESS_GLOBAL_REFILL, Millis(0));
        Self { all, sources: BTreeMap::new(), sources_max, line: VecDeque::new() }
    }

    fn take(&mut self, now: Millis, source: Source, burst: u32) -> Result<(), Millis> {
        if let Some(own) = self.sources.get_mut(&source) {
            own.refill(now);
            if own.balance() <= 0 {
                return Err(own.wait(now, 0));
            }
        }
        self.wait_in_line(now, source)?;
        if !self.sources.contains_key(&source) {
            self.make_room(now);
        }
        let full = Bucket::full(burst, limits::GUESS_REFILL, now);
        self.sources.entry(source).or_insert(full).take(1);
        self.all.take(1);
        Ok(())
    }

    /// Whether there is a token left for this source when all before it in the line have theirs; if
    /// not, it has a place there, unless the line is too long, and is told when to come again.
    fn wait_in_line(&mut self, now: Millis, source: Source) -> Result<(), Millis> {
        self.all.refill(now);
        self.line.retain(|(_, until)| now < *until);
        let found = self.line.iter().position(|(waiting, _)| *waiting == source);
        let place = found.unwrap_or(self.line.len());
        if self.all.balance() > i64::try_from(place).unwrap_or(i64::MAX) {
            self.line.remove(place);
            return Ok(());
        }
        let wait = self.all.wait(now, place);
        let kept = (source, now + wait + limits::GUESS_TURN);
        match self.line.get_mut(place) {
            Some(own) => *own = kept,
            None if place < limits::GUESS_LINE_MAX => self.line.push_back(kept),
            None => {}
        }
        Err(wait)
    }

    /// A log-in under way has ended: what that does to both its buckets.
    fn end(&mut self, source: Source, how: impl Fn(&mut Bucket)) {
        // A source with a log-in under way is never forgotten.
        if let Some(bucket) = self.sources.get_mut(&source) {
            how(bucket);
            how(&mut self.all);
        }
    }

    /// Makes room for one more source: forgets the one with most tokens, which being forgotten
    /// favours least, and of several the one that has not come for longest. Those with a log-in
    /// under way stay: they are few.
    fn make_room(&mut self, now: Millis) {
        if self.sources.len() < self.sources_max {
            return;
        }
        let settled = self.sources.iter().filter(|(_, bucket)| bucket.pending == 0);
        let fullest =
            settled.max_by_key(|(_, bucket)| (bucket.tokens_at(now), Reverse(bucket.since)));
        if let Some(source) = fullest.map(|(source, _)| *source) {
            self.sources.remove(&source);
        }
    }
}

#[cfg(test)]
#[path = "guess_tests.rs"]
mod tests;
