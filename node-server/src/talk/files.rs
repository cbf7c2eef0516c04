//! The commands about files.

use std::fmt::Display;
use std::path::PathBuf;

use files::disk::{Source, Target, TransferId};
use files::news::{About, Command as Files, News, Stage, Way};
use hallway::complete::Behind;
use hallway::message::files::Wanted;
use hallway::text::FileName;
use hallway::tree::FileHash;

use super::commands::{ALONE, Entry, find};
use super::{Act, Talk, quoted, show};
use crate::file_words;
use crate::node::{Command, Node};
use crate::notice::CallId;
use crate::shelf::Shelf;

/// Every command about files.
pub const FILE_COMMANDS: [Entry; 8] = [
    Entry {
        word: "send",
        argument: "[@NAME|@all] PATH …",
        help: "offer files or folders",
        run: Talk::send,
    },
    Entry { word: "files", argument: "[NAME]", help: "what NAME shares", run: Talk::files },
    Entry {
        word: "get", argument: "[@NAME] FILE …", help: "fetch what is shared", run: Talk::get
    },
    Entry { word: "share", argument: "PATH …", help: "let callers fetch it", run: Talk::share },
    Entry { word: "unshare", argument: "NAME|all", help: "no more", run: Talk::unshare },
    Entry { word: "shared", argument: "", help: "what you share", run: Talk::shared },
    Entry { word: "transfers", argument: "", help: "how far they are", run: Talk::transfers },
    Entry { word: "cancel", argument: "N", help: "stop transfer N", run: Talk::cancel },
];

impl Talk {
    fn send(&mut self, argument: &str, node: &Node) -> Vec<Act> {
        let words = words(argument);
        let (to, paths) = match words.split_first() {
            Some((first, rest)) if first == "@all" => {
                (node.talking().map(|(id, _)| id).collect(), rest)
            }
            Some((first, rest)) if first.starts_with('@') => match self.meant(first, node) {
                Ok(id) => (vec![id], rest),
                Err(words) => return vec![show(words)],
            },
            _ => (self.focus.into_iter().collect::<Vec<CallId>>(), words.as_slice()),
        };
        if to.is_empty() {
            return vec![show(format!("nobody to send it to: {ALONE}"))];
        }
        if paths.is_empty() {
            return vec![show(
                "/send PATH … offers files and folders; quote names with spaces".into(),
            )];
        }
        let offer = |(to, path): (CallId, &String)| {
            Act::Do(Command::Files(Files::Send(to.link(), Source::Path(PathBuf::from(path)))))
        };
        to.iter().flat_map(|to| paths.iter().map(|path| (*to, path))).map(offer).collect()
    }

    fn files(&mut self, name: &str, node: &Node) -> Vec<Act> {
        match self.meant(name, node) {
            Ok(id) => vec![Act::Do(Command::Files(Files::List(id.link())))],
            Err(words) => vec![show(words)],
        }
    }

    fn get(&mut self, argument: &str, node: &Node) -> Vec<Act> {
        let words = words(argument);
        let (from, names) = match words.split_first() {
            Some((first, rest)) if first.starts_with('@') => (first.as_str(), rest),
            _ => ("", words.as_slice()),
        };
        if names.is_empty() {
            return vec![show(
                "/get FILE fetches what is shared; /files tells what that is".into(),
            )];
        }
        match self.meant(from, node) {
            Ok(id) => {
                if let Some(wrong) = names.iter().find(|name| wanted(name).is_none()) {
                    return vec![show(format!("{}: that is no name of a file", quoted(wrong)))];
                }
                let get = |wanted| Files::Get(id.link(), wanted, Target::Downloads);
                let all = names.iter().filter_map(|name| wanted(name));
                all.map(|wanted| Act::Do(Command::Files(get(wanted)))).collect()
            }
            Err(words) => vec![show(words)],
        }
    }

