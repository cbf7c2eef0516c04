//! Our own searches by multicast: few, since everybody who is meant answers each.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::engine::{Datagram, Port, Wanted};
use crate::interface::Interface;
use crate::limits::{
    BUSY_NOTIFIES, SEARCH_AGAIN, SEARCH_ANSWERS_PER_SECOND, SEARCH_DEVICES_PER_MX, SEARCH_GRACE,
    SEARCH_MX, SEARCH_MX_FIRST, SEARCH_QUIET, SEARCH_REPEAT, SEARCH_REST, SEARCH_ROUNDS_MAX,
    SEARCH_TURN_MAX,
};
use crate::rng::Rng;
use crate::target::Target;

use super::Voice;

/// The searches on all interfaces.
#[derive(Debug)]
pub(super) struct Searches {
    /// What is searched for unasked; nothing where nothing is wanted.
    wanted: Vec<Target>,
    random: Rng,
    networks: BTreeMap<u32, Network>,
}

#[derive(Debug)]
struct Network {
    interface: Interface,
    /// Announcements heard before the first search.
    heard: u32,
    /// By what is searched for; `None` for what is wanted.
    rounds: BTreeMap<Option<Target>, Round>,
}

/// One search: sent twice, and once more from port 1900 where nobody answers.
#[derive(Debug)]
struct Round {
    stage: Stage,
    due: Duration,
}

/// What a round waits for.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// For announcements, before anything is sent.
    Quiet,
    /// For its turn among many who search, after so many rounds.
    Turn(u32),
    /// To send it the second time.
    Repeat(Sent),
    /// For the first answer.
    Answers(Sent),
    /// For the next time, which comes when nobody has been heard for so long.
    Rest(Sent, Duration),
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Duration,
    mx: u32,
    answered: bool,
    /// Devices known before.
    known: usize,
    /// Rounds before, in a row.
    rounds: u32,
}

impl Searches {
    pub(super) fn new(wanted: &Wanted, seed: u64) -> Self {
        let wanted = match wanted {
            Wanted::Nothing => Vec::new(),
            Wanted::Types(types) => types.clone(),
            Wanted::Everything => vec![Target::All],
        };
        Self { wanted, random: Rng::new(seed), networks: BTreeMap::new() }
    }

    /// Searches on each interface that is new or has changed, after listening for a moment.
    pub(super) fn interfaces(&mut self, now: Duration, interfaces: &[Interface]) {
        self.networks.retain(|index, _| interfaces.iter().any(|one| one.index == *index));
        for interface in interfaces {
            if self.networks.get(&interface.index).is_some_and(|old| old.interface == *interface) {
                continue;
            }
            let mut rounds = BTreeMap::new();
            if !self.wanted.is_empty() {
                let due = now + self.random.within(SEARCH_QUIET);
                rounds.insert(None, Round { stage: Stage::Quiet, due });
            }
            let network = Network { interface: interface.clone(), heard: 0, rounds };
            self.networks.insert(interface.index, network);
        }
    }

    pub(super) fn is_used(&self, interface: u32) -> bool {
        self.networks.contains_key(&interface)
    }

    /// Searches everywhere now, but where it was just done.
    pub(super) fn ask(&mut self, now: Duration, target: Option<Target>) {
        if self.wanted.is_empty() {
            return;
        }
        for network in self.networks.values_mut() {
            let asked = Round { stage: Stage::Turn(0), due: now };
            let round = network.rounds.entry(target.clone()).or_insert(asked);
            let is_over = match round.stage {
                Stage::Quiet | Stage::Turn(_) => true,
                Stage::Repeat(sent) | Stage::Answers(sent) | Stage::Rest(sent, _) => {
                    now >= sent.at + SEARCH_AGAIN
                }
            };
            if is_over {
                *round = Round { stage: Stage::Turn(0), due: now };
            }
        }
    }

    /// An answer to one of our ports for searches says that answers get through.
    pub(super) fn answered(&mut self, interface: u32, said: &Target) {
        let Some(network) = self.networks.get_mut(&interface) else { return };
        for (target, round) in &mut network.rounds {
            let asked = target.as_ref().map_or(&self.wanted[..], std::slice::from_ref);
            let (Stage::Repeat(sent) | Stage::Answers(sent)) = &mut round.stage else { continue };
            sent.answered |= asked.iter().any(|asked| answers(said, asked));
        }
    }

