//! The menu of a node alone: a numbered table of what a person can do when they talk to nobody.
//! Pure: lines in, acts out.

use hallway::text::shown;

use crate::node::Node;
use crate::notice::Notice;
use crate::talk::{Act, Talk, help_text};
use crate::view;

/// One entry: a number, and the command behind it.
struct Entry {
    command: &'static str,
    usage: &'static str,
    help: &'static str,
}

/// The entries in the order of their numbers; leaving is last.
const ENTRIES: [Entry; 7] = [
    Entry { command: "who", usage: "1", help: "who is here" },
    Entry { command: "accept", usage: "2 [NAME]", help: "take a call" },
    Entry { command: "deny", usage: "3 [NAME]", help: "do not take it" },
    Entry { command: "to", usage: "4 NAME", help: "talk to somebody connected" },
    Entry { command: "all", usage: "5 TEXT", help: "say something to everybody connected" },
    Entry { command: "help", usage: "6", help: "every command" },
    Entry { command: "quit", usage: "7", help: "leave" },
];

/// The person at a node's terminal.
pub struct Menu {
    talk: Talk,
}

impl Default for Menu {
    fn default() -> Self {
        Self { talk: Talk::with_anybody() }
    }
}

impl Menu {
    /// The menu as text.
    pub fn text() -> String {
        let rows = ENTRIES.iter().map(|entry| format!("  {:<9} {}", entry.usage, entry.help));
        rows.collect::<Vec<_>>().join("\n")
    }

    /// Words for Tab.
    pub fn completions(&self, node: &Node) -> Vec<String> {
        self.talk.completions(node)
    }

    /// What to show before the cursor.
    pub fn prompt(&self) -> &'static str {
        "> "
    }

    /// Whether a piped line could be said now: otherwise the next one is not read yet.
    pub fn takes_lines(&self, node: &Node) -> bool {
        self.talk.focus().is_none_or(|focus| node.can_say(focus))
    }

    /// A line was typed.
    pub fn typed(&mut self, line: &str, node: &Node) -> Vec<Act> {
        if let Some(mut acts) = self.talk.typed(line, node) {
            if line.trim() == "/who" {
                acts.extend(community(node));
            }
            return acts;
        }
        let (word, argument) = split(line.trim());
        let entry = word.parse().ok().and_then(|n: usize| ENTRIES.get(n.wrapping_sub(1)));
        let word = match (entry, word) {
            (Some(entry), _) => entry.command,
            (None, "q" | "exit") => "quit",
            (None, "?") => "help",
            (None, word) => word,
        };
        let mut acts = match self.talk.command(&format!("{word} {argument}"), node) {
            Some(acts) => acts,
            None => vec![Act::Show(unknown(word), false)],
        };
        if word == "who" {
            acts.extend(community(node));
        }
        acts
    }

    /// Something happened.
    pub fn told(&mut self, notice: &Notice, node: &Node) -> Vec<Act> {
        self.talk.told(notice, node)
    }

    /// All commands.
    pub fn help() -> String {
        help_text()
    }
}

fn split(line: &str) -> (&str, &str) {
    line.split_once(char::is_whitespace).unwrap_or((line, ""))
}

fn unknown(word: &str) -> String {
    let word: String = shown(word).chars().take(20).collect();
    format!("you talk to nobody, and there is no command {word}. What there is:\n{}", Menu::text())
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
