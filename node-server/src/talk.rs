//! Conversations as a person leads them: who is being talked to, commands, and when to ring.
//! Pure: lines in, acts out. `node-server` and `client` both use it.

use std::collections::BTreeSet;

use hallway::identity::Fingerprint;
use hallway::pins::Subject;
use hallway::place::Place;
use hallway::reason::Ended;
use hallway::text::{Line, Name};

use crate::node::{Command, Node};
use crate::notice::{CallId, Notice, Who};
use crate::view;

/// What is to be done about a line or a notice.
pub enum Act {
    /// Show this; ring the bell if told so.
    Show(String, bool),
    /// Have the node do this.
    Do(Command),
    /// Say goodbye and leave the program.
    Quit,
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

/// One command: help is printed from this table.
pub struct Entry {
    /// What is typed, after a slash.
    pub word: &'static str,
    /// What comes behind it.
    pub argument: &'static str,
    /// What it does.
    pub help: &'static str,
    run: fn(&mut Talk, &str, &Node) -> Vec<Act>,
}

/// Every command of a conversation.
pub const COMMANDS: [Entry; 11] = [
    Entry { word: "who", argument: "", help: "whom you talk with, and who calls", run: Talk::who },
    Entry { word: "to", argument: "NAME [TEXT]", help: "talk to NAME, or say TEXT", run: Talk::to },
    Entry { word: "all", argument: "TEXT", help: "say it to everybody connected", run: Talk::all },
    Entry { word: "accept", argument: "[NAME]", help: "take a call", run: Talk::accept },
    Entry { word: "deny", argument: "[NAME]", help: "do not take it", run: Talk::deny },
    Entry { word: "bye", argument: "[NAME]", help: "end a conversation", run: Talk::bye },
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

/// The state of a person's conversations.
#[derive(Default)]
pub struct Talk {
    focus: Option<CallId>,
    ringing: BTreeSet<CallId>,
    /// Calls that the person here made or took: their conversation is what they want to see next.
    wanted: BTreeSet<CallId>,
    /// The next conversation is the one that was wanted, under another number.
    wants_next: bool,
    /// Whether a conversation that nobody here asked for is talked to at once.
    takes_any: bool,
    bell: Bell,
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

    /// Talks to this one from now on.
    pub fn set_focus(&mut self, call: CallId) {
        self.focus = Some(call);
    }

    /// Every word that Tab may complete: commands and people.
    pub fn completions(&self, node: &Node) -> Vec<String> {
        let commands = COMMANDS.iter().map(|entry| format!("/{}", entry.word));
        let open = node.talking().chain(node.ringing()).map(|(_, who)| who.label.clone());
        let members = node.members().map(|member| member.name.to_string());
        commands.chain(open).chain(members).collect()
    }

    /// A line that the person typed, if it means something here: a command, an answer to a call, or
    /// something to say. `None` when nobody is being talked to and it is no command.
    pub fn typed(&mut self, line: &str, node: &Node) -> Option<Vec<Act>> {
        let trimmed = line.trim();
        if !self.ringing.is_empty() && (trimmed == "accept" || trimmed == "deny") {
            return self.command(trimmed, node);
        }
        if trimmed == "q" && self.focus.is_some() {
            return self.command("bye", node);
        }
        match trimmed.strip_prefix('/') {
            // Two slashes say a line that begins with one.
            Some(rest) if rest.starts_with('/') => Some(self.say(rest, node)),
            Some(command) => self.command(command, node),
            None if trimmed.is_empty() => Some(Vec::new()),
            None if self.focus.is_some() => Some(self.say(line, node)),
            None => None,
        }
    }

    /// Runs a command given without its slash; `None` when there is none of that name.
    pub fn command(&mut self, line: &str, node: &Node) -> Option<Vec<Act>> {
        let (word, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let entry = COMMANDS.iter().find(|entry| entry.word == word)?;
        Some((entry.run)(self, argument.trim(), node))
    }

    /// Something happened at the node.
    pub fn told(&mut self, notice: &Notice, node: &Node) -> Vec<Act> {
        let rings = self.rings(notice, node);
        let words = if let Notice::Ringing(id, _) = notice {
            self.ringing.insert(*id);
            view::words(notice)
        } else if let Notice::Calling(id, _) = notice {
            self.wanted.insert(*id);
            view::words(notice)
        } else if let Notice::Connected(id, who) = notice {
            return self.connected(*id, who, notice);
        } else if let Notice::Ended(id, label, ended, _) = notice {
            return self.ended(*id, label, ended, notice, node);
        } else {
            view::words(notice)
        };
        words.map(|words| Act::Show(words, rings)).into_iter().collect()
    }

    fn connected(&mut self, id: CallId, who: &Who, notice: &Notice) -> Vec<Act> {
        // Who has rung was introduced then.
        let words = match self.ringing.remove(&id) {
            true => Some(view::connected(who)),
            false => view::words(notice),
        };
        let mut acts: Vec<Act> = words.map(show).into_iter().collect();
        let takes = self.focus.is_none() && (self.takes_any || self.wants_next);
        if self.wanted.remove(&id) || takes {
            self.focus = Some(id);
            self.wants_next = false;
        } else {
            acts.push(show(format!("  /to {} to talk to them", who.label)));
        }
        acts
    }

    fn ended(
        &mut self,
        id: CallId,
        label: &str,
        ended: &Ended,
        notice: &Notice,
        node: &Node,
    ) -> Vec<Act> {
        let rang = self.ringing.remove(&id);
        if view::is_double(ended) {
            self.go_on(id, node);
            return Vec::new();
        }
        self.wanted.remove(&id);
        if rang {
            return vec![show(view::missed(label, ended))];
        }
        let mut acts: Vec<Act> = view::words(notice).map(show).into_iter().collect();
        if self.focus == Some(id) {
            self.focus = node.talking().map(|(id, _)| id).next();
            let next = self.focus.and_then(|focus| label_of(focus, node));
            acts.extend(next.map(|label| show(format!("now talking to {label}"))));
        }
        acts
    }

    /// Two called each other at once, and the other connection is the conversation: what the person
    /// wanted of this one they want of that one, whether it stands already or not yet.
    fn go_on(&mut self, gone: CallId, node: &Node) {
        if !self.wanted.remove(&gone) && self.focus != Some(gone) {
            return;
        }
        self.focus = node.talking().map(|(id, _)| id).last();
        self.wants_next = self.focus.is_none();
    }

    fn rings(&self, notice: &Notice, node: &Node) -> bool {
        match (self.bell, notice) {
            (Bell::Off, _) => false,
            (_, Notice::Ringing(..)) => true,
            (Bell::Mention, Notice::Heard(_, _, line)) => {
                let me = node.me().name.as_str().to_lowercase();
                line.as_str().to_lowercase().contains(&me)
            }
            (Bell::All, Notice::Heard(..)) => true,
            (Bell::Mention | Bell::All, _) => false,
        }
    }

    fn say(&mut self, text: &str, node: &Node) -> Vec<Act> {
        match self.focus {
            Some(focus) => say_to(focus, text, node),
            None => vec![show("nobody to say it to: you are in no conversation".into())],
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
            rows.push("you are in no conversation".into());
        }
        vec![show(rows.join("\n"))]
    }

    fn to(&mut self, argument: &str, node: &Node) -> Vec<Act> {
        let (name, text) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
        match find(name, &mut node.talking()) {
            Err(words) => vec![show(words)],
            Ok(id) if text.trim().is_empty() => {
                self.focus = Some(id);
                let label = label_of(id, node).unwrap_or_default();
                vec![show(format!("now talking to {label}"))]
            }
            Ok(id) => say_to(id, text, node),
        }
    }

    fn all(&mut self, text: &str, node: &Node) -> Vec<Act> {
        let ids: Vec<CallId> = node.talking().map(|(id, _)| id).collect();
        if ids.is_empty() || text.is_empty() {
            return vec![show("/all TEXT says it to everybody you talk with".into())];
        }
        ids.into_iter().flat_map(|id| say_to(id, text, node)).collect()
    }

    fn accept(&mut self, name: &str, node: &Node) -> Vec<Act> {
        match find(name, &mut node.ringing()) {
            Ok(id) => {
                self.wanted.insert(id);
                vec![Act::Do(Command::Accept(id))]
            }
            Err(words) => vec![show(words)],
        }
    }

    fn deny(&mut self, name: &str, node: &Node) -> Vec<Act> {
        match find(name, &mut node.ringing()) {
            Ok(id) => vec![Act::Do(Command::Deny(id))],
            Err(words) => vec![show(words)],
        }
    }

    fn bye(&mut self, name: &str, node: &Node) -> Vec<Act> {
        let who = match self.focus {
            Some(focus) if name.is_empty() => Ok(focus),
            _ => find(name, &mut node.talking()),
        };
        match who {
            Ok(id) => vec![Act::Do(Command::HangUp(id))],
            Err(words) => vec![show(words)],
        }
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

/// Whose pin, and which; `None` when it cannot be read. A community is named by its address.
pub fn parse_trust(who: &str, typed: &str) -> Option<(Subject, Fingerprint)> {
    let fingerprint = Fingerprint::parse(typed)?;
    let subject = match Name::parse(who) {
        Ok(name) if !who.contains(':') => Subject::Node(name),
        _ => Subject::Community(Place::parse(who, 0).ok()?.to_string()),
    };
    Some((subject, fingerprint))
}

/// The table of commands as text.
pub fn help_text() -> String {
    let rows = COMMANDS.iter().map(|entry| {
        let usage = format!("/{} {}", entry.word, entry.argument);
        format!("  {usage:<26}{}", entry.help)
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn show(text: String) -> Act {
    Act::Show(text, false)
}

fn label_of(id: CallId, node: &Node) -> Option<String> {
    node.talking().find(|(call, _)| *call == id).map(|(_, who)| who.label.clone())
}

fn say_to(id: CallId, text: &str, node: &Node) -> Vec<Act> {
    if !node.can_say(id) {
        let who = label_of(id, node).unwrap_or_else(|| "they".into());
        return vec![show(format!("not sent: {who} cannot take another line at the moment"))];
    }
    let lines = Line::split(text);
    let mut acts = Vec::new();
    if lines.len() > 1 {
        acts.push(show(format!("  (long: goes in {} parts)", lines.len())));
    }
    acts.extend(lines.into_iter().map(|line| Act::Do(Command::Say(id, line))));
    acts
}

/// The one that is meant: by label, by its beginning, or, without a name, the only one there.
fn find(name: &str, calls: &mut dyn Iterator<Item = (CallId, &Who)>) -> Result<CallId, String> {
    let all: Vec<(CallId, String)> = calls.map(|(id, who)| (id, who.label.clone())).collect();
    if let Some((id, _)) = all.iter().find(|(_, label)| label == name) {
        return Ok(*id);
    }
    let meant: Vec<&(CallId, String)> =
        all.iter().filter(|(_, label)| label.starts_with(name)).collect();
    match meant.as_slice() {
        [(id, _)] => Ok(*id),
        [] if name.is_empty() => Err("there is nobody at the moment".into()),
        [] => Err(format!("nobody called {} is there", hallway::text::shown(name))),
        several => {
            let labels: Vec<&str> = several.iter().map(|(_, label)| label.as_str()).collect();
            Err(format!("which one: {}?", labels.join(", ")))
        }
    }
}
