//! Fetches the descriptions of others, on threads of its own.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
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
    FETCHES_WAITING_MAX,
};
use crate::location::Location;
use crate::target::Udn;

/// What is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Whose description it should be.
    pub udn: Udn,
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

/// Fetches descriptions, [`FETCHES_AT_ONCE`] at a time. Dropping it gives up what waits; what is
/// under way ends by itself, within [`FETCH_WAIT`].
#[derive(Debug)]
pub struct Fetcher {
    wishes: SyncSender<Wish>,
    results: Receiver<Fetched>,
    /// When all attempts so far would have been made at one each [`FETCH_INTERVAL`].
    due: Instant,
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
        Ok(Self { wishes, results, due: Instant::now() })
    }

    /// Asks for a description. `false` where too much was asked for lately: try again later.
    pub fn ask(&mut self, wish: Wish) -> bool {
        let Some(next_due) = next_due(self.due, Instant::now()) else { return false };
        let is_taken = self.wishes.try_send(wish).is_ok();
        if is_taken {
            self.due = next_due;
        }
        is_taken
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

/// When all attempts will have been made after one more, if one may be made now.
fn next_due(due: Instant, now: Instant) -> Option<Instant> {
    let due = due.max(now) + FETCH_INTERVAL;
    let burst = FETCH_INTERVAL.saturating_mul(u32::try_from(FETCHES_WAITING_MAX).ok()?);
    (due <= now + burst).then_some(due)
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
