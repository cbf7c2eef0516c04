//! The rules about who is on this network.

use std::collections::BTreeMap;

use discovery::limits::NEIGHBOURS_MAX;
use ssdp::interface::Interface;
use ssdp::limits::{
    ANSWERS_GLOBAL, DEVICES_MAX, EXTRA_HEADERS_MAX, MAX_AGE, PLACES_MAX, TARGETS_MAX,
};
use ssdp::target::Udn;

use crate::facts::Fact;
use crate::host::Run;
use crate::rules::{Rules, Verdict};
use crate::world::World;

/// What the rules remember of discovery.
#[derive(Default)]
pub struct Heard {
    /// Which run is announced under which name.
    pub runs: BTreeMap<Udn, Run>,
    /// Until when a program was told, by anybody, that a device is there.
    words: BTreeMap<(Run, Udn), u64>,
    /// Datagrams that a machine has sent, in which second.
    sent: BTreeMap<usize, (u64, u32)>,
}

/// What a machine may send in a second: the burst of answers and what is earned meanwhile, all
/// checks at once, and some hundred of its own.
const SENT_PER_SECOND_MAX: u32 = ANSWERS_GLOBAL.0 + ANSWERS_GLOBAL.1 + 1_280 + 300;

impl Heard {
    pub fn remember(&mut self, fact: &Fact) {
        match fact {
            Fact::Announced { at, udn } => {
                self.runs.insert(udn.clone(), *at);
            }
            Fact::Word { at, udn, until } => {
                let known = self.words.entry((*at, udn.clone())).or_default();
                *known = (*known).max(*until);
            }
            Fact::Died { at } => self.words.retain(|(run, _), _| run != at),
            _ => {}
        }
    }

    /// Until when that one may be listed there.
    pub fn until(&self, at: Run, udn: &Udn) -> u64 {
        self.words.get(&(at, udn.clone())).copied().unwrap_or_default()
    }
}

impl Rules {
    /// Whoever sends what: lists of devices and of neighbours stay within their limits.
    pub fn neighbours_are_within_their_limits(&mut self, world: &World, fact: &Fact) -> Verdict {
        let Fact::TurnEnd { at, .. } = fact else { return Ok(()) };
        let running = world.hosts[at.host].running.as_ref();
        let Some(discovery) = running.and_then(|running| running.discovery.as_ref()) else {
            return Ok(());
        };
        let devices = discovery.engine.entries().count();
        let neighbours = discovery.neighbours.all();
        if devices > DEVICES_MAX || neighbours.len() > NEIGHBOURS_MAX {
            return Err(format!("{devices} devices, {} neighbours", neighbours.len()));
        }
        let is_too_much = |entry: &&ssdp::engine::Entry| {
            entry.places.len() > PLACES_MAX
                || entry.targets.len() > TARGETS_MAX
                || entry.extra.len() > EXTRA_HEADERS_MAX
        };
        match discovery.engine.entries().find(is_too_much) {
            Some(entry) => Err(format!("{entry:?}")),
            None => Ok(()),
        }
    }

    /// Nobody is listed who has not said to be there, or for longer than that holds; and nobody
    /// lists themselves.
    pub fn nobody_is_listed_for_longer_than_they_said(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::TurnEnd { at, .. } = fact else { return Ok(()) };
        let host = &world.hosts[at.host];
        let running = host.running.as_ref().filter(|_| host.is_awake(world.now));
        let Some(discovery) = running.and_then(|running| running.discovery.as_ref()) else {
            return Ok(());
        };
        for one in discovery.neighbours.all() {
            let until = self.heard.until(*at, &one.udn);
            // Clocks drift; who stood still hears late.
            if one.udn == discovery.udn || world.now > until + until / 40 + 10_000 {
                return Err(format!("{} lists {}, {}", host.label, one.name, one.udn));
            }
        }
        Ok(())
    }

    /// Whatever source was forged, datagrams go to the groups and to neighbours, and so do attempts
    /// to connect.
    pub fn nothing_is_sent_off_the_link(&mut self, world: &World, fact: &Fact) -> Verdict {
        let Fact::Cast { at, to } = fact else { return Ok(()) };
        let near = Interface {
            index: 2,
            name: String::new(),
            addresses: world.hosts[at.host].addresses(),
            own_port: 0,
        };
        let is_group = near.groups().iter().any(|(group, _)| group.ip() == to.ip());
        if is_group || near.is_on_link(to.ip()) { Ok(()) } else { Err(to.to_string()) }
    }

    /// Whatever is asked or forged, a program sends no more than so much in a second.
    pub fn nobody_is_made_to_flood(&mut self, world: &World, fact: &Fact) -> Verdict {
        let Fact::Cast { at, .. } = fact else { return Ok(()) };
        let second = world.now / 1_000;
        let sent = self.heard.sent.entry(at.host).or_default();
        *sent = if sent.0 == second { (second, sent.1 + 1) } else { (second, 1) };
        if sent.1 > SENT_PER_SECOND_MAX { Err(format!("{} in a second", sent.1)) } else { Ok(()) }
    }
}

/// When somebody who has died is on no list any more, whatever the clocks.
pub const FORGOTTEN: u64 = MAX_AGE.as_millis() as u64 * 41 / 40 + 10_000;

/// Whoever looks for others lists every program of this network that announces itself, and nobody
/// who is dead.
pub fn everybody_sees_everybody(world: &World) -> Verdict {
    let of = |host: &crate::host::Host| {
        host.running
            .as_ref()
            .and_then(|running| running.discovery.as_ref())
            .map(|it| it.udn.clone())
    };
    let all: Vec<Udn> = world.hosts.iter().filter_map(of).collect();
    for (id, host) in world.hosts.iter().enumerate().filter(|(_, host)| host.looks_for_others()) {
        let running = host.running.as_ref();
        let Some(discovery) = running.and_then(|running| running.discovery.as_ref()) else {
            continue;
        };
        let missing =
            |udn: &&Udn| **udn != discovery.udn && discovery.neighbours.get(udn).is_none();
        if let Some(udn) = all.iter().find(missing) {
            let run = world.rules.heard.runs.get(udn);
            let entry = discovery.engine.entries().find(|entry| entry.udn == *udn);
            return Err(format!("{} does not see {run:?}, of whom it heard {entry:?}", host.label));
        }
        for one in discovery.neighbours.all() {
            let run = world.rules.heard.runs.get(&one.udn);
            let was_told = world.rules.heard.until(host.run(id), &one.udn) > world.now;
            if run.is_some() && !all.contains(&one.udn) && !was_told {
                return Err(format!("{} sees {run:?}, who is dead", host.label));
            }
        }
    }
    Ok(())
}

/// Nobody lists that run.
pub fn nobody_sees(world: &World, gone: &Udn) -> Verdict {
    for host in &world.hosts {
        let running = host.running.as_ref();
        let discovery = running.and_then(|running| running.discovery.as_ref());
        if discovery.is_some_and(|discovery| discovery.neighbours.get(gone).is_some()) {
            return Err(format!("{} still sees who has said goodbye", host.label));
        }
    }
    Ok(())
}
