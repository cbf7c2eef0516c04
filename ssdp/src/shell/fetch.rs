//! Fetches the descriptions of others, on threads of its own.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, TcpConnector};

use crate::description::{self, Foreign, Unreadable};
use crate::limits::{
    DESCRIPTION_BYTES_MAX, FETCH_HEAD_BYTES_MAX, FETCH_INTERVAL, FETCH_WAIT, FETCHES_AT_ONCE,
    FETCHES_REMEMBERED_MAX, FETCHES_WAITING_MAX,
};
use crate::location::Location;
use crate::target::Udn;

/// What is to be fetched. It is fetched once: another boot or a repeated announcement is no reason
/// to do so again, another configuration or place is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wish {
    /// Whose description it should be.
    pub udn: Udn,
    /// `CONFIGID.UPNP.ORG`, where it was said.
    pub config_id: Option<u32>,
    /// Where it is.
    pub location: Location,
}

/// A wish, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What was to be fetched.
    pub wish: Wish,
    /// What is there. It may be of another device than wished: compare the name.
    pub outcome: Result<Foreign, Failure>,
}

/// Why there is no description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody answers there, or they stop in the middle.
    #[error("there is no answer")]
    NoAnswer,
    /// It was not there whole within [`FETCH_WAIT`].
    #[error("it takes too long")]
    TooSlow,
    /// What answers does not speak HTTP as it should.
    #[error("the answer is not HTTP")]
    NotHttp,
    /// The status is not 200. Redirects are not followed: they could lead anywhere.
    #[error("the answer has the status {0}")]
    Status(u16),
    /// The text is not UTF-8.
    #[error("it is not UTF-8")]
    NotText,
    /// It is not a description, or beyond the limits.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What becomes of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It will be fetched.
    Queued,
    /// It was fetched before, or will be.
    Known,
    /// Too much was asked for lately: try again later.
    Busy,
}

/// Fetches descriptions, [`FETCHES_AT_ONCE`] at a time. Dropping it gives up what waits; what is
/// under way ends by itself, within [`FETCH_WAIT`].
#[derive(Debug)]
pub struct Fetcher {
    wishes: SyncSender<Wish>,
    results: Receiver<Fetched>,
    attempts: Attempts,
}

impl Fetcher {
    /// Starts the threads. `wake` is called on one of them when [`Fetcher::next`] has something.
    ///
    /// # Errors
    /// When there is no thread to have.
    pub fn start(wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let (wishes, waiting) = sync_channel(FETCHES_WAITING_MAX);
        let (done, results) = sync_channel(FETCHES_WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let wake = Arc::new(wake);
        for _ in 0..FETCHES_AT_ONCE {
            let (waiting, done, wake) = (Arc::clone(&waiting), done.clone(), Arc::clone(&wake));
            thread::Builder::new().name("ssdp-fetch".into()).spawn(move || {
                while let Some(wish) = take(&waiting) {
                    let outcome = fetch(&wish.location);
                    if done.send(Fetched { wish, outcome }).is_err() {
                        return;
                    }
                    wake();
                }
            })?;
        }
        Ok(Self { wishes, results, attempts: Attempts::new(Instant::now()) })
    }

    /// Asks for a description, unless it was asked for before.
    pub fn ask(&mut self, wish: Wish) -> Asked {
        if self.attempts.known.contains(&wish) {
            return Asked::Known;
        }
        let Some(next_due) = self.attempts.next_due(Instant::now()) else { return Asked::Busy };
        match self.wishes.try_send(wish.clone()) {
            Ok(()) => {
                self.attempts.remember(wish, next_due);
                Asked::Queued
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Asked::Busy,
        }
    }

    /// A result, if one has come.
    #[expect(clippy::should_implement_trait, reason = "it is not over when there is none")]
    pub fn next(&mut self) -> Option<Fetched> {
        self.results.try_recv().ok()
    }
}

/// The next wish; `None` when the fetcher is gone.
fn take(waiting: &Mutex<Receiver<Wish>>) -> Option<Wish> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// What was asked for, and how fast.
#[derive(Debug)]
struct Attempts {
    known: BTreeSet<Wish>,
    order: VecDeque<Wish>,
    /// When all attempts so far would have been made at one each [`FETCH_INTERVAL`].
    due: Instant,
}

impl Attempts {
    fn new(now: Instant) -> Self {
        Self { known: BTreeSet::new(), order: VecDeque::new(), due: now }
    }

    /// [`Attempts::due`] after one more attempt, if one may be made now.
    fn next_due(&self, now: Instant) -> Option<Instant> {
        let due = self.due.max(now) + FETCH_INTERVAL;
        let burst = FETCH_INTERVAL.saturating_mul(u32::try_from(FETCHES_WAITING_MAX).ok()?);
        (due <= now + burst).then_some(due)
    }

    fn remember(&mut self, wish: Wish, due: Instant) {
        self.due = due;
        self.known.insert(wish.clone());
        self.order.push_back(wish);
        if self.order.len() > FETCHES_REMEMBERED_MAX
            && let Some(earliest) = self.order.pop_front()
        {
            self.known.remove(&earliest);
        }
    }
}

/// Fetches and reads one description, within all limits.
///
/// # Errors
/// When there is none to have.
pub fn fetch(location: &Location) -> Result<Foreign, Failure> {
    let agent = Agent::with_parts(config(), TcpConnector::default(), Checked(location.address()));
    let response = agent.get(location.url()).call().map_err(Failure::from)?;
    let status = response.status().as_u16();
    if status != 200 {
        return Err(Failure::Status(status));
    }
    // One byte more than allowed, so that a text of just the allowed length is seen to end there.
    let limit = u64::try_from(DESCRIPTION_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let bytes = response.into_body().into_with_config().limit(limit).read_to_vec()?;
    let text = str::from_utf8(&bytes).map_err(|_| Failure::NotText)?;
    Ok(description::read(text)?)
}

fn config() -> Config {
    Agent::config_builder()
        // The environment's proxy would connect to what we did not check.
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .timeout_global(Some(FETCH_WAIT))
        .max_response_header_size(FETCH_HEAD_BYTES_MAX)
        .user_agent("UPnP/2.0")
        .build()
}

/// Resolves nothing: whatever the URL says, the address is the one that was checked.
#[derive(Debug)]
struct Checked(SocketAddr);

impl Resolver for Checked {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addresses = self.empty();
        addresses.push(self.0);
        Ok(addresses)
    }
}

impl From<ureq::Error> for Failure {
    #[expect(clippy::wildcard_enum_match_arm, reason = "ureq may have more; all are of one kind")]
    fn from(error: ureq::Error) -> Self {
        match error {
            ureq::Error::Timeout(_) => Self::TooSlow,
            ureq::Error::BodyExceedsLimit(_) => Self::Unreadable(Unreadable::TooLong),
            ureq::Error::Io(_) | ureq::Error::ConnectionFailed => Self::NoAnswer,
            _ => Self::NotHttp,
        }
    }
}

#[cfg(test)]
mod tests;
