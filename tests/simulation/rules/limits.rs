//! The rules about how many and how long.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hallway::limits;

use super::{Rules, Verdict};
use crate::facts::Fact;
use crate::host::{HostId, Role, Run};
use crate::swarm::MEMBERS_MAX;
use crate::wires::{End, Stage};
use crate::world::World;

impl Rules {
    /// Members, calls and unconfirmed lines stay within their limits.
    pub(super) fn every_queue_is_within_its_limit(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::TurnEnd { at, .. } = fact else { return Ok(()) };
        let host = &world.hosts[at.host];
        if let Some(community) = host.community() {
            let load = community.load();
            let viewers = load.members + load.watchers;
            let is_small = host.members_max < MEMBERS_MAX;
            self.tally.fill(if is_small { "members of a few" } else { "members" }, viewers);
            self.tally.fill("half-open at a community", load.half_open);
            // Who has logged in and not yet said what for is counted with the strangers there.
            let half_open_max = limits::HALF_OPEN_MAX + world.hosts.len();
            if viewers > host.members_max || load.half_open > half_open_max {
                return Err(format!("{load:?}"));
            }
        }
        if let Some(node) = host.node() {
            let calls = node.talking().count() + node.ringing().count();
            self.tally.fill("conversations", calls);
            if calls > limits::CONVERSATIONS_MAX || node.members().count() > world.hosts.len() {
                return Err(format!("{calls} calls at {}", host.label));
            }
        }
        let long = |((by, _), lines): &(&(Run, HostId), &Vec<String>)| {
            by == at && lines.len() > limits::UNCONFIRMED_LINES_MAX / 2
        };
        for (key, lines) in self.accounts.iter().filter(long) {
            // Confirmed lines stay in the account until the conversation is over.
            let open = lines.iter().filter(|text| !self.was_shown(*key, text)).count();
            self.tally.fill("lines unconfirmed", open);
            // One text may have several lines.
            if open > limits::UNCONFIRMED_LINES_MAX + 64 {
                return Err(format!("{open} lines unconfirmed"));
            }
        }
        Ok(())
    }

    /// Nobody is in a handshake, or inside without saying what for, for longer than that may take.
    pub(super) fn nobody_stays_unauthenticated(&mut self, world: &World) -> Verdict {
        for number in &world.young {
            for (side, end) in world.pipes[*number].ends.iter().enumerate() {
                let host = &world.hosts[end.host];
                let is_program = host.role != Role::Attacker && host.is_awake(world.now);
                if end.stage != Stage::Open || !is_program || end.run != host.runs {
                    continue;
                }
                let until =
                    if side == 1 { listener_until(end, host.role) } else { dialler_until(end) };
                let Some((since, wait)) = until else { continue };
                // Clocks drift, and a frozen program may have begun to wait late.
                let most = since + wait + wait / 40 + 5;
                if world.now > most.max(host.frozen_until) {
                    return Err(format!("{}: {number}, end {side}, since {since}", host.label));
                }
            }
        }
        Ok(())
    }

    /// Strangers' connections stay within what one source may have, and all together.
    pub(super) fn strangers_are_within_their_limit(&mut self, world: &World) -> Verdict {
        let mut strangers: BTreeMap<HostId, BTreeMap<IpAddr, usize>> = BTreeMap::new();
        for pipe in &world.young {
            let (from, listener) = (world.pipes[*pipe].from, &world.pipes[*pipe].ends[1]);
            let is_program = world.hosts[listener.host].is_awake(world.now);
            if is_program && listener.stage == Stage::Open && listener.said.proof_at.is_none() {
                *strangers.entry(listener.host).or_default().entry(from).or_default() += 1;
            }
        }
        for (listener, sources) in strangers {
            let most = sources.values().copied().max().unwrap_or_default();
            let all = sources.values().sum();
            self.tally.fill("strangers of one source", most);
            self.tally.fill("strangers at once", all);
            if most > limits::HALF_OPEN_PER_SOURCE_MAX || all > limits::HALF_OPEN_MAX {
                return Err(format!("{all} strangers, {most} of one source, at host {listener}"));
            }
        }
        Ok(())
    }
}

/// Until when a listener may wait for its dialler, as moment and span.
fn listener_until(end: &End, role: Role) -> Option<(u64, u64)> {
    match (end.said.hello_at, end.said.proof_at, end.said.second_at) {
        (None, ..) => Some((end.since, limits::HELLO_WAIT.0)),
        (Some(hello), None, _) => Some((hello, limits::KE3_WAIT.0)),
        (_, Some((proof, _)), None) if role == Role::Community => {
            Some((proof, limits::HELLO_WAIT.0))
        }
        _ => None,
    }
}

/// Until when a dialler may wait for its listener.
fn dialler_until(end: &End) -> Option<(u64, u64)> {
    match (end.said.proof_at, end.heard.hello_at, end.heard.proof_at) {
        (None, None, _) => Some((end.since, limits::ANSWER_WAIT.0)),
        (Some((proof, _)), _, None) => Some((proof, limits::ANSWER_WAIT.0)),
        _ => None,
    }
}
