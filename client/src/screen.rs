//! Where a person is in the client, and what is asked there.

use discovery::neighbours::Udn;
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

    /// Whether a password is asked for.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Self::CommunityPassword(_) | Self::CallPassword(_))
    }
}
