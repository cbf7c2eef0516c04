//! What a node tells whoever uses it: the words are in `view.rs`, the events here.

use std::net::SocketAddr;

use files::news::{LinkId, News};
use hallway::event::{Event, MemberEvent};
use hallway::handshake::lobby::Turned;
use hallway::identity::Fingerprint;
use hallway::message::{Member, State};
use hallway::reason::{Ended, Exit};
use hallway::text::{Line, Name};

use crate::file_events;

/// One call, from the first attempt to the last word. Never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl CallId {
    /// What the core of transfers calls it.
    pub fn link(self) -> LinkId {
        LinkId(self.0)
    }
}

impl From<LinkId> for CallId {
    fn from(link: LinkId) -> Self {
        Self(link.0)
    }
}

/// What we know of the identity that somebody proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody of that name was met before.
    New,
    /// The same as ever.
    Known,
    /// The name is pinned to this other identity.
    Impostor(Fingerprint),
    /// Our own identity, in another place: a copied identity file.
    Twin,
}

/// Somebody at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// What they are called here: their name, with a piece of the fingerprint behind it when the
    /// name alone would mislead. Unique among the open calls.
    pub label: String,
    /// Who they proved to be.
    pub fingerprint: Fingerprint,
    /// What we know of that.
    pub standing: Standing,
    /// The address that worked.
    pub at: SocketAddr,
}

/// Something happened that somebody may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The one called has proved who they are; now it rings there.
    Calling(CallId, Who),
    /// Somebody calls, and waits for an answer.
    Ringing(CallId, Who),
    /// A conversation began.
    Connected(CallId, Who),
    /// Somebody said something.
    Heard(CallId, String, Line),
    /// A call is over, or never came about; these lines of ours were not confirmed.
    /// With `CloseReason::Duplicate` and no lines, the conversation goes on as another call.
    Ended(CallId, String, Ended, Vec<Line>),

    /// A connection for files alone stands; nobody was asked.
    Linked(CallId, Who),
    /// It is over, or never came about.
    Unlinked(CallId, String, Ended),
    /// Something about files.
    Files(News),

    /// We are on the list of the community at this address.
    CommunityJoined(String),
    /// The connection to it was lost; we come back by ourselves.
    CommunityLost(String),
    /// It did not work, and will not without a change.
    CommunityFailed(String, Ended),
    /// Another member has our name; this one is free.
    NameTaken(String, Name),
    /// We left the community.
    CommunityLeft(String),
    /// The list is whole now; everything before was its beginning.
    ListWhole,
    /// A member came.
    MemberJoined(Member),
    /// A member left.
    MemberLeft(Name),
    /// A member can, or cannot, be called now.
    MemberChanged(Name, State),
    /// The community's operator says something.
    CommunitySays(Line),
    /// A member has our identity: a copied identity file, or we are there twice.
    CommunityTwin(Name),

    /// Somebody was not let in.
    Turned(SocketAddr, Turned),
}

impl Notice {
    /// The event for `--json`, where there is one.
    pub fn event(&self) -> Option<Event> {
        let fingerprint = |who: &Who| who.fingerprint.to_string();
        let event = match self {
            Self::Ringing(_, who) => Event::Call {
                peer: who.label.clone(),
                address: who.at,
                fingerprint: fingerprint(who),
            },
            Self::Connected(_, who) => Event::Connected {
                peer: who.label.clone(),
                address: who.at,
                path: "direct",
                fingerprint: fingerprint(who),
            },
            Self::Heard(_, label, line) => {
                Event::Message { from: label.clone(), text: line.as_str().to_owned() }
            }
            Self::Ended(_, label, ended, _) => {
                Event::Closed { peer: label.clone(), reason: ended.kind() }
            }
            Self::CommunityJoined(address) => {
                Event::Community { state: "joined", address: address.clone() }
            }
            Self::CommunityLost(address) => {
                Event::Community { state: "lost", address: address.clone() }
            }
            Self::CommunityLeft(address) => {
                Event::Community { state: "left", address: address.clone() }
            }
            Self::CommunityFailed(address, ended) => Event::failed(ended, address),
            Self::NameTaken(_, free) => Event::Error {
                kind: "name-taken",
                text: format!("another member has your name; {free} is free: --name {free}"),
            },
            Self::MemberJoined(member) => Event::Joined(MemberEvent::whole(member)),
            Self::MemberLeft(name) => Event::Left(MemberEvent::named(name)),
            Self::MemberChanged(name, state) => Event::Changed(MemberEvent {
                state: Some(state.word()),
                ..MemberEvent::named(name)
            }),
            Self::CommunitySays(line) => Event::Notice { text: line.as_str().to_owned() },
            Self::CommunityTwin(name) => Event::Warning {
                kind: "twin",
                text: format!("{name} has the same identity as you"),
            },
            Self::Files(news) => return file_events::event(news),
            Self::Unlinked(_, label, ended) if ended.exit() != Exit::Done => {
                Event::failed(ended, label)
            }
            Self::Calling(..)
            | Self::ListWhole
            | Self::Turned(..)
            | Self::Linked(..)
            | Self::Unlinked(..) => return None,
        };
        Some(event)
    }
}
