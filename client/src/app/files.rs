//! The screen about files: what moves, what is shared, and the way to each command by numbers.

use std::collections::BTreeSet;

use files::disk::Target;
use files::news::{About, Command as Files, LinkId};
use hallway::complete::escaped;
use node_server::file_words;
use node_server::node::{Command, Node};
use node_server::sight::Sight;
use node_server::talk::{Act, offers, quoted};

use super::{App, show};
use crate::menu::{self, FileTask};
use crate::screen::{FilesAt, Screen};

/// What is said when there is nobody to exchange files with.
const CALL_FIRST: &str = "You are connected with nobody. b, and there 1, 2 or 3, calls somebody;\n\
    in the conversation /send and /files do the same, and /menu leads back here.";

impl App {
    /// All there is to see, and what can be done.
    pub(super) fn files(&mut self, node: &Node) -> Vec<Act> {
        self.screen = Screen::Files(FilesAt::Tasks);
        let transfers = file_words::transfers(node.files());
        let shares = file_words::shares(&node.files().shares());
        let choices = menu::files_text();
        vec![Act::Show(format!("{transfers}\n{shares}\n{choices}"), false)]
    }

    /// Something was typed at this screen.
    pub(super) fn files_typed(&mut self, at: FilesAt, typed: &str, sight: Sight<'_>) -> Vec<Act> {
        let is_back = ["b", "back", "0"].contains(&typed);
        match at {
            FilesAt::Tasks if is_back => self.home(sight),
            FilesAt::Tasks if typed.is_empty() => self.files(sight.node),
            FilesAt::Tasks => self.file_task(typed, sight.node),
            _ if is_back => self.files(sight.node),
            FilesAt::Shelf(_) if typed.is_empty() => self.ask_listings(sight.node),
            FilesAt::Shelf(_) => self.fetch(typed),
            FilesAt::SendTo(labels) => self.send_to(&labels, typed),
            FilesAt::Send(_) | FilesAt::Share if typed.is_empty() => self.files(sight.node),
            FilesAt::Send(label) => {
                self.file_command(&format!("send @{label} {typed}"), sight.node)
            }
            FilesAt::Share => self.file_command(&format!("share {typed}"), sight.node),
            FilesAt::Unshare(names) => self.unshare(&names, typed, sight.node),
            FilesAt::Offer(id) => self.answer_offer(id, typed, sight.node),
            FilesAt::Cancel(only) => match (typed, only) {
                ("", None) => self.files(sight.node),
                ("", Some(id)) => self.file_command(&format!("cancel {id}"), sight.node),
                (typed, _) => self.file_command(&format!("cancel {typed}"), sight.node),
            },
        }
    }

    fn file_task(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        let Some(task) = menu::choose_file_task(typed) else {
            let text = format!("{}? Choose a number:\n{}", quoted(typed), menu::files_text());
            return vec![Act::Show(text, false)];
        };
        match task {
            FileTask::Send => self.ask_whom(node),
            FileTask::Fetch => self.ask_listings(node),
            FileTask::Share => {
                self.screen = Screen::Files(FilesAt::Share);
                Vec::new()
            }
            FileTask::Unshare => {
                let names = node.files().shares().into_iter().map(|item| item.name.to_string());
                let names: Vec<String> = names.collect();
                let text = numbered_rows(&names);
                self.ask_if(!names.is_empty(), FilesAt::Unshare(names), text, "You share nothing.")
            }
            FileTask::Answer => self.ask_offer(offers(node).next()),
            FileTask::Cancel => {
                let mut ids = node.files().list().map(|(about, ..)| about.id.0);
                let (first, more) = (ids.next(), ids.next().is_some());
                let text = file_words::transfers(node.files());
                let at = FilesAt::Cancel(first.filter(|_| !more));
                self.ask_if(first.is_some(), at, text, "Nothing is sent or received.")
            }
        }
    }

    /// Asks, under a list of what there is to choose from; or says that there is nothing.
    fn ask_if(&mut self, is_any: bool, at: FilesAt, list: String, nothing: &str) -> Vec<Act> {
        if !is_any {
            return vec![show(nothing), show(menu::FILES_HINT)];
        }
        self.screen = Screen::Files(at);
        vec![Act::Show(list, false)]
    }

    fn ask_offer(&mut self, about: Option<About>) -> Vec<Act> {
        let text = about.as_ref().map(file_words::offer_row).unwrap_or_default();
        let at = FilesAt::Offer(about.as_ref().map_or(0, |about| about.id.0));
        self.ask_if(about.is_some(), at, text, "Nothing is offered to you at the moment.")
    }

    /// Has a command do it; the person is back at the choices.
    fn file_command(&mut self, command: &str, node: &Node) -> Vec<Act> {
        self.screen = Screen::Files(FilesAt::Tasks);
        let mut acts = self.talk.command(command, node).unwrap_or_default();
        acts.push(show(menu::FILES_HINT));
        acts
    }

