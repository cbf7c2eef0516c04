//! Examples of every message, shared by the tests inside and outside of the library.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hallway::handshake::auth::{Auth, Instance};
use hallway::identity::PublicIdentity;
use hallway::limits;
use hallway::message::{Addresses, Change, Join, Member, Message, Page, Say, State};
use hallway::text::{Line, Name};

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn line(text: &str) -> Line {
    Line::split(text).remove(0)
}

/// The longest name there is: 32 characters of 3 bytes.
pub(crate) fn longest_name() -> Name {
    let name = name(&"\u{4e00}".repeat(limits::NAME_CHARS_MAX));
    assert_eq!(name.as_str().len(), limits::NAME_BYTES_MAX);
    name
}

/// A member that takes as many bytes as any can.
pub(crate) fn longest_member() -> Member {
    let address = IpAddr::V6(Ipv6Addr::from([0xfe; 16]));
    Member {
        name: longest_name(),
        identity: PublicIdentity([0xff; 32]),
        instance: Instance([0xff; 8]),
        port: u16::MAX,
        addresses: Addresses::new([address; limits::ADDRESSES_MAX]),
        state: State::InChat,
    }
}

pub(crate) fn member() -> Member {
    Member {
        name: name("ann"),
        identity: PublicIdentity([1; 32]),
        instance: Instance([2; 8]),
        port: 5460,
        addresses: Addresses::new([
            IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ]),
        state: State::Available,
    }
}

/// At least one of every message, with every variant of what is inside, and the extremes.
pub(crate) fn examples() -> Vec<Message> {
    let auth = Auth {
        identity: [1; 32],
        instance: Instance([2; 8]),
        name: name("ann"),
        signature: [3; 64],
    };
    let join = Join { port: 5460, addresses: member().addresses, state: State::InChat };
    let nowhere = Join { port: 0, addresses: Addresses::default(), state: State::Available };
    vec![
        Message::Auth(Auth { name: longest_name(), ..auth.clone() }),
        Message::Auth(auth),
        Message::Join(join),
        Message::Join(nowhere),
        Message::Watch,
        Message::State(State::Available),
        Message::State(State::InChat),
        Message::NameTaken(name("ann-2")),
        Message::Members(Page { members: Vec::new(), last: true }),
        Message::Members(Page { members: vec![member(), longest_member()], last: false }),
        Message::Changes(Vec::new()),
        Message::Changes(vec![
            Change::Joined(member()),
            Change::Left(name("bob")),
            Change::State(name("carol"), State::InChat),
        ]),
        Message::Notice(line("back in five minutes")),
        Message::Accepted,
        Message::Say(Say { number: 1, line: line("hello\nworld") }),
        Message::Say(Say { number: u64::MAX, line: line(&"x".repeat(limits::LINE_BYTES_MAX)) }),
        Message::Shown(0),
        Message::Shown(u64::MAX),
        Message::Skipped,
    ]
}
