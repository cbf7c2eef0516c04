//! `docs/protocol.cddl` against the bytes that the library makes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/messages.rs"]
mod messages;

use std::collections::BTreeSet;

use cddl_cat::validate_cbor_bytes;
use hallway::handshake::auth::Instance;
use hallway::message::files::Files;
use hallway::message::{FIRST_SKIPPED, Message};
use messages::{examples, longest_member, member, name};
use minicbor::Encoder;

const CDDL: &str = include_str!("../docs/protocol.cddl");

/// The rule of `docs/protocol.cddl` that describes this message. A new message does not compile
/// before it has one here; then it needs an example in `support/messages.rs`, which a
/// test asks for.
fn rule(message: &Message) -> &'static str {
    match message {
        Message::Auth(_) => "auth",
        Message::Join(_) => "join",
        Message::Watch => "watch",
        Message::State(_) => "set-state",
        Message::NameTaken(_) => "name-taken",
        Message::Members(_) => "members",
        Message::Changes(_) => "changes",
        Message::Notice(_) => "notice",
        Message::Accepted => "accepted",
        Message::Say(_) => "say",
        Message::Shown(_) => "shown",
        Message::Files(files) => rule_about_files(files),
        Message::Skipped => "skipped",
    }
}

fn rule_about_files(files: &Files) -> &'static str {
    match files {
        Files::Offer(_) => "offer",
        Files::Take(_) => "take",
        Files::Refuse(_) => "refuse",
        Files::From(_) => "from",
        Files::Entry(_) => "entry",
        Files::Chunk(_) => "chunk",
        Files::Skipped(_) => "left-out",
        Files::Sent(_) => "sent",
        Files::Got(_) => "got",
        Files::Stored(_) => "stored",
        Files::Withdraw(_) => "withdraw",
        Files::List(_) => "list",
        Files::Listing(_) => "listing",
        Files::Get(_) => "get",
        Files::NotThere(_) => "not-there",
    }
}

fn is_valid(rule: &str, bytes: &[u8]) -> bool {
    // A rule that is misspelt here or cannot be read must not pass for bytes that do not fit.
    let unfit = |error: &cddl_cat::ValidateError| {
        matches!(error, cddl_cat::ValidateError::Mismatch(_) | cddl_cat::ValidateError::MapCut(_))
    };
    match validate_cbor_bytes(rule, CDDL, bytes) {
        Ok(()) => true,
        Err(error) => {
            assert!(unfit(&error), "{rule}: {error}");
            false
        }
    }
}

fn encoded(write: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut Encoder::new(&mut bytes));
    bytes
}

#[test]
fn every_example_fits_its_rule_and_no_other() {
    let rules: BTreeSet<&str> = examples().iter().map(rule).collect();
    for message in examples() {
        let bytes = message.encode();
        assert!(is_valid("message", &bytes), "{message:?}");
        for candidate in &rules {
            assert_eq!(is_valid(candidate, &bytes), *candidate == rule(&message), "{message:?}");
        }
    }
}

#[test]
fn every_message_of_the_description_and_of_the_decoder_has_an_example() {
    let after = CDDL.split_once("message = ").unwrap().1;
    let described: BTreeSet<&str> =
        after.split("\n\n").next().unwrap().split('/').map(str::trim).collect();
    let shown: BTreeSet<&str> = examples().iter().map(rule).collect();
    assert_eq!(described, shown);

    // No message has this body; so a number the decoder does not know gives another error.
    let known: BTreeSet<u64> = (0..FIRST_SKIPPED)
        .filter(|number| {
            let bytes = encoded(|e| {
                e.array(2).unwrap().u64(*number).unwrap().f64(0.5).unwrap();
            });
            !Message::decode(&bytes).unwrap_err().to_string().contains("unknown message")
        })
        .collect();
    let number = |message: &Message| {
        let bytes = message.encode();
        let mut decoder = minicbor::Decoder::new(&bytes);
        decoder.array().unwrap();
        decoder.u64().unwrap()
    };
    let mut exampled: BTreeSet<u64> = examples().iter().map(number).collect();
    assert!(exampled.remove(&FIRST_SKIPPED));
    assert_eq!(known, exampled);
}

