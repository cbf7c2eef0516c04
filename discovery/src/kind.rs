//! What can be announced: people and communities, each with its device type.

use ssdp::target::{Target, Type};

/// What a neighbour is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A person's node.
    Person,
    /// A community.
    Community,
}

/// `.local` is nobody's domain, so nobody else can have types under it.
const DOMAIN: &str = "hallway-local";

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Person, Self::Community];

    /// The word of `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "node",
            Self::Community => "community",
        }
    }

    /// `urn:hallway-local:device:Node:1` or `…:Community:1`.
    pub fn device_type(self) -> Target {
        Target::DeviceType(kind_of(match self {
            Self::Person => "Node",
            Self::Community => "Community",
        }))
    }

    /// The type of its one service, which is what a connection to its port is for.
    pub fn service_type(self) -> Target {
        Target::ServiceType(kind_of(match self {
            Self::Person => "Chat",
            Self::Community => "Directory",
        }))
    }

    /// What a device says to be, if it is one of ours; nobody is both. A higher version serves a
    /// lower one (UDA 1.2.2).
    pub fn among(targets: &[Target]) -> Option<Self> {
        let says = |kind: &Self| targets.iter().any(|said| said.serves(&kind.device_type()));
        let mut ours = Self::ALL.into_iter().filter(says);
        ours.next().filter(|_| ours.next().is_none())
    }
}

fn kind_of(kind: &str) -> Type {
    Type { domain: DOMAIN.to_owned(), kind: kind.to_owned(), version: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by the simulation: one garbled or forged datagram made somebody `Node:11`, which the
    /// true `Node:1` is part of, and kept them off every list.
    #[test]
    fn a_higher_version_of_a_kind_is_of_that_kind() {
        for kind in Kind::ALL {
            let Target::DeviceType(mut newer) = kind.device_type() else { unreachable!() };
            newer.version = 11;
            assert_eq!(Kind::among(&[Target::DeviceType(newer)]), Some(kind));
        }
        assert_eq!(Kind::among(&Kind::ALL.map(Kind::device_type)), None);
    }

    #[test]
    fn the_types_are_those_that_others_search_for() {
        assert_eq!(Kind::Person.device_type().to_string(), "urn:hallway-local:device:Node:1");
        let community = Kind::Community;
        assert_eq!(community.device_type().to_string(), "urn:hallway-local:device:Community:1");
        assert_eq!(community.service_type().to_string(), "urn:hallway-local:service:Directory:1");
    }

    #[test]
    fn a_device_of_both_kinds_or_of_none_is_none_of_ours() {
        let [person, community] = Kind::ALL.map(Kind::device_type);
        assert_eq!(Kind::among(&[Target::RootDevice, person.clone()]), Some(Kind::Person));
        assert_eq!(Kind::among(&[person, community]), None);
        assert_eq!(Kind::among(&[Target::RootDevice, Kind::Person.service_type()]), None);
    }
}
