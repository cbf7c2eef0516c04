//! What is said about files, whoever says it: legal names, bounded paths, reasons that are newer.
#![expect(clippy::wildcard_enum_match_arm, reason = "most messages have no name in them")]

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::examples::examples;
use crate::message::Message;

fn sent(files: Files) -> Vec<u8> {
    Message::Files(files).encode()
}

/// What the other side makes of it.
fn heard(bytes: &[u8]) -> Option<Files> {
    match Message::decode(bytes) {
        Ok(Message::Files(files)) => Some(files),
        Ok(other) => panic!("{other:?} is not about files"),
        Err(_) => None,
    }
}

/// Every name in it.
fn names(files: &Files) -> Vec<FileName> {
    match files {
        Files::Offer(Offer { name, .. })
        | Files::Stored(Stored { name, .. })
        | Files::List(List { after: Some(name), .. })
        | Files::Get(Get { what: Wanted::Name(name), .. }) => vec![name.clone()],
        Files::Entry(Entry { path, .. }) | Files::Skipped(Skipped { path, .. }) => {
            path.names().to_vec()
        }
        Files::Listing(listing) => listing.items.iter().map(|item| item.name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// By other means than those that made it so.
fn is_legal(name: &FileName) -> bool {
    let text = name.as_str();
    let devices = ["con", "prn", "aux", "nul", "com1", "lpt9"];
    let stem = text.split('.').next().unwrap().trim_end().to_lowercase();
    (1..=limits::FILE_NAME_BYTES_MAX).contains(&text.len())
        && !text.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
        && !text.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c))
        && !text.starts_with(['.', '-', ' '])
        && !text.ends_with(['.', ' '])
        && !devices.contains(&stem.as_str())
        && FileName::of(text) == *name
}

const PLACE: &str = "PLACE OF A NAME";

/// One of every message with names, where one of the names is [`PLACE`].
fn with_a_place() -> Vec<Files> {
    let place = FileName::of(PLACE);
    let path = EntryPath::of(["folder", PLACE, "file"]).unwrap();
    let mut all: Vec<Files> = Vec::new();
    for message in examples() {
        let Message::Files(mut files) = message else { continue };
        match &mut files {
            Files::Offer(Offer { name, .. })
            | Files::Stored(Stored { name, .. })
            | Files::List(List { after: Some(name), .. })
            | Files::Get(Get { what: Wanted::Name(name), .. }) => *name = place.clone(),
            Files::Entry(Entry { path: old, .. }) | Files::Skipped(Skipped { path: old, .. }) => {
                *old = path.clone();
            }
            Files::Listing(listing) => match listing.items.first_mut() {
                Some(item) => item.name = place.clone(),
                None => continue,
            },
            _ => continue,
        }
        all.push(files);
    }
    all
}

/// The same message by somebody who writes this name, whatever it is.
fn hostile(files: &Files, name: &str) -> Vec<u8> {
    let bytes = sent(files.clone());
    let of = |text: &str| minicbor::to_vec(text).unwrap();
    let place = of(PLACE);
    let at = bytes.windows(place.len()).position(|part| part == place).unwrap();
    [&bytes[..at], &of(name), &bytes[at + place.len()..]].concat()
}

#[test]
fn every_message_with_a_name_is_tried_with_a_hostile_one() {
    let codes: BTreeSet<u8> = with_a_place().iter().map(Files::code).collect();
    assert_eq!(codes, BTreeSet::from([48, 52, 54, 57, 59, 60, 61]));
}

#[test]
fn no_name_in_any_message_leads_away_or_hides() {
    let long = format!("{}.txt", "x".repeat(2_000));
    let bad = [
        "",
        ".",
        "..",
        "../../.ssh/authorized_keys",
        "/etc/passwd",
        "C:\\Windows\\x",
        "a/b",
        "nul",
        "COM1.txt",
        "a:stream",
        "-rf",
        ".bashrc",
        "a\0b",
        "a\nb",
        "\u{202e}gpj.exe",
        " x ",
        "x. .",
        "\u{1b}[2J",
        "\u{200b}",
        &long,
    ];
    for files in with_a_place() {
        for name in bad {
            let heard = heard(&hostile(&files, name)).unwrap();
            let names = names(&heard);
            assert!(!names.is_empty());
            for name in &names {
                assert!(is_legal(name), "{name:?} in {heard:?}");
            }
        }
    }
}

#[test]
fn a_path_is_at_most_so_deep_and_so_long_and_never_empty() {
    let entry = |names: &[&str]| {
        // [52, {0: 1, 1: names, 2: 1, 4: 0, 5: false}]
        let mut e = Encoder::new(Vec::new());
        e.array(2).unwrap().u8(52).unwrap().map(5).unwrap().u8(0).unwrap().u8(1).unwrap();
        e.u8(1).unwrap().encode(names).unwrap().u8(2).unwrap().u8(1).unwrap();
        e.u8(4).unwrap().u8(0).unwrap().u8(5).unwrap().bool(false).unwrap();
        heard(e.writer())
    };
    assert!(entry(&["d"; limits::DEPTH_MAX]).is_some());
    assert!(entry(&["d"; limits::DEPTH_MAX + 1]).is_none());
    assert!(entry(&[]).is_none());
    let name = "n".repeat(127);
    assert!(entry(&[name.as_str(); 16]).is_some());
    assert!(entry(&[name.as_str(); 17]).is_none());
    // What counts is the path as it may be created.
    let shortened = "n".repeat(360);
    assert!(entry(&[shortened.as_str(); 11]).is_some());
    assert!(entry(&[shortened.as_str(); 12]).is_none());
}

#[test]
fn a_reason_of_a_later_version_is_another_reason() {
    for (code, why) in (0..=u8::MAX).zip(Why::ALL.into_iter().map(Some).chain([None; 256])) {
        let refuse = heard(&[0x82, 0x18, 50, 0xa2, 0, 1, 1, 0x18, code]);
        let why = why.unwrap_or(Why::Other);
        assert_eq!(refuse, Some(Files::Refuse(Refuse { number: 1, why })), "{code}");
    }
    assert_eq!(heard(&[0x82, 0x18, 50, 0xa2, 0, 1, 1, 0x19, 1, 0]), None, "of more than a byte");
}

#[test]
fn what_a_receiver_must_hold_or_do_counts_and_nothing_else() {
    for message in examples() {
        let Message::Files(files) = message else { continue };
        let counts = matches!(files, Files::Entry(_) | Files::Chunk(_) | Files::Skipped(_));
        let weight = if counts { limits::STREAM_MESSAGE_WEIGHT } else { 0 };
        assert_eq!(files.weight(), weight, "{files:?}");
    }
}

fn some_name() -> impl Strategy<Value = FileName> {
    let hostile = "[a-zA-Z./\\\\: \u{0}-\u{1f}\u{e9}\u{301}\u{4e00}\u{202e}-]{0,200}";
    prop_oneof![hostile, "\\PC{0,300}", ".{0,40}"].prop_map(|text| FileName::of(&text))
}

fn some_path() -> impl Strategy<Value = EntryPath> {
    vec(some_name(), 1..=limits::DEPTH_MAX).prop_filter_map("a path too long", |names| {
        EntryPath::of(names.iter().map(FileName::as_str)).ok()
    })
}

fn some_why() -> impl Strategy<Value = Why> {
    any::<u8>().prop_map(|code| Why::ALL.get(usize::from(code)).copied().unwrap_or(Why::Other))
}

fn some_kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::File), Just(Kind::Folder)]
}

