//! Why nobody is seen: from what was found out on this machine to one likely cause, what to do
//! about it, and the lines for the firewall.

mod advice;
mod cause;
mod firewall;
mod report;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use hallway::event::{Event, InterfaceEvent};
use hallway::place::Place;

pub use self::cause::Cause;
pub use self::report::report;
use crate::neighbours::Probed;

/// What was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// All interfaces of this machine.
    pub interfaces: Vec<Interface>,
    /// People and communities on other machines that are seen.
    pub neighbours: u32,
    /// How many of those were tried, by what came of it.
    pub tried: Tried,
    /// Whether a given peer can be reached, if one was given.
    pub peer: Option<(Place, Probed)>,
    /// What has to be open.
    pub ports: Ports,
}

/// Neighbours that were tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// A connection came about.
    pub connected: u32,
    /// Their machine refused it.
    pub refused: u32,
    /// Nothing came back.
    pub silent: u32,
}

/// Our ports besides UDP 1900.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// TCP, where our node or community is called.
    pub calls: u16,
    /// TCP, where our description is; `None` when nothing is announced.
    pub description: Option<u16>,
}

impl Findings {
    /// For scripts, but for what follows from them.
    pub fn events(&self) -> Vec<Event> {
        let peer = self.peer.as_ref().map(|(place, probed)| Event::Peer {
            address: place.to_string(),
            result: match probed {
                Probed::Connected => "connected",
                Probed::Refused => "refused",
                Probed::Silent => "silent",
                Probed::Unreachable => "unreachable",
            },
        });
        self.interfaces.iter().map(Interface::event).chain(peer).collect()
    }
}

/// What was found out about one interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name; safe to show.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is used.
    pub role: Role,
    /// What the system refused there, in words.
    pub troubles: Vec<Trouble>,
    /// Multicasts of our own that came back.
    pub own: u64,
    /// Announcements and searches of other machines, which are multicasts.
    pub multicasts: u64,
    /// Answers that came to the port we searched from.
    pub answers: u64,
    /// Answers that came to port 1900, to searches sent from there.
    pub answers_to_1900: u64,
    /// Neighbours there that have heard us, as they say.
    pub heard_by: u32,
    /// Neighbours there that have not.
    pub not_heard_by: u32,
}

impl Interface {
    fn event(&self) -> Event {
        let why = match &self.role {
            Role::Used | Role::Alone => None,
            Role::LeftOut(why) | Role::Unusable(why) => Some(why.clone()),
        };
        Event::Interface(InterfaceEvent {
            name: self.name.clone(),
            addresses: self.addresses.clone(),
            used: why.is_none(),
            why,
            troubles: self.troubles.iter().map(|trouble| trouble.words.clone()).collect(),
            own: self.own,
            multicasts: self.multicasts,
            answers: self.answers,
            answers_to_1900: self.answers_to_1900,
            heard_by: self.heard_by,
            not_heard_by: self.not_heard_by,
        })
    }
}

/// Whether an interface is used, and why not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It is.
    #[default]
    Used,
    /// It is, because there is nothing else: only programs on this machine are found.
    Alone,
    /// By a rule, or because others were asked for: `--interface` has it used.
    LeftOut(String),
    /// It cannot be: it has no address, or no cable.
    Unusable(String),
}

/// Something that the system refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which kind.
    pub kind: TroubleKind,
    /// In words; safe to show.
    pub words: String,
}

/// Kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// Another program has port 1900 for itself.
    PortTaken,
    /// Not permitted: that is what a firewall of this machine says.
    NotPermitted,
    /// Anything else.
    Other,
}

/// What follows from the findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// The likely cause.
    pub cause: Cause,
    /// It in one sentence.
    pub sentence: String,
    /// What to do, step by step.
    pub steps: Vec<String>,
    /// Whose firewall, and the lines for it: none if it has no part in it.
    pub firewall: Option<Firewall>,
}

/// Lines for a firewall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firewall {
    /// `this machine`, `the other machine` or `both machines`.
    pub whose: &'static str,
    /// What the lines are for, and the lines.
    pub lines: Vec<(&'static str, Vec<String>)>,
}

impl Diagnosis {
    /// The cause and what to do about it.
    pub fn of(findings: &Findings) -> Self {
        let cause = Cause::of(findings);
        Self {
            sentence: advice::sentence(&cause, findings),
            steps: advice::steps(&cause),
            firewall: firewall::lines(&cause, findings),
            cause,
        }
    }

    /// Whether there is nothing to be mended.
    pub fn is_well(&self) -> bool {
        matches!(self.cause, Cause::Well | Cause::AnswersToSsdpOnly)
    }

    /// For scripts.
    pub fn event(&self) -> Event {
        let lines = |firewall: &Firewall| {
            firewall.lines.iter().flat_map(|(_, lines)| lines.clone()).collect()
        };
        Event::Diagnosis {
            cause: self.cause.word(),
            text: self.sentence.clone(),
            steps: self.steps.clone(),
            firewall: self.firewall.as_ref().map_or_else(Vec::new, lines),
        }
    }
}
