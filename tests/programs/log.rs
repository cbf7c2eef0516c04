//! What a program has said so far, and how to wait for more.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::support::PATIENCE;

/// All that a program has said, and where to wait for more.
#[derive(Default)]
pub(crate) struct Log {
    said: Mutex<Said>,
    changed: Condvar,
}

pub(crate) struct Said {
    /// Lines of standard output, with their ends.
    pub(crate) out: Vec<Vec<u8>>,
    err: Vec<u8>,
    pub(crate) out_open: bool,
    pub(crate) err_open: bool,
}

impl Default for Said {
    fn default() -> Self {
        Self { out: Vec::new(), err: Vec::new(), out_open: true, err_open: true }
    }
}

impl Said {
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.err).into_owned()
    }

    pub(crate) fn tell(&self, from: usize) -> String {
        let out = self.out.iter().skip(from).map(|line| String::from_utf8_lossy(line));
        format!("{}--- stderr:\n{}", out.collect::<String>(), self.err())
    }
}

impl Log {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Said> {
        // A look that panicked has changed nothing.
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `look` finds something; `None` when it takes too long.
    pub(crate) fn wait<T>(&self, look: impl Fn(&Said) -> Option<T>) -> Option<T> {
        let end = Instant::now() + PATIENCE;
        let mut said = self.lock();
        loop {
            if let Some(found) = look(&said) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let woken = self.changed.wait_timeout(said, left);
            said = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Which of its outputs.
pub(crate) enum Stream {
    Out,
    Err,
}

/// Notes what comes out of a program, until it ends.
pub(crate) fn listen(
    stream: impl Read + Send + 'static,
    log: &Arc<Log>,
    which: Stream,
) -> JoinHandle<()> {
    let log = log.clone();
    thread::spawn(move || {
        let mut lines = BufReader::new(stream);
        loop {
            let mut line = Vec::new();
            let count = lines.read_until(b'\n', &mut line).unwrap_or(0);
            let mut said = log.lock();
            match (&which, count) {
                (Stream::Out, 0) => said.out_open = false,
                (Stream::Err, 0) => said.err_open = false,
                (Stream::Out, _) => said.out.push(line),
                (Stream::Err, _) => said.err.append(&mut line),
            }
            log.changed.notify_all();
            if count == 0 {
                return;
            }
        }
    })
}
