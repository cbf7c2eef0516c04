//! The core of the client: which screen a person is at, and what their lines mean there.
//!
//! Pure: typed lines and notices of the node go in, acts come out. The node itself is
//! `node_server`'s.

mod answers;
mod files;
mod news;
mod people;

use std::collections::BTreeSet;

use hallway::complete::{Behind, Words};
use hallway::identity::Fingerprint;
use hallway::place::Place;
use hallway::secret::Secret;
use hallway::text::Name;
use node_server::membership::{Listing, Wish};
use node_server::menu::{Question, is_answer};
use node_server::node::{Command, Node};
use node_server::notice::CallId;
use node_server::sight::Sight;
use node_server::talk::{Act, Seek, Talk, is_command};

use crate::keyring::Keyring;
use crate::menu;
use crate::people::People;
use crate::roster::Roster;
use crate::screen::{FilesAt, Screen};

/// What a person answered.
pub enum Answer {
    /// A line.
    Line(String),
    /// A password; `None` for just Enter.
    Secret(Option<Secret>),
}

/// The client.
pub struct App {
    screen: Screen,
    talk: Talk,
    /// How our node is listed.
    listing: Listing,
    /// What others need to know to call us, for the screen about us.
    about: String,
    /// The last community, and its password unless it was wrong: nothing is typed twice.
    community: Option<(Place, Option<Secret>)>,
    /// Our name is taken there, and this one free: asked when nobody is talked to.
    free_name: Option<Name>,
    /// Calls that have been told of; a call that ends without is one that we tried to make.
    known: BTreeSet<CallId>,
    /// Passwords that have worked, and the one that is being tried: nothing is typed twice.
    passwords: Keyring,
    /// The community's list as it was last shown.
    roster: Roster,
    /// The same of who is on this network.
    people: People,
    /// That was the list that the person chose from: they come back to it.
    is_among_people: bool,
    /// A person is there; otherwise answers come from a pipe.
    interactive: bool,
    /// The pipe has ended: leave when the last conversation has.
    ending: bool,
}

impl App {
    /// At the main menu. `about` tells how others reach us.
    pub fn new(listing: Listing, about: String, interactive: bool) -> Self {
        Self {
            screen: Screen::Menu,
            talk: Talk::default(),
            listing,
            about,
            community: None,
            free_name: None,
            known: BTreeSet::new(),
            passwords: Keyring::default(),
            roster: Roster::default(),
            people: People::default(),
            is_among_people: false,
            interactive,
            ending: false,
        }
    }

    /// Uses this password for the person with this fingerprint without asking.
    pub fn know_password(&mut self, fingerprint: Fingerprint, password: Secret) {
        self.passwords.add(&fingerprint.to_string(), password);
    }

    /// Joins a community that was given beforehand.
    pub fn join(&mut self, place: Place, password: Secret) -> Vec<Act> {
        self.screen = Screen::Joining;
        self.free_name = None;
        let wish = Wish {
            place: place.clone(),
            password: password.clone(),
            listed: Some(self.listing.clone()),
            persist: false,
        };
        self.community = Some((place, Some(password)));
        vec![Act::Do(Command::Join(wish))]
    }

    /// What to ask, as things are.
    pub fn question(&mut self, node: &Node) -> Question {
        // A script's next line is for the conversation, or for the list that is to come.
        let waits = matches!(&self.screen, Screen::Calling(_))
            || matches!(&self.screen, Screen::Files(FilesAt::Shelf(asked)) if !asked.is_empty());
        if waits && !self.interactive {
            return Question::Nothing;
        }
        let Some(prompt) = self.talk.prompt(node) else { return Question::Nothing };
        if matches!(self.screen, Screen::Talking) {
            return Question::Line(prompt);
        }
        self.screen.question(self.community.as_ref().map(|(place, _)| place))
    }

    /// Whether a piped line could be said now: otherwise the next one is not read yet.
    pub fn takes_lines(&self, node: &Node) -> bool {
        self.talk.focus().is_none_or(|focus| node.can_say(focus))
    }

    /// Words for Tab.
    pub fn completions(&self, node: &Node) -> Words {
        let mut words = self.talk.completions(node);
        if self.screen.is_path() {
            words.behind.push((String::new(), Behind::Paths));
        }
        words
    }

