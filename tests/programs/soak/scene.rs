//! What all visitors share: the network, whom they can call, what was said, and for how long.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::calls::Calls;
use crate::lan::Lan;
use crate::strangers::real_hello;
use crate::support::PATIENCE;

/// Somebody who can be called.
#[derive(Clone)]
pub(crate) struct Door {
    /// `IP:PORT`.
    pub(crate) place: String,
    pub(crate) echoes: bool,
    /// Whether it is there all the time, on a machine whose cable is never pulled.
    pub(crate) is_steady: bool,
}

/// A round of disorder.
struct Round {
    end: Instant,
    /// Somebody failed: the others need not go on.
    has_failed: bool,
}

/// What all visitors share.
pub(crate) struct Scene<'a> {
    pub(crate) lan: &'a Lan,
    /// The first bytes of a real call.
    pub(crate) hello: Vec<u8>,
    doors: Mutex<BTreeMap<String, Door>>,
    calls: Mutex<Calls>,
    killed: Mutex<BTreeSet<String>>,
    round: Mutex<Round>,
    failure: Condvar,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(lan: &'a Lan, doors: BTreeMap<String, Door>) -> Self {
        Self {
            lan,
            hello: real_hello(),
            doors: Mutex::new(doors),
            calls: Mutex::default(),
            killed: Mutex::default(),
            round: Mutex::new(Round { end: Instant::now(), has_failed: false }),
            failure: Condvar::new(),
        }
    }

    /// Begins a round of so long.
    pub(crate) fn begin(&self, length: Duration) {
        lock(&self.round).end = Instant::now() + length;
    }

    /// Whether the round goes on.
    pub(crate) fn goes_on(&self) -> bool {
        let round = lock(&self.round);
        !round.has_failed && Instant::now() < round.end
    }

    /// Lets others act for so long, at most to the end of the round.
    pub(crate) fn pause(&self, length: Duration) {
        let round = lock(&self.round);
        let left = round.end.saturating_duration_since(Instant::now()).min(length);
        drop(self.failure.wait_timeout_while(round, left, |round| !round.has_failed));
    }

    /// Held by who acts: when they fail, all others stop.
    pub(crate) fn stop_all_on_failure(&self) -> StopAll<'_> {
        StopAll(self)
    }

    pub(crate) fn doors(&self) -> MutexGuard<'_, BTreeMap<String, Door>> {
        lock(&self.doors)
    }

    /// Who was killed and has not been started again.
    pub(crate) fn killed(&self) -> MutexGuard<'_, BTreeSet<String>> {
        lock(&self.killed)
    }

    pub(crate) fn calls(&self) -> MutexGuard<'_, Calls> {
        lock(&self.calls)
    }

    /// Checks every call of the round, once `note` has noted what is still to come.
    pub(crate) fn calls_are_right(&self, mut note: impl FnMut(&mut Calls)) {
        until(|| {
            let mut calls = self.calls();
            note(&mut calls);
            calls.check()
        });
        self.calls().forget();
    }
}

/// Ends the round for all when dropped by a panic.
pub(crate) struct StopAll<'a>(&'a Scene<'a>);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.round).has_failed = true;
            self.0.failure.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked has said why.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks until all is well; fails with what is not, after twice [`PATIENCE`]: who lost a cable may
/// need 25 s to notice and 30 to come back.
#[track_caller]
pub(crate) fn until(mut look: impl FnMut() -> Result<(), String>) {
    let begun = Instant::now();
    while let Err(what) = look() {
        assert!(begun.elapsed() < 2 * PATIENCE, "{what}");
        moment(Duration::from_millis(100));
    }
}

/// Lets time pass: there is no event when a file of `/proc` changes.
pub(crate) fn moment(length: Duration) {
    thread::park_timeout(length);
}