    fn share(&mut self, argument: &str, _: &Node) -> Vec<Act> {
        let paths = words(argument);
        if paths.is_empty() {
            return vec![show("/share PATH … lets everybody who may call you fetch it".into())];
        }
        let share = |path: &String| Act::Do(Command::Files(Files::Share(PathBuf::from(path))));
        paths.iter().map(share).collect()
    }

    fn unshare(&mut self, argument: &str, _: &Node) -> Vec<Act> {
        if argument == "all" {
            return vec![Act::Do(Command::Files(Files::Unshare(None)))];
        }
        let names = words(argument);
        if names.is_empty() {
            return vec![show("/unshare NAME …, or /unshare all".into())];
        }
        let unshare = |name: &String| Files::Unshare(Some(FileName::of(name)));
        names.iter().map(|name| Act::Do(Command::Files(unshare(name)))).collect()
    }

    fn shared(&mut self, _: &str, node: &Node) -> Vec<Act> {
        vec![show(file_words::shares(&node.files().shares()))]
    }

    fn transfers(&mut self, _: &str, node: &Node) -> Vec<Act> {
        vec![show(file_words::transfers(node.files()))]
    }

    fn cancel(&mut self, number: &str, node: &Node) -> Vec<Act> {
        let all: Vec<u64> = node.files().list().map(|(about, ..)| about.id.0).collect();
        match (number.parse::<u64>(), all.as_slice()) {
            (Ok(number), all) if all.contains(&number) => cancel(number),
            (Err(_), [only]) if number.is_empty() => cancel(*only),
            (Ok(number), _) => vec![show(format!("there is no transfer {number}"))],
            _ => vec![show("/cancel N; /transfers tells the numbers".into())],
        }
    }

    /// The answer to an offer: `accept 3`, `accept 3 FOLDER`, `deny 3`, `accept all`; `None` when
    /// the argument is about something else.
    pub(super) fn answer(argument: &str, accepts: bool, node: &Node) -> Option<Vec<Act>> {
        let offers: Vec<u64> = offers(node).map(|about| about.id.0).collect();
        let words = words(argument);
        let (ids, folder) = match (words.split_first(), offers.as_slice()) {
            (None, []) => return None,
            (None, _) if node.ringing().next().is_some() => return None,
            (None, [only]) => (vec![*only], String::new()),
            (None, several) => {
                let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
                return Some(vec![show(format!("which one: {}, or all?", numbers.join(", ")))]);
            }
            (Some((all, rest)), [_, ..]) if all == "all" => (offers.clone(), rest.join(" ")),
            (Some((number, rest)), _) => (vec![number.parse().ok()?], rest.join(" ")),
        };
        if let Some(id) = ids.iter().find(|id| !offers.contains(id)) {
            return Some(vec![show(format!("there is no offer {id}; /transfers tells what is"))]);
        }
        let target = || match folder.as_str() {
            "" => Target::Downloads,
            folder => Target::Folder(PathBuf::from(folder)),
        };
        let answer = |id| if accepts { Files::Accept(id, target()) } else { Files::Deny(id) };
        Some(ids.into_iter().map(|id| Act::Do(Command::Files(answer(TransferId(id))))).collect())
    }

    /// Something about files happened: the words for it, if it is told now.
    pub(super) fn about_files(&mut self, news: &News, node: &Node) -> Option<String> {
        if let News::Listed(link, label, items) = news {
            self.shelf.put(*link, label, items);
        }
        let others = node.files().list().filter(|(.., stage)| {
            matches!(stage, Stage::Looking | Stage::Checking | Stage::Moving)
        });
        let words = self.pace.words(news, others.map(|(about, ..)| about))?;
        let waiting = offers(node).count();
        Some(match news {
            News::Offered(..) if waiting > 1 => {
                format!("{words}\n  (accept all takes all {waiting})")
            }
            _ => words,
        })
    }

