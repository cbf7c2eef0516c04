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
    /// When little is acknowledged, too.
    due: Millis,
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

    /// What is to be acknowledged now, when there is enough of it or it has waited.
    pub(crate) fn acknowledge(&mut self, now: Millis) -> Option<u64> {
        let news = self.came - self.acknowledged;
        if news == 0 || news < limits::FILE_GOT_BYTES && now < self.due {
            return None;
        }
        self.acknowledged = self.came;
        self.due = now + limits::FILE_GOT_PAUSE;
        Some(self.came)
    }

    /// When there is something to acknowledge.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        (self.came > self.acknowledged).then_some(self.due)
    }
}

/// What was given to the disk and is not written yet, of all connections: they share the disk.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// Jobs of each transfer, the oldest first.
    jobs: BTreeMap<TransferId, VecDeque<Job>>,
    held: usize,
    /// The memory of one chunk that was written, for whichever comes next.
    spare: Vec<u8>,
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

    /// A chunk was written, and this was its memory.
    pub(crate) fn reuse(&mut self, spare: Vec<u8>) {
        if spare.capacity() >= limits::CHUNK_BYTES {
            self.spare = spare;
        }
    }

    /// Memory for a chunk, if there is some.
    pub(crate) fn take_spare(&mut self) -> Vec<u8> {
        let mut spare = std::mem::take(&mut self.spare);
        spare.clear();
        spare
    }

    /// Nothing comes any more.
    pub(crate) fn forget(&mut self) {
        self.spare = Vec::new();
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

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: u64 = limits::FILE_RECORD_BYTES as u64;

    /// A way that takes so long and carries so many bytes in a millisecond, with a queue for the
    /// rest.
    struct Way {
        delay: u64,
        rate: u64,
        queue: VecDeque<(Millis, u64)>,
        free_at: Millis,
    }

    impl Way {
        fn new(delay: u64, rate: u64) -> Self {
            Self { delay, rate, queue: VecDeque::new(), free_at: Millis(0) }
        }

        /// Sends as much as the window allows for so long. Gives how long the last byte waited in
        /// the queue at most in the second half of the time, and how much came through.
        fn carry(&mut self, window: &mut Window, from: Millis, span: Millis) -> (Millis, u64) {
            let (mut longest, before) = (Millis(0), window.got);
            for at in from.0..(from + span).0 {
                let now = Millis(at);
                while let Some((_, total)) = self.queue.pop_front_if(|(when, _)| *when <= now) {
                    window.got(now, total).unwrap();
                }
                while window.has_room() {
                    window.sent(now, RECORD);
                    self.free_at = self.free_at.max(now) + Millis(RECORD / self.rate);
                    let arrives = self.free_at + Millis(self.delay);
                    self.queue.push_back((arrives, window.sent));
                }
                if at > from.0 + span.0 / 2 {
                    longest = longest.max(self.free_at - now);
                }
                assert!(window.under_way() < limits::FILE_WINDOW_MAX + RECORD);
            }
            (longest, window.got - before)
        }
    }

    #[test]
    fn a_slow_way_is_used_whole_with_a_short_queue() {
        // 100 Mbit/s, 1 ms: 12,500 bytes in a millisecond.
        let mut window = Window::new();
        let (longest, carried) = Way::new(1, 12_500).carry(&mut window, Millis(0), Millis(10_000));
        assert!(longest <= Millis(25), "{longest:?} in the queue");
        assert!(carried >= 10_000 * 12_500 * 8 / 10, "{carried} bytes");
    }

    #[test]
    fn a_fast_way_gets_a_large_window_soon() {
        let mut window = Window::new();
        Way::new(2, 1 << 20).carry(&mut window, Millis(0), Millis(100));
        assert_eq!(window.size, limits::FILE_WINDOW_MAX);
    }

    #[test]
    fn a_way_that_became_slow_is_believed_after_a_while() {
        let mut window = Window::new();
        let mut way = Way::new(1, 1 << 20);
        way.carry(&mut window, Millis(0), Millis(1_000));
        // Now each byte takes 40 ms more, without a queue.
        way.delay = 41;
        way.carry(&mut window, Millis(1_000), Millis(6_000));
        assert_eq!(window.size, limits::FILE_WINDOW_MIN, "it looks like a queue");
        let (_, carried) = way.carry(&mut window, Millis(7_000), Millis(40_000));
        assert!(window.size > limits::FILE_WINDOW_MIN && carried > 0, "{}", window.size);
    }

    #[test]
    fn who_sends_little_keeps_a_small_window() {
        let mut window = Window::new();
        for at in 0..1_000 {
            assert!(window.has_room());
            window.sent(Millis(at), 1_000);
            window.got(Millis(at), window.sent).unwrap();
        }
        assert_eq!(window.size, limits::FILE_WINDOW_MIN);
        assert!(window.marks.is_empty());
    }

    #[test]
    fn what_was_not_sent_cannot_be_acknowledged_nor_taken_back() {
        let mut window = Window::new();
        window.sent(Millis(0), 10);
        assert!(window.got(Millis(0), 11).is_err());
        window.got(Millis(0), 10).unwrap();
        assert!(window.got(Millis(0), 9).is_err());
    }

    #[test]
    fn an_acknowledgement_is_said_once_and_the_window_ends_exactly() {
        let mut arrived = Arrived::default();
        assert_eq!(arrived.acknowledge(Millis(0)), None);
        let most = limits::FILE_WINDOW_MAX + RECORD;
        arrived.came(most).unwrap();
        assert_eq!(arrived.acknowledge(Millis(0)), Some(most));
        assert_eq!(arrived.acknowledge(Millis(9)), None);
        arrived.came(most).unwrap();
        assert!(arrived.came(1).is_err());
    }

    #[test]
    fn little_is_acknowledged_once_in_a_while_and_much_at_once() {
        let mut arrived = Arrived::default();
        arrived.came(1).unwrap();
        assert_eq!(arrived.acknowledge(Millis(5)), Some(1), "the first has not to wait");
        assert_eq!(arrived.deadline(), None);
        arrived.came(limits::FILE_GOT_BYTES - 1).unwrap();
        assert_eq!(arrived.acknowledge(Millis(5)), None);
        let due = Millis(5) + limits::FILE_GOT_PAUSE;
        assert_eq!(arrived.deadline(), Some(due));
        arrived.came(1).unwrap();
        assert_eq!(arrived.acknowledge(Millis(5)), Some(limits::FILE_GOT_BYTES + 1));
        arrived.came(1).unwrap();
        assert_eq!(arrived.acknowledge(due), Some(limits::FILE_GOT_BYTES + 2));
    }

    #[test]
    fn the_backlog_counts_what_is_held_for_whomever() {
        let mut backlog = Backlog::default();
        let (one, other) = (TransferId(1), TransferId(2));
        let job = Job { held: limits::FILE_BACKLOG_BYTES, bytes: 5 };
        backlog.begin(one, job);
        assert!(backlog.is_short());
        backlog.begin(other, Job { held: 1, bytes: 1 });
        assert!(!backlog.is_short() && !backlog.is_clear(one));
        assert_eq!(backlog.end(one), job);
        assert!(backlog.is_short() && backlog.is_clear(one) && !backlog.is_clear(other));
        assert_eq!(backlog.end(one), Job::default());
    }
}
