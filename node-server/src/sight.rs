//! What a person's screens can see: the node, and who is on this network.

use discovery::kind::Kind;
use discovery::neighbours::Neighbours;
use hallway::place::Place;
use hallway::text::Name;

use crate::node::Node;

/// Lent to whoever makes screens of it.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// Our node.
    pub node: &'a Node,
    /// Everybody on this network; `None` where nobody is looked for.
    pub neighbours: Option<&'a Neighbours>,
}

/// A community on this network, as it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub name: Name,
    /// The best of its addresses.
    pub place: Place,
}

impl Sight<'_> {
    /// The communities on this network, by name.
    pub fn communities(&self) -> Vec<Offer> {
        let all = self.neighbours.into_iter().flat_map(Neighbours::all);
        let offer = |one: &discovery::neighbours::Neighbour| {
            Some(Offer { name: one.name.clone(), place: one.place()? })
        };
        all.filter(|one| one.kind == Kind::Community).filter_map(offer).collect()
    }
}

/// What is said where nobody is looked for.
pub const NOBODY_IS_LOOKED_FOR: &str =
    "nobody is looked for on the network: because of --no-discovery, or in the demo";
