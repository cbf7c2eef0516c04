//! From findings to the likely cause: the first that fits, those that explain most being first.

use super::{Findings, Interface, Role, TroubleKind};
use crate::neighbours::Probed;

/// The likely cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No cable, no wireless network, no address.
    NoNetwork,
    /// Interfaces there are, but none that is used unless asked for: these.
    AllLeftOut(Vec<String>),
    /// The given peer's machine refuses connections.
    PeerRefuses,
    /// The given peer gives no sign.
    PeerSilent,
    /// There is no way to the given peer.
    PeerUnreachable,
    /// We may not send, or not listen to the group.
    NotPermitted,
    /// Another program has port 1900 for itself, so no announcement reaches us.
    PortTaken,
    /// The system refuses something else, in its words.
    Trouble(String),
    /// Not even our own multicasts come back.
    Deaf,
    /// We hear ourselves, and nobody else.
    Nobody,
    /// The same, but the given peer can be called: only multicasts are lost.
    MulticastsLost,
    /// Announcements come, answers to searches do not.
    NoAnswers,
    /// Answers come to port 1900 only.
    AnswersToSsdpOnly,
    /// All works, with devices that are none of Hallway's; no others are there.
    NoHallway,
    /// We hear others; they do not hear us.
    NotHeard,
    /// Others are seen; their machines give no sign when called.
    NeighboursSilent,
    /// Others are seen; their machines refuse calls.
    NeighboursRefuse,
    /// Nothing to be mended.
    Well,
}

impl Cause {
    /// The first cause that fits.
    pub(super) fn of(findings: &Findings) -> Self {
        local(findings).or_else(|| remote(findings)).unwrap_or(Self::Well)
    }

    /// The word for scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoNetwork => "no-network",
            Self::AllLeftOut(_) => "all-left-out",
            Self::PeerRefuses => "peer-refuses",
            Self::PeerSilent => "peer-silent",
            Self::PeerUnreachable => "peer-unreachable",
            Self::NotPermitted => "not-permitted",
            Self::PortTaken => "port-taken",
            Self::Trouble(_) => "trouble",
            Self::Deaf => "deaf",
            Self::Nobody => "nobody",
            Self::MulticastsLost => "multicasts-lost",
            Self::NoHallway => "no-hallway",
            Self::NoAnswers => "no-answers",
            Self::AnswersToSsdpOnly => "answers-to-1900-only",
            Self::NotHeard => "not-heard",
            Self::NeighboursSilent => "neighbours-silent",
            Self::NeighboursRefuse => "neighbours-refuse",
            Self::Well => "well",
        }
    }
}

/// What is wrong on this machine, or with the peer that was asked about.
fn local(findings: &Findings) -> Option<Cause> {
    let used: Vec<&Interface> = used(findings).collect();
    if used.is_empty() {
        let left_out = |one: &&Interface| matches!(one.role, Role::LeftOut(_));
        let names = findings.interfaces.iter().filter(left_out).map(|one| one.name.clone());
        let names: Vec<String> = names.collect();
        return Some(if names.is_empty() { Cause::NoNetwork } else { Cause::AllLeftOut(names) });
    }
    match findings.peer.as_ref().map(|(_, probed)| *probed) {
        Some(Probed::Refused) => return Some(Cause::PeerRefuses),
        Some(Probed::Silent) => return Some(Cause::PeerSilent),
        Some(Probed::Unreachable) => return Some(Cause::PeerUnreachable),
        Some(Probed::Connected) | None => {}
    }
    if used.iter().any(|one| one.own > 0) {
        // What is refused on another interface, or for one family, does not matter then.
        return None;
    }
    let trouble = |kind| {
        let mut all = used.iter().flat_map(|one| &one.troubles);
        all.find(|trouble| trouble.kind == kind).map(|trouble| trouble.words.clone())
    };
    let not_permitted = trouble(TroubleKind::NotPermitted).map(|_| Cause::NotPermitted);
    let port_taken = trouble(TroubleKind::PortTaken).map(|_| Cause::PortTaken);
    let other = trouble(TroubleKind::Other).map(Cause::Trouble);
    not_permitted.or(port_taken).or(other).or(Some(Cause::Deaf))
}

/// What is wrong between this machine and others, where the peer can be called if one was given.
fn remote(findings: &Findings) -> Option<Cause> {
    let sum = |count: fn(&Interface) -> u64| used(findings).map(count).sum::<u64>();
    let multicasts = sum(|one| one.multicasts);
    let answers = sum(|one| one.answers);
    let answers_to_1900 = sum(|one| one.answers_to_1900);
    let heard_by = sum(|one| one.heard_by.into());
    let not_heard_by = sum(|one| one.not_heard_by.into());
    let tried = findings.tried;
    if multicasts + answers + answers_to_1900 == 0 {
        Some(if findings.peer.is_some() { Cause::MulticastsLost } else { Cause::Nobody })
    } else if answers + answers_to_1900 == 0 {
        Some(Cause::NoAnswers)
    } else if findings.neighbours == 0 {
        Some(Cause::NoHallway)
    } else if heard_by == 0 && not_heard_by > 0 {
        Some(Cause::NotHeard)
    } else if tried.connected == 0 && tried.silent > 0 {
        Some(Cause::NeighboursSilent)
    } else if tried.connected == 0 && tried.refused > 0 {
        Some(Cause::NeighboursRefuse)
    } else if answers == 0 {
        Some(Cause::AnswersToSsdpOnly)
    } else {
        None
    }
}

fn used(findings: &Findings) -> impl Iterator<Item = &Interface> {
    findings.interfaces.iter().filter(|one| one.role == Role::Used)
}
