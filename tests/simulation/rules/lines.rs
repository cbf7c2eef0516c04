//! The rules about what people say to each other.

use std::cmp::Reverse;

use node_server::notice::Notice;

use super::{Rules, Verdict, person};
use crate::facts::Fact;
use crate::host::{HostId, Role, Run};
use crate::swarm::Seat;
use crate::world::World;

/// A line that was said.
pub(super) struct Said {
    by: Run,
    to: HostId,
    /// Which of the conversations of these two it belongs to; one may go over several connections.
    conversation: u32,
    order: u64,
    shown: bool,
}

impl Rules {
    /// Keeps what the rules about lines and deaths will need.
    pub(super) fn remember(&mut self, world: &World, fact: &Fact) {
        let (by, to, text, is_echo) = match fact {
            Fact::Said { by, to, text } => (*by, *to, text.clone(), false),
            Fact::Told { at, notice: Notice::Heard(call, _, line) } => {
                // An echo says it back by itself.
                let is_echo = world.hosts[at.host].role == Role::Person(Seat::Echo);
                let running = world.hosts[at.host].running.as_ref();
                let from = running.and_then(|running| running.peers.get(call));
                let (Some(from), true) = (from, is_echo) else { return };
                (*at, *from, line.as_str().to_owned(), true)
            }
            Fact::Told {
                at,
                notice:
                    Notice::Calling(call, who)
                    | Notice::Ringing(call, who)
                    | Notice::Connected(call, who)
                    | Notice::Linked(call, who),
            } => {
                self.partners.insert((*at, *call), who.fingerprint);
                return;
            }
            Fact::Died { at } => {
                self.deaths.insert(*at, world.now);
                self.accounts.retain(|(by, _), _| by != at);
                return;
            }
            _ => return,
        };
        let Some(to) = person(world, to) else { return };
        self.order += 1;
        let conversation = self.ended.get(&(by, to)).copied().unwrap_or_default();
        let said = Said { by, to, conversation, order: self.order, shown: false };
        self.said.entry(text.clone()).or_default().push(said);
        if !is_echo && world.hosts[to].role != Role::Attacker {
            self.accounts.entry((by, to)).or_default().push(text);
        }
    }

    /// A line is shown to the person that it was said to, once, and to nobody else.
    pub(super) fn every_line_is_shown_once_to_whom_it_was_for(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Some((at, from, text)) = shown(world, fact) else { return Ok(()) };
        let all = self.said.get_mut(text).map(|all| all.iter_mut()).into_iter().flatten();
        let mut for_them = all.filter(|said| said.by.host == from && said.to == at.host).peekable();
        if for_them.peek().is_none() {
            return Err(format!("host {from} never said to host {}: {text}", at.host));
        }
        // Of what several runs have said, the last one's: menu digits are said again and again.
        let unshown = for_them.filter(|said| !said.shown);
        match unshown.max_by_key(|said| (said.by, Reverse(said.order))) {
            Some(said) => {
                said.shown = true;
                Ok(())
            }
            None => Err(format!("a second time: {text}")),
        }
    }

    /// The lines of a conversation are shown in the order in which they were said, also when it
    /// goes on over another connection.
    pub(super) fn no_line_is_shown_out_of_order(&mut self, world: &World, fact: &Fact) -> Verdict {
        let Some((at, from, text)) = shown(world, fact) else { return Ok(()) };
        let said = self.said.get(text).map_or(&[][..], Vec::as_slice).iter();
        let mut said = said.filter(|said| said.by.host == from && said.to == at.host);
        // Of digits that were meant for a menu, and said more than once, nobody knows which
        // this is.
        let (Some(said), None) = (said.next(), said.next()) else { return Ok(()) };
        let newest = self.newest.entry((said.by, at, said.conversation)).or_default();
        if said.order <= *newest {
            return Err(format!("after a later one: {text}"));
        }
        *newest = said.order;
        Ok(())
    }

    /// A line that was typed at a prompt with a name in it goes to nobody else.
    pub(super) fn a_line_goes_to_whom_its_prompt_named(
        &mut self,
        _: &World,
        fact: &Fact,
    ) -> Verdict {
        match fact {
            Fact::Addressed { meant, to } if meant != to => Err(format!("{to} instead of {meant}")),
            _ => Ok(()),
        }
    }

    /// When no conversation with a person is left, every line that was said to them and not named
    /// as unconfirmed has been shown to them.
    pub(super) fn what_was_confirmed_was_shown(&mut self, world: &World, fact: &Fact) -> Verdict {
        match fact {
            Fact::Told { at, notice: Notice::Ended(call, _, _, unsent) } => {
                // The same may have been said to others, who have confirmed it.
                let partner = self.partners.remove(&(*at, *call));
                let key = partner.and_then(|partner| person(world, partner)).map(|to| (*at, to));
                let Some(lines) = key.and_then(|key| self.accounts.get_mut(&key)) else {
                    return Ok(());
                };
                for line in unsent {
                    if let Some(found) = lines.iter().position(|text| text == line.as_str()) {
                        lines.remove(found);
                    }
                }
                Ok(())
            }
            Fact::TurnEnd { at, peers } => {
                let open: Vec<HostId> =
                    peers.iter().filter_map(|(_, who)| person(world, *who)).collect();
                let closed = |(by, to): &(Run, HostId)| by == at && !open.contains(to);
                let keys: Vec<(Run, HostId)> =
                    self.accounts.keys().filter(|key| closed(key)).copied().collect();
                for key in keys {
                    *self.ended.entry(key).or_default() += 1;
                    for text in self.accounts.remove(&key).unwrap_or_default() {
                        if !self.was_shown(key, &text) {
                            return Err(format!("never shown to host {}: {text}", key.1));
                        }
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a line of this text by this run has reached the screen it was for.
    pub(super) fn was_shown(&self, key: (Run, HostId), text: &str) -> bool {
        let mut all = self.said.get(text).into_iter().flatten();
        all.any(|said| (said.by, said.to) == key && said.shown)
    }

    /// While nothing goes wrong, no conversation ends with lines that were not confirmed.
    pub(super) fn nothing_is_lost_in_calm(&mut self, _: &World, fact: &Fact) -> Verdict {
        match fact {
            Fact::Told { notice: Notice::Ended(_, _, _, unsent), .. }
                if self.calm && !unsent.is_empty() =>
            {
                Err(format!("{unsent:?}"))
            }
            _ => Ok(()),
        }
    }

    /// How many lines have been said.
    pub fn said(&self) -> u64 {
        self.order
    }

    /// Every line that was said after the first so many has reached the screen it was for.
    pub fn all_shown_since(&self, order: u64, world: &World) -> Verdict {
        let late = |said: &&Said| said.order > order && !said.shown;
        let is_missing = |said: &Said| world.hosts[said.to].role != Role::Attacker;
        for (text, all) in &self.said {
            if let Some(said) = all.iter().filter(late).find(|said| is_missing(said)) {
                return Err(format!("{:?} to host {}: {text}", said.by, said.to));
            }
        }
        Ok(())
    }
}

/// A line on a screen, of which we know who may have said it: attackers say what they like.
fn shown<'a>(world: &World, fact: &'a Fact) -> Option<(Run, HostId, &'a String)> {
    let Fact::Shown { at, from, text } = fact else { return None };
    let from = person(world, *from)?;
    (world.hosts[from].role != Role::Attacker).then_some((*at, from, text))
}
