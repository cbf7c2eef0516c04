//! What must hold after every step. One rule, one function, one sentence. Those about what people
//! say are in `lines`, about files in `files`, those about how many and how long in `limits`.

mod files;
mod limits;
mod lines;

use std::collections::{BTreeMap, BTreeSet};

use hallway::identity::Fingerprint;
use hallway::limits::LINE_BYTES_MAX;
use hallway::pins::{Known, Pins, Subject};
use hallway::text::Name;
use node_server::notice::{CallId, Notice};
use node_server::view;

use self::lines::Said;
use crate::facts::Fact;
use crate::host::{HostId, Role, Run};
use crate::neighbours::Heard;
use crate::people::{MARK, run_of};
use crate::tally::Tally;
use crate::wires::End;
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
    /// Whom a call is with.
    partners: BTreeMap<(Run, CallId), Fingerprint>,
    /// Blocks of ciphertext, each with its place in its record.
    blocks: BTreeSet<(usize, [u8; 16])>,
    deaths: BTreeMap<Run, u64>,
    pub heard: Heard,
    files: files::Ledger,
    order: u64,
    /// Nothing goes wrong, so nothing may be lost.
    pub calm: bool,
    pub tally: Tally,
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
const OF_FACTS: [(&str, OfFact); 26] = [
    ("a call is told of in order", Rules::a_call_is_told_of_in_order),
    ("nobody is told of unproved", Rules::nobody_is_told_of_unproved),
    ("no line reaches an outsider or twice", Rules::every_line_is_shown_once_to_whom_it_was_for),
    ("no line out of order", Rules::no_line_is_shown_out_of_order),
    ("a line goes to whom its prompt named", Rules::a_line_goes_to_whom_its_prompt_named),
    ("nobody honest is found at fault", Rules::nobody_honest_is_found_at_fault),
    ("what was confirmed was shown", Rules::what_was_confirmed_was_shown),
    ("nothing is lost in calm", Rules::nothing_is_lost_in_calm),
    ("what is stored was offered", Rules::what_is_stored_is_what_was_offered),
    ("nothing sent that nobody gives", Rules::nothing_is_sent_that_nobody_gives),
    ("nothing comes that nobody wants", Rules::nothing_comes_that_nobody_wants),
    ("nothing comes to whom it is not for", Rules::nothing_comes_to_whom_it_is_not_for),
    ("what is told stored is there", Rules::what_is_told_to_be_stored_is_there),
    ("nothing told of what is over", Rules::nothing_is_told_of_what_is_over),
    ("no transfer fails in calm", Rules::no_transfer_fails_in_calm),
    ("transfers within their limits", Rules::transfers_are_within_their_limits),
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
            self.files.remember(fact);
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
            Notice::Calling(_, who)
            | Notice::Ringing(_, who)
            | Notice::Connected(_, who)
            | Notice::Linked(_, who) => {
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
        // Lines and files have it at their beginning.
        let mut beginnings = ciphertext.windows(MARK.len()).take(LINE_BYTES_MAX);
        let readable = beginnings.any(|word| word == MARK.as_bytes());
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

/// The machine of the person with this identity.
pub fn person(world: &World, who: Fingerprint) -> Option<HostId> {
    world.hosts.iter().position(|host| host.fingerprint == who)
}