#[test]
fn the_parts_fit_their_rules() {
    for member in [member(), longest_member()] {
        assert!(is_valid("member", &minicbor::to_vec(&member).unwrap()));
        assert!(is_valid("identity", &minicbor::to_vec(member.identity).unwrap()));
        assert!(is_valid("addresses", &minicbor::to_vec(&member.addresses).unwrap()));
        assert!(is_valid("name", &minicbor::to_vec(&member.name).unwrap()));
    }
    assert!(is_valid("instance", &minicbor::to_vec(Instance([0; 8])).unwrap()));
}

/// Lines that are wrong in one place each.
fn wrong_lines() -> Vec<(&'static str, Vec<u8>)> {
    let say = |body: &dyn Fn(&mut Encoder<&mut Vec<u8>>)| {
        encoded(|e| {
            e.array(2).unwrap().u8(33).unwrap();
            body(e);
        })
    };
    vec![
        (
            "a say without a line",
            say(&|e| {
                e.map(1).unwrap().u8(0).unwrap().u8(1).unwrap();
            }),
        ),
        (
            "a say as an array",
            say(&|e| {
                e.array(2).unwrap().u8(1).unwrap().str("x").unwrap();
            }),
        ),
        (
            "a say with a text for a number",
            say(&|e| {
                e.map(2).unwrap().u8(0).unwrap().str("1").unwrap().u8(1).unwrap().str("x").unwrap();
            }),
        ),
        (
            "a say of an empty line",
            say(&|e| {
                e.map(2).unwrap().u8(0).unwrap().u8(1).unwrap().u8(1).unwrap().str("").unwrap();
            }),
        ),
        (
            "a say of a line too long",
            say(&|e| {
                let line = "x".repeat(3801);
                e.map(2).unwrap().u8(0).unwrap().u8(1).unwrap().u8(1).unwrap().str(&line).unwrap();
            }),
        ),
    ]
}

/// Messages that are wrong in one place each: neither description nor decoder takes them.
fn wrong() -> Vec<(&'static str, Vec<u8>)> {
    let head = |number: u8, body: &[u8]| [&[0x82, 0x18, number], body].concat();
    vec![
        ("no array", vec![0x00]),
        ("an array of one", vec![0x81, 0x11]),
        ("an array of three", vec![0x83, 0x11, 0xf6, 0xf6]),
        ("a negative number", vec![0x82, 0x20, 0xf6]),
        ("an unknown number", head(127, &[0xf6])),
        ("watch with a body", vec![0x82, 0x11, 0x00]),
        ("accepted with a body", head(32, &[0x80])),
        ("a state there is not", vec![0x82, 0x12, 0x02]),
        ("shown as text", head(34, &[0x61, b'1'])),
        ("shown below zero", head(34, &[0x20])),
        ("a name as bytes", vec![0x82, 0x13, 0x43, b'a', b'n', b'n']),
        ("an empty name", vec![0x82, 0x13, 0x60]),
        ("changes as a map", vec![0x82, 0x15, 0xa0]),
        ("a change there is not", vec![0x82, 0x15, 0x81, 0x82, 0x03, 0x80]),
        ("a change without a body", vec![0x82, 0x15, 0x81, 0x81, 0x01]),
    ]
}

/// Log-ins that are wrong in one place each.
fn wrong_log_ins() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "a join with a port too high",
            encoded(|e| {
                e.array(2).unwrap().u8(16).unwrap().map(3).unwrap();
                e.u8(0).unwrap().u32(65_536).unwrap().u8(1).unwrap().array(0).unwrap();
                e.u8(2).unwrap().u8(0).unwrap();
            }),
        ),
        (
            "a join with an address of five bytes",
            encoded(|e| {
                e.array(2).unwrap().u8(16).unwrap().map(3).unwrap().u8(0).unwrap().u8(1).unwrap();
                e.u8(1)
                    .unwrap()
                    .array(1)
                    .unwrap()
                    .bytes(&[1; 5])
                    .unwrap()
                    .u8(2)
                    .unwrap()
                    .u8(0)
                    .unwrap();
            }),
        ),
        (
            "a join with nine addresses",
            encoded(|e| {
                e.array(2).unwrap().u8(16).unwrap().map(3).unwrap().u8(0).unwrap().u8(1).unwrap();
                e.u8(1).unwrap().array(9).unwrap();
                for _ in 0..9 {
                    e.bytes(&[1; 4]).unwrap();
                }
                e.u8(2).unwrap().u8(0).unwrap();
            }),
        ),
        (
            "an auth with a short key",
            encoded(|e| {
                e.array(2).unwrap().u8(0).unwrap().map(4).unwrap();
                e.u8(0).unwrap().bytes(&[1; 31]).unwrap().u8(1).unwrap().bytes(&[2; 8]).unwrap();
                e.u8(2)
                    .unwrap()
                    .encode(name("ann"))
                    .unwrap()
                    .u8(3)
                    .unwrap()
                    .bytes(&[3; 64])
                    .unwrap();
            }),
        ),
    ]
}

