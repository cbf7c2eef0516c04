//! Questions about what is shared: theirs, and ours.

use hallway::identity::Fingerprint;
use hallway::limits;
use hallway::message::files::{Files, Listing, NotThere, Why};
use hallway::reason::PeerFault;
use hallway::time::Millis;

use super::Transfers;
use crate::disk::Source;
use crate::news::{Failure, LinkId, News};
use crate::receiving::Receiving;
use crate::requests::{Ask, Fetch, Requests};
use crate::sending::{Answers, Sending};
use crate::sharing::{self, Asked, What};

impl Transfers {
    // ---- ours --------------------------------------------------------------------------------

    /// Somebody here wants to know, or to have, something.
    pub(super) fn ask(&mut self, link_id: LinkId, ask: Ask) {
        let label = self.links.get(&link_id).map(|link| link.label.clone()).unwrap_or_default();
        let (ask, failure) = match self.links.get_mut(&link_id) {
            None => (ask, Failure::Left),
            Some(link) => match link.requests.push(ask) {
                Ok(()) => return self.ask_next(link_id),
                Err(ask) => (ask, Failure::Here(Why::TooMany)),
            },
        };
        self.desk.news(News::NotThere(link_id, label, ask.wanted(), failure));
    }

    /// Asks what waits for it, as long as not too much comes from there.
    pub(super) fn ask_next(&mut self, link_id: LinkId) {
        if let Some(link) = self.links.get_mut(&link_id) {
            let transfers = link.incoming_count();
            link.requests.go_on(link_id, transfers, &mut self.desk);
        }
    }

    pub(super) fn listing(&mut self, link_id: LinkId, page: Listing) -> Result<(), PeerFault> {
        let link = self.links.get_mut(&link_id).ok_or(PeerFault::UnexpectedMessage)?;
        if let Some(items) = link.requests.listing(link_id, page, &mut self.desk)? {
            self.desk.news(News::Listed(link_id, link.label.clone(), items));
            self.ask_next(link_id);
        }
        Ok(())
    }

    pub(super) fn not_there(&mut self, link_id: LinkId, answer: NotThere) -> Result<(), PeerFault> {
        let link = self.link(link_id)?;
        let label = link.label.clone();
        match link.requests.not_there(answer.request)? {
            Ask::Get(Fetch { resumes: Some(id), .. }) => {
                if let Some(mut receiving) = self.receiving.remove(&id) {
                    receiving.fail(Failure::There(answer.why), None, &mut self.desk);
                }
            }
            ask @ (Ask::Get(_) | Ask::List(_)) => {
                let failure = Failure::There(answer.why);
                self.desk.news(News::NotThere(link_id, label, ask.wanted(), failure));
            }
        }
        self.ask_next(link_id);
        Ok(())
    }

    /// A connection is gone: what was asked for there is asked for again some day.
    pub(super) fn miss(&mut self, link: LinkId, peer: Fingerprint, label: &str, open: Requests) {
        for ask in open.into_unanswered() {
            match ask {
                // The transfer that waits remembers it.
                Ask::Get(Fetch { resumes: Some(_), .. }) => {}
                Ask::Get(fetch) if self.missed.len() < limits::LISTED_MAX => {
                    self.missed.push((peer, fetch));
                }
                Ask::Get(_) | Ask::List(_) => {
                    let label = label.to_owned();
                    self.desk.news(News::NotThere(link, label, ask.wanted(), Failure::Left));
                }
            }
        }
    }

    /// The program ends: nothing is asked for again.
    pub(super) fn drop_requests(&mut self) {
        for (id, link) in &mut self.links {
            for ask in std::mem::take(&mut link.requests).into_unanswered() {
                // The transfer that waits is told of.
                if !matches!(ask, Ask::Get(Fetch { resumes: Some(_), .. })) {
                    let (label, wanted) = (link.label.clone(), ask.wanted());
                    self.desk.news(News::NotThere(*id, label, wanted, Failure::Unanswered));
                }
            }
        }
    }