    /// Who is sent to: asked only where there are several.
    fn ask_whom(&mut self, node: &Node) -> Vec<Act> {
        let labels: Vec<String> = node.talking().map(|(_, who)| who.label.clone()).collect();
        match labels.as_slice() {
            [] => vec![show(CALL_FIRST)],
            [only] => {
                self.screen = Screen::Files(FilesAt::Send(only.clone()));
                Vec::new()
            }
            several => {
                let text = format!("Connected:\n{}", numbered_rows(several));
                self.screen = Screen::Files(FilesAt::SendTo(labels));
                vec![Act::Show(text, false)]
            }
        }
    }

    fn send_to(&mut self, labels: &[String], typed: &str) -> Vec<Act> {
        let label = match typed {
            "" | "all" => "all",
            typed => match picked(labels, typed) {
                Some(label) => label,
                None => return vec![no_such_number(typed)],
            },
        };
        self.screen = Screen::Files(FilesAt::Send(label.to_owned()));
        Vec::new()
    }

    fn unshare(&mut self, names: &[String], typed: &str, node: &Node) -> Vec<Act> {
        match (typed, picked(names, typed)) {
            ("", _) => self.files(node),
            ("all", _) => self.file_command("unshare all", node),
            (_, Some(name)) => self.file_command(&format!("unshare {}", escaped(name)), node),
            (_, None) => vec![no_such_number(typed)],
        }
    }

    fn answer_offer(&mut self, id: u64, typed: &str, node: &Node) -> Vec<Act> {
        let mut acts = match typed {
            "" | "y" | "yes" => self.file_command(&format!("accept {id}"), node),
            "n" | "no" => self.file_command(&format!("deny {id}"), node),
            folder => self.file_command(&format!("accept {id} {folder}"), node),
        };
        let next = offers(node).find(|about| about.id.0 > id);
        if next.is_some() {
            acts.pop();
            acts.extend(self.ask_offer(next));
        }
        acts
    }

    /// Asks everybody who is connected what they share.
    fn ask_listings(&mut self, node: &Node) -> Vec<Act> {
        let asked: BTreeSet<LinkId> = node.talking().map(|(id, _)| id.link()).collect();
        if asked.is_empty() {
            self.screen = Screen::Files(FilesAt::Tasks);
            return vec![show(CALL_FIRST)];
        }
        let list = |link: &LinkId| Act::Do(Command::Files(Files::List(*link)));
        let acts = asked.iter().map(list).collect();
        self.screen = Screen::Files(FilesAt::Shelf(asked));
        acts
    }

    /// Numbers of the list, or a name: all of it is fetched, or nothing.
    fn fetch(&mut self, typed: &str) -> Vec<Act> {
        let shelf = self.talk.shelf();
        let numbers = || typed.split_whitespace().map(|word| shelf.pick(word)).collect();
        let wanted = shelf.pick(typed).map(|one| vec![one]);
        match wanted.or_else(|_| numbers()) {
            Ok(wanted) => {
                let get = |(link, what)| Files::Get(link, what, Target::Downloads);
                wanted.into_iter().map(|one| Act::Do(Command::Files(get(one)))).collect()
            }
            Err(words) => vec![Act::Show(words, false)],
        }
    }

    /// One who was asked for the list has answered, or will not any more.
    pub(super) fn answered_by(&mut self, link: LinkId) -> Option<Vec<Act>> {
        let Screen::Files(FilesAt::Shelf(waiting)) = &mut self.screen else { return None };
        if !waiting.remove(&link) {
            return None;
        }
        if !waiting.is_empty() {
            return Some(Vec::new());
        }
        let rows = self.talk.shelf().list();
        Some(match rows {
            Some(rows) => vec![
                Act::Show(format!("What others share:\n{rows}"), false),
                show("Numbers fetch them; Enter: look again, b: back."),
            ],
            None => {
                self.screen = Screen::Files(FilesAt::Tasks);
                vec![show("Nobody you are connected with shares anything."), show(menu::FILES_HINT)]
            }
        })
    }
}

/// What is numbered on the screen, by its number or as it is called.
fn picked<'a>(rows: &'a [String], typed: &str) -> Option<&'a str> {
    let named = || rows.iter().find(|row| *row == typed);
    menu::numbered(rows, typed).or_else(named).map(String::as_str)
}

fn numbered_rows(rows: &[String]) -> String {
    let row = |(at, row): (usize, &String)| format!("{:>4}  {row}", at + 1);
    rows.iter().enumerate().map(row).collect::<Vec<_>>().join("\n")
}

fn no_such_number(typed: &str) -> Act {
    Act::Show(format!("{}? There is no such number", quoted(typed)), false)
}