fn some_hash() -> impl Strategy<Value = FileHash> {
    any::<[u8; 32]>().prop_map(FileHash)
}

fn some_item() -> impl Strategy<Value = Item> {
    let numbers = any::<(u64, u64, i64)>();
    (some_name(), some_kind(), numbers, option::of(some_hash())).prop_map(
        |(name, kind, (entries, bytes, modified), hash)| Item {
            name,
            kind,
            entries,
            bytes,
            modified,
            hash,
        },
    )
}

/// What is about one transfer and has no name in it.
fn some_step() -> impl Strategy<Value = Files> {
    let n = any::<u64>;
    let have = option::of((n(), n(), some_hash()))
        .prop_map(|have| have.map(|(entries, chunks, digest)| Have { entries, chunks, digest }));
    let chunk = (n(), any::<[u8; 32]>(), any::<bool>());
    prop_oneof![
        (n(), have).prop_map(|(number, have)| Files::Take(Take { number, have })),
        (n(), some_why()).prop_map(|(number, why)| Files::Refuse(Refuse { number, why })),
        any::<(u64, u64, u64)>().prop_map(|(number, entries, chunks)| Files::From(From {
            number,
            entries,
            chunks
        })),
        chunk.prop_map(|(number, hash, last)| {
            Files::Chunk(Chunk { number, hash: ChunkHash(hash), last })
        }),
        any::<(u64, u64, u64)>().prop_map(|(number, entries, bytes)| Files::Sent(Sent {
            number,
            entries,
            bytes
        })),
        n().prop_map(Files::Got),
        (n(), some_why()).prop_map(|(number, why)| Files::Withdraw(Withdraw { number, why })),
        (n(), some_why()).prop_map(|(request, why)| Files::NotThere(NotThere { request, why })),
        (n(), some_hash())
            .prop_map(|(request, hash)| Files::Get(Get { request, what: Wanted::Hash(hash) })),
    ]
}