    /// An announcement was heard of a device that is known: what is known there is fresh.
    pub(super) fn fresh(&mut self, now: Duration, interface: u32) {
        let Some(network) = self.networks.get_mut(&interface) else { return };
        let Some(round) = network.rounds.get_mut(&None) else { return };
        match round.stage {
            Stage::Quiet => network.heard = network.heard.saturating_add(1),
            Stage::Rest(_, rest) => round.due = now + rest,
            Stage::Turn(_) | Stage::Repeat(_) | Stage::Answers(_) => {}
        }
    }

    /// Sends what is due; so many devices are known.
    pub(super) fn step(
        &mut self,
        now: Duration,
        known: usize,
        voice: &Voice,
        sends: &mut VecDeque<Datagram>,
    ) {
        for network in self.networks.values_mut() {
            let interface = &network.interface;
            network.rounds.retain(|target, round| {
                if now < round.due {
                    return true;
                }
                let asked = target.as_ref().map_or(&self.wanted[..], std::slice::from_ref);
                if let Some((from, mx)) = round.go_on(now, network.heard, known, &mut self.random) {
                    for (to, _) in interface.groups() {
                        for one in asked {
                            let bytes = voice.search(to, one, Some(mx));
                            sends.push_back(Datagram {
                                interface: interface.index,
                                to,
                                from,
                                bytes,
                            });
                        }
                    }
                }
                target.is_none() || !matches!(round.stage, Stage::Rest(..))
            });
        }
    }

    /// When the next is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let rounds = self.networks.values().flat_map(|network| network.rounds.values());
        rounds.map(|round| round.due).min()
    }
}

impl Round {
    /// Goes on to the next stage. Returns from which port to send now, if at all, and MX.
    fn go_on(
        &mut self,
        now: Duration,
        heard: u32,
        known: usize,
        random: &mut Rng,
    ) -> Option<(Port, u32)> {
        let (wait, stage, send) = match self.stage {
            // All these are starting, and will search; all that start will answer each.
            Stage::Quiet if heard > BUSY_NOTIFIES => (turn(known, random), Stage::Turn(0), None),
            Stage::Quiet | Stage::Turn(_) | Stage::Rest(..) => {
                let rounds = if let Stage::Turn(rounds) = self.stage { rounds } else { 0 };
                // Answers that got through once will again.
                let answered = rounds > 0;
                let sent = Sent { at: now, mx: mx(known), answered, known, rounds };
                let wait = random.within(SEARCH_REPEAT);
                (wait, Stage::Repeat(sent), Some((Port::Own, sent.mx)))
            }
            Stage::Repeat(sent) => {
                let wait = Duration::from_secs(sent.mx.into()) + SEARCH_GRACE;
                (wait, Stage::Answers(sent), Some((Port::Own, sent.mx)))
            }
            // Where somebody was still to be found, somebody else may have been missed.
            Stage::Answers(sent)
                if sent.answered && sent.known < known && sent.rounds + 1 < SEARCH_ROUNDS_MAX =>
            {
                (turn(known, random), Stage::Turn(sent.rounds + 1), None)
            }
            Stage::Answers(sent) => {
                let rest = random.within(SEARCH_REST);
                let fallback = (!sent.answered).then_some((Port::Ssdp, sent.mx));
                (rest, Stage::Rest(sent, rest), fallback)
            }
        };
        self.stage = stage;
        self.due = now + wait;
        send
    }
}

/// How long to wait where all of so many search, so that they answer each other at that rate.
fn turn(known: usize, random: &mut Rng) -> Duration {
    let answers = u32::try_from(known.saturating_mul(known)).unwrap_or(u32::MAX);
    let most = Duration::from_secs(1) * answers / SEARCH_ANSWERS_PER_SECOND;
    random.within(Duration::ZERO..=most.min(SEARCH_TURN_MAX))
}

/// MX for a search that so many will answer.
fn mx(known: usize) -> u32 {
    if known == 0 {
        return SEARCH_MX_FIRST;
    }
    let seconds = u32::try_from(known.div_ceil(SEARCH_DEVICES_PER_MX)).unwrap_or(u32::MAX);
    seconds.clamp(*SEARCH_MX.start(), *SEARCH_MX.end())
}

/// Whether that answer can only be one to such a search. A device that is asked alone, to check
/// whether it is there, answers even where a firewall keeps the answers to multicasts away.
fn answers(said: &Target, asked: &Target) -> bool {
    said.serves(asked) && (!matches!(said, Target::Device(_)) || said == asked)
}
