//! The operator's console: a table of commands, from which everything else here is made.

use std::fmt::Write;
use std::net::SocketAddr;

use hallway::identity::Fingerprint;
use hallway::text::{Line, Name, NameError};

use crate::community::Command;

/// One command of the console. Its number is its place in [`ENTRIES`], counted from one.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is typed.
    pub word: &'static str,
    /// Other words for the same.
    pub also: &'static [&'static str],
    /// What follows the word; nothing, when empty.
    pub argument: &'static str,
    /// What it does.
    pub help: &'static str,
    action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Who,
    Kick,
    Say,
    Help,
    Quit,
}

/// All commands, in the order of their numbers.
pub static ENTRIES: [Entry; 5] = [
    Entry { word: "who", also: &[], argument: "", help: "who is here", action: Action::Who },
    Entry {
        word: "kick",
        also: &[],
        argument: "NAME",
        help: "remove a member, who may come back",
        action: Action::Kick,
    },
    Entry {
        word: "say",
        also: &[],
        argument: "TEXT",
        help: "say something to all",
        action: Action::Say,
    },
    Entry { word: "help", also: &["?"], argument: "", help: "show this", action: Action::Help },
    Entry {
        word: "quit",
        also: &["q", "exit"],
        argument: "",
        help: "say goodbye to everybody and stop",
        action: Action::Quit,
    },
];

