//! What happens at the node, and where it takes the person.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

use files::news::News;
use hallway::reason::Ended;
use node_server::notice::{CallId, Notice};
use node_server::sight::Sight;
use node_server::talk::{Act, Seek};
use node_server::view;

use super::{App, show};
use crate::screen::Screen;

impl App {
    /// Something happened at the node. `aloud`: it matters enough to be told in words; where the
    /// person is taken does not depend on that.
    pub fn told(&mut self, notice: &Notice, sight: Sight<'_>, aloud: bool) -> Vec<Act> {
        let mut acts = self.talk.told(notice, sight.node);
        if !aloud || self.is_noise(notice) {
            acts.clear();
        }
        match notice {
            Notice::Connected(id, _) => {
                self.known.insert(*id);
            }
            Notice::Calling(id, _) => {
                self.known.insert(*id);
                if let Screen::Dialling(target) = &self.screen {
                    self.passwords.worked(&target.key);
                    self.screen = Screen::Calling(*id);
                }
            }
            Notice::Ended(id, _, ended, _) => {
                acts.extend(self.ended(*id, ended, sight));
                acts.extend(self.answered_by(id.link()).unwrap_or_default());
            }
            Notice::Files(News::Listed(link, ..)) => {
                if let Some(list) = self.answered_by(*link) {
                    acts = list;
                }
            }
            Notice::Files(News::NotThere(link, ..)) => {
                acts.extend(self.answered_by(*link).unwrap_or_default());
            }
            Notice::ListWhole => {
                self.free_name = None;
                if let Screen::Joining | Screen::Community | Screen::NewName(_) = self.screen {
                    acts.extend(self.list(sight));
                }
            }
            Notice::CommunityFailed(_, ended) => acts.extend(self.not_joined(ended, sight)),
            Notice::CommunityLeft(_) if matches!(self.screen, Screen::Community) => {
                acts.extend(self.home(sight));
            }
            Notice::NameTaken(_, free) => {
                self.free_name = Some(free.clone());
                if matches!(self.screen, Screen::Joining | Screen::Community | Screen::Menu) {
                    acts.extend(self.home(sight));
                }
            }
            Notice::MemberJoined(member) if matches!(self.screen, Screen::Community) => {
                acts = vec![Act::Show(self.roster.number(member), false)];
            }
            Notice::Ringing(id, _) => {
                self.known.insert(*id);
                if self.screen.is_secret() {
                    acts.push(show("  (type that here, or just Enter first)"));
                }
            }
            _ => {}
        }
        acts.extend(self.follow(sight));
        if self.ending && sight.node.talking().next().is_none() {
            acts.push(Act::Quit);
        }
        acts
    }

    /// Whoever is about to talk, or looks at the network, does not look at the community's list.
    fn is_noise(&self, notice: &Notice) -> bool {
        let elsewhere =
            matches!(self.screen, Screen::Dialling(_) | Screen::Calling(_) | Screen::People);
        elsewhere
            && matches!(
                notice,
                Notice::MemberJoined(_) | Notice::MemberLeft(_) | Notice::MemberChanged(..)
            )
    }

    /// Goes where the conversations are, and away when there is none.
    pub(super) fn follow(&mut self, sight: Sight<'_>) -> Vec<Act> {
        let talking = matches!(self.screen, Screen::Talking);
        match self.talk.focus() {
            Some(focus) if !talking && sight.node.can_say(focus) => {
                self.screen = Screen::Talking;
                vec![show("  what you type is said; q or /bye ends it, /help tells more")]
            }
            None if talking && !self.talk.is_settling() => self.back(sight),
            _ => Vec::new(),
        }
    }

    fn ended(&mut self, id: CallId, ended: &Ended, sight: Sight<'_>) -> Vec<Act> {
        let was_known = self.known.remove(&id);
        if matches!(self.screen, Screen::Calling(calling) if calling == id) {
            if view::is_double(ended) {
                // It goes on by another connection.
                self.screen = Screen::Menu;
                return Vec::new();
            }
            return self.back(sight);
        }
        let Screen::Dialling(target) = &self.screen else { return Vec::new() };
        // A call that was never heard of is the one that we try to make. Its label does not tell:
        // who answered an address may have proved a name.
        if was_known {
            return Vec::new();
        }
        let target = target.clone();
        if *ended == Ended::WrongPassword {
            self.passwords.failed(&target.key);
            self.screen = Screen::CallPassword(target);
            return vec![show("  once more, or Enter to give up")];
        }
        let mut acts = self.back(sight);
        if let (Ended::NotReached(_), Some(udn)) = (ended, target.neighbour) {
            // The list shall know of it, and ask whether they are still there.
            acts.push(Act::Seek(Seek::Try(udn)));
        }
        acts
    }

    fn not_joined(&mut self, ended: &Ended, sight: Sight<'_>) -> Vec<Act> {
        let wrong = matches!(ended, Ended::WrongPassword);
        if let (true, Some((place, password))) = (wrong, &mut self.community) {
            *password = None;
            if matches!(self.screen, Screen::Joining) {
                self.screen = Screen::CommunityPassword(place.clone());
                return vec![show("  once more, or Enter to give up")];
            }
        }
        match self.screen {
            Screen::Joining | Screen::Community => self.back(sight),
            _ => Vec::new(),
        }
    }
}
