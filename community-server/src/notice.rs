//! What a community tells its operator, its log and whoever reads its `--json`.

use std::net::SocketAddr;

use hallway::event::{Event, MemberEvent};
use hallway::handshake::lobby::Turned;
use hallway::log::Level;
use hallway::message::Member;
use hallway::text::{Name, padded};

/// Something happened that somebody may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A member came.
    Joined(Name, SocketAddr),
    /// A member left, or died.
    Left(Name),
    /// Somebody wanted a name that another has.
    NameTaken(Name, SocketAddr),
    /// Two members have one identity: a copied identity file, or one user twice.
    Twin(Name, Name),
    /// There was no place for a member.
    Full(Name),
    /// Somebody was not let in.
    Turned(SocketAddr, Turned),
    /// The answer to "who is here".
    Who(Vec<Member>),
    /// The operator removed a member.
    Kicked(Name),
    /// The operator named nobody who is here.
    NobodyCalled(Name),
    /// The operator said something to so many.
    Said(usize),
}

impl Notice {
    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Self::Twin(..) | Self::Turned(_, Turned::NotCompleted) => Level::Warn,
            Self::Turned(_, Turned::Refused | Turned::Fault(_)) => Level::Debug,
            Self::Joined(..) | Self::Left(_) | Self::NameTaken(..) | Self::Full(_) => Level::Info,
            // Answers to the operator are always shown.
            Self::Who(_) | Self::Kicked(_) | Self::NobodyCalled(_) | Self::Said(_) => Level::Error,
        }
    }

    /// The words for people. Several lines only for the list.
    pub fn words(&self) -> String {
        match self {
            Self::Joined(name, from) => format!("{name} joined from {}", from.ip()),
            Self::Left(name) => format!("{name} left"),
            Self::NameTaken(name, from) => {
                format!("{} wanted the name {name}, which another member has", from.ip())
            }
            Self::Twin(name, twin) => format!(
                "{name} has the same identity as {twin}: one user twice, or a copied identity file"
            ),
            Self::Full(name) => format!("no place left for {name}: see --max-members"),
            Self::Turned(from, Turned::NotCompleted) => {
                format!(
                    "log-in from {} was not completed: a wrong password, most likely",
                    from.ip()
                )
            }
            Self::Turned(from, Turned::Refused) => {
                format!(
                    "{} was refused: too many log-ins from there, or another version",
                    from.ip()
                )
            }
            Self::Turned(from, Turned::Fault(fault)) => {
                format!("{} broke the protocol: {fault:?}", from.ip())
            }
            Self::Who(members) => who_words(members),
            Self::Kicked(name) => format!("removed {name}, who may come back"),
            Self::NobodyCalled(name) => format!("nobody called {name} is here"),
            Self::Said(count) => format!("said to {count}"),
        }
    }

    /// The event for `--json`, where there is one.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::Joined(name, _) => Some(Event::Joined(MemberEvent::named(name))),
            Self::Left(name) => Some(Event::Left(MemberEvent::named(name))),
            _ => None,
        }
    }
}

fn who_words(members: &[Member]) -> String {
    let count = match members.len() {
        0 => return "nobody is here".to_owned(),
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    };
    let lines = members.iter().map(|member| {
        let address = member.sockets().first().map(ToString::to_string).unwrap_or_default();
        let state = member.state.word();
        let short = member.identity.fingerprint().short();
        format!("\n  {}  {address}  {state}  {short}", padded(member.name.as_str(), 16))
    });
    count + &lines.collect::<String>()
}