    /// Where Tab completes files, with the slash and, where that is not needed, without.
    pub(super) fn files_behind(&self, node: &Node) -> Vec<(String, Behind)> {
        let listed = self.shelf.names().map(str::to_owned).collect();
        let shared = node.files().shares().into_iter().map(|item| item.name.to_string());
        let commands = [
            ("send ", Behind::Paths),
            ("share ", Behind::Paths),
            ("get ", Behind::Names(listed)),
            ("unshare ", Behind::Names(shared.collect())),
        ];
        let bare = commands.iter().filter(|_| self.focus.is_none());
        let bare = bare.map(|(word, behind)| ((*word).to_owned(), behind.clone()));
        let slashed = commands.iter().map(|(word, behind)| (format!("/{word}"), behind.clone()));
        let accept = |id: &dyn Display| {
            [format!("accept {id} "), format!("/accept {id} ")].map(|word| (word, Behind::Folders))
        };
        let all = offers(node).next().map(|_| accept(&"all"));
        let each = offers(node).map(|about| accept(&about.id.0));
        bare.chain(slashed).chain(all.into_iter().chain(each).flatten()).collect()
    }

    /// What others share, as far as they have said.
    pub fn shelf(&mut self) -> &mut Shelf {
        &mut self.shelf
    }

    /// Who is meant: by label, or, without one, who is talked to.
    fn meant(&self, name: &str, node: &Node) -> Result<CallId, String> {
        let name = name.strip_prefix('@').unwrap_or(name);
        match self.focus {
            Some(focus) if name.is_empty() => Ok(focus),
            _ => find(name, node.talking(), ALONE),
        }
    }
}

/// Transfers that wait for an answer of the person here.
pub fn offers(node: &Node) -> impl Iterator<Item = About> {
    let asked = |(about, _, stage): (About, _, Stage)| {
        (stage == Stage::Asking && about.way == Way::In).then_some(about)
    };
    node.files().list().filter_map(asked)
}

fn cancel(number: u64) -> Vec<Act> {
    vec![Act::Do(Command::Files(Files::Cancel(TransferId(number))))]
}

/// A file by its name, or by its hash.
/// `None` for what nothing that is shared is called: a path.
pub fn wanted(typed: &str) -> Option<Wanted> {
    let name = || {
        let name = FileName::of(typed);
        (name.as_str() == typed).then_some(Wanted::Name(name))
    };
    FileHash::parse(typed).map(Wanted::Hash).or_else(name)
}

/// Words as a shell splits them; all of it as one where a quote is left open, as in `don't`.
fn words(argument: &str) -> Vec<String> {
    match shlex::split(argument) {
        Some(words) => words,
        None => vec![argument.trim().to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::complete::escaped;

    #[test]
    fn paths_are_split_as_a_shell_does_it() {
        assert_eq!(
            words(r#"a.txt "b c.txt" d\ e.txt 'f g'"#),
            ["a.txt", "b c.txt", "d e.txt", "f g"]
        );
        assert_eq!(words("don't.txt"), ["don't.txt"]);
        assert!(words("  ").is_empty());
    }

    #[test]
    fn what_tab_puts_into_a_line_is_read_back() {
        for path in ["my file.txt", "it's", "\"a\"", "a\\b", "#1", "~/Üb er/x", "a$b;c&d*?"] {
            assert_eq!(words(&format!("x {}", escaped(path))), ["x", path]);
        }
    }

    #[test]
    fn sixty_four_hexadecimal_digits_are_a_hash_and_anything_else_a_name() {
        assert!(matches!(wanted(&"0a".repeat(32)), Some(Wanted::Hash(hash)) if hash.0 == [10; 32]));
        for name in ["0a0a", "notes.txt", &"0g".repeat(32)] {
            assert!(matches!(wanted(name), Some(Wanted::Name(_))), "{name}");
        }
        for path in ["a/b", "../a", "", ".", "a:b"] {
            assert!(wanted(path).is_none(), "{path}");
        }
    }
}
