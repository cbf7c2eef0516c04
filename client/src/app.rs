//! The core of the client: which screen a person is at, and what their lines mean there.
//!
//! Pure: typed lines and notices of the node go in, acts come out. The node itself is
//! `node_server`'s.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

use hallway::identity::PublicIdentity;
use hallway::place::Place;
use hallway::reason::{CloseReason, Ended};
use hallway::secret::Secret;
use hallway::text::{Name, shown};
use node_server::calls::Callee;
use node_server::membership::{Listing, Wish};
use node_server::node::{Command, Node};
use node_server::notice::{CallId, Notice};
use node_server::options::{community_place, node_place};
use node_server::outbound::Whereabouts;
use node_server::talk::{self, Act, Talk};
use node_server::view;

use crate::keyring::Keyring;
use crate::menu::{self, Leads};
use crate::roster::Roster;

/// What a person answered.
pub enum Answer {
    /// A line.
    Line(String),
    /// A password; `None` for just Enter.
    Secret(Option<Secret>),
}

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

/// Where the person is.
enum Screen {
    /// The main menu.
    Menu,
    /// Which community?
    CommunityPlace,
    /// Its password?
    CommunityPassword(Place),
    /// On the way into it.
    Joining,
    /// Another name, since ours is taken there?
    NewName(Name),
    /// Its list; a number calls.
    Community,
    /// Whom to call?
    CallPlace,
    /// Their password?
    CallPassword(Target),
    /// On the way to them.
    Dialling(Target),
    /// It rings there.
    Calling(CallId),
    /// Typing to somebody.
    Talking,
}

/// Somebody to call.
#[derive(Clone)]
struct Target {
    label: String,
    whereabouts: Whereabouts,
    identity: Option<PublicIdentity>,
}

