//! What must hold after every step. One rule, one function, one sentence.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use hallway::identity::Fingerprint;
use hallway::limits;
use hallway::pins::{Known, Pins, Subject};
use hallway::text::Name;
use node_server::notice::{CallId, Notice};
use node_server::view;

use crate::facts::Fact;
use crate::host::{HostId, Role, Run};
use crate::neighbours::Heard;
use crate::people::{MARK, run_of};
use crate::swarm::{MEMBERS_MAX, Seat};
use crate::tally::Tally;
use crate::wires::{End, Stage};
use crate::world::World;

/// A rule that was broken.
#[derive(Debug)]
pub struct Broken {
    pub rule: &'static str,
    pub words: String,
}

/// Holds, or in which words it does not.
pub type Verdict = Result<(), String>;

/// What the rules remember.
#[derive(Default)]
pub struct Rules {
    /// Every line that was said, by its text: by whom and to whom.
    said: BTreeMap<String, Vec<Said>>,
    /// The newest line that a run has shown of a conversation with another.
    newest: BTreeMap<(Run, Run, u32), u64>,
    /// How often somebody had come to the end of all conversations with a person.
    ended: BTreeMap<(Run, HostId), u32>,
    /// What was said to a person in conversations that are not over.
    accounts: BTreeMap<(Run, HostId), Vec<String>>,
    lives: BTreeMap<(Run, CallId), Life>,
    /// Blocks of ciphertext, each with its place in its record.
    blocks: BTreeSet<(usize, [u8; 16])>,
    deaths: BTreeMap<Run, u64>,
    pub heard: Heard,
    order: u64,
    /// Nothing goes wrong, so nothing may be lost.
    pub calm: bool,
    pub tally: Tally,
}

struct Said {
    by: Run,
    to: HostId,
    /// Which of the conversations of these two it belongs to; one may go over several connections.
    conversation: u32,
    order: u64,
    shown: bool,
}

/// What was told of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Met,
    Talking,
    Over,
}

type OfFact = fn(&mut Rules, &World, &Fact) -> Verdict;
type OfWorld = fn(&mut Rules, &World) -> Verdict;

/// The rules about what happens.
const OF_FACTS: [(&str, OfFact); 17] = [
    ("a call is told of in order", Rules::a_call_is_told_of_in_order),
    ("nobody is told of unproved", Rules::nobody_is_told_of_unproved),
    ("no line reaches an outsider or twice", Rules::every_line_is_shown_once_to_whom_it_was_for),
    ("no line out of order", Rules::no_line_is_shown_out_of_order),
    ("a line goes to whom its prompt named", Rules::a_line_goes_to_whom_its_prompt_named),
    ("what was confirmed was shown", Rules::what_was_confirmed_was_shown),
    ("nothing is lost in calm", Rules::nothing_is_lost_in_calm),
    ("every queue within its limit", Rules::every_queue_is_within_its_limit),
    ("no nonce twice", Rules::no_nonce_is_used_twice),
    ("no line in the clear", Rules::no_line_travels_in_the_clear),
    ("no control on a screen", Rules::no_control_reaches_a_screen),
    ("nothing after the end", Rules::nothing_is_sent_after_the_end),
    ("what the disk took is known again", Rules::what_the_disk_took_is_known_again),
    ("neighbours within their limits", Rules::neighbours_are_within_their_limits),
    ("nobody listed too long", Rules::nobody_is_listed_for_longer_than_they_said),
    ("nothing sent off the link", Rules::nothing_is_sent_off_the_link),
    ("nobody is made to flood", Rules::nobody_is_made_to_flood),
];

/// The rules about how things are.
const OF_THE_WORLD: [(&str, OfWorld); 4] = [
    ("no deadline in the past", Rules::no_deadline_is_in_the_past),
    ("nobody stays unauthenticated", Rules::nobody_stays_unauthenticated),
    ("strangers within their limit", Rules::strangers_are_within_their_limit),
    ("the dead leave the list", Rules::the_dead_leave_the_list),
];

impl Rules {
    pub fn check(&mut self, world: &World, facts: &[Fact]) -> Result<(), Broken> {
        for fact in facts {
            self.tally.count(fact.kind());
            self.remember(world, fact);
            self.heard.remember(fact);
            for (name, rule) in OF_FACTS {
                rule(self, world, fact).map_err(|words| Broken { rule: name, words })?;
            }
        }
        for (name, rule) in OF_THE_WORLD {
            rule(self, world).map_err(|words| Broken { rule: name, words })?;
        }
        Ok(())
    }

