//! The menu of a node alone: a numbered table of what a person can do when they talk to nobody.
//! Pure: lines in, acts out.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

use discovery::neighbours::Neighbour;
use discovery::view::row;
use hallway::complete::Words;
use hallway::place::Place;
use hallway::reason::Ended;
use hallway::secret::Secret;
use hallway::text::Name;

use crate::file_words;
use crate::membership::{Listing, Wish};
use crate::node::{Command, Node};
use crate::notice::Notice;
use crate::options::community_place;
use crate::sight::{self, Sight};
use crate::talk::{Act, Seek, Talk, quoted};
use crate::view;

/// One entry: a number, and the command behind it.
struct Entry {
    command: &'static str,
    usage: &'static str,
    help: &'static str,
}

/// The entries in the order of their numbers; leaving is last.
const ENTRIES: [Entry; 10] = [
    Entry { command: "who", usage: "1", help: "who is here" },
    Entry { command: "accept", usage: "2 [NAME]", help: "take a call" },
    Entry { command: "deny", usage: "3 [NAME]", help: "do not take it" },
    Entry { command: "to", usage: "4 NAME", help: "talk to somebody connected" },
    Entry { command: "all", usage: "5 TEXT", help: "say something to everybody connected" },
    Entry { command: "join", usage: "6 [HOST:PORT]", help: "join a community" },
    Entry { command: "people", usage: "7", help: "people and communities on this network" },
    Entry { command: "files", usage: "8 [NAME]", help: "files: yours, or what NAME shares" },
    Entry { command: "help", usage: "9", help: "every command" },
    Entry { command: "quit", usage: "10", help: "leave" },
];

/// What to ask next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A line, with this before it.
    Line(String),
    /// A password, with this before it.
    Secret(String),
    /// Nothing until something has happened.
    Nothing,
}

/// What the person was asked.
enum Screen {
    /// Nothing: commands, and what is said.
    Console,
    /// Nothing yet: the community has not answered, and may give cause to ask.
    Joining,
    /// The password of this community.
    Password(Place),
    /// Another name, since ours is taken there; this one is free.
    NewName(Name),
}

/// The person at a node's terminal.
pub struct Menu {
    screen: Screen,
    talk: Talk,
    /// How our node is listed.
    listing: Listing,
    /// The last community, and its password as long as nobody has called it wrong.
    community: Option<(Place, Option<Secret>)>,
    /// A person is there, who can be asked.
    interactive: bool,
}

impl Menu {
    /// The console.
    pub fn new(listing: Listing, interactive: bool) -> Self {
        let talk = Talk::with_anybody();
        Self { screen: Screen::Console, talk, listing, community: None, interactive }
    }

