//! SSDP on a thread of its own, so that no flood of datagrams holds up the rest of a program.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use mio::Waker;

use super::runner::Runner;
use super::status::Status;
use crate::engine::{Config, Event};
use crate::limits::COMMANDS_MAX;
use crate::outbox::Outbox;
use crate::target::{Target, Udn};

/// A running engine. Ends, with a goodbye to the network, when dropped.
#[derive(Debug)]
pub struct Service {
    shared: Arc<Shared>,
    commands: SyncSender<Command>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

/// What a service may be set up with, besides what its engine is.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of the interfaces to use; where empty, those that [`crate::candidates::choose`] finds
    /// fit.
    pub only: Vec<String>,
    /// Our only address, where there is but one that others reach: nothing is said or heard on
    /// other interfaces or in another family.
    pub address: Option<IpAddr>,
}

/// What a service can be told to do; see [`crate::engine::Input`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Search now for what is wanted, or for this alone.
    Search(Option<Target>),
    /// Ask this device whether it is still there.
    Check(Udn),
    /// This device has proved to be there.
    Verified(Udn),
    /// The vendors' fields of our announcements are others now.
    Extra(Vec<(String, String)>),
}

/// What both threads see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) stop: AtomicBool,
    outbox: Mutex<Outbox>,
    status: Mutex<Status>,
}

impl Service {
    /// Starts a thread that runs an engine set up with `config` and `seed` on this machine's
    /// interfaces. `wake` is called there when there may be events to fetch or the state of the
    /// interfaces has changed; it must not wait for anything.
    ///
    /// # Errors
    /// Where the system gives no poll or no thread. What it refuses of interfaces and sockets is no
    /// error: see [`Service::status`].
    pub fn start(
        config: Config,
        seed: u64,
        options: Options,
        wake: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let (commands, inbox) = sync_channel(COMMANDS_MAX);
        let (runner, waker) =
            Runner::new(config, seed, options, inbox, Arc::clone(&shared), Box::new(wake))?;
        let thread = std::thread::Builder::new().name("ssdp".into()).spawn(|| runner.run())?;
        Ok(Self { shared, commands, waker, thread: Some(thread) })
    }

    /// Has something done. `false` where so much is waiting that this was not taken.
    pub fn tell(&self, command: Command) -> bool {
        let taken = self.commands.try_send(command).is_ok();
        taken && self.waker.wake().is_ok()
    }

    /// What has happened since; of each device only what differs from what was fetched last.
    pub fn try_event(&self) -> Option<Event> {
        self.shared.outbox().pop()
    }

    /// How it is going, as of at most [`crate::limits::STATUS_EVERY`] ago.
    pub fn status(&self) -> Status {
        self.shared.status().clone()
    }

    /// Says goodbye and ends the thread.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        // Without being woken it would notice in a few seconds.
        let _ = self.waker.wake();
        if let Some(thread) = self.thread.take() {
            // Its panic has been reported already.
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
