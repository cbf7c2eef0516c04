//! One thread for jobs that would hold up the network loop: key stretching takes 0.1 s.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use mio::Waker;

use crate::limits::WORKER_JOBS_MAX;

/// A thread that does jobs of one kind, in order, and wakes the network loop after each.
///
/// When it is dropped the thread ends after the job in hand; nobody waits for that.
pub struct Worker<J, R> {
    jobs: SyncSender<J>,
    results: Receiver<R>,
}

/// The worker has [`WORKER_JOBS_MAX`] jobs waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much to do at once: try again in a moment")]
pub struct Busy;

impl<J: Send + 'static, R: Send + 'static> Worker<J, R> {
    /// Starts the thread under a name that debuggers show.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        waker: Arc<Waker>,
        name: &str,
        mut work: impl FnMut(J) -> R + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, inbox) = sync_channel::<J>(WORKER_JOBS_MAX);
        let (outbox, results) = sync_channel(WORKER_JOBS_MAX);
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            for job in inbox {
                if outbox.send(work(job)).is_err() {
                    // The program has gone on without us; so the jobs that wait are void, too.
                    return;
                }
                // It fails only when the loop is gone, and then nobody is to be woken.
                let _ = waker.wake();
            }
        })?;
        Ok(Self { jobs, results })
    }

    /// Hands over a job.
    ///
    /// # Errors
    /// When too many wait already; the job is lost then.
    ///
    /// # Panics
    /// When an earlier job panicked: its result would be waited for in vain.
    pub fn submit(&self, job: J) -> Result<(), Busy> {
        match self.jobs.try_send(job) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Busy),
            Err(TrySendError::Disconnected(_)) => panic!("the worker thread has died"),
        }
    }

    /// The next result, if there is one: ask until there is none after each turn of the loop.
    pub fn try_result(&self) -> Option<R> {
        self.results.try_recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use mio::{Events, Poll, Token};

    fn poll() -> (Poll, Arc<Waker>) {
        let poll = Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        (poll, Arc::new(waker))
    }

    #[test]
    fn results_come_in_order_and_each_wakes_the_loop() {
        let (mut poll, waker) = poll();
        let worker = Worker::start(waker, "test", |n: u32| n * 2).unwrap();
        (0..3).for_each(|n| worker.submit(n).unwrap());
        let mut results = Vec::new();
        while results.len() < 3 {
            poll.poll(&mut Events::with_capacity(4), None).unwrap();
            results.extend(std::iter::from_fn(|| worker.try_result()));
        }
        assert_eq!(results, [0, 2, 4]);
    }

    #[test]
    fn a_full_queue_is_busy_and_a_dropped_worker_ends() {
        let (_poll, waker) = poll();
        let (begun, begins) = channel();
        let (go, may_go) = channel::<()>();
        let (gone, goes) = channel::<()>();
        let worker = Worker::start(waker, "test", move |_: u32| {
            let _keep = &gone;
            begun.send(()).unwrap();
            may_go.recv().is_ok()
        })
        .unwrap();
        worker.submit(0).unwrap();
        begins.recv().unwrap();
        for n in 0..WORKER_JOBS_MAX {
            assert_eq!(worker.submit(n as u32), Ok(()));
        }
        assert_eq!(worker.submit(0), Err(Busy));
        drop(worker);
        go.send(()).unwrap();
        // The closure, and with it `gone`, goes with the thread.
        assert!(goes.recv().is_err());
        assert!(begins.try_recv().is_err(), "a job that waited was begun");
    }
}
