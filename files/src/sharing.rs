//! What is shared here, and what others ask about it.

use std::collections::VecDeque;
use std::path::PathBuf;

use hallway::limits;
use hallway::message::files::{Files, Item, Listing, NotThere, Wanted, Why};
use hallway::pages;
use hallway::text::FileName;
use hallway::time::Millis;

use crate::desk::Desk;
use crate::disk::{Index, Share, Trouble};
use crate::news::{LinkId, News};

/// What is shared here, as the index said last, and who waits to hear of it.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    shares: Vec<Share>,
    survey: Survey,
    waiting: VecDeque<Asked>,
    /// Changes that somebody here wants and the index has not made yet, as what is to be shared;
    /// and what went wrong with those before: they are told of together.
    changing: VecDeque<Option<PathBuf>>,
    troubles: Vec<String>,
    /// What the index looks at is told then.
    tells: Option<Millis>,
}

/// How fresh that is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Survey {
    /// Nobody has asked.
    #[default]
    Never,
    /// The index looks for changes, since then.
    UnderWay(Millis),
    /// It has, and that is believed until then.
    Done(Millis),
}

/// A question from outside.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) link: LinkId,
    pub(crate) request: u64,
    pub(crate) what: What,
}

/// What is asked.
#[derive(Debug)]
pub(crate) enum What {
    /// What comes behind this name.
    Page(Option<FileName>),
    /// To be offered this.
    Offer(Wanted),
}

impl Sharing {
    /// Somebody outside asks. The answer is to be had from [`Self::answer`], perhaps later.
    pub(crate) fn asked(&mut self, now: Millis, asked: Asked, desk: &mut Desk) {
        let from_there = self.waiting.iter().filter(|waiting| waiting.link == asked.link).count();
        if from_there >= limits::OFFERS_MAX {
            return not_there(asked.link, asked.request, Why::TooMany, desk);
        }
        self.waiting.push_back(asked);
        let is_fresh = match self.survey {
            Survey::Never => false,
            Survey::UnderWay(_) => return,
            Survey::Done(until) => now < until,
        };
        if !is_fresh {
            self.survey = Survey::UnderWay(now);
            desk.index(Index::Survey);
        }
    }

    /// The next question that can be answered.
    pub(crate) fn answer(&mut self) -> Option<Asked> {
        if let Survey::UnderWay(_) = self.survey { None } else { self.waiting.pop_front() }
    }

    /// The index has looked for changes. Who asks again and again cannot keep the disk busy.
    pub(crate) fn surveyed(&mut self, now: Millis) {
        let Survey::UnderWay(since) = self.survey else { return };
        let rest = Millis((now - since).0.saturating_mul(limits::SURVEY_REST));
        self.survey = Survey::Done(now + limits::SURVEY_PAUSE.max(rest));
    }

    /// This is shared now; and what went wrong is told whoever is here.
    pub(crate) fn are(&mut self, shares: Vec<Share>, trouble: Option<Trouble>, desk: &mut Desk) {
        self.shares = shares;
        self.shares.sort_by(|one, other| one.item.name.cmp(&other.item.name));
        if let Some(trouble) = trouble {
            desk.news(News::Shares(self.items(), vec![trouble.words]));
        }
    }

    /// Somebody here wants a change.
    pub(crate) fn change(&mut self, now: Millis, job: Index, desk: &mut Desk) {
        let path = if let Index::Share(path) = &job { Some(path.clone()) } else { None };
        if self.changing.is_empty() {
            self.tells = Some(now + limits::LOOK_TOLD);
        }
        self.changing.push_back(path);
        desk.index(job);
    }

    /// The index has made a change, or not. After the last one whoever is here is told.
    pub(crate) fn changed(&mut self, now: Millis, trouble: Option<Trouble>, desk: &mut Desk) {
        self.troubles.extend(trouble.map(|trouble| trouble.words));
        self.changing.pop_front();
        self.tells = (!self.changing.is_empty()).then_some(now + limits::LOOK_TOLD);
        if self.changing.is_empty() {
            desk.news(News::Shares(self.items(), std::mem::take(&mut self.troubles)));
        }
    }

    /// Tells what the index looks at, when that takes long.
    pub(crate) fn tick(&mut self, now: Millis, desk: &mut Desk) {
        if self.tells.take_if(|tells| *tells <= now).is_some()
            && let Some(Some(path)) = self.changing.front()
        {
            desk.news(News::Looking(path.clone()));
        }
    }

    /// When `tick` is wanted.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.tells
    }

    /// All of it, by name.
    pub(crate) fn items(&self) -> Vec<Item> {
        self.shares.iter().map(|share| share.item.clone()).collect()
    }

    /// What is wanted, when that is shared.
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<(Item, PathBuf)> {
        let is_it = |share: &&Share| match wanted {
            Wanted::Name(name) => share.item.name == *name,
            Wanted::Hash(hash) => share.item.hash == Some(*hash),
        };
        self.shares.iter().find(is_it).map(|share| (share.item.clone(), share.path.clone()))
    }

    /// The page behind a name.
    pub(crate) fn page(&self, request: u64, after: Option<&FileName>) -> Listing {
        let begin = self.shares.partition_point(|share| Some(&share.item.name) <= after);
        let rest = self.shares.get(begin..).unwrap_or_default();
        pages::listing(request, rest.iter().map(|share| &share.item))
    }

    /// Nothing from there needs an answer any more.
    pub(crate) fn closed(&mut self, link: LinkId) {
        self.waiting.retain(|asked| asked.link != link);
    }

    pub(crate) fn is_asked(&self, link: LinkId) -> bool {
        self.waiting.iter().any(|asked| asked.link == link)
    }
}

/// Tells somebody that there is no such thing.
pub(crate) fn not_there(link: LinkId, request: u64, why: Why, desk: &mut Desk) {
    desk.say(link, Files::NotThere(NotThere { request, why }));
}
