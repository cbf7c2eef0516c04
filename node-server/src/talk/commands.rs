//! The commands of a conversation, as a table, and what they do.

use hallway::text::{Line, Name, shown};

use super::files::FILE_COMMANDS;
use super::{Act, Bell, Talk, parse_trust, show, who_of};
use crate::node::{Command, Node};
use crate::notice::{CallId, Who};

/// One command: help is printed from this table.
pub struct Entry {
    /// What is typed, after a slash.
    pub word: &'static str,
    /// What comes behind it.
    pub argument: &'static str,
    /// What it does.
    pub help: &'static str,
    pub(super) run: fn(&mut Talk, &str, &Node) -> Vec<Act>,
}

/// Every command of a conversation.
pub const COMMANDS: [Entry; 12] = [
    Entry { word: "who", argument: "", help: "whom you talk with, and who calls", run: Talk::who },
    Entry { word: "to", argument: "NAME [TEXT]", help: "talk to NAME, or say TEXT", run: Talk::to },
    Entry { word: "all", argument: "TEXT", help: "say it to everybody connected", run: Talk::all },
    Entry {
        word: "accept",
        argument: "[NAME|N]",
        help: "take a call, or offer N",
        run: Talk::accept,
    },
    Entry { word: "deny", argument: "[NAME|N]", help: "do not take it", run: Talk::deny },
    Entry { word: "bye", argument: "[NAME]", help: "end a conversation", run: Talk::bye },
    Entry {
        word: "menu",
        argument: "",
        help: "back to the menu; conversations go on",
        run: Talk::menu,
    },
    Entry {
        word: "trust",
        argument: "NAME FINGERPRINT",
        help: "from now on NAME has this identity",
        run: Talk::trust,
    },
    Entry { word: "name", argument: "NAME", help: "have another name", run: Talk::name },
    Entry { word: "bell", argument: "off|mention|all", help: "when to ring", run: Talk::bell },
    Entry { word: "help", argument: "", help: "this list", run: Talk::help },
    Entry { word: "quit", argument: "", help: "leave the program", run: Talk::quit },
];

/// The table of commands as text.
pub fn help_text() -> String {
    let rows = COMMANDS.iter().chain(&FILE_COMMANDS).map(|entry| {
        let usage = format!("/{} {}", entry.word, entry.argument);
        format!("  {usage:<26}{}", entry.help)
    });
    rows.collect::<Vec<_>>().join("\n")
}

impl Talk {
    pub(super) fn say(&mut self, text: &str, node: &Node) -> Vec<Act> {
        match self.focus {
            Some(focus) => say_to(focus, text, node),
            None => vec![show(format!("nobody to say it to: {ALONE}"))],
        }
    }

    fn who(&mut self, _: &str, node: &Node) -> Vec<Act> {
        let mut rows = Vec::new();
        for (id, who) in node.talking() {
            let mark = if self.focus == Some(id) { "*" } else { " " };
            let short = who.fingerprint.short();
            rows.push(format!("{mark} talking with {}  {}  {short}", who.label, who.at));
        }
        for (_, who) in node.ringing() {
            rows.push(format!("  {} calls from {}", who.label, who.at.ip()));
        }
        if rows.is_empty() {
            rows.push(ALONE.into());
        }
        vec![show(rows.join("\n"))]
    }

    fn to(&mut self, argument: &str, node: &Node) -> Vec<Act> {
        let (name, text) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
        match find(name, node.talking(), ALONE) {
            Err(words) => vec![show(words)],
            Ok(id) if text.trim().is_empty() => {
                self.focus = Some(id);
                let label = who_of(id, node).map_or("", |who| &who.label);
                vec![show(format!("now talking to {label}"))]
            }
            Ok(id) => say_to(id, text, node),
        }
    }

    fn all(&mut self, text: &str, node: &Node) -> Vec<Act> {
        let ids: Vec<CallId> = node.talking().map(|(id, _)| id).collect();
        if ids.is_empty() {
            return vec![show(ALONE.into())];
        }
        if text.is_empty() {
            return vec![show("/all TEXT says it to everybody you talk with".into())];
        }
        ids.into_iter().flat_map(|id| say_to(id, text, node)).collect()
    }

    fn accept(&mut self, name: &str, node: &Node) -> Vec<Act> {
        if let Some(acts) = Self::answer(name, true, node) {
            return acts;
        }
        match find(name, node.ringing(), NO_CALL) {
            Ok(id) => {
                self.wanted.insert(id);
                self.settling.insert(id);
                vec![Act::Do(Command::Accept(id))]
            }
            Err(words) => vec![show(words)],
        }
    }

