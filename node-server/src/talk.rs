//! Conversations as a person leads them: who is being talked to, commands, and when to ring.
//! Pure: lines in, acts out. `node-server` and `client` both use it.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

mod commands;
mod files;
mod pace;

use std::collections::{BTreeMap, BTreeSet};

use ::files::news::News;
use discovery::neighbours::Udn;
use hallway::complete::Words;
use hallway::identity::Fingerprint;
use hallway::limits;
use hallway::pins::Subject;
use hallway::place::Place;
use hallway::text::{Name, shown};

pub use self::commands::{COMMANDS, Entry, help_text};
pub use self::files::{FILE_COMMANDS, offers, wanted};
use self::pace::Pace;
use crate::node::{Command, Node};
use crate::notice::{CallId, Notice, Who};
use crate::shelf::Shelf;
use crate::view;

/// What is to be done about a line or a notice.
pub enum Act {
    /// Show this; ring the bell if told so.
    Show(String, bool),
    /// Have the node do this.
    Do(Command),
    /// Have discovery do this.
    Seek(Seek),
    /// Say goodbye and leave the program.
    Quit,
}

/// What discovery is to do, where there is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seek {
    /// Search now.
    Search,
    /// See now whether this neighbour is there.
    Try(Udn),
    /// Show in one line how it goes.
    Tell,
}

/// When the terminal's bell rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    /// Never.
    Off,
    /// When somebody calls, or names you.
    #[default]
    Mention,
    /// With every line.
    All,
}

/// The state of a person's conversations.
#[derive(Default)]
pub struct Talk {
    focus: Option<CallId>,
    /// Who was talked to when the line that is being typed was asked for: a line meant for one
    /// never goes to another.
    addressed: Option<(CallId, Who)>,
    /// Whom every open call is with: several may have the same name.
    partners: BTreeMap<CallId, Fingerprint>,
    ringing: BTreeSet<CallId>,
    /// Calls that the person here made or took: their conversation is what they want to see next.
    wanted: BTreeSet<CallId>,
    /// Calls that the person has just taken or ended, and that the node has not told of yet: until
    /// then it is open who the next line goes to.
    settling: BTreeSet<CallId>,
    /// The next conversation with this person is the one that was wanted, under another number.
    wants_next: Option<Fingerprint>,
    /// Whether a conversation that nobody here asked for is talked to at once.
    takes_any: bool,
    bell: Bell,
    /// What others share, as far as they have said.
    shelf: Shelf,
    /// What has been told of transfers.
    pace: Pace,
}

impl Talk {
    /// Whom a plain line goes to.
    pub fn focus(&self) -> Option<CallId> {
        self.focus
    }

    /// For a program without menus of its own: plain lines go to whoever is connected, also when
    /// the call was taken without asking.
    pub fn with_anybody() -> Self {
        Self { takes_any: true, ..Self::default() }
    }

    /// What to show before the next line, which is about to be asked for: who it goes to, where
    /// there are several. `None` while that is not decided.
    pub fn prompt(&mut self, node: &Node) -> Option<String> {
        if self.is_settling() {
            return None;
        }
        let who = self.focus.and_then(|focus| who_of(focus, node));
        self.addressed = self.focus.zip(who.cloned());
        let several = node.talking().nth(1).is_some();
        Some(who.filter(|_| several).map_or_else(|| "> ".into(), |who| format!("{}> ", who.label)))
    }

    /// Whether it is open who the next line goes to.
    pub fn is_settling(&self) -> bool {
        !self.settling.is_empty()
    }

    /// What Tab may complete: commands and people, and files behind the commands about them.
    pub fn completions(&self, node: &Node) -> Words {
        let commands =
            COMMANDS.iter().chain(&FILE_COMMANDS).map(|entry| format!("/{}", entry.word));
        let open: Vec<&str> = node.talking().map(|(_, who)| who.label.as_str()).collect();
        let addressed = open.iter().map(|label| format!("@{label}"));
        let named = open.iter().map(|label| (*label).to_owned());
        let ringing = node.ringing().map(|(_, who)| who.label.clone());
        let members =
            node.members().take(limits::COMPLETIONS_MAX).map(|member| member.name.to_string());
        let anywhere = commands.chain(addressed).chain(named).chain(ringing).chain(members);
        Words { anywhere: anywhere.collect(), behind: self.files_behind(node) }
    }

