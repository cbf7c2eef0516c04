//! The life of one connection: beginning, open, ending, over.

use super::stream::{Attempt, Read, Stream};
use super::{Net, News};
use crate::conn::{ConnId, ConnectError, Lost};
use crate::limits::{FLUSH_MAX, LINGER, READ_BYTES_PER_TURN};
use crate::time::Millis;

/// One connection, by what it waits for.
pub(super) enum Slot {
    /// The other side's answer to our call.
    Connecting {
        /// May hold bytes for later.
        stream: Stream,
        /// When we give up.
        until: Millis,
    },
    /// Bytes in both directions.
    Open(Stream),
    /// The last bytes to be taken, and the other side's end; the core has let go of it.
    Closing {
        stream: Stream,
        /// When we give up: soon, once the system has taken all bytes.
        until: Millis,
        /// Whether the other side's end has come.
        heard_all: bool,
    },
    /// The core to be told; the socket is gone.
    Over(Ending),
}

/// How a connection ended, as the core will be told.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    Failed(ConnectError),
    Closed(Lost),
}

impl Slot {
    pub(super) fn unblock(&mut self) {
        match self {
            Self::Connecting { stream, .. } | Self::Open(stream) | Self::Closing { stream, .. } => {
                stream.unblock();
            }
            Self::Over(_) => {}
        }
    }

    /// Bytes that wait to be written.
    pub(super) fn queued(&self) -> usize {
        match self {
            Self::Connecting { stream, .. } | Self::Open(stream) | Self::Closing { stream, .. } => {
                stream.queued()
            }
            Self::Over(_) => 0,
        }
    }
}

impl Net {
    /// One look at a connection that may have something to tell; without news, it leaves the turn
    /// or the next look goes on where this one ended.
    pub(super) fn step(&mut self, id: ConnId) -> Option<News> {
        match self.slots.get_mut(&id) {
            None => self.leave_turn(id),
            Some(Slot::Connecting { stream, .. }) => match stream.attempt() {
                Attempt::Waiting => self.leave_turn(id),
                Attempt::Stands => return self.connected(id),
                Attempt::Failed(error) => return self.tell_end(id, Ending::Failed(error)),
            },
            Some(Slot::Open(stream)) => {
                let left = READ_BYTES_PER_TURN - self.spent;
                match stream.read(self.buffer.get_mut(..left).unwrap_or_default()) {
                    Read::Bytes(count) => {
                        self.spend(id, count);
                        return Some(News::Received(count));
                    }
                    Read::Nothing => self.leave_turn(id),
                    Read::Over(Lost::Ended) if stream.queued() > 0 => {
                        // It may still be reading.
                        self.leave_turn(id);
                        self.begin_to_close(id, true);
                        return Some(News::Over(Ending::Closed(Lost::Ended)));
                    }
                    Read::Over(lost) => return self.tell_end(id, Ending::Closed(lost)),
                }
            }
            Some(Slot::Closing { stream, heard_all, .. }) => {
                let left = READ_BYTES_PER_TURN - self.spent;
                // Read and thrown away: closing a socket with bytes unread makes the system send
                // a reset, and that can overtake our last words.
                match stream.read(self.buffer.get_mut(..left).unwrap_or_default()) {
                    Read::Bytes(count) => self.spend(id, count),
                    Read::Nothing => self.leave_turn(id),
                    Read::Over(Lost::Ended) => {
                        *heard_all = true;
                        self.leave_turn(id);
                        self.flush(id);
                    }
                    Read::Over(Lost::Broken | Lost::TooSlow) => self.remove(id),
                }
            }
            Some(Slot::Over(ending)) => {
                let ending = *ending;
                return self.tell_end(id, ending);
            }
        }
        None
    }

