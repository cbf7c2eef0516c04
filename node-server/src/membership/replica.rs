//! The community's list, as we have it.

use hallway::limits;
use hallway::message::{Change, Member, Page};
use hallway::reason::{Ended, PeerFault};

use super::Membership;
use crate::desk::Desk;
use crate::notice::Notice;

impl Membership {
    /// Puts a member on our replica of the list, unless that has more than a community can have.
    fn list(&mut self, member: Member, desk: &mut Desk) -> Result<(), Ended> {
        self.note_twin(&member, desk);
        self.members.insert(member.name.clone(), member);
        let fits = self.members.len() <= limits::MEMBERS_MAX;
        fits.then_some(()).ok_or(Ended::Fault(PeerFault::UnexpectedMessage))
    }

    pub(super) fn page(&mut self, page: Page, desk: &mut Desk) -> Result<(), Ended> {
        for member in page.members {
            self.list(member, desk)?;
        }
        if page.last && self.list_until.take().is_some() {
            self.was_in = true;
            self.failures = 0;
            let place = self.place().map(ToString::to_string).unwrap_or_default();
            desk.notice(Notice::CommunityJoined(place));
            desk.notice(Notice::ListWhole);
        }
        Ok(())
    }

    pub(super) fn change(&mut self, change: Change, desk: &mut Desk) -> Result<(), Ended> {
        match change {
            Change::Joined(member) => {
                if !desk.is_ours(&member) {
                    desk.notice(Notice::MemberJoined(member.clone()));
                }
                self.list(member, desk)?;
            }
            Change::Left(name) => {
                let left = self.members.remove(&name);
                if left.is_some_and(|member| !desk.is_ours(&member)) {
                    desk.notice(Notice::MemberLeft(name));
                }
            }
            Change::State(name, state) => {
                let Some(member) = self.members.get_mut(&name) else { return Ok(()) };
                member.state = state;
                if !desk.is_ours(member) {
                    desk.notice(Notice::MemberChanged(name, state));
                }
            }
        }
        Ok(())
    }

    fn note_twin(&self, member: &Member, desk: &mut Desk) {
        let ours = member.identity == desk.me.identity.public();
        if ours && member.instance != desk.me.instance {
            desk.notice(Notice::CommunityTwin(member.name.clone()));
        }
    }
}