    /// Of a call one is told first that it rings or is taken, then that it is taken, then once that
    /// it is over, and its lines are told in between.
    fn a_call_is_told_of_in_order(&mut self, _: &World, fact: &Fact) -> Verdict {
        let Fact::Told { at, notice } = fact else { return Ok(()) };
        let (call, from, to): (_, &[Option<Life>], _) = match notice {
            Notice::Calling(call, _) | Notice::Ringing(call, _) => (call, &[None], Life::Met),
            Notice::Connected(call, _) => (call, &[None, Some(Life::Met)], Life::Talking),
            Notice::Heard(call, ..) => (call, &[Some(Life::Talking)], Life::Talking),
            Notice::Ended(call, ..) => {
                (call, &[None, Some(Life::Met), Some(Life::Talking)], Life::Over)
            }
            _ => return Ok(()),
        };
        let before = self.lives.insert((*at, *call), to);
        from.contains(&before).then_some(()).ok_or(format!("{notice:?} when it was {before:?}"))
    }

    /// Nothing is shown of a person or a community unless a connection to their machine, which is
    /// not over, has carried the proof of who they are, unchanged.
    fn nobody_is_told_of_unproved(&mut self, world: &World, fact: &Fact) -> Verdict {
        let Fact::Told { at, notice } = fact else { return Ok(()) };
        let heard =
            |end: &End| end.host == at.host && end.run == at.number && end.vouches(world.now);
        let proved = |is_them: &dyn Fn(HostId) -> bool| {
            world.pipes.iter().rev().any(|pipe| {
                let [one, two] = &pipe.ends;
                heard(one) && is_them(two.host) || heard(two) && is_them(one.host)
            })
        };
        let told = match notice {
            Notice::Calling(_, who) | Notice::Ringing(_, who) | Notice::Connected(_, who) => {
                proved(&|host| world.hosts[host].fingerprint == who.fingerprint)
            }
            Notice::CommunityJoined(_)
            | Notice::ListWhole
            | Notice::MemberJoined(_)
            | Notice::MemberLeft(_)
            | Notice::MemberChanged(..)
            | Notice::NameTaken(..)
            | Notice::CommunitySays(_) => proved(&|host| world.hosts[host].role == Role::Community),
            _ => true,
        };
        told.then_some(()).ok_or(format!("{notice:?}"))
    }

