//! Requests of the system to stop, as events of the network loop.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use mio::Waker;

use crate::limits::SIGNALS_MAX;

/// A request to stop; all of them mean goodbye to the peers, then the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `SIGINT`: somebody pressed Ctrl-C.
    Interrupt,
    /// `SIGTERM`: the system or its administrator asks.
    Terminate,
    /// `SIGHUP`: the terminal is gone.
    HangUp,
}

/// Where the signals of this process arrive.
pub struct Signals {
    arrived: Receiver<Signal>,
}

/// The exit code of a program that was interrupted twice: what shells give for `SIGINT`.
pub const EXIT_INTERRUPTED: i32 = 130;

impl Signals {
    /// Takes `SIGINT`, `SIGTERM` and `SIGHUP` from now on.
    ///
    /// The first is an event. `SIGINT` or `SIGTERM` after it ends the process at once, with
    /// [`EXIT_INTERRUPTED`], whatever the loop is doing: somebody does not want to wait for the
    /// goodbye. `restore_terminal` is called before that, in another thread.
    ///
    /// # Errors
    /// When the system gives no thread or refuses the handlers.
    #[cfg(unix)]
    pub fn start(
        waker: Arc<Waker>,
        mut restore_terminal: impl FnMut() + Send + 'static,
    ) -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

        let mut caught = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (tell, arrived) = sync_channel(SIGNALS_MAX);
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let mut asked_before = false;
            for number in caught.forever() {
                let signal = match number {
                    SIGINT => Signal::Interrupt,
                    SIGTERM => Signal::Terminate,
                    _ => Signal::HangUp,
                };
                if asked_before && signal != Signal::HangUp {
                    restore_terminal();
                    std::process::exit(EXIT_INTERRUPTED);
                }
                asked_before = true;
                // Full or gone: then the loop knows already, or there is none.
                let _ = tell.try_send(signal);
                let _ = waker.wake();
            }
        })?;
        Ok(Self { arrived })
    }

    /// Nothing is taken on this system: Ctrl-C ends the process, and the peers see a lost line.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    pub fn start(_: Arc<Waker>, _: impl FnMut() + Send + 'static) -> io::Result<Self> {
        let (_, arrived) = sync_channel(SIGNALS_MAX);
        Ok(Self { arrived })
    }

    /// The next signal that has arrived.
    pub fn try_next(&self) -> Option<Signal> {
        self.arrived.try_recv().ok()
    }
}