    /// Writes what waits, and draws the consequences.
    pub(super) fn flush(&mut self, id: ConnId) {
        match self.slots.get_mut(&id) {
            None | Some(Slot::Connecting { .. } | Slot::Over(_)) => {}
            Some(Slot::Open(stream)) => {
                stream.flush();
                if stream.is_broken() {
                    // The next read says so, after the bytes that came before.
                    self.due.insert(id);
                }
            }
            Some(Slot::Closing { stream, until, heard_all }) => {
                let moved = stream.flush();
                let done = stream.queued() == 0;
                if stream.is_broken() || (*heard_all && done) {
                    self.remove(id);
                } else if moved && done {
                    stream.end();
                    self.timers.remove(&(*until, id));
                    *until = self.clock.now().tick + LINGER;
                    self.timers.insert((*until, id));
                }
            }
        }
    }

    /// The core lets go of a connection, after its last bytes.
    pub(super) fn close(&mut self, id: ConnId) {
        match self.slots.get(&id) {
            None | Some(Slot::Closing { .. }) => {}
            Some(Slot::Connecting { .. } | Slot::Over(_)) => self.remove(id),
            Some(Slot::Open(_)) => {
                self.begin_to_close(id, false);
                // What came already is to be read away; there may be no further event for it.
                self.due.insert(id);
            }
        }
    }

    fn begin_to_close(&mut self, id: ConnId, heard_all: bool) {
        let Some(Slot::Open(stream)) = self.slots.remove(&id) else { return };
        let wait = match stream.queued() {
            0 => {
                stream.end();
                LINGER
            }
            _ => FLUSH_MAX,
        };
        let until = self.clock.now().tick + wait;
        self.timers.insert((until, id));
        self.slots.insert(id, Slot::Closing { stream, until, heard_all });
        self.flush(id);
    }

    /// Lets go of a connection and its socket now.
    pub(super) fn remove(&mut self, id: ConnId) {
        match self.slots.remove(&id) {
            None | Some(Slot::Open(_) | Slot::Over(_)) => {}
            Some(Slot::Connecting { until, .. } | Slot::Closing { until, .. }) => {
                self.timers.remove(&(until, id));
            }
        }
        // `turn` keeps the number: `step` finds nothing behind it and goes on.
    }

    /// Lets go of the socket now, and tells the core in the next turn.
    pub(super) fn end(&mut self, id: ConnId, ending: Ending) {
        self.remove(id);
        self.slots.insert(id, Slot::Over(ending));
        self.due.insert(id);
    }

    /// Deals with the deadlines that have come.
    pub(super) fn expire(&mut self, now: Millis) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.remove(&(at, id));
            match self.slots.get(&id) {
                Some(Slot::Connecting { .. }) => {
                    self.end(id, Ending::Failed(ConnectError::Unreachable));
                }
                Some(Slot::Closing { .. }) => self.remove(id),
                None | Some(Slot::Open(_) | Slot::Over(_)) => {}
            }
        }
    }

    fn connected(&mut self, id: ConnId) -> Option<News> {
        let Some(Slot::Connecting { stream, until }) = self.slots.remove(&id) else { return None };
        self.timers.remove(&(until, id));
        stream.set_options();
        if stream.queued() > 0 {
            self.unflushed.push(id);
        }
        // It stays in the turn: bytes may have come with the answer.
        self.slots.insert(id, Slot::Open(stream));
        Some(News::Connected)
    }

    fn tell_end(&mut self, id: ConnId, ending: Ending) -> Option<News> {
        self.remove(id);
        self.leave_turn(id);
        Some(News::Over(ending))
    }

    /// Counts bytes read; who has had its share goes on in the next turn.
    fn spend(&mut self, id: ConnId, count: usize) {
        self.spent += count;
        if self.spent >= READ_BYTES_PER_TURN {
            self.leave_turn(id);
            self.due.insert(id);
        }
    }

    fn leave_turn(&mut self, id: ConnId) {
        self.turn.remove(&id);
        self.spent = 0;
    }
}
