//! Telling many the same: who gets it, sealed for each of them.

use std::vec::IntoIter;

use hallway::conn::{ConnId, NetOutput};
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
            self.tellings.push_back(Telling { messages, to: ids.into_iter(), now });
        }
    }

    /// The next of those who are to be told something.
    pub(super) fn tell_next(&mut self) -> Option<Output> {
        while let Some(telling) = self.tellings.front_mut() {
            let Some(id) = telling.to.next() else {
                self.tellings.pop_front();
                continue;
            };
            let Some(channel) = self.conns.get_mut(id).and_then(Conn::viewer) else { continue };
            let (now, mut bytes) = (telling.now, Vec::new());
            let mut messages = telling.messages.iter();
            return Some(
                match messages.try_for_each(|each| channel.send_encoded(now, each, &mut bytes)) {
                    Ok(()) => Output::Net(id, NetOutput::Send(bytes)),
                    // Used up after 2^48 records: it can log in anew.
                    Err(_) => {
                        self.take(id);
                        Output::Net(id, NetOutput::Drop)
                    }
                },
            );
        }
        None
    }
}