    /// The menu as text.
    pub fn text() -> String {
        let rows = ENTRIES.iter().map(|entry| format!("  {:<14} {}", entry.usage, entry.help));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Joins a community.
    pub fn join(&mut self, place: Place, password: Secret) -> Vec<Act> {
        self.screen = if self.interactive { Screen::Joining } else { Screen::Console };
        let listed = Some(self.listing.clone());
        let wish = Wish { place: place.clone(), password: password.clone(), listed, persist: true };
        self.community = Some((place, Some(password)));
        vec![Act::Do(Command::Join(wish))]
    }

    /// Words for Tab.
    pub fn completions(&self, node: &Node) -> Words {
        self.talk.completions(node)
    }

    /// What to ask, as things are.
    pub fn question(&mut self, node: &Node) -> Question {
        match &self.screen {
            Screen::Password(place) => {
                Question::Secret(format!("Password of the community {place} [do not join]: "))
            }
            Screen::NewName(free) => Question::Line(format!("Name to use there [{free}]: ")),
            Screen::Joining => Question::Nothing,
            Screen::Console => match self.talk.prompt(node) {
                Some(prompt) if self.takes_lines(node) => Question::Line(prompt),
                Some(_) | None => Question::Nothing,
            },
        }
    }

    /// Whether a piped line could be said now: otherwise the next one is not read yet.
    fn takes_lines(&self, node: &Node) -> bool {
        self.interactive || self.talk.focus().is_none_or(|focus| node.can_say(focus))
    }

    /// A line was typed.
    pub fn typed(&mut self, line: &str, sight: Sight<'_>) -> Vec<Act> {
        let node = sight.node;
        let trimmed = line.trim();
        if let Screen::NewName(free) = &self.screen
            && !trimmed.starts_with('/')
        {
            let free = free.clone();
            return self.new_name(trimmed, free);
        }
        if let Some(mut acts) = self.talk.typed(line, node) {
            match trimmed {
                "/who" => acts.extend(community(node)),
                "/menu" => acts.push(show(Self::text())),
                _ => {}
            }
            return acts;
        }
        let (word, argument) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        let entry = word.parse().ok().and_then(|n: usize| ENTRIES.get(n.checked_sub(1)?));
        let word = match (entry, word) {
            (Some(entry), _) => entry.command,
            (None, "q" | "exit") => "quit",
            (None, "?") => "help",
            (None, word) => word,
        };
        if word == "join" {
            return self.choose_community(argument.trim(), sight);
        }
        if word == "people" {
            return vec![show(people(sight)), Act::Seek(Seek::Search)];
        }
        if word == "files" && argument.is_empty() {
            return vec![show(files(node))];
        }
        let known = self.talk.command(&format!("{word} {argument}"), node);
        let mut acts = known.unwrap_or_else(|| vec![show(unknown(word))]);
        match word {
            "who" => acts.extend(community(node)),
            "menu" => acts.push(show(Self::text())),
            _ => {}
        }
        acts
    }

    /// A password was typed; `None` is just Enter.
    pub fn secret(&mut self, secret: Option<Secret>, node: &Node) -> Vec<Act> {
        let Screen::Password(place) = &self.screen else { return Vec::new() };
        let place = place.clone();
        match secret {
            Some(word) if node.ringing().next().is_some() && is_answer(&word) => {
                self.talk.typed(word.reveal(), node).unwrap_or_default()
            }
            Some(password) => self.join(place, password),
            None => {
                self.screen = Screen::Console;
                let mut acts = vec![show("not joined; 6 joins a community".into())];
                acts.extend(self.talk.pending(node));
                acts
            }
        }
    }

    /// Something happened.
    pub fn told(&mut self, notice: &Notice, node: &Node) -> Vec<Act> {
        let talked = self.talk.focus();
        let mut acts = self.talk.told(notice, node);
        match notice {
            Notice::CommunityFailed(_, ended) if self.interactive => {
                acts.push(self.not_joined(ended));
            }
            Notice::NameTaken(_, free) if self.interactive => match self.screen {
                Screen::Joining => self.screen = Screen::NewName(free.clone()),
                _ => acts.push(show(format!("  /name {free} takes it, or /name and another"))),
            },
            Notice::Ringing(..) if matches!(self.screen, Screen::Password(_)) => {
                acts.push(show("  (type that here, or just Enter first)".into()));
            }
            Notice::Ringing(..) | Notice::CommunityJoined(_) | Notice::CommunityLost(_)
                if matches!(self.screen, Screen::Joining) =>
            {
                self.screen = Screen::Console;
            }
            Notice::Ended(..) if talked.is_some() && self.talk.focus().is_none() => {
                acts.extend(self.talk.pending(node));
            }
            _ => {}
        }
        acts
    }

    fn how_to_join(&self) -> String {
        match self.talk.focus() {
            Some(_) => "  /menu, and there 6, tries again".into(),
            None => "  6 tries again".into(),
        }
    }

    fn choose_community(&mut self, typed: &str, sight: Sight<'_>) -> Vec<Act> {
        let offer = sight.communities().into_iter().next();
        let place = match (typed, &self.community) {
            ("", Some((place, Some(password)))) => {
                let (place, password) = (place.clone(), password.clone());
                return self.join(place, password);
            }
            ("", Some((place, None))) => Ok(place.clone()),
            ("", None) => match offer {
                Some(offer) => Ok(offer.place),
                None => return vec![show("which one? 6 HOST:PORT".into())],
            },
            (typed, _) => community_place(typed),
        };
        match place {
            Ok(place) => self.screen = Screen::Password(place),
            Err(error) => return vec![show(error.to_string())],
        }
        Vec::new()
    }

    fn not_joined(&mut self, ended: &Ended) -> Act {
        let was_joining = matches!(self.screen, Screen::Joining);
        if was_joining {
            self.screen = Screen::Console;
        }
        if let (Ended::WrongPassword, Some((place, password))) = (ended, &mut self.community) {
            *password = None;
            if was_joining {
                self.screen = Screen::Password(place.clone());
                return show("  once more, or Enter to give up".into());
            }
        }
        show(self.how_to_join())
    }

    fn new_name(&mut self, typed: &str, free: Name) -> Vec<Act> {
        let name = if typed.is_empty() { Ok(free) } else { Name::parse(typed) };
        match name {
            Ok(name) => {
                self.screen = Screen::Joining;
                vec![Act::Do(Command::Rename(name))]
            }
            Err(error) => vec![show(error.to_string())],
        }
    }
}

/// Whether what was typed for a password is the answer to a call instead.
pub fn is_answer(typed: &Secret) -> bool {
    ["accept", "deny", "/accept", "/deny"].contains(&typed.reveal())
}

fn show(text: String) -> Act {
    Act::Show(text, false)
}

fn unknown(word: &str) -> String {
    let word = quoted(word);
    format!("you talk to nobody, and there is no command {word}. What there is:\n{}", Menu::text())
}

/// Everybody on this network, in rows.
fn people(sight: Sight<'_>) -> String {
    let Some(neighbours) = sight.neighbours else { return sight::NOBODY_IS_LOOKED_FOR.into() };
    let all = neighbours.all();
    if all.is_empty() {
        return "nobody is seen on this network yet; 7 looks again, client doctor tells why".into();
    }
    let row = |(at, one): (usize, &&Neighbour)| format!("\n{}", row(at + 1, one));
    let rows: String = all.iter().enumerate().map(row).collect();
    format!("on this network, as they say:{rows}")
}

/// What moves, what is shared, and how to do something about it.
fn files(node: &Node) -> String {
    let transfers = file_words::transfers(node.files());
    let shares = file_words::shares(&node.files().shares());
    let commands = "send, files NAME, get, share, unshare, transfers, cancel: 9 tells how";
    format!("{transfers}\n{shares}\n  {commands}")
}

fn community(node: &Node) -> Option<Act> {
    let place = node.community()?;
    let rows = node.members().enumerate();
    let rows: String =
        rows.map(|(at, member)| format!("\n{}", view::member_row(at + 1, member))).collect();
    let text = match (node.is_in_community(), rows.is_empty()) {
        (false, _) => format!("not connected to the community {place} at the moment"),
        (true, true) => format!("nobody else is in the community {place}"),
        (true, false) => format!("in the community {place}:{rows}"),
    };
    Some(Act::Show(text, false))
}
