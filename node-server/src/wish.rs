//! What a node wishes of a community.

use hallway::message::Addresses;
use hallway::place::Place;
use hallway::secret::Secret;

/// Which community, and how.
pub struct Wish {
    /// Where it is.
    pub place: Place,
    /// Its password.
    pub password: Secret,
    /// How we want to be listed; `None` only watches.
    pub listed: Option<Listing>,
    /// Keep trying when the first attempt does not reach it.
    pub persist: bool,
}

/// How we want to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Port of our node.
    pub port: u16,
    /// Addresses of our interfaces, best first.
    pub addresses: Addresses,
}
