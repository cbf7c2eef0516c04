//! What those who see the list have not been told yet: gathered for one turn of the loop, then one
//! write for each.

use std::collections::BTreeSet;

use hallway::conn::ConnId;
use hallway::message::{self, Change, Member, Message, Page};

/// What has changed in this turn, and who does not have the list yet.
#[derive(Default)]
pub struct News {
    changes: Vec<Change>,
    newcomers: BTreeSet<ConnId>,
}

impl News {
    /// Something has changed, if anything has.
    pub fn changed(&mut self, change: Option<Change>) {
        self.changes.extend(change);
    }

    /// This one gets the whole list at the end of the turn, if it is still there, and no changes
    /// that it has already.
    pub fn came(&mut self, id: ConnId) {
        self.newcomers.insert(id);
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.newcomers.is_empty()
    }

    /// The changes as messages, and who gets the list instead; both are forgotten here.
    pub fn take(&mut self) -> (Vec<Vec<u8>>, BTreeSet<ConnId>) {
        let changes = std::mem::take(&mut self.changes);
        let messages = if changes.is_empty() {
            Vec::new()
        } else {
            let pages = message::pages(&changes).into_iter();
            pages.map(|page| Message::Changes(page).encode()).collect()
        };
        (messages, std::mem::take(&mut self.newcomers))
    }
}

/// The whole list as messages; also an empty one is one message.
pub fn list<'a>(members: impl Iterator<Item = &'a Member>) -> Vec<Vec<u8>> {
    let members: Vec<Member> = members.cloned().collect();
    let mut pages = message::pages(&members).into_iter().peekable();
    let mut messages = Vec::new();
    while let Some(members) = pages.next() {
        let last = pages.peek().is_none();
        messages.push(Message::Members(Page { members, last }).encode());
    }
    messages
}
