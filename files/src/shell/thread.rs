//! A worker thread, and the jobs that it has no room for yet.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use hallway::limits::WORKER_JOBS_MAX;
use hallway::shell::worker::Worker;
use mio::Waker;

/// A thread that does jobs in order, some of which have no result.
pub(super) struct Thread<J, R> {
    worker: Worker<J, Option<R>>,
    /// Jobs that the worker has and that it has not answered.
    under_way: usize,
    waiting: VecDeque<J>,
}

impl<J: Send + 'static, R: Send + 'static> Thread<J, R> {
    pub(super) fn start(
        waker: &Arc<Waker>,
        name: &str,
        work: impl FnMut(J) -> Option<R> + Send + 'static,
    ) -> io::Result<Self> {
        let worker = Worker::start(Arc::clone(waker), name, work)?;
        Ok(Self { worker, under_way: 0, waiting: VecDeque::new() })
    }

    pub(super) fn submit(&mut self, job: J) {
        self.waiting.push_back(job);
        self.hand_over();
    }

    pub(super) fn try_result(&mut self) -> Option<R> {
        while let Some(result) = self.worker.try_result() {
            self.under_way -= 1;
            self.hand_over();
            if result.is_some() {
                return result;
            }
        }
        None
    }

    /// Whether there is nothing that it will still answer.
    pub(super) fn is_idle(&self) -> bool {
        self.under_way == 0 && self.waiting.is_empty()
    }

    fn hand_over(&mut self) {
        while self.under_way < WORKER_JOBS_MAX
            && let Some(job) = self.waiting.pop_front()
        {
            // It has room: it has answered all but so many.
            if self.worker.submit(job).is_ok() {
                self.under_way += 1;
            }
        }
    }
}
