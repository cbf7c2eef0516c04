//! How much of files may be under way on a connection.
//!
//! What is said on the same connection waits behind what is under way. So the sender keeps that
//! small: it notes how long its bytes take until they are acknowledged, and lets its window grow
//! only while that is hardly longer than the least it has seen, which is the way itself without a
//! queue. The receiver acknowledges what has come as long as its disk keeps up, so that the window
//! is also what it has to keep in memory.

use std::collections::{BTreeMap, VecDeque};

use hallway::limits;
use hallway::reason::PeerFault;
use hallway::time::Millis;

use crate::disk::TransferId;

/// What one direction of a connection may have under way, at the sender.
#[derive(Debug)]
pub(crate) struct Window {
    /// Bytes that may be under way.
    size: u64,
    sent: u64,
    got: u64,
    /// What had been sent when, for what is under way: one mark for each millisecond.
    marks: VecDeque<(u64, Millis)>,
    /// The smallest delay, and since when it is believed.
    least: Option<(Millis, Millis)>,
    /// The window changes when this has been acknowledged: once in a round trip.
    turn: u64,
    growth: Growth,
    /// Whether the window was the limit in this round trip: else its size says nothing.
    was_full: bool,
}

/// How a window grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    /// Nothing is known of the way yet.
    Double,
    /// It was too large once.
    Add,
}

impl Window {
    pub(crate) fn new() -> Self {
        Self {
            size: limits::FILE_WINDOW_MIN,
            sent: 0,
            got: 0,
            marks: VecDeque::new(),
            least: None,
            turn: 0,
            growth: Growth::Double,
            was_full: false,
        }
    }

    /// Bytes that were sent and not acknowledged.
    pub(crate) fn under_way(&self) -> u64 {
        self.sent - self.got
    }

    /// Whether one more record may be sent.
    pub(crate) fn has_room(&mut self) -> bool {
        let has_room = self.under_way() < self.size;
        self.was_full |= !has_room;
        has_room
    }

    /// Something of this weight was sent.
    pub(crate) fn sent(&mut self, now: Millis, weight: u64) {
        self.sent += weight;
        match self.marks.back_mut() {
            Some((sent, at)) if *at == now => *sent = self.sent,
            _ => self.marks.push_back((self.sent, now)),
        }
    }

    /// So much has come there.
    pub(crate) fn got(&mut self, now: Millis, total: u64) -> Result<(), PeerFault> {
        if total > self.sent || total < self.got {
            return Err(PeerFault::UnexpectedMessage);
        }
        self.got = total;
        let mut sent_at = None;
        while let Some((_, at)) = self.marks.pop_front_if(|(sent, _)| *sent <= total) {
            sent_at = Some(at);
        }
        if let Some(sent_at) = sent_at {
            self.adapt(now, now - sent_at);
        }
        Ok(())
    }

    fn adapt(&mut self, now: Millis, delay: Millis) {
        let least = match self.least {
            Some((least, since)) if now - since < limits::FILE_DELAY_AGE => least.min(delay),
            Some(_) => {
                self.size = limits::FILE_WINDOW_MIN;
                self.growth = Growth::Double;
                self.least = None;
                delay
            }
            None => delay,
        };
        let since = self.least.map_or(now, |(_, since)| since);
        self.least = Some((least, since));
        if self.got < self.turn {
            return;
        }
        let queued = delay - least;
        if queued > limits::FILE_DELAY_MAX {
            self.size /= 2;
            self.growth = Growth::Add;
        } else if self.was_full && queued.0 < limits::FILE_DELAY_MAX.0 / 2 {
            self.size += match self.growth {
                Growth::Double => self.size,
                Growth::Add => limits::FILE_WINDOW_MIN / 2,
            };
        }
        self.size = self.size.clamp(limits::FILE_WINDOW_MIN, limits::FILE_WINDOW_MAX);
        self.turn = self.sent;
        self.was_full = false;
    }
}

/// What came in one direction of a connection, at the receiver.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    came: u64,
    acknowledged: u64,
}

impl Arrived {
    /// Something of this weight came.
    pub(crate) fn came(&mut self, weight: u64) -> Result<(), PeerFault> {
        self.came = self.came.saturating_add(weight);
        let most = limits::FILE_WINDOW_MAX + limits::FILE_RECORD_BYTES as u64;
        if self.came - self.acknowledged > most {
            return Err(PeerFault::UnexpectedMessage);
        }
        Ok(())
    }

    /// What is to be acknowledged, when that is more than last time.
    pub(crate) fn acknowledge(&mut self) -> Option<u64> {
        let is_news = self.came > self.acknowledged;
        self.acknowledged = self.came;
        is_news.then_some(self.came)
    }
}

/// What was given to the disk and is not written yet, of all connections: they share the disk.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Jobs of each transfer, the oldest first.
    jobs: BTreeMap<TransferId, VecDeque<Job>>,
    held: usize,
}

/// A job that the disk has been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Job {
    /// What it takes in memory, about.
    pub(crate) held: usize,
    /// Bytes of files in it.
    pub(crate) bytes: u64,
}

impl Backlog {
    pub(crate) fn begin(&mut self, transfer: TransferId, job: Job) {
        self.held += job.held;
        self.jobs.entry(transfer).or_default().push_back(job);
    }

    /// The oldest job of a transfer is done.
    pub(crate) fn end(&mut self, transfer: TransferId) -> Job {
        let Some(jobs) = self.jobs.get_mut(&transfer) else { return Job::default() };
        let job = jobs.pop_front().unwrap_or_default();
        if jobs.is_empty() {
            self.jobs.remove(&transfer);
        }
        self.held -= job.held;
        job
    }

    /// Whether everything of a transfer is written.
    pub(crate) fn is_clear(&self, transfer: TransferId) -> bool {
        !self.jobs.contains_key(&transfer)
    }

    /// Whether the disk keeps up.
    pub(crate) fn is_short(&self) -> bool {
        self.held <= limits::FILE_BACKLOG_BYTES
    }
}