/// What the operator wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// This of the community.
    Command(Command),
    /// To see the commands.
    Help,
    /// To stop.
    Quit,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuError {
    /// It begins with no word of the table.
    Unknown,
    /// The command needs more than its word.
    Missing(&'static Entry),
    /// The command takes nothing after its word.
    Unwanted(&'static Entry),
    /// What follows is no name.
    Name(NameError),
    /// What follows does not fit one message.
    TooLong,
}

impl MenuError {
    /// One sentence: what to try.
    pub fn words(&self) -> String {
        match self {
            Self::Unknown => format!("no such command: try {}", all_usages()),
            Self::Missing(entry) => format!("{} what? Type: {}", entry.word, entry.usage()),
            Self::Unwanted(entry) => {
                format!("nothing follows {0}: type {0} alone", entry.word)
            }
            Self::Name(error) => error.to_string(),
            Self::TooLong => "too long for one message: say it in two".to_owned(),
        }
    }
}

impl Entry {
    fn is_called(&self, word: &str) -> bool {
        [self.word].iter().chain(self.also).any(|own| own.eq_ignore_ascii_case(word))
    }

    fn usage(&self) -> String {
        format!("{} {}", self.word, self.argument).trim_end().to_owned()
    }
}

/// `who, kick NAME, say TEXT, help or quit`.
fn all_usages() -> String {
    let usages: Vec<String> = ENTRIES.iter().map(Entry::usage).collect();
    match usages.split_last() {
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// What a typed line means; `None` when it is blank. A command is a word or a number of the table,
/// in upper or lower case, with or without a slash before it.
///
/// # Errors
/// It is no command, or not the whole of one.
pub fn parse(line: &str) -> Result<Option<Typed>, MenuError> {
    let line = line.trim();
    if line.is_empty() {
        return Ok(None);
    }
    let line = line.strip_prefix('/').unwrap_or(line);
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let entry = find(word).ok_or(MenuError::Unknown)?;
    let rest = rest.trim();
    match (entry.argument.is_empty(), rest.is_empty()) {
        (true, false) => return Err(MenuError::Unwanted(entry)),
        (false, true) => return Err(MenuError::Missing(entry)),
        (true, true) | (false, false) => {}
    }
    let typed = match entry.action {
        Action::Who => Typed::Command(Command::Who),
        Action::Kick => Typed::Command(Command::Kick(Name::parse(rest).map_err(MenuError::Name)?)),
        Action::Say => match <[Line; 1]>::try_from(Line::split(rest)) {
            Ok([line]) => Typed::Command(Command::Say(line)),
            Err(lines) if lines.is_empty() => return Err(MenuError::Missing(entry)),
            Err(_) => return Err(MenuError::TooLong),
        },
        Action::Help => Typed::Help,
        Action::Quit => Typed::Quit,
    };
    Ok(Some(typed))
}

fn find(word: &str) -> Option<&'static Entry> {
    // Digits only: `parse` of a number would take `+1` too.
    let number = word.chars().all(|c| c.is_ascii_digit()).then(|| word.parse::<usize>().ok());
    match number.flatten() {
        Some(number) => number.checked_sub(1).and_then(|index| ENTRIES.get(index)),
        None => ENTRIES.iter().find(|entry| entry.is_called(word)),
    }
}

/// The table for people, a line for each command.
pub fn help() -> String {
    let mut text = String::new();
    for (index, entry) in ENTRIES.iter().enumerate() {
        let words: Vec<&str> = [entry.word].iter().chain(entry.also).copied().collect();
        let usage = format!("{} {}", words.join(", "), entry.argument);
        // Writing into a String cannot fail.
        let _ = writeln!(text, "  {}  {usage:<14}  {}", index + 1, entry.help);
    }
    text + "Type a number or a word."
}

/// What the operator sees at the start: whose console this is, where members find it, how they
/// know it, and what can be typed.
pub fn menu_text(community: &Name, addresses: &[SocketAddr], fingerprint: Fingerprint) -> String {
    let at: String = addresses.iter().map(|address| format!("\n  at {address}")).collect();
    format!("Community {community}{at}\n  fingerprint {fingerprint}\n{}", help())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::identity::PublicIdentity;
    use hallway::limits;
    use hallway::text::padded;

    fn command(line: &str) -> Option<Command> {
        match parse(line) {
            Ok(Some(Typed::Command(command))) => Some(command),
            Ok(Some(Typed::Help | Typed::Quit) | None) | Err(_) => None,
        }
    }

    fn somebody() -> Fingerprint {
        PublicIdentity([7; 32]).fingerprint()
    }

    fn kick(name: &str) -> Option<Command> {
        Name::parse(name).ok().map(Command::Kick)
    }

    #[test]
    fn every_word_number_and_other_word_of_the_table_is_understood() {
        for (index, entry) in ENTRIES.iter().enumerate() {
            let number = (index + 1).to_string();
            let mut results = Vec::new();
            for word in [entry.word, number.as_str()].iter().chain(entry.also) {
                for typed in [word.to_string(), format!("/{word}"), word.to_uppercase()] {
                    results.push(parse(&format!("  {typed} {}  ", entry.argument)).unwrap());
                }
            }
            assert!(results[0].is_some(), "{}", entry.word);
            assert!(results.iter().all(|typed| *typed == results[0]), "{}", entry.word);
        }
        assert_eq!(ENTRIES.last().map(|entry| entry.word), Some("quit"));
    }

    #[test]
    fn what_follows_the_word_is_a_name_or_a_text() {
        assert_eq!(command("who"), Some(Command::Who));
        assert_eq!(command("kick katie"), kick("katie"));
        assert_eq!(command("2\tkatie"), kick("katie"));
        let said = Line::split("the  lesson begins /now").remove(0);
        assert_eq!(command("say   the  lesson begins /now "), Some(Command::Say(said)));
        assert_eq!(parse("?"), Ok(Some(Typed::Help)));
        assert_eq!(parse("/exit"), Ok(Some(Typed::Quit)));
    }

    #[test]
    fn nothing_typed_is_nothing_wanted() {
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse(" \t "), Ok(None));
    }

    #[test]
    fn what_is_no_command_gets_one_sentence_with_what_to_try() {
        let words = |line: &str| parse(line).unwrap_err().words();
        let unknown = "no such command: try who, kick NAME, say TEXT, help or quit";
        for line in ["frob", "/", "//who", "0", "6", "+1", "99999999999999999999", "who?", "kick,"]
        {
            assert_eq!(words(line), unknown, "{line}");
        }
        assert_eq!(words("kick"), "kick what? Type: kick NAME");
        assert_eq!(words("3"), "say what? Type: say TEXT");
        assert_eq!(words("say \u{200b}"), "say what? Type: say TEXT");
        assert_eq!(words("quit now"), "nothing follows quit: type quit alone");
        assert_eq!(words("kick the cat"), NameError::Space.to_string());
        assert_eq!(words("kick 2"), NameError::OnlyDigits.to_string());
        let long = format!("say {}", "x".repeat(limits::LINE_BYTES_MAX + 1));
        assert_eq!(words(&long), "too long for one message: say it in two");
        for line in ["frob", "kick", "who me", "kick the cat", &long] {
            assert!(words(line).chars().count() <= 80 && !words(line).contains('\n'), "{line}");
        }
    }

    #[test]
    fn the_menu_shows_the_whole_table_and_fits_80_columns() {
        let name = Name::parse(&"長".repeat(limits::NAME_CHARS_MAX)).unwrap();
        let long = "[2001:db8:1234:5678:1234:5678:1234:5678]:65535".parse().unwrap();
        let text = menu_text(&name, &[long, "10.0.0.7:5000".parse().unwrap()], somebody());
        for line in text.lines() {
            assert!(padded(line, 81).ends_with(' '), "too wide: {line}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
        for (index, entry) in ENTRIES.iter().enumerate() {
            let row = text.lines().find(|line| line.ends_with(entry.help)).unwrap();
            assert!(row.trim_start().starts_with(&(index + 1).to_string()), "{row}");
            assert!(row.contains(entry.word) && row.contains(entry.argument), "{row}");
        }
    }

    #[test]
    fn the_menu_reads_as_documented() {
        let hall = Name::parse("hall").unwrap();
        let text = menu_text(&hall, &["10.0.0.7:5000".parse().unwrap()], somebody());
        let expected = "\
Community hall
  at 10.0.0.7:5000
  fingerprint FINGERPRINT
  1  who             who is here
  2  kick NAME       remove a member, who may come back
  3  say TEXT        say something to all
  4  help, ?         show this
  5  quit, q, exit   say goodbye to everybody and stop
Type a number or a word.";
        assert_eq!(text, expected.replace("FINGERPRINT", &somebody().to_string()));
    }
}
