//! What the answers to a screen's question lead to.

use hallway::message::Member;
use hallway::secret::Secret;
use hallway::text::Name;
use node_server::calls::Callee;
use node_server::node::{Command, Node};
use node_server::notice::{CallId, Who};
use node_server::options::{community_place, node_place};
use node_server::outbound::Whereabouts;
use node_server::talk::{self, Act, quoted};

use super::{App, show};
use crate::menu::{self, Leads};
use crate::screen::{Screen, Target};

impl App {
    pub(super) fn main(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        if typed.is_empty() {
            return vec![Act::Show(menu::main_text(), false)];
        }
        let Some(leads) = menu::choose(typed) else {
            let menu = menu::main_text();
            let word = quoted(typed);
            let text = format!("{word}? You talk to nobody here. Choose a number:\n{menu}");
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
            Leads::About => {
                vec![Act::Show(format!("You are {}. {}", node.me().name, self.about), false)]
            }
            Leads::Help => {
                let text = format!("{}\n{}\n{}", menu::HELP, talk::help_text(), menu::HELP_KEYS);
                vec![Act::Show(text, false)]
            }
            Leads::Exit => vec![Act::Quit],
        }
    }

    pub(super) fn community_place(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        let place = match (typed, self.community.clone()) {
            ("", None) => return self.home(node),
            ("", Some((place, Some(password)))) => return self.join(place, password),
            ("", Some((place, None))) => Ok(place),
            (typed, _) => community_place(typed),
        };
        match place {
            Ok(place) => self.screen = Screen::CommunityPassword(place),
            Err(error) => return vec![Act::Show(error.to_string(), false)],
        }
        Vec::new()
    }

    pub(super) fn new_name(&mut self, typed: &str, free: Name) -> Vec<Act> {
        let name = if typed.is_empty() { Ok(free) } else { Name::parse(typed) };
        match name {
            Ok(name) => {
                self.screen = Screen::Joining;
                vec![Act::Do(Command::Rename(name))]
            }
            Err(error) => vec![Act::Show(error.to_string(), false)],
        }
    }

    pub(super) fn call_place(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        if typed.is_empty() {
            return self.home(node);
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
    pub(super) fn pick(&mut self, typed: &str, node: &Node) -> Vec<Act> {
        match typed {
            "" | "l" | "list" => self.list(node),
            "b" | "back" | "0" => self.home(node),
            "leave" => {
                let mut acts = vec![Act::Do(Command::Leave)];
                acts.extend(self.home(node));
                acts
            }
            _ => match self.roster.pick(typed, node) {
                Ok(member) => self.turn_to(member, node),
                Err(words) => vec![Act::Show(words, false)],
            },
        }
    }

    /// Talks to a member: they may be connected already, or be calling, or have to be called.
    pub(super) fn turn_to(&mut self, member: &Member, node: &Node) -> Vec<Act> {
        let fingerprint = member.identity.fingerprint();
        let same = |(_, who): &(CallId, &Who)| who.fingerprint == fingerprint;
        let command = match (node.talking().find(same), node.ringing().find(same)) {
            (Some((_, who)), _) => format!("to {}", who.label),
            (None, Some((_, who))) => format!("accept {}", who.label),
            (None, None) => {
                return self.dial(Target {
                    label: member.name.to_string(),
                    whereabouts: Whereabouts::Sockets(member.sockets()),
                    identity: Some(member.identity),
                });
            }
        };
        let mut acts = self.talk.command(&command, node).unwrap_or_default();
        acts.extend(self.follow(node));
        acts
    }

    /// Calls, with the password that is known, or after asking for it.
    pub(super) fn dial(&mut self, target: Target) -> Vec<Act> {
        match self.passwords.known(&target.label) {
            Some(password) => self.call(target, password),
            None => {
                self.screen = Screen::CallPassword(target);
                Vec::new()
            }
        }
    }

    pub(super) fn call(&mut self, target: Target, password: Secret) -> Vec<Act> {
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
}
