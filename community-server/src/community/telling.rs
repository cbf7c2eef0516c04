//! Telling many the same: who gets it, sealed for each of them.

use std::vec::IntoIter;

use hallway::conn::{ConnId, NetOutput};
use hallway::limits::{GATHER_BYTES_MAX, PADDED_STEP_BYTES};
use hallway::message::Message;
use hallway::text::Line;
use hallway::time::Millis;

use super::{Community, Output};
use crate::conns::Conn;
use crate::news::Messages;

/// The same messages for many. They are sealed one by one, as the world takes them: all at once
/// they would need more memory than all the members.
pub(super) struct Telling {
    messages: Messages,
    to: IntoIter<ConnId>,
    /// Who has been told this many of the messages, and not yet the others.
    half_told: Option<(ConnId, usize)>,
    now: Millis,
}

impl Community {
    /// One write for each: the changes for who has the list, the list for who is new.
    pub(super) fn tell_news(&mut self, now: Millis) {
        if let Some(changes) = self.news.changes(now, self.conns.viewers(), &self.directory) {
            self.tell_all(now, changes);
        }
        let (newcomers, list) = self.news.newcomers();
        self.tell(now, newcomers, list);
    }

    /// The operator says something to all.
    pub(super) fn tell_line(&mut self, now: Millis, line: Line) {
        self.tell_all(now, [Message::Notice(line).encode()].into());
    }

    /// Tells all who have the list.
    fn tell_all(&mut self, now: Millis, messages: Messages) {
        let mut ids = self.conns.ids();
        ids.retain(|id| !self.news.awaits_list(*id));
        self.tell(now, ids, messages);
    }

    fn tell(&mut self, now: Millis, ids: Vec<ConnId>, messages: Messages) {
        if !ids.is_empty() {
            let to = ids.into_iter();
            self.tellings.push_back(Telling { messages, to, half_told: None, now });
        }
    }

    /// The next piece for one of those who are to be told something: no more than is written at
    /// once, so that the first of a long list is on its way while the rest is being sealed.
    pub(super) fn tell_next(&mut self) -> Option<Output> {
        while let Some(telling) = self.tellings.front_mut() {
            let next = telling.half_told.take().or_else(|| Some((telling.to.next()?, 0)));
            let Some((id, told)) = next else {
                self.tellings.pop_front();
                continue;
            };
            let Some(channel) = self.conns.get_mut(id).and_then(Conn::viewer) else { continue };
            let untold = telling.messages.get(told..).unwrap_or_default();
            let (count, room) = piece(untold);
            let mut bytes = Vec::with_capacity(room);
            let sent = untold
                .iter()
                .take(count)
                .try_for_each(|each| channel.send_encoded(telling.now, each, &mut bytes));
            if count < untold.len() {
                telling.half_told = Some((id, told + count));
            }
            return Some(match sent {
                Ok(()) => Output::Net(id, NetOutput::Send(bytes)),
                // Used up after 2^48 records: it can log in anew.
                Err(_) => {
                    self.take(id);
                    Output::Net(id, NetOutput::Drop)
                }
            });
        }
        None
    }
}

/// Header, inner header and tag, and the least that is sealed.
const RECORD_FRAME: usize = 64;

/// How many of these are written at once, and about how many bytes they make when sealed.
fn piece(messages: &[Vec<u8>]) -> (usize, usize) {
    let (mut count, mut bytes) = (0, 0);
    for message in messages {
        if bytes >= GATHER_BYTES_MAX {
            break;
        }
        count += 1;
        // Padding at most doubles a short one, and a record's frame is small.
        bytes += message.len() + message.len().min(PADDED_STEP_BYTES) + RECORD_FRAME;
    }
    (count, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::limits::LIST_RECORD_BYTES_MAX;

    #[test]
    fn a_long_list_goes_out_in_pieces_that_are_written_at_once_and_lose_no_message() {
        let list = vec![vec![7; LIST_RECORD_BYTES_MAX - 64]; 26];
        let (mut told, mut pieces) = (0, 0);
        while told < list.len() {
            let (count, room) = piece(&list[told..]);
            assert!(count > 0 && room < GATHER_BYTES_MAX + 2 * LIST_RECORD_BYTES_MAX);
            told += count;
            pieces += 1;
        }
        assert_eq!((told, pieces), (26, 7));
        assert_eq!(piece(&[vec![7; 20]]).0, 1);
        assert_eq!(piece(&[]), (0, 0));
    }
}
