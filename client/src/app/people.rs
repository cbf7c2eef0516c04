//! Who is on this network, and what choosing one of them leads to.

use discovery::kind::Kind;
use discovery::neighbours::{Change, Neighbour};
use hallway::place::Place;
use node_server::notice::{CallId, Who};
use node_server::outbound::Whereabouts;
use node_server::sight::{NOBODY_IS_LOOKED_FOR, Offer, Sight};
use node_server::talk::{Act, Seek};

use super::{App, show};
use crate::screen::{Screen, Target};

impl App {
    /// Whether the person looks at who is on this network.
    pub fn looks_at_people(&self) -> bool {
        matches!(self.screen, Screen::People)
    }

    /// Somebody on this network has come, gone or changed. Only who looks at the list is told: not
    /// who types a password, calls, or talks.
    pub fn neighbour(&mut self, change: &Change) -> Vec<Act> {
        let told = self.looks_at_people().then(|| self.people.news(change)).flatten();
        told.into_iter().map(|words| Act::Show(words, false)).collect()
    }

    /// The list, numbered anew.
    pub(super) fn people(&mut self, sight: Sight<'_>) -> Vec<Act> {
        let Some(neighbours) = sight.neighbours else { return vec![show(NOBODY_IS_LOOKED_FOR)] };
        self.screen = Screen::People;
        self.is_among_people = true;
        let mut acts = vec![Act::Show(self.people.list(neighbours), false)];
        acts.extend(self.talk.pending(sight.node));
        acts
    }

    /// A number of the list, a name on it, or where else to go.
    pub(super) fn pick_neighbour(&mut self, typed: &str, sight: Sight<'_>) -> Vec<Act> {
        let Some(neighbours) = sight.neighbours else { return self.home(sight) };
        match typed {
            "" | "l" | "list" => {
                let mut acts = self.people(sight);
                acts.push(Act::Seek(Seek::Search));
                acts
            }
            "b" | "back" | "0" => self.home(sight),
            _ => match self.people.pick(typed, neighbours) {
                Ok(one) => self.turn_to_neighbour(one, sight),
                Err(words) => vec![Act::Show(words, false)],
            },
        }
    }

    fn turn_to_neighbour(&mut self, one: &Neighbour, sight: Sight<'_>) -> Vec<Act> {
        if one.kind == Kind::Community {
            return one.place().map_or_else(Vec::new, |place| self.enter(place, sight));
        }
        // The same identity may be several neighbours, who are told apart by their addresses.
        let all = sight.neighbours.into_iter().flat_map(|neighbours| neighbours.all());
        let is_alone = all.filter(|other| other.fingerprint == one.fingerprint).count() == 1;
        let same = |(_, who): &(CallId, &Who)| {
            let is_there = is_alone || one.sockets().any(|socket| socket == who.at);
            who.fingerprint == one.fingerprint && is_there
        };
        let target = Target {
            label: one.name.to_string(),
            key: one.fingerprint.to_string(),
            whereabouts: Whereabouts::Sockets(one.sockets().collect()),
            // What is announced anybody can say, so it must not decide whom we take them for: the
            // password proves that they are the ones it belongs to, and the pins know the name that
            // they prove then.
            identity: None,
            neighbour: Some(one.udn.clone()),
        };
        self.turn_to(target, same, sight)
    }

    /// Asks which community; those on this network are offered.
    pub(super) fn ask_community(&mut self, sight: Sight<'_>) -> Vec<Act> {
        let offers = sight.communities();
        let is_default =
            |offer: &Offer| self.community.as_ref().is_none_or(|(place, _)| *place == offer.place);
        let mut acts = Vec::new();
        if offers.len() > 1 || !offers.iter().all(is_default) {
            let row = |(at, Offer { name, place }): (usize, &Offer)| {
                format!("\n{:>4}  {name} at {place}", at + 1)
            };
            let rows: String = offers.iter().enumerate().map(row).collect();
            acts.push(Act::Show(format!("Communities on this network:{rows}"), false));
        }
        self.screen = Screen::CommunityPlace(offers);
        acts
    }

    /// Joins a community; its password is asked for unless it is known.
    pub(super) fn enter(&mut self, place: Place, sight: Sight<'_>) -> Vec<Act> {
        match &self.community {
            _ if sight.node.community() == Some(&place) => self.list(sight),
            Some((known, Some(password))) if *known == place => {
                let password = password.clone();
                self.join(place, password)
            }
            _ => {
                self.screen = Screen::CommunityPassword(place);
                Vec::new()
            }
        }
    }
}
