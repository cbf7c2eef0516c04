//! Where a person is in the client, and what is asked there.

use std::collections::BTreeSet;

use discovery::neighbours::Udn;
use files::news::LinkId;
use hallway::identity::PublicIdentity;
use hallway::place::Place;
use hallway::text::Name;
use node_server::menu::Question;
use node_server::notice::CallId;
use node_server::outbound::Whereabouts;
use node_server::sight::Offer;

/// Where the person is.
pub(crate) enum Screen {
    /// The main menu.
    Menu,
    /// Which community? These are on this network.
    CommunityPlace(Vec<Offer>),
    /// Its password?
    CommunityPassword(Place),
    /// On the way into it.
    Joining,
    /// Another name, since ours is taken there?
    NewName(Name),
    /// Its list; a number calls.
    Community,
    /// Who is on this network; a number calls or joins.
    People,
    /// Whom to call?
    CallPlace,
    /// Their password?
    CallPassword(Target),
    /// On the way to them.
    Dialling(Target),
    /// It rings there.
    Calling(CallId),
    /// Typing to somebody.
    Talking,
    /// What moves, and what is shared.
    Files(FilesAt),
}

/// What is asked about files.
#[derive(Clone)]
pub(crate) enum FilesAt {
    /// What to do? A number.
    Tasks,
    /// Send to whom? These are connected.
    SendTo(Vec<String>),
    /// Send what, to whoever is called this?
    Send(String),
    /// What others share, as soon as these have told it; numbers fetch.
    Shelf(BTreeSet<LinkId>),
    /// Share what?
    Share,
    /// Share no more which of these?
    Unshare(Vec<String>),
    /// Take this offer?
    Offer(u64),
    /// Stop which transfer? If there is only one, this.
    Cancel(Option<u64>),
}

impl FilesAt {
    fn prompt(&self) -> String {
        match self {
            Self::Tasks | Self::Shelf(_) => "> ".into(),
            Self::SendTo(_) => "Send to whom, a number [all; b: back]: ".into(),
            Self::Send(to) => format!("File or folder for {to} [back]: "),
            Self::Share => "File or folder to share [back]: ".into(),
            Self::Unshare(_) => "Share no more which one, a number or all [back]: ".into(),
            Self::Offer(id) => format!("Take {id}? yes, no, or into which folder [yes; b: back]: "),
            Self::Cancel(Some(id)) => format!("Stop which one, a number [{id}; b: back]: "),
            Self::Cancel(None) => "Stop which one, a number [back]: ".into(),
        }
    }

    /// Whether the answer may be a path.
    fn is_path(&self) -> bool {
        matches!(self, Self::Send(_) | Self::Share | Self::Offer(_))
    }
}

/// Somebody to call.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) label: String,
    /// Whose password it takes: names are not unique on a network.
    pub(crate) key: String,
    pub(crate) whereabouts: Whereabouts,
    pub(crate) identity: Option<PublicIdentity>,
    /// They were chosen from those on this network.
    pub(crate) neighbour: Option<Udn>,
}

impl Screen {
    /// What is asked here. Where the screen may change under a line that is being typed, because
    /// somebody else does something, nothing of it stands before that line: it could be wrong.
    pub(crate) fn question(&self, last_community: Option<&Place>) -> Question {
        let line = |prompt: String| Question::Line(prompt);
        match self {
            Self::Menu | Self::Community | Self::People | Self::Calling(_) | Self::Talking => {
                line("> ".into())
            }
            Self::Files(at) => line(at.prompt()),
            Self::CommunityPlace(offers) => line(match (last_community, offers.first()) {
                (Some(place), _) => format!("Community, HOST:PORT [{place}; b: back]: "),
                (None, Some(Offer { name, place })) => {
                    format!("Community, HOST:PORT [{name} at {place}; b: back]: ")
                }
                (None, None) => "Community, HOST:PORT [back]: ".into(),
            }),
            Self::CommunityPassword(place) => {
                Question::Secret(format!("Password of the community {place} [back]: "))
            }
            Self::NewName(free) => line(format!("Name to use there [{free}]: ")),
            Self::CallPlace => line("Whom to call, HOST:PORT [back]: ".into()),
            Self::CallPassword(target) => {
                Question::Secret(format!("Password of {} [back]: ", target.label))
            }
            Self::Joining | Self::Dialling(_) => Question::Nothing,
        }
    }

    /// Whether a path of this machine may be typed, which may begin like a command.
    pub(crate) fn is_path(&self) -> bool {
        matches!(self, Self::Files(at) if at.is_path())
    }

    /// Whether a password is asked for.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Self::CommunityPassword(_) | Self::CallPassword(_))
    }
}
