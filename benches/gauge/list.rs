//! The list of a thousand: encoded, sealed, and read.

use std::net::{IpAddr, Ipv4Addr};

use hallway::handshake::auth::Instance;
use hallway::identity::PublicIdentity;
use hallway::message::{Addresses, Member, Message, State};
use hallway::pages;
use hallway::record::{DirectionKeys, Opener, RecordKind, Sealer};
use hallway::time::Millis;

use crate::login::name;
use crate::works::gauged;

const ROUNDS: usize = 10;

fn members() -> Vec<Member> {
    let member = |number: u16| {
        let [high, low] = number.to_be_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
        Member {
            name: name(&format!("member-{number:05}")),
            identity: PublicIdentity([low; 32]),
            instance: Instance([low; 8]),
            port: 5460,
            addresses: Addresses::new([address]),
            state: State::Available,
        }
    };
    (0..1_000).map(member).collect()
}

fn keys() -> DirectionKeys {
    DirectionKeys::new([1; 32], [2; 32])
}

fn seal_all(sealer: &mut Sealer, messages: &[Vec<u8>], out: &mut Vec<u8>) {
    for message in messages {
        sealer.seal(Millis(0), RecordKind::Message, message, out).unwrap();
    }
}

/// Encoded, as it is once for everybody who asks.
pub(crate) fn write() -> usize {
    let members = members();
    for _ in 0..ROUNDS {
        gauged(|| pages::members(&members));
    }
    ROUNDS
}

/// Sealed for one of them.
pub(crate) fn seal() -> usize {
    let messages = pages::members(&members());
    let mut sealer = Sealer::new(keys(), Millis(0));
    for _ in 0..ROUNDS {
        gauged(|| {
            let mut out = Vec::new();
            seal_all(&mut sealer, &messages, &mut out);
            out
        });
    }
    ROUNDS
}

/// Opened and decoded by them.
pub(crate) fn read() -> usize {
    let messages = pages::members(&members());
    let (mut sealer, mut opener) = (Sealer::new(keys(), Millis(0)), Opener::new(keys()));
    opener.allow_lists();
    for _ in 0..ROUNDS {
        let mut wire = Vec::new();
        seal_all(&mut sealer, &messages, &mut wire);
        gauged(|| {
            opener.push(&wire);
            while let Some((_, payload)) = opener.next().unwrap() {
                assert!(matches!(Message::decode(payload), Ok(Message::Members(_))));
            }
        });
    }
    ROUNDS
}
