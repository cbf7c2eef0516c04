//! What those who see the list have not been told yet.
//!
//! Changes are gathered for a while and then told to all in one write each: a class that arrives
//! makes n² updates, and must not make n² writes. Who is new gets the list at once, as the others
//! know it, and is one of them from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hallway::conn::ConnId;
use hallway::limits::{LISTS_PER_TURN, NEWS_PAUSE_MAX, NEWS_PAUSE_MIN, NEWS_PAUSE_PER_THOUSAND};
use hallway::message::{Change, Member};
use hallway::pages;
use hallway::text::Name;
use hallway::time::Millis;

use crate::directory::Directory;

/// Messages that many get.
pub type Messages = Arc<[Vec<u8>]>;

/// What has changed since all were told, and who does not have the list yet.
pub struct News {
    /// For every name about which the others may be wrong, what they know of it: nothing, when it
    /// is new.
    outdated: BTreeMap<Name, Option<Member>>,
    newcomers: BTreeSet<ConnId>,
    /// The list as all know it who have one.
    list: Messages,
    /// When changes may be told again.
    next: Millis,
}

impl Default for News {
    fn default() -> Self {
        Self {
            outdated: BTreeMap::new(),
            newcomers: BTreeSet::new(),
            list: pages::members([]).into(),
            next: Millis(0),
        }
    }
}

impl News {
    /// The entry of that name has changed; `before` is what it was.
    pub fn changed(&mut self, name: &Name, before: Option<Member>) {
        self.outdated.entry(name.clone()).or_insert(before);
    }

    /// This one is to get the list, if it is still there by then, and no changes before.
    pub fn came(&mut self, id: ConnId) {
        self.newcomers.insert(id);
    }

    /// Whether this one does not have the list yet.
    pub fn awaits_list(&self, id: ConnId) -> bool {
        self.newcomers.contains(&id)
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.outdated.is_empty() && self.newcomers.is_empty()
    }

    /// When there is something to tell; zero for at once.
    pub fn deadline(&self) -> Option<Millis> {
        if self.newcomers.is_empty() {
            (!self.outdated.is_empty()).then_some(self.next)
        } else {
            Some(Millis(0))
        }
    }

    /// What is to be told now to the `viewers` who have the list, if anything is: of several
    /// changes of one name, what they come to.
    pub fn changes(
        &mut self,
        now: Millis,
        viewers: usize,
        directory: &Directory,
    ) -> Option<Messages> {
        if self.outdated.is_empty() || now < self.next {
            return None;
        }
        let (mut changes, mut arrivals) = (Vec::new(), Vec::new());
        for (name, before) in std::mem::take(&mut self.outdated) {
            match (before, directory.get(&name)) {
                (None, None) => {}
                (Some(before), Some(member)) if before == *member => {}
                (Some(before), Some(member)) if is_same_entry(&before, member) => {
                    arrivals.push(Change::State(name, member.state));
                }
                (before, member) => {
                    if before.is_some() {
                        changes.push(Change::Left(name));
                    }
                    arrivals.extend(member.cloned().map(Change::Joined));
                }
            }
        }
        // Who left comes first: at no moment are more on the list than fit, or two look alike.
        changes.append(&mut arrivals);
        if changes.is_empty() {
            return None;
        }
        self.list = pages::members(directory.members()).into();
        self.next = now + pause(viewers);
        Some(pages::changes(&changes).into())
    }

    /// The next ones who get the list, and the list.
    pub fn newcomers(&mut self) -> (Vec<ConnId>, Messages) {
        let first =
            std::iter::from_fn(|| self.newcomers.pop_first()).take(LISTS_PER_TURN).collect();
        (first, Arc::clone(&self.list))
    }
}

/// Whether it is the same member, but perhaps in another state.
fn is_same_entry(before: &Member, now: &Member) -> bool {
    before.identity == now.identity
        && before.instance == now.instance
        && before.port == now.port
        && before.addresses == now.addresses
}

/// How long changes are gathered after so many have been told.
pub fn pause(viewers: usize) -> Millis {
    let viewers = u64::try_from(viewers).unwrap_or(u64::MAX);
    let told = Millis(viewers.saturating_mul(NEWS_PAUSE_PER_THOUSAND.0) / 1000);
    told.clamp(NEWS_PAUSE_MIN, NEWS_PAUSE_MAX)
}
