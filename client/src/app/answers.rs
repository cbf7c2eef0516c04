//! What the answers to a screen's question lead to.

use hallway::message::Member;
use hallway::secret::Secret;
use hallway::text::Name;
use node_server::calls::Callee;
use node_server::node::Command;
use node_server::notice::{CallId, Who};
use node_server::options::{community_place, node_place};
use node_server::outbound::Whereabouts;
use node_server::sight::{Offer, Sight};
use node_server::talk::{self, Act, quoted};

use super::{App, show};
use crate::menu::{self, Leads};
use crate::screen::{Screen, Target};

impl App {
    pub(super) fn main(&mut self, typed: &str, sight: Sight<'_>) -> Vec<Act> {
        if typed.is_empty() {
            return Self::menu();
        }
        let Some(leads) = menu::choose(typed) else {
            let menu = menu::main_text();
            let word = quoted(typed);
            let text = format!("{word}? You talk to nobody here. Choose a number:\n{menu}");
            return vec![Act::Show(text, false)];
        };
        match leads {
            Leads::Community if sight.node.community().is_some() => self.list(sight),
            Leads::Community => self.ask_community(sight),
            Leads::People => self.people(sight),
            Leads::PrivateChat => {
                self.screen = Screen::CallPlace;
                Vec::new()
            }
            Leads::Conversations => {
                let mut acts = self.talk.command("who", sight.node).unwrap_or_default();
                acts.push(show("  /to NAME talks to them; /accept and /deny answer a call"));
                acts
            }
            Leads::Files => self.files(sight.node),
            Leads::About => {
                vec![Act::Show(format!("You are {}. {}", sight.node.me().name, self.about), false)]
            }
            Leads::Help => {
                let text = format!("{}\n{}\n{}", menu::HELP, talk::help_text(), menu::HELP_KEYS);
                vec![Act::Show(text, false)]
            }
            Leads::Exit => vec![Act::Quit],
        }
    }

    pub(super) fn community_place(
        &mut self,
        typed: &str,
        offers: &[Offer],
        sight: Sight<'_>,
    ) -> Vec<Act> {
        let number = if typed.is_empty() { Some(1) } else { typed.parse().ok() };
        let offer = number.and_then(|n: usize| offers.get(n.checked_sub(1)?));
        let place = match (typed, &self.community, offer) {
            ("", Some((last, _)), _) => Ok(last.clone()),
            (_, _, Some(offer)) => Ok(offer.place.clone()),
            ("", None, None) => return self.home(sight),
            (typed, _, None) => community_place(typed),
        };
        match place {
            Ok(place) => self.enter(place, sight),
            Err(error) => vec![Act::Show(error.to_string(), false)],
        }
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

    pub(super) fn call_place(&mut self, typed: &str, sight: Sight<'_>) -> Vec<Act> {
        if typed.is_empty() {
            return self.home(sight);
        }
        match node_place(typed) {
            Ok(place) => {
                let label = place.to_string();
                let whereabouts = Whereabouts::Place(place);
                let key = label.clone();
                self.dial(Target { label, key, whereabouts, identity: None, neighbour: None })
            }
            Err(error) => vec![Act::Show(error.to_string(), false)],
        }
    }

    /// A number of the list, a name on it, or where else to go.
    pub(super) fn pick(&mut self, typed: &str, sight: Sight<'_>) -> Vec<Act> {
        match typed {
            "" | "l" | "list" => self.list(sight),
            "b" | "back" | "0" => self.home(sight),
            "leave" if sight.node.community().is_none() => self.home(sight),
            "leave" => vec![Act::Do(Command::Leave)],
            _ => match self.roster.pick(typed, sight.node) {
                Ok(member) => self.turn_to_member(member, sight),
                Err(words) => vec![Act::Show(words, false)],
            },
        }
    }

    fn turn_to_member(&mut self, member: &Member, sight: Sight<'_>) -> Vec<Act> {
        let fingerprint = member.identity.fingerprint();
        let target = Target {
            label: member.name.to_string(),
            key: fingerprint.to_string(),
            whereabouts: Whereabouts::Sockets(member.sockets()),
            identity: Some(member.identity),
            neighbour: None,
        };
        self.turn_to(target, |(_, who)| who.fingerprint == fingerprint, sight)
    }

    /// Talks to somebody: they may be connected already, or be calling, or have to be called.
    pub(super) fn turn_to(
        &mut self,
        target: Target,
        is_same: impl Fn(&(CallId, &Who)) -> bool,
        sight: Sight<'_>,
    ) -> Vec<Act> {
        let mut talking = sight.node.talking();
        let command = match (talking.find(&is_same), sight.node.ringing().find(&is_same)) {
            (Some((_, who)), _) => format!("to {}", who.label),
            (None, Some((_, who))) => format!("accept {}", who.label),
            (None, None) => return self.dial(target),
        };
        let mut acts = self.talk.command(&command, sight.node).unwrap_or_default();
        acts.extend(self.follow(sight));
        acts
    }

    /// Calls, with the password that is known, or after asking for it.
    pub(super) fn dial(&mut self, target: Target) -> Vec<Act> {
        match self.passwords.known(&target.key) {
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