    /// A line that the person typed, if it means something here: a command, an answer to a call, or
    /// something to say. `None` when nobody is being talked to and it is no command.
    pub fn typed(&mut self, line: &str, node: &Node) -> Option<Vec<Act>> {
        let trimmed = line.trim();
        let addressed = self.addressed.take().filter(|(call, _)| self.focus != Some(*call));
        if is_answer(trimmed, node) {
            return self.command(trimmed, node);
        }
        if let Some((_, who)) = addressed
            && let Some(acts) = self.too_late(trimmed, &who.label)
        {
            return Some(acts);
        }
        if trimmed == "q" && self.focus.is_some() {
            return self.command("bye", node);
        }
        match trimmed.strip_prefix('/') {
            // Two slashes say a line that begins with one.
            Some(rest) if rest.starts_with('/') => Some(self.say(rest, node)),
            Some(command) => Some(self.command(command, node).unwrap_or_else(no_such_command)),
            None if trimmed.is_empty() => Some(Vec::new()),
            None if self.focus.is_some() => Some(self.say(line, node)),
            None => None,
        }
    }

    /// What comes of a line that was meant for somebody who has gone while it was typed. One word
    /// may be an answer to the menu that has come instead.
    fn too_late(&self, trimmed: &str, label: &str) -> Option<Vec<Act>> {
        if trimmed == "q" || trimmed == "/bye" {
            return Some(vec![show(format!("your conversation with {label} was over already"))]);
        }
        let one_word = !trimmed.contains(char::is_whitespace);
        if trimmed.starts_with('/') || (one_word && self.focus.is_none()) {
            return None;
        }
        Some(vec![show(format!("not said: your conversation with {label} is over"))])
    }

    /// Runs a command given without its slash; `None` when there is none of that name.
    pub fn command(&mut self, line: &str, node: &Node) -> Option<Vec<Act>> {
        let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let entry = COMMANDS.iter().chain(&FILE_COMMANDS).find(|entry| entry.word == word)?;
        Some((entry.run)(self, argument.trim(), node))
    }

    /// Something happened at the node.
    pub fn told(&mut self, notice: &Notice, node: &Node) -> Vec<Act> {
        if let Notice::Calling(id, who) | Notice::Ringing(id, who) | Notice::Connected(id, who) =
            notice
        {
            self.partners.insert(*id, who.fingerprint);
        }
        match notice {
            Notice::Ringing(id, _) => {
                self.ringing.insert(*id);
            }
            Notice::Calling(id, _) => {
                self.wanted.insert(*id);
            }
            Notice::Connected(id, who) => return self.connected(*id, who, notice),
            Notice::Ended(id, label, ended, _) => {
                let rang = self.ringing.remove(id);
                self.settling.remove(id);
                self.shelf.remove(id.link());
                let partner = self.partners.remove(id);
                if let Some(partner) = partner.filter(|_| view::is_double(ended)) {
                    self.go_on(*id, partner, node);
                } else {
                    self.wanted.remove(id);
                    self.focus = self.focus.filter(|focus| focus != id);
                    if rang {
                        return vec![show(view::missed(label, ended))];
                    }
                }
            }
            // Whoever talks does not look at the list.
            Notice::MemberJoined(_) | Notice::MemberLeft(_) | Notice::MemberChanged(..)
                if self.focus.is_some() =>
            {
                return Vec::new();
            }
            _ => {}
        }
        let words = match notice {
            Notice::Files(news) => self.about_files(news, node),
            _ => view::words(notice),
        };
        let Some(words) = words else { return Vec::new() };
        vec![Act::Show(words, self.rings(notice, node))]
    }

    fn connected(&mut self, id: CallId, who: &Who, notice: &Notice) -> Vec<Act> {
        self.settling.remove(&id);
        // Whoever called was introduced when it rang.
        let words =
            if self.ringing.remove(&id) { Some(view::connected(who)) } else { view::words(notice) };
        let mut acts: Vec<Act> = words.map(show).into_iter().collect();
        let is_next = self.wants_next.take_if(|next| *next == who.fingerprint).is_some();
        if let (true, Some((call, addressed))) = (is_next, &mut self.addressed)
            && addressed.fingerprint == who.fingerprint
        {
            *call = id;
        }
        let takes = self.focus.is_none() && (self.takes_any || is_next);
        if self.wanted.remove(&id) || takes {
            self.focus = Some(id);
        } else {
            acts.push(show(format!("  /to {} to talk to them", who.label)));
        }
        acts
    }