    /// Keeps what the rules about lines and deaths will need.
    fn remember(&mut self, world: &World, fact: &Fact) {
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
    fn every_line_is_shown_once_to_whom_it_was_for(
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
    fn no_line_is_shown_out_of_order(&mut self, world: &World, fact: &Fact) -> Verdict {
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
    fn a_line_goes_to_whom_its_prompt_named(&mut self, _: &World, fact: &Fact) -> Verdict {
        match fact {
            Fact::Addressed { meant, to } if meant != to => Err(format!("{to} instead of {meant}")),
            _ => Ok(()),
        }
    }

    /// When no conversation with a person is left, every line that was said to them and not named
    /// as unconfirmed has been shown to them.
    fn what_was_confirmed_was_shown(&mut self, world: &World, fact: &Fact) -> Verdict {
        match fact {
            Fact::Told { at, notice: Notice::Ended(_, _, _, unsent) } => {
                for line in unsent {
                    let ours = self.accounts.iter_mut().filter(|((by, _), _)| by == at);
                    for (_, lines) in ours {
                        if let Some(found) = lines.iter().position(|text| text == line.as_str()) {
                            lines.remove(found);
                            break;
                        }
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
                        let said = self.said.get(&text).into_iter().flatten();
                        if !said.into_iter().any(|said| (said.by, said.to) == key && said.shown) {
                            return Err(format!("never shown to host {}: {text}", key.1));
                        }
                    }
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// While nothing goes wrong, no conversation ends with lines that were not confirmed.
    fn nothing_is_lost_in_calm(&mut self, _: &World, fact: &Fact) -> Verdict {
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

    /// Members, calls and unconfirmed lines stay within their limits.
    fn every_queue_is_within_its_limit(&mut self, world: &World, fact: &Fact) -> Verdict {
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
            let shown = |text: &&String| {
                self.said[*text].iter().any(|said| (said.by, said.to) == *key && said.shown)
            };
            let open = lines.iter().filter(|text| !shown(text)).count();
            self.tally.fill("lines unconfirmed", open);
            // One text may have several lines.
            if open > limits::UNCONFIRMED_LINES_MAX + 64 {
                return Err(format!("{open} lines unconfirmed"));
            }
        }
        Ok(())
    }

    /// No two records have a block of ciphertext in common: under one key and nonce, the zeros that
    /// they are padded with would give one.
    fn no_nonce_is_used_twice(&mut self, _: &World, fact: &Fact) -> Verdict {
        let Fact::Record { ciphertext } = fact else { return Ok(()) };
        let (blocks, _) = ciphertext.as_chunks::<16>();
        // The last ones are padding as a rule.
        for (at, block) in blocks.iter().enumerate().rev().take(4) {
            if !self.blocks.insert((at, *block)) {
                return Err(format!("block {at} of a record was there before"));
            }
        }
        Ok(())
    }

    /// What people say to each other is not to be read on the wire.
    fn no_line_travels_in_the_clear(&mut self, _: &World, fact: &Fact) -> Verdict {
        let Fact::Record { ciphertext } = fact else { return Ok(()) };
        let readable = ciphertext.windows(MARK.len()).any(|word| word == MARK.as_bytes());
        if readable { Err("a record can be read".to_owned()) } else { Ok(()) }
    }

    /// Nothing that controls a terminal reaches a screen, whoever it comes from.
    fn no_control_reaches_a_screen(&mut self, _: &World, fact: &Fact) -> Verdict {
        let text = match fact {
            Fact::Screen { text } => text.clone(),
            Fact::Told { notice, .. } => view::words(notice).unwrap_or_default(),
            _ => return Ok(()),
        };
        let harmful = |letter: char| {
            letter.is_control() && letter != '\n'
                || ('\u{202a}'..='\u{202e}').contains(&letter)
                || ('\u{2066}'..='\u{2069}').contains(&letter)
                || ['\u{200b}', '\u{2028}', '\u{2029}', '\u{feff}'].contains(&letter)
        };
        if text.contains(harmful) { Err(format!("{text:?}")) } else { Ok(()) }
    }

    /// After a program has ended a connection, or was told of its end, it sends nothing on it.
    fn nothing_is_sent_after_the_end(&mut self, _: &World, fact: &Fact) -> Verdict {
        match fact {
            Fact::SentAfterTheEnd { at } => Err(format!("{at:?}")),
            _ => Ok(()),
        }
    }

    /// A pin whose writing had returned is known to the next run of the program.
    fn what_the_disk_took_is_known_again(&mut self, world: &World, fact: &Fact) -> Verdict {
        let Fact::Started { at } = fact else { return Ok(()) };
        let disk = &world.hosts[*at].disk;
        let (read, kept) = (disk.pins(), Pins::read(&disk.kept.join("\n")));
        // What was torn late may hold nevertheless, and instead of what was there.
        let is_torn = disk.text().lines().count() != disk.kept.len();
        for line in &disk.kept {
            let words: Vec<&str> = line.split(' ').collect();
            let [kind, whom, fingerprint, _] = words[..] else { return Err(line.clone()) };
            let Some(fingerprint) = Fingerprint::parse(fingerprint) else { continue };
            let subject = match (kind, Name::parse(whom)) {
                ("node", Ok(name)) => Subject::Node(name),
                _ => Subject::Community(whom.to_owned()),
            };
            let known = read.check(&subject, fingerprint);
            let holds = known == Known::Same || (is_torn && known != Known::New);
            if kept.check(&subject, fingerprint) == Known::Same && !holds {
                return Err(line.clone());
            }
        }
        Ok(())
    }

    /// After a turn no program wants to have had one before.
    fn no_deadline_is_in_the_past(&mut self, world: &World) -> Verdict {
        for host in world.hosts.iter().filter(|host| host.is_awake(world.now)) {
            if !host.is_dirty() && host.due().is_some_and(|due| due <= world.now) {
                return Err(host.label.clone());
            }
        }
        Ok(())
    }

    /// Nobody is in a handshake, or inside without saying what for, for longer than that may take.
    fn nobody_stays_unauthenticated(&mut self, world: &World) -> Verdict {
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
    fn strangers_are_within_their_limit(&mut self, world: &World) -> Verdict {
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

    /// A program that is dead leaves the community's list as soon as TCP can find out.
    fn the_dead_leave_the_list(&mut self, world: &World) -> Verdict {
        for host in world.hosts.iter().filter(|host| host.is_awake(world.now)) {
            for member in host.community().into_iter().flat_map(|community| community.members()) {
                let run = run_of(member.instance);
                let died = run.and_then(|run| self.deaths.get(&run));
                if died.is_some_and(|died| world.now > died + DEAD_LISTED_MAX) {
                    return Err(format!("{run:?} on the list of {}", host.label));
                }
            }
        }
        Ok(())
    }
}

/// A stall, then a cut for as long as TCP waits, each end noticing at its time.
const DEAD_LISTED_MAX: u64 = 90_000;

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

/// The machine of the person with this identity.
pub fn person(world: &World, who: Fingerprint) -> Option<HostId> {
    world.hosts.iter().position(|host| host.fingerprint == who)
}

/// A line on a screen, of which we know who may have said it: attackers say what they like.
fn shown<'a>(world: &World, fact: &'a Fact) -> Option<(Run, HostId, &'a String)> {
    let Fact::Shown { at, from, text } = fact else { return None };
    let from = person(world, *from)?;
    (world.hosts[from].role != Role::Attacker).then_some((*at, from, text))
}