    /// Something was answered.
    pub fn answered(&mut self, answer: Answer, sight: Sight<'_>) -> Vec<Act> {
        match (answer, &self.screen) {
            (Answer::Secret(Some(word)), screen)
                if screen.is_secret()
                    && is_answer(&word)
                    && sight.node.ringing().next().is_some() =>
            {
                self.line(word.reveal(), sight)
            }
            (Answer::Secret(secret), Screen::CommunityPassword(place)) => {
                let place = place.clone();
                match secret {
                    Some(password) => self.join(place, password),
                    None => self.back(sight),
                }
            }
            (Answer::Secret(secret), Screen::CallPassword(target)) => {
                let target = target.clone();
                match secret {
                    Some(password) => self.call(target, password),
                    None => self.back(sight),
                }
            }
            (Answer::Secret(_), _) => Vec::new(),
            (Answer::Line(line), _) => self.line(&line, sight),
        }
    }

    /// The end of input: a person leaves; a script leaves when everything it said is confirmed.
    pub fn ended_input(&mut self, node: &Node) -> Vec<Act> {
        self.ending = true;
        let finish = |(id, _)| Act::Do(Command::Finish(id));
        let waits: Vec<Act> = node.talking().map(finish).collect();
        if self.interactive || waits.is_empty() { vec![Act::Quit] } else { waits }
    }

    fn line(&mut self, line: &str, sight: Sight<'_>) -> Vec<Act> {
        if let Some(mut acts) = self.talk_to(line, sight) {
            acts.extend(self.follow(sight));
            return acts;
        }
        let typed = line.trim();
        if let Screen::Calling(id) = &self.screen {
            return match typed {
                "" | "q" | "/bye" => vec![Act::Do(Command::HangUp(*id))],
                _ => vec![show("not said: it still rings there; Enter gives up")],
            };
        }
        if typed == "q" || typed == "quit" || typed == "exit" {
            return vec![Act::Quit];
        }
        match &self.screen {
            Screen::Menu => self.main(typed, sight),
            Screen::CommunityPlace(_) | Screen::CallPlace
                if ["b", "back", "0"].contains(&typed) =>
            {
                self.home(sight)
            }
            Screen::CommunityPlace(offers) => {
                let offers = offers.clone();
                self.community_place(typed, &offers, sight)
            }
            Screen::NewName(free) => {
                let free = free.clone();
                self.new_name(typed, free)
            }
            Screen::Community => self.pick(typed, sight),
            Screen::People => self.pick_neighbour(typed, sight),
            Screen::CallPlace => self.call_place(typed, sight),
            // A question for a password was answered by a line: piped in.
            Screen::CommunityPassword(_) | Screen::CallPassword(_) => {
                self.answered(Answer::Secret(Secret::new(line)), sight)
            }
            Screen::Files(at) => {
                let at = at.clone();
                self.files_typed(at, typed, sight)
            }
            Screen::Joining | Screen::Dialling(_) => vec![show("one moment …")],
            Screen::Calling(_) | Screen::Talking => self.home(sight),
        }
    }

    /// Commands, answers to calls, and what is said; an empty line belongs to the screen.
    fn talk_to(&mut self, line: &str, sight: Sight<'_>) -> Option<Vec<Act>> {
        let typed = line.trim();
        if matches!(self.screen, Screen::Calling(_)) && typed == "/bye" {
            return None;
        }
        if typed.is_empty() && !matches!(self.screen, Screen::Talking) {
            return None;
        }
        if self.screen.is_path() && typed.starts_with('/') && !is_command(typed) {
            return None;
        }
        let acts = self.talk.typed(line, sight.node)?;
        if typed == "/menu" && !matches!(self.screen, Screen::Talking) {
            return Some(self.back(sight));
        }
        Some(acts)
    }

    /// The list, numbered anew.
    fn list(&mut self, sight: Sight<'_>) -> Vec<Act> {
        self.screen = Screen::Community;
        self.is_among_people = false;
        let mut acts = vec![Act::Show(self.roster.list(sight.node), false)];
        acts.extend(self.talk.pending(sight.node));
        acts
    }

    /// Where the person was before: a list, or the menu.
    fn back(&mut self, sight: Sight<'_>) -> Vec<Act> {
        if self.is_among_people {
            return self.people(sight);
        }
        if sight.node.community().is_some() { self.list(sight) } else { self.home(sight) }
    }

    /// The main menu, under a line about the network.
    pub fn menu() -> Vec<Act> {
        vec![Act::Seek(Seek::Tell), Act::Show(menu::main_text(), false)]
    }

    /// The main menu, unless there is something to be asked first.
    fn home(&mut self, sight: Sight<'_>) -> Vec<Act> {
        if let Some(free) = self.free_name.take() {
            let text = format!("Enter uses {free} there; or type another name.");
            self.screen = Screen::NewName(free);
            return vec![Act::Show(text, false)];
        }
        self.screen = Screen::Menu;
        self.is_among_people = false;
        let mut acts = Self::menu();
        acts.extend(self.talk.pending(sight.node));
        acts
    }
}

fn show(text: &str) -> Act {
    Act::Show(text.to_owned(), false)
}