/// The client.
pub struct App {
    screen: Screen,
    talk: Talk,
    /// How our node is listed.
    listing: Listing,
    /// What others need to know to call us, for the screen about us.
    about: String,
    /// The last community and its password: nothing is typed twice.
    community: Option<(Place, Secret)>,
    /// Passwords that have worked, and the one that is being tried: nothing is typed twice.
    passwords: Keyring,
    /// The list as it was last shown.
    roster: Roster,
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
            passwords: Keyring::default(),
            roster: Roster::default(),
            interactive,
            ending: false,
        }
    }

    /// Uses this password for that person without asking.
    pub fn know_password(&mut self, label: &str, password: Secret) {
        self.passwords.add(label, password);
    }

    /// Joins a community that was given beforehand.
    pub fn join(&mut self, place: Place, password: Secret) -> Vec<Act> {
        self.screen = Screen::Joining;
        let wish = Wish {
            place: place.clone(),
            password: password.clone(),
            listed: Some(self.listing.clone()),
            persist: false,
        };
        self.community = Some((place, password));
        vec![Act::Do(Command::Join(wish))]
    }

    /// What to ask, as things are.
    pub fn question(&self) -> Question {
        let line = |prompt: &str| Question::Line(prompt.to_owned());
        match &self.screen {
            // A script's next line is for the conversation.
            Screen::Calling(_) if !self.interactive => Question::Nothing,
            Screen::Menu | Screen::Calling(_) | Screen::Talking => line("> "),
            Screen::Community => line("number> "),
            Screen::CommunityPlace => match &self.community {
                Some((place, _)) => line(&format!("Community, HOST:PORT [{place}]: ")),
                None => line("Community, HOST:PORT: "),
            },
            Screen::CommunityPassword(place) => {
                Question::Secret(format!("Password of the community {place}: "))
            }
            Screen::NewName(free) => line(&format!("Name to use there [{free}]: ")),
            Screen::CallPlace => line("Whom to call, HOST:PORT: "),
            Screen::CallPassword(target) => {
                Question::Secret(format!("Password of {}: ", target.label))
            }
            Screen::Joining | Screen::Dialling(_) => Question::Nothing,
        }
    }

    /// Whether a piped line could be said now: otherwise the next one is not read yet.
    pub fn takes_lines(&self, node: &Node) -> bool {
        self.talk.focus().is_none_or(|focus| node.can_say(focus))
    }

    /// Words for Tab.
    pub fn completions(&self, node: &Node) -> Vec<String> {
        self.talk.completions(node)
    }

    /// Something was answered.
    pub fn answered(&mut self, answer: Answer, node: &Node) -> Vec<Act> {
        match (answer, &self.screen) {
            (Answer::Secret(secret), Screen::CommunityPassword(place)) => {
                let place = place.clone();
                match secret {
                    Some(password) => self.join(place, password),
                    None => self.home(),
                }
            }
            (Answer::Secret(secret), Screen::CallPassword(target)) => {
                let target = target.clone();
                match secret {
                    Some(password) => self.call(target, password),
                    None => self.back(node),
                }
            }
            (Answer::Secret(_), _) => Vec::new(),
            (Answer::Line(line), _) => self.line(&line, node),
        }
    }

    /// The end of input: a person leaves; a script leaves when everything it said is confirmed.
    pub fn ended_input(&mut self, node: &Node) -> Vec<Act> {
        self.ending = true;
        let finish = |(id, _)| Act::Do(Command::Finish(id));
        let waits: Vec<Act> = node.talking().map(finish).collect();
        if self.interactive || waits.is_empty() { vec![Act::Quit] } else { waits }
    }

    fn line(&mut self, line: &str, node: &Node) -> Vec<Act> {
        if let Some(mut acts) = self.talk_to(line, node) {
            acts.extend(self.follow(node));
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
            Screen::Menu => self.main(typed, node),
            Screen::CommunityPlace => self.community_place(typed),
            Screen::NewName(free) => {
                let free = free.clone();
                self.new_name(typed, free)
            }
            Screen::Community => self.pick(typed, node),
            Screen::CallPlace => self.call_place(typed),
            // A question for a password was answered by a line: piped in.
            Screen::CommunityPassword(_) | Screen::CallPassword(_) => {
                self.answered(Answer::Secret(Secret::new(line)), node)
            }
            Screen::Joining | Screen::Dialling(_) => vec![show("one moment …")],
            Screen::Calling(_) | Screen::Talking => self.home(),
        }
    }

    /// Commands, answers to calls, and what is said; an empty line belongs to the screen.
    fn talk_to(&mut self, line: &str, node: &Node) -> Option<Vec<Act>> {
        let talking = matches!(self.screen, Screen::Talking);
        if matches!(self.screen, Screen::Calling(_)) && line.trim() == "/bye" {
            return None;
        }
        if line.trim().is_empty() && !talking {
            return None;
        }
        let command = line.trim_start().starts_with('/');
        if let Some(acts) = self.talk.typed(line, node) {
            return Some(acts);
        }
        if command {
            let text = format!("there is no such command; there are:\n{}", talk::help_text());
            return Some(vec![Act::Show(text, false)]);
        }
        None
    }

    fn main(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        if typed.is_empty() {
            return vec![Act::Show(menu::main_text(), false)];
        }
        let Some(leads) = menu::choose(typed) else {
            let word: String = shown(typed).chars().take(20).collect();
            let text = format!("{word}? Choose a number:\n{}", menu::main_text());
            return vec![Act::Show(text, false)];
        };
        match leads {
            Leads::Community if node.community().is_some() => self.list(node),
            Leads::Community => {
                self.screen = Screen::CommunityPlace;
                Vec::new()
            }
            Leads::PrivateChat => {
                self.screen = Screen::CallPlace;
                Vec::new()
            }
            Leads::Conversations => {
                let mut acts = self.talk.command("who", node).unwrap_or_default();
                acts.push(show("  /to NAME talks to them; /accept and /deny answer a call"));
                acts
            }
            Leads::About => vec![Act::Show(self.about.clone(), false)],
            Leads::Help => {
                let text = format!("{}\n{}\n{}", menu::HELP, talk::help_text(), menu::HELP_KEYS);
                vec![Act::Show(text, false)]
            }
            Leads::Exit => vec![Act::Quit],
        }
    }

    fn community_place(&mut self, typed: &str) -> Vec<Act> {
        if typed.is_empty() {
            return match self.community.clone() {
                Some((place, password)) => self.join(place, password),
                None => self.home(),
            };
        }
        match community_place(typed) {
            Ok(place) => self.screen = Screen::CommunityPassword(place),
            Err(error) => return vec![Act::Show(error.to_string(), false)],
        }
        Vec::new()
    }

    fn new_name(&mut self, typed: &str, free: Name) -> Vec<Act> {
        let name = if typed.is_empty() { Ok(free) } else { Name::parse(typed) };
        match name {
            Ok(name) => {
                self.screen = Screen::Joining;
                vec![Act::Do(Command::Rename(name))]
            }
            Err(error) => vec![Act::Show(error.to_string(), false)],
        }
    }

    fn call_place(&mut self, typed: &str) -> Vec<Act> {
        if typed.is_empty() {
            return self.home();
        }
        match node_place(typed) {
            Ok(place) => {
                let label = place.to_string();
                let whereabouts = Whereabouts::Place(place);
                self.dial(Target { label, whereabouts, identity: None })
            }
            Err(error) => vec![Act::Show(error.to_string(), false)],
        }
    }

    /// A number of the list, a name on it, or where else to go.
    fn pick(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        match typed {
            "" | "l" | "list" => self.list(node),
            "b" | "back" | "0" => self.home(),
            "leave" => {
                let mut acts = vec![Act::Do(Command::Leave)];
                acts.extend(self.home());
                acts
            }
            _ => match self.roster.pick(typed, node) {
                Ok(member) => self.dial(Target {
                    label: member.name.to_string(),
                    whereabouts: Whereabouts::Sockets(member.sockets()),
                    identity: Some(member.identity),
                }),
                Err(words) => vec![Act::Show(words, false)],
            },
        }
    }

    /// Calls, with the password that is known, or after asking for it.
    fn dial(&mut self, target: Target) -> Vec<Act> {
        match self.passwords.known(&target.label) {
            Some(password) => self.call(target, password),
            None => {
                self.screen = Screen::CallPassword(target);
                Vec::new()
            }
        }
    }

    fn call(&mut self, target: Target, password: Secret) -> Vec<Act> {
        let callee = Callee {
            label: target.label.clone(),
            whereabouts: target.whereabouts.clone(),
            identity: target.identity,
            password: password.clone(),
        };
        let text = format!("calling {} …", target.label);
        self.passwords.try_out(password);
        self.screen = Screen::Dialling(target);
        vec![Act::Show(text, false), Act::Do(Command::Call(callee))]
    }

    /// Something happened at the node. `aloud`: it matters enough to be told in words; where the
    /// person is taken does not depend on that.
    pub fn told(&mut self, notice: &Notice, node: &Node, aloud: bool) -> Vec<Act> {
        let mut acts = self.talk.told(notice, node);
        if !aloud {
            acts.clear();
        }
        match notice {
            Notice::Calling(id, _) => {
                if let Screen::Dialling(target) = &self.screen {
                    self.passwords.worked(&target.label);
                    self.screen = Screen::Calling(*id);
                }
            }
            Notice::Ended(id, label, ended, _) => {
                acts.extend(self.ended(*id, label, ended, node));
            }
            Notice::ListWhole if matches!(self.screen, Screen::Joining) => {
                acts.extend(self.list(node));
            }
            Notice::CommunityFailed(_, ended) => acts.extend(self.not_joined(ended)),
            Notice::NameTaken(_, free) => self.screen = Screen::NewName(free.clone()),
            Notice::MemberJoined(member) if matches!(self.screen, Screen::Community) => {
                acts.push(Act::Show(self.roster.number(member), false));
            }
            _ => {}
        }
        acts.extend(self.follow(node));
        if self.ending && node.talking().next().is_none() {
            acts.push(Act::Quit);
        }
        acts
    }

    /// Goes where the conversations are, and away when there is none.
    fn follow(&mut self, node: &Node) -> Vec<Act> {
        let talking = matches!(self.screen, Screen::Talking);
        match self.talk.focus() {
            Some(focus) if !talking && node.can_say(focus) => {
                self.screen = Screen::Talking;
                vec![show("  what you type is said; q or /bye ends it, /help tells more")]
            }
            None if talking => self.back(node),
            _ => Vec::new(),
        }
    }

    fn ended(&mut self, id: CallId, label: &str, ended: &Ended, node: &Node) -> Vec<Act> {
        if matches!(self.screen, Screen::Calling(calling) if calling == id) {
            if view::is_double(ended) {
                // It goes on by another connection.
                self.screen = Screen::Menu;
                return Vec::new();
            }
            return self.back(node);
        }
        let Screen::Dialling(target) = &self.screen else { return Vec::new() };
        // Whoever proved to be ourselves, or not who they were, is named as they call themselves.
        let objected =
            matches!(ended, Ended::ByUs(CloseReason::Yourself) | Ended::PinBroken { .. });
        if target.label != label && !objected {
            return Vec::new();
        }
        let target = target.clone();
        if *ended == Ended::WrongPassword {
            self.passwords.failed(label);
            self.screen = Screen::CallPassword(target);
            return vec![show("  once more, or Enter to give up")];
        }
        self.back(node)
    }

    fn not_joined(&mut self, ended: &Ended) -> Vec<Act> {
        let again = matches!(ended, Ended::WrongPassword);
        match (&self.screen, self.community.take()) {
            (Screen::Joining, Some((place, _))) if again => {
                self.screen = Screen::CommunityPassword(place);
                vec![show("  once more, or Enter to give up")]
            }
            (Screen::Joining | Screen::Community, _) => self.home(),
            _ => Vec::new(),
        }
    }

    /// The list, numbered anew.
    fn list(&mut self, node: &Node) -> Vec<Act> {
        self.screen = Screen::Community;
        vec![Act::Show(self.roster.list(node), false)]
    }

    /// Where the person was before: the list, or the menu.
    fn back(&mut self, node: &Node) -> Vec<Act> {
        if node.community().is_some() { self.list(node) } else { self.home() }
    }

    fn home(&mut self) -> Vec<Act> {
        self.screen = Screen::Menu;
        vec![Act::Show(menu::main_text(), false)]
    }
}

fn show(text: &str) -> Act {
    Act::Show(text.to_owned(), false)
}
