//! What is asked of the other side of a connection: what it shares, and to be offered some of it.

use std::collections::{BTreeMap, VecDeque};

use hallway::limits;
use hallway::message::files::{Files, Get, Item, List, Listing, Offer, Wanted};
use hallway::reason::PeerFault;

use crate::desk::Desk;
use crate::disk::{Target, TransferId};
use crate::news::LinkId;

/// A question.
#[derive(Debug)]
pub(crate) enum Ask {
    /// What is shared there, behind these items.
    List(Vec<Item>),
    /// Some of it.
    Get(Fetch),
}

impl Ask {
    /// What is to be fetched.
    pub(crate) fn wanted(self) -> Option<Wanted> {
        match self {
            Self::List(_) => None,
            Self::Get(fetch) => Some(fetch.wanted),
        }
    }
}

/// Something to fetch.
#[derive(Clone, Debug)]
pub(crate) struct Fetch {
    pub(crate) wanted: Wanted,
    pub(crate) target: Target,
    /// The transfer that goes on with it, when it was interrupted.
    pub(crate) resumes: Option<TransferId>,
}

/// The questions of one connection.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    /// The number of the last one.
    asked: u64,
    open: BTreeMap<u64, Ask>,
    /// Those that wait until fewer are open.
    later: VecDeque<Ask>,
}

impl Requests {
    /// Asks as soon as it may.
    ///
    /// # Errors
    /// There are too many already: the question comes back.
    pub(crate) fn push(&mut self, ask: Ask) -> Result<(), Ask> {
        if self.later.len() >= limits::LISTED_MAX {
            return Err(ask);
        }
        self.later.push_back(ask);
        Ok(())
    }

    /// Says what may be asked now, with so many transfers from there already.
    pub(crate) fn go_on(&mut self, link: LinkId, transfers: usize, desk: &mut Desk) {
        while self.open.len() + transfers < limits::OFFERS_MAX
            && let Some(ask) = self.later.pop_front()
        {
            self.ask(link, ask, desk);
        }
    }

    fn ask(&mut self, link: LinkId, ask: Ask, desk: &mut Desk) {
        self.asked += 1;
        let request = self.asked;
        let message = match &ask {
            Ask::List(items) => {
                let after = items.last().map(|item| item.name.clone());
                Files::List(List { request, after })
            }
            Ask::Get(fetch) => Files::Get(Get { request, what: fetch.wanted.clone() }),
        };
        desk.say(link, message);
        self.open.insert(request, ask);
    }

    /// A page has come: all items, when it was the last, or the next is asked for.
    pub(crate) fn listing(
        &mut self,
        link: LinkId,
        page: Listing,
        desk: &mut Desk,
    ) -> Result<Option<Vec<Item>>, PeerFault> {
        let Some(Ask::List(mut items)) = self.open.remove(&page.request) else {
            return Err(PeerFault::UnexpectedMessage);
        };
        let names = items.last().into_iter().chain(&page.items).map(|item| &item.name);
        if !names.is_sorted_by(|one, next| one < next) || (page.items.is_empty() && !page.last) {
            return Err(PeerFault::UnexpectedMessage);
        }
        items.extend(page.items);
        if page.last || items.len() >= limits::LISTED_MAX {
            items.truncate(limits::LISTED_MAX);
            return Ok(Some(items));
        }
        self.ask(link, Ask::List(items), desk);
        Ok(None)
    }

    /// What was asked for is offered.
    pub(crate) fn offered(&mut self, request: u64, offer: &Offer) -> Result<Fetch, PeerFault> {
        let Some(Ask::Get(fetch)) = self.open.remove(&request) else {
            return Err(PeerFault::UnexpectedMessage);
        };
        let is_it = match &fetch.wanted {
            Wanted::Name(name) => *name == offer.name,
            Wanted::Hash(hash) => Some(*hash) == offer.hash,
        };
        if is_it { Ok(fetch) } else { Err(PeerFault::UnexpectedMessage) }
    }

    /// What was asked for is not there.
    pub(crate) fn not_there(&mut self, request: u64) -> Result<Ask, PeerFault> {
        self.open.remove(&request).ok_or(PeerFault::UnexpectedMessage)
    }

    /// Everything that was not answered.
    pub(crate) fn into_unanswered(self) -> impl Iterator<Item = Ask> {
        self.open.into_values().chain(self.later)
    }

    /// Whether one of them is to go on with this transfer.
    pub(crate) fn are_for(&self, id: Option<TransferId>) -> bool {
        let mut all = self.open.values().chain(&self.later);
        all.any(
            |ask| matches!(ask, Ask::Get(fetch) if fetch.resumes.is_some() && fetch.resumes == id),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.later.is_empty()
    }
}
