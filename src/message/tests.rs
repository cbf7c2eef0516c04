//! What messages are at their edges: cut, too long, too new, made up.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::examples::{examples, member, name};
use crate::record::{DirectionKeys, Opener, RecordKind, Sealer};
use crate::time::Millis;
use crate::tree::{ChunkHash, FileHash};

fn encoded(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

#[test]
fn every_message_survives_the_way_through_bytes() {
    for message in examples() {
        assert_eq!(Message::decode(&message.encode()).unwrap(), message);
    }
}

#[test]
fn every_example_fits_a_record() {
    for message in examples() {
        let len = message.encode().len();
        assert!(len <= limits::MESSAGE_RECORD_BYTES_MAX - 3, "{len} bytes: {message:?}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    for message in examples() {
        let bytes = message.encode();
        for len in 0..bytes.len() {
            assert!(Message::decode(&bytes[..len]).is_err(), "{len} bytes of {message:?}");
        }
    }
}

#[test]
fn bytes_after_a_message_are_an_error() {
    for message in examples() {
        for more in [&[0x00][..], &[0xf6], &[0xff], &message.encode()] {
            let bytes = [message.encode().as_slice(), more].concat();
            assert!(Message::decode(&bytes).is_err(), "{more:02x?} after {message:?}");
        }
    }
}

/// `message` with one more field, at the end of the map that is its body.
fn with_a_field_more(message: &Message) -> Option<Vec<u8>> {
    let mut bytes = message.encode();
    let at = {
        let mut d = Decoder::new(&bytes);
        d.array().unwrap();
        d.u64().unwrap();
        d.position()
    };
    // The maps here have fewer than 23 fields: their head is one byte.
    let head = bytes.get(at).copied().filter(|head| (0xa0..0xb7).contains(head))?;
    bytes[at] = head + 1;
    bytes.extend(encoded(|e| {
        e.u16(999).unwrap().array(2).unwrap().str("of a later version").unwrap().map(0).unwrap();
    }));
    Some(bytes)
}

#[test]
fn unknown_fields_are_skipped() {
    let mut seen = BTreeSet::new();
    for message in examples() {
        let Some(bytes) = with_a_field_more(&message) else { continue };
        assert_eq!(Message::decode(&bytes).unwrap(), message);
        let mut d = Decoder::new(&bytes);
        d.array().unwrap();
        seen.insert(d.u64().unwrap());
    }
    // All with a map for a body: auth, join, members, say, and what is about files but `got`.
    let about_files = (48..=62).filter(|number| *number != 56);
    assert_eq!(seen, [0, 16, 20, 33].into_iter().chain(about_files).collect());

    // Inside a list, too; before the known ones.
    let member = member();
    let bytes = encoded(|e| {
        e.array(2).unwrap().u8(20).unwrap().map(2).unwrap().u8(0).unwrap().array(1).unwrap();
        e.map(7).unwrap().u8(77).unwrap().bytes(b"new").unwrap();
        e.u8(0)
            .unwrap()
            .encode(&member.name)
            .unwrap()
            .u8(1)
            .unwrap()
            .encode(member.identity)
            .unwrap();
        e.u8(2).unwrap().encode(member.instance).unwrap().u8(3).unwrap().u16(member.port).unwrap();
        e.u8(4)
            .unwrap()
            .encode(&member.addresses)
            .unwrap()
            .u8(5)
            .unwrap()
            .encode(member.state)
            .unwrap();
        e.u8(1).unwrap().bool(true).unwrap();
    });
    let page = Page { members: vec![member], last: true };
    assert_eq!(Message::decode(&bytes).unwrap(), Message::Members(page));
}

#[test]
fn an_unknown_message_is_skipped_from_128_on_and_an_error_below() {
    let numbered = |number: u64| {
        encoded(|e| {
            e.array(2).unwrap().u64(number).unwrap().map(1).unwrap();
            e.u8(0).unwrap().array(3).unwrap().u8(1).unwrap().str("x").unwrap().null().unwrap();
        })
    };
    for number in 0..FIRST_SKIPPED {
        assert!(Message::decode(&numbered(number)).is_err(), "{number}");
    }
    for number in [FIRST_SKIPPED, 129, 255, 256, 1 << 32, u64::MAX] {
        assert_eq!(Message::decode(&numbered(number)).unwrap(), Message::Skipped, "{number}");
        let cut = numbered(number);
        assert!(Message::decode(&cut[..cut.len() - 1]).is_err(), "{number}");
    }
}

/// minicbor grows its vectors by what it has decoded, and borrows strings from its input: a length
/// is compared with what is there and reserves nothing. If it did, the largest of these would end
/// the test with an allocation failure.
#[test]
fn lengths_that_cannot_be_reserve_nothing() {
    let many = [
        &[0x9a, 0xff, 0xff, 0xff, 0xff][..],
        &[0x9b, 0, 0, 1, 0, 0, 0, 0, 0],
        &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    let one = minicbor::to_vec(Change::Left(name("bob"))).unwrap();
    for list in many {
        let members = [&[0x82, 0x14, 0xa2, 0x00], list].concat();
        let changes = [&[0x82, 0x15], list, one.as_slice()].concat();
        let addresses = [&[0x82, 0x10, 0xa3, 0x00, 0x01, 0x01], list].concat();
        let skipped = [&[0x82, 0x18, 0x80], list].concat();
        let listing = [&[0x82, 0x18, 60, 0xa3, 0x00, 0x01, 0x01], list].concat();
        let path = [&[0x82, 0x18, 52, 0xa5, 0x00, 0x01, 0x01], list].concat();
        for bytes in [members, changes, addresses, skipped, listing, path] {
            assert!(Message::decode(&bytes).is_err(), "{bytes:02x?}");
        }
    }
    // Text, bytes and maps of 4 GiB and more.
    for (text, bytes, map) in [(0x7a, 0x5a, 0xba), (0x7b, 0x5b, 0xbb)] {
        let with = |start: &[u8], major: u8| [start, &[major], &[0xff; 8], &[0x61; 64]].concat();
        for bytes in [
            with(&[0x82, 0x13], text),
            with(&[0x82, 0x16], text),
            with(&[0x82, 0x18, 0x21, 0xa2, 0x00, 0x01, 0x01], text),
            with(&[0x82, 0x00, 0xa4, 0x00], bytes),
            with(&[0x82, 0x10], map),
            with(&[0x82, 0x18, 0x80], map),
            with(&[0x82, 0x18, 0x80], text),
            with(&[0x82, 0x18, 0x80], bytes),
        ] {
            assert!(Message::decode(&bytes).is_err(), "{bytes:02x?}");
        }
    }
}

#[test]
fn skipping_what_is_nested_as_deep_as_a_record_allows_needs_no_stack() {
    for opening in [0x81, 0x9f, 0xc1] {
        let deep = [&[0x82, 0x18, 0x80], vec![opening; 4_000].as_slice()].concat();
        assert!(Message::decode(&deep).is_err());
    }
    let whole = [&[0x82, 0x18, 0x80], vec![0x81; 4_000].as_slice(), &[0]].concat();
    assert_eq!(Message::decode(&whole).unwrap(), Message::Skipped);
}

#[test]
fn identities_and_hashes_have_32_bytes() {
    for length in [0, 31, 32, 33] {
        let bytes = minicbor::to_vec(minicbor::bytes::ByteVec::from(vec![7; length])).unwrap();
        let read = [
            minicbor::decode::<PublicIdentity>(&bytes).map(|identity| identity.0),
            minicbor::decode::<FileHash>(&bytes).map(|hash| hash.0),
            minicbor::decode::<ChunkHash>(&bytes).map(|hash| hash.0),
        ];
        for read in read {
            assert_eq!(read.ok(), (length == 32).then_some([7; 32]), "{length} bytes");
        }
    }
}

#[test]
fn lists_of_addresses_are_bounded() {
    let listed = |count: usize| {
        encoded(|e| {
            e.array(2).unwrap().u8(16).unwrap().map(3).unwrap().u8(0).unwrap().u8(1).unwrap();
            e.u8(1).unwrap().array(count as u64).unwrap();
            for _ in 0..count {
                e.bytes(&[10, 0, 0, 1]).unwrap();
            }
            e.u8(2).unwrap().u8(0).unwrap();
        })
    };
    assert!(Message::decode(&listed(limits::ADDRESSES_MAX)).is_ok());
    assert!(Message::decode(&listed(limits::ADDRESSES_MAX + 1)).is_err());
    let many = vec![IpAddr::from([10, 0, 0, 1]); 100];
    assert_eq!(Addresses::new(many).iter().count(), limits::ADDRESSES_MAX);
}

/// Whether a message with this page passes through a sealer and an opener, as it must.
fn fits_a_record(message: &Message) -> bool {
    let keys = || DirectionKeys::new([1; 32], [2; 32]);
    let mut wire = Vec::new();
    let mut sealer = Sealer::new(keys(), Millis(0));
    if sealer.seal(Millis(0), RecordKind::Message, &message.encode(), &mut wire).is_err() {
        return false;
    }
    let mut opener = Opener::new(keys());
    opener.push(&wire);
    let (_, payload) = opener.next().unwrap().unwrap();
    Message::decode(payload).unwrap() == *message
}

proptest! {
    #[test]
    fn decoding_any_bytes_never_panics(bytes in vec(any::<u8>(), 0..300)) {
        let _ = Message::decode(&bytes);
    }

    #[test]
    fn decoding_any_body_of_any_message_never_panics(
        number in prop_oneof![0u8..40, 48u8..64, Just(128u8)],
        body in vec(any::<u8>(), 0..300),
    ) {
        let head = encoded(|e| { e.array(2).unwrap().u8(number).unwrap(); });
        let _ = Message::decode(&[head, body].concat());
    }

    #[test]
    fn what_a_changed_example_decodes_to_survives_the_way_through_bytes(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let examples = examples();
        let mut bytes = which.get(&examples).encode();
        *at.get_mut(&mut bytes) = byte;
        if let Ok(message) = Message::decode(&bytes) {
            prop_assert_eq!(Message::decode(&message.encode()).unwrap(), message);
        }
    }

    #[test]
    fn any_line_that_can_be_typed_can_be_said(text in ".{1,4000}", number in any::<u64>()) {
        for line in Line::split(&text) {
            let say = Message::Say(Say { number, line });
            prop_assert!(fits_a_record(&say));
        }
    }
}

/// `body` without its field number `missing`; `None` when the body is not a map, or has none left.
fn without(number: u64, body: &[u8], missing: u64) -> Option<Vec<u8>> {
    let mut d = Decoder::new(body);
    let fields = d.map().ok()??;
    let mut kept = Vec::new();
    let mut count = 0;
    for _ in 0..fields {
        let start = d.position();
        let field = d.u64().unwrap();
        d.skip().unwrap();
        if field != missing {
            kept.extend_from_slice(&body[start..d.position()]);
            count += 1;
        }
    }
    let head = encoded(|e| {
        e.array(2).unwrap().u64(number).unwrap().map(count).unwrap();
    });
    (count < fields).then(|| [head, kept].concat())
}

#[test]
fn no_field_may_be_missing_but_those_that_nobody_may_know() {
    let mut missed = BTreeSet::new();
    for message in examples() {
        let bytes = message.encode();
        let mut d = Decoder::new(&bytes);
        d.array().unwrap();
        let number = d.u64().unwrap();
        let body = &bytes[d.position()..];
        for field in 0..8 {
            let Some(cut) = without(number, body, field) else { continue };
            if Message::decode(&cut).is_ok() {
                missed.insert((number, field));
            }
        }
    }
    let optional = [(48, 4), (48, 5), (48, 6), (48, 7), (49, 1), (52, 3), (57, 2), (59, 1)];
    assert_eq!(missed, BTreeSet::from(optional));
}