    /// Two called each other at once, and the other connection is the conversation: what the person
    /// wanted of this one they want of that one, whether it stands already or not yet.
    fn go_on(&mut self, gone: CallId, partner: Fingerprint, node: &Node) {
        if !self.wanted.remove(&gone) && self.focus != Some(gone) {
            return;
        }
        let same = node.talking().filter(|(_, who)| who.fingerprint == partner);
        self.focus = same.map(|(id, _)| id).last();
        self.wants_next = self.focus.is_none().then_some(partner);
        // A line that is being typed is for the same person as before, and for nobody else.
        if let (Some(focus), Some((call, _))) = (self.focus, &mut self.addressed)
            && *call == gone
        {
            *call = focus;
        }
    }

    /// Who else is connected, and who waits for an answer, as a reminder for a person who comes
    /// back to a menu.
    pub fn pending(&self, node: &Node) -> Vec<Act> {
        let mut acts = Vec::new();
        let open: Vec<&str> = node.talking().map(|(_, who)| who.label.as_str()).collect();
        if !open.is_empty() {
            acts.push(show(format!("Connected: {}. /to NAME talks to them.", open.join(", "))));
        }
        for (_, who) in node.ringing() {
            acts.push(show(format!("{} calls: accept or deny?", who.label)));
        }
        acts
    }

    fn rings(&self, notice: &Notice, node: &Node) -> bool {
        match (self.bell, notice) {
            (Bell::Off, _) => false,
            (_, Notice::Ringing(..) | Notice::Files(News::Offered(..) | News::Done(..))) => true,
            (Bell::Mention, Notice::Heard(_, _, line)) => {
                mentions(line.as_str(), node.me().name.as_str())
            }
            (Bell::All, Notice::Heard(..)) => true,
            (Bell::Mention | Bell::All, _) => false,
        }
    }
}

/// Whether a line answers a call: it needs no slash then.
fn is_answer(line: &str, node: &Node) -> bool {
    let (word, name) = line.split_once(' ').unwrap_or((line, ""));
    let mut calls = node.ringing();
    let first = name.split(' ').next().unwrap_or_default();
    let is_for_offers = ["", "all"].contains(&first) && offers(node).next().is_some();
    // A wrong number is no line either: a folder behind it is nobody's business.
    let is_number = first.parse::<u64>().is_ok();
    (word == "accept" || word == "deny")
        && (calls.any(|(_, who)| name.is_empty() || who.label == name)
            || is_for_offers
            || is_number)
}

/// Whether a line is a command, with its slash; otherwise it may be a path.
pub fn is_command(line: &str) -> bool {
    let word = line.split_whitespace().next().and_then(|word| word.strip_prefix('/'));
    COMMANDS.iter().chain(&FILE_COMMANDS).any(|entry| Some(entry.word) == word)
}

/// Whether a line has the name as a word of its own, in upper or lower case.
fn mentions(line: &str, name: &str) -> bool {
    let (line, name) = (line.to_lowercase(), name.to_lowercase());
    line.match_indices(&name).any(|(at, found)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let behind = line.get(at + found.len()..).and_then(|text| text.chars().next());
        ![before, behind].into_iter().flatten().any(char::is_alphanumeric)
    })
}

/// Whose pin, and which; `None` when it cannot be read. A community is named by its address.
pub fn parse_trust(who: &str, typed: &str) -> Option<(Subject, Fingerprint)> {
    let fingerprint = Fingerprint::parse(typed)?;
    let subject = match Name::parse(who) {
        Ok(name) if !who.contains(':') => Subject::Node(name),
        _ => Subject::Community(Place::parse(who, 0).ok()?.to_string()),
    };
    Some((subject, fingerprint))
}

fn no_such_command() -> Vec<Act> {
    vec![show(format!("there is no such command; there are:\n{}", help_text()))]
}

/// What a person typed, short enough and harmless, to be shown in an answer.
pub fn quoted(typed: &str) -> String {
    let mut word: String = shown(typed).chars().take(20).collect();
    if typed.chars().nth(20).is_some() {
        word.push('…');
    }
    word
}

fn show(text: String) -> Act {
    Act::Show(text, false)
}

fn who_of(id: CallId, node: &Node) -> Option<&Who> {
    node.talking().find(|(call, _)| *call == id).map(|(_, who)| who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_mentioned_as_a_word_of_its_own() {
        for line in ["al", "hi Al!", "(al)", "tell AL, please", "Al's book"] {
            assert!(mentions(line, "al"), "{line}");
        }
        for line in ["all", "pal", "albert and all", ""] {
            assert!(!mentions(line, "al"), "{line}");
        }
    }

    #[test]
    fn what_was_typed_is_quoted_short_and_harmless() {
        assert_eq!(quoted("hello"), "hello");
        assert!(!quoted("\u{1b}[2J").contains('\u{1b}'));
        assert_eq!(quoted(&"x".repeat(21)), format!("{}…", "x".repeat(20)));
    }
}