/// Messages about files that are wrong in one place each.
fn wrong_about_files() -> Vec<(&'static str, Vec<u8>)> {
    let head = |number: u8, body: &[u8]| [&[0x82, 0x18, number], body].concat();
    let entry = |path: &dyn Fn(&mut Encoder<&mut Vec<u8>>), kind: u8| {
        encoded(|e| {
            e.array(2).unwrap().u8(52).unwrap().map(5).unwrap().u8(0).unwrap().u8(1).unwrap();
            path(e.u8(1).unwrap());
            e.u8(2).unwrap().u8(kind).unwrap().u8(4).unwrap().u8(0).unwrap();
            e.u8(5).unwrap().bool(false).unwrap();
        })
    };
    let names = |count: u64| {
        move |e: &mut Encoder<&mut Vec<u8>>| {
            e.array(count).unwrap();
            (0..count).for_each(|_| drop(e.str("x").unwrap()));
        }
    };
    assert!(
        is_valid("message", &entry(&names(32), 1)) && is_valid("message", &entry(&names(1), 0))
    );
    vec![
        ("an entry without a path", entry(&names(0), 0)),
        ("an entry with a path too deep", entry(&names(33), 0)),
        ("an entry with a text for a path", entry(&|e| drop(e.str("x").unwrap()), 0)),
        ("an entry of a kind there is not", entry(&names(1), 2)),
        ("a chunk with a short hash", head(53, &[0xa3, 0, 1, 1, 0x41, 7, 2, 0xf5])),
        ("a chunk without an end", head(53, &[&[0xa2, 0, 1, 1, 0x58, 32], &[7; 32][..]].concat())),
        ("a refusal with a reason above 255", head(50, &[0xa2, 0, 1, 1, 0x19, 1, 0])),
        ("a take with a digest for all it has", head(49, &[0xa2, 0, 1, 1, 0x41, 7])),
        ("a count below zero", head(56, &[0x20])),
        ("a count as a map", head(56, &[0xa1, 0, 1])),
        ("a wish for neither name nor hash", head(61, &[0xa2, 0, 1, 1, 0x82, 2, 0x80])),
        ("a list behind a number", head(59, &[0xa2, 0, 1, 1, 1])),
        ("an offer of nothing", head(48, &[0xa1, 0, 1])),
    ]
}

#[test]
fn what_is_wrong_fits_neither_the_description_nor_the_decoder() {
    for (what, bytes) in [wrong(), wrong_lines(), wrong_log_ins(), wrong_about_files()].concat() {
        assert!(!is_valid("message", &bytes), "{what}");
        assert!(Message::decode(&bytes).is_err(), "{what}");
    }
}

#[test]
fn fields_and_messages_of_later_versions_fit_too() {
    let later = [
        encoded(|e| {
            e.array(2).unwrap().u8(33).unwrap().map(3).unwrap().u8(0).unwrap().u8(1).unwrap();
            e.u8(1).unwrap().str("x").unwrap().u8(99).unwrap().array(1).unwrap().null().unwrap();
        }),
        encoded(|e| {
            e.array(2).unwrap().u64(u64::MAX).unwrap().map(1).unwrap();
            e.str("key").unwrap().bytes(b"value").unwrap();
        }),
    ];
    for bytes in later {
        assert!(is_valid("message", &bytes), "{bytes:02x?}");
        assert!(Message::decode(&bytes).is_ok(), "{bytes:02x?}");
    }
}