/// What has names in it.
fn some_named() -> impl Strategy<Value = Files> {
    let n = any::<u64>;
    let about = (n(), option::of(n()), option::of(some_hash()), option::of(n()), any::<bool>());
    let entry = (n(), some_path(), some_kind(), option::of(n()), any::<(i64, bool)>());
    let listing = (n(), vec(some_item(), 0..16), any::<bool>());
    prop_oneof![
        (n(), some_name(), some_kind(), about).prop_map(
            |(number, name, kind, (entries, bytes, hash, request, again))| {
                Files::Offer(Offer { number, name, kind, entries, bytes, hash, request, again })
            }
        ),
        entry.prop_map(|(number, path, kind, bytes, (modified, executable))| {
            Files::Entry(Entry { number, path, kind, bytes, modified, executable })
        }),
        (n(), some_path(), some_why()).prop_map(|(number, path, why)| Files::Skipped(Skipped {
            number,
            path,
            why
        })),
        (n(), some_name(), option::of(some_hash()))
            .prop_map(|(number, name, hash)| Files::Stored(Stored { number, name, hash })),
        (n(), option::of(some_name()))
            .prop_map(|(request, after)| Files::List(List { request, after })),
        listing.prop_map(|(request, items, last)| Files::Listing(Listing { request, items, last })),
        (n(), some_name())
            .prop_map(|(request, name)| Files::Get(Get { request, what: Wanted::Name(name) })),
    ]
}

proptest! {
    #[test]
    fn anything_about_files_survives_the_way_through_bytes_in_one_record(
        files in prop_oneof![some_step(), some_named()],
    ) {
        let bytes = sent(files.clone());
        prop_assert!(bytes.len() <= limits::MESSAGE_RECORD_BYTES_MAX - 3, "{}", bytes.len());
        prop_assert_eq!(heard(&bytes), Some(files));
    }

    #[test]
    fn any_text_in_place_of_a_name_becomes_a_legal_one(
        which in any::<prop::sample::Index>(),
        text in prop_oneof!["\\PC{0,400}", ".{0,200}", "[./\\\\: \u{0}-\u{1f}nulCOM1-]{0,60}"],
    ) {
        let all = with_a_place();
        let files = heard(&hostile(which.get(&all), &text)).unwrap();
        for name in names(&files) {
            prop_assert!(is_legal(&name), "{:?}", name);
        }
        // And what was made legal stays as it is when it is passed on.
        prop_assert_eq!(heard(&sent(files.clone())), Some(files));
    }
}