    fn deny(&mut self, name: &str, node: &Node) -> Vec<Act> {
        if let Some(acts) = Self::answer(name, false, node) {
            return acts;
        }
        match find(name, node.ringing(), NO_CALL) {
            Ok(id) => vec![Act::Do(Command::Deny(id))],
            Err(words) => vec![show(words)],
        }
    }

    fn bye(&mut self, name: &str, node: &Node) -> Vec<Act> {
        let who = match self.focus {
            Some(focus) if name.is_empty() => Ok(focus),
            _ => find(name, node.talking(), ALONE),
        };
        match who {
            Ok(id) => {
                self.settling.insert(id);
                vec![Act::Do(Command::HangUp(id))]
            }
            Err(words) => vec![show(words)],
        }
    }

    fn menu(&mut self, _: &str, _: &Node) -> Vec<Act> {
        self.focus = None;
        Vec::new()
    }

    fn trust(&mut self, argument: &str, _: &Node) -> Vec<Act> {
        let words: Vec<&str> = argument.split_whitespace().collect();
        let parsed = match words.as_slice() {
            [who, typed] => parse_trust(who, typed),
            _ => None,
        };
        match parsed {
            Some((subject, fingerprint)) => {
                let done = format!("trusted from now on: {fingerprint}");
                vec![Act::Do(Command::Trust(subject, fingerprint)), show(done)]
            }
            None => vec![show("/trust NAME FINGERPRINT, or HOST:PORT for a community".into())],
        }
    }

    fn name(&mut self, typed: &str, _: &Node) -> Vec<Act> {
        match Name::parse(typed) {
            Ok(name) => {
                let done = format!("you are {name} from now on");
                vec![Act::Do(Command::Rename(name)), show(done)]
            }
            Err(error) => vec![show(format!("/name NAME: {error}"))],
        }
    }

    fn bell(&mut self, word: &str, _: &Node) -> Vec<Act> {
        self.bell = match word {
            "off" => Bell::Off,
            "mention" => Bell::Mention,
            "all" => Bell::All,
            _ => return vec![show("/bell off, /bell mention or /bell all".into())],
        };
        vec![show(format!("bell: {word}"))]
    }

    fn help(&mut self, _: &str, _: &Node) -> Vec<Act> {
        vec![show(help_text())]
    }

    fn quit(&mut self, _: &str, _: &Node) -> Vec<Act> {
        vec![Act::Quit]
    }
}

fn say_to(id: CallId, text: &str, node: &Node) -> Vec<Act> {
    if !node.can_say(id) {
        let label = who_of(id, node).map_or("they", |who| &who.label);
        return vec![show(format!("not sent: {label} cannot take another line at the moment"))];
    }
    let lines = Line::split(text);
    let mut acts = Vec::new();
    if lines.len() > 1 {
        acts.push(show(format!("  (long: goes in {} parts)", lines.len())));
    }
    if !lines.is_empty() {
        acts.push(Act::Do(Command::Say(id, lines)));
    }
    acts
}

/// The one that is meant: by label, by its beginning, or, without a name, the only one there.
/// `nobody` is what to say when nobody is there at all.
pub(super) fn find<'a>(
    name: &str,
    calls: impl Iterator<Item = (CallId, &'a Who)>,
    nobody: &str,
) -> Result<CallId, String> {
    let all: Vec<(CallId, &str)> = calls.map(|(id, who)| (id, who.label.as_str())).collect();
    if let Some((id, _)) = all.iter().find(|(_, label)| *label == name) {
        return Ok(*id);
    }
    let meant: Vec<&(CallId, &str)> =
        all.iter().filter(|(_, label)| label.starts_with(name)).collect();
    match meant.as_slice() {
        [(id, _)] => Ok(*id),
        [] if all.is_empty() => Err(nobody.to_owned()),
        [] => {
            let labels: Vec<&str> = all.iter().map(|(_, label)| *label).collect();
            Err(format!("nobody called {} is there, but {}", shown(name), labels.join(", ")))
        }
        several => {
            let labels: Vec<&str> = several.iter().map(|(_, label)| *label).collect();
            Err(format!("which one: {}?", labels.join(", ")))
        }
    }
}

/// When there is no conversation.
pub(super) const ALONE: &str = "you are in no conversation";
/// When nobody rings.
const NO_CALL: &str = "nobody calls at the moment";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_fits_a_screen() {
        let text = help_text();
        assert!(text.lines().all(|row| hallway::text::columns(row) <= 80), "{text}");
        // What is typed never runs into what it does.
        assert!(text.lines().all(|row| row.chars().nth(27) == Some(' ')), "{text}");
    }
}