    /// What was asked for and did not come whole is asked for again.
    pub(super) fn resume_requests(&mut self, link_id: LinkId) {
        let Some(link) = self.links.get_mut(&link_id) else { return };
        let here = |(peer, _): &mut (Fingerprint, Fetch)| *peer == link.peer;
        let missed: Vec<_> = self.missed.extract_if(.., here).map(|(_, fetch)| fetch).collect();
        let cut = self.receiving.values().filter(|receiving| receiving.peer == link.peer);
        let cut: Vec<_> = cut.filter_map(Receiving::wish).collect();
        let is_asked = |id| self.links.values().any(|link| link.requests.are_for(id));
        let cut = cut.into_iter().filter(|fetch| !is_asked(fetch.resumes)).collect::<Vec<_>>();
        let Some(link) = self.links.get_mut(&link_id) else { return };
        for fetch in cut.into_iter().chain(missed) {
            // Fewer wait than may: all of them were asked once.
            let _ = link.requests.push(Ask::Get(fetch));
        }
        self.ask_next(link_id);
    }

    // ---- people ------------------------------------------------------------------------------

    /// Whether nothing goes on there but that people are asked, here or at the other end.
    pub fn is_only_asked(&self, link: LinkId) -> bool {
        let mut sending = self.sending.values().filter(|it| it.link() == Some(link));
        let here = |it: &&Receiving| it.spot().is_some_and(|spot| spot.link == link);
        let mut receiving = self.receiving.values().filter(here);
        sending.all(Sending::is_asked)
            && receiving.all(Receiving::is_asked)
            && self.links.get(&link).is_none_or(|link| link.requests.is_empty())
            && !self.sharing.is_asked(link)
    }

    /// Gives up everything there that people are asked about.
    pub fn give_up(&mut self, now: Millis, link: LinkId) {
        let sending = self.sending.iter().filter(|(_, it)| it.link() == Some(link));
        for id in sending.filter(|(_, it)| it.is_asked()).map(|(id, _)| *id).collect::<Vec<_>>() {
            self.with_sending(id, Sending::give_up);
        }
        let here = |it: &Receiving| it.spot().is_some_and(|spot| spot.link == link);
        let receiving = self.receiving.iter().filter(|(_, it)| here(it) && it.is_asked());
        for id in receiving.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.with_receiving(now, id, Receiving::deny);
        }
    }

    // ---- theirs ------------------------------------------------------------------------------

    /// Somebody there wants to know, or to have, something.
    pub(super) fn asked(
        &mut self,
        now: Millis,
        link_id: LinkId,
        request: u64,
        what: What,
    ) -> Result<(), PeerFault> {
        let link = self.link(link_id)?;
        if request != link.asked + 1 {
            return Err(PeerFault::UnexpectedMessage);
        }
        link.asked = request;
        self.sharing.asked(now, Asked { link: link_id, request, what }, &mut self.desk);
        self.answer(now);
        Ok(())
    }

    /// Whether so little of what they asked for waits to be taken that they may have more of it.
    fn may_have_more(&self, link: LinkId) -> bool {
        let open = self.sending.values().filter(|sending| sending.is_open_answer(link));
        open.count() < limits::OFFERS_MAX
    }

    /// Answers what can be answered.
    pub(super) fn answer(&mut self, now: Millis) {
        while let Some(Asked { link, request, what }) = self.sharing.answer() {
            match what {
                What::Page(after) => {
                    let page = self.sharing.page(request, after.as_ref());
                    self.desk.say(link, Files::Listing(page));
                }
                What::Offer(wanted) => match self.sharing.find(&wanted) {
                    Some((item, path)) if self.may_have_more(link) && self.make_room(false) => {
                        let answers = Answers { request, item };
                        self.begin_sending(now, link, Source::Shared(path), Some(answers));
                    }
                    Some(_) => sharing::not_there(link, request, Why::TooMany, &mut self.desk),
                    None => sharing::not_there(link, request, Why::Gone, &mut self.desk),
                },
            }
        }
    }
}
