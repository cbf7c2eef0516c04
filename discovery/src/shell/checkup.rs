//! What the sockets and the table know, as the doctor and the status line want it.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use hallway::text::shown;
use ssdp::candidates::{Verdict, Why};
use ssdp::shell::status::{self, State, Status};
use ssdp::target::Udn;

use crate::doctor::{Findings, Interface, Role, Tried, Trouble, TroubleKind};
use crate::kind::Kind;
use crate::neighbours::{Neighbour, Neighbours, Probed};
use crate::view::Summary;

/// How it goes, for a status line.
pub(super) fn summary(status: &Status, neighbours: &Neighbours) -> Summary {
    let used = || status.interfaces.iter().filter(|state| state.verdict == Verdict::Used);
    let heard = |state: &State| {
        let counts = &state.counts;
        counts.here
            + counts.notifies
            + counts.searches
            + counts.answers_to_own
            + counts.answers_to_ssdp
    };
    let number = |kind| neighbours.all().iter().filter(|one| one.kind == kind).count();
    Summary {
        interfaces: used().map(|state| shown(&state.candidate.name)).collect(),
        heard: used().map(heard).sum(),
        is_degraded: status.is_degraded(),
        people: number(Kind::Person),
        communities: number(Kind::Community),
    }
}

/// What was found out; `echoes` is on which interfaces each neighbour has heard us. Programs on
/// this machine are left out: that they are seen shows nothing of the network.
pub(super) fn findings(
    status: &Status,
    neighbours: &Neighbours,
    echoes: &BTreeMap<Udn, Vec<(u32, bool)>>,
) -> Findings {
    let is_ours = |ip| neighbours.interfaces().iter().any(|interface| interface.has(ip));
    let is_here =
        |one: &&Neighbour| one.addresses.iter().any(|address| is_ours(address.socket.ip()));
    let others: Vec<&Neighbour> =
        neighbours.all().into_iter().filter(|one| !is_here(one)).collect();
    let mut tried = Tried::default();
    for one in &others {
        let came = |probed| one.addresses.iter().any(|address| address.probed == Some(probed));
        if came(Probed::Connected) {
            tried.connected += 1;
        } else if came(Probed::Refused) {
            tried.refused += 1;
        } else if came(Probed::Silent) || came(Probed::Unreachable) {
            tried.silent += 1;
        }
    }
    let echoes: Vec<_> = others.iter().filter_map(|one| echoes.get(&one.udn)).collect();
    let interfaces = status.interfaces.iter().map(|state| interface(state, status, &echoes));
    let neighbours = u32::try_from(others.len()).unwrap_or(u32::MAX);
    Findings { interfaces: interfaces.collect(), neighbours, tried, ..Findings::default() }
}

fn interface(state: &State, status: &Status, echoes: &[&Vec<(u32, bool)>]) -> Interface {
    let State { candidate, verdict, traffic, counts } = state;
    let role = match verdict {
        Verdict::Used if candidate.loopback => Role::Alone,
        Verdict::Used => Role::Used,
        Verdict::NotUsed(why @ (Why::Down | Why::NoAddress | Why::Loopback)) => {
            Role::Unusable(why.to_string())
        }
        Verdict::NotUsed(
            why @ (Why::Tunnel | Why::Virtual | Why::NoMulticast | Why::NotAskedFor),
        ) => Role::LeftOut(why.to_string()),
    };
    // What all interfaces share is missing on each.
    let shared = status.troubles.iter().filter(|_| *verdict == Verdict::Used);
    let troubles = traffic.troubles.iter().chain(&traffic.last_failure).chain(shared);
    let said = |has_heard: bool| {
        let here = echoes.iter().filter(|echoes| echoes.contains(&(candidate.index, has_heard)));
        u32::try_from(here.count()).unwrap_or(u32::MAX)
    };
    Interface {
        name: shown(&candidate.name),
        addresses: candidate.addresses.iter().map(|address| address.ip).collect(),
        role,
        troubles: troubles.map(trouble).collect(),
        own: counts.own,
        multicasts: counts.notifies + counts.searches,
        answers: counts.answers_to_own,
        answers_to_1900: counts.answers_to_ssdp,
        heard_by: said(true),
        not_heard_by: said(false),
    }
}

fn trouble(trouble: &status::Trouble) -> Trouble {
    let kind = if trouble.is_port_taken() {
        TroubleKind::PortTaken
    } else if trouble.kind == ErrorKind::PermissionDenied {
        TroubleKind::NotPermitted
    } else {
        TroubleKind::Other
    };
    Trouble { kind, words: shown(&trouble.to_string()) }
}
