//! Properties of reading and writing, on generated messages and on any bytes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test reads files, and stops at a surprise"
)]

#[path = "../../fuzz/rules/message.rs"]
mod rules;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use ssdp::message::{Advert, Message, Search, read};
use ssdp::target::{Target, Type, Udn, Usn};

const NAME: &str = "[A-Za-z0-9-]{1,10}";

fn any_target() -> impl Strategy<Value = Target> {
    let kind = (NAME, NAME, 1..=u32::MAX);
    let kind = kind.prop_map(|(domain, kind, version)| Type { domain, kind, version });
    prop_oneof![
        Just(Target::All),
        Just(Target::RootDevice),
        any_udn().prop_map(Target::Device),
        kind.clone().prop_map(Target::DeviceType),
        kind.prop_map(Target::ServiceType),
        "[a-z]{1,20}".prop_map(Target::Other),
    ]
}

fn any_udn() -> impl Strategy<Value = Udn> {
    any::<[u8; 16]>().prop_map(Udn::random)
}

/// One that may be kept: no control characters, no blanks around it.
fn any_value() -> impl Strategy<Value = String> {
    "[^\\pC ]([^\\pC]{0,6}[^\\pC ])?"
}

fn any_advert() -> impl Strategy<Value = Advert> {
    let usn = (any_udn(), of(any_target())).prop_map(|(udn, target)| Usn { udn, target });
    let extra = btree_map("[A-Z0-9-]{1,8}\\.[A-Z]{1,4}", any_value(), 0..2);
    let texts = (of(any_value()), of(any_value()), extra);
    let numbers = (of(any::<u32>()), of(any::<u32>()), of(any::<u32>()), of(any::<u32>()));
    (any_target(), usn, texts, numbers, of(49152..=65535_u16)).prop_map(
        |(target, usn, (location, server, extra), numbers, search_port)| {
            let (max_age, boot_id, next_boot_id, config_id) = numbers;
            let extra = extra.into_iter().collect();
            Advert {
                target,
                usn,
                location,
                server,
                max_age,
                boot_id,
                next_boot_id,
                config_id,
                search_port,
                extra,
            }
        },
    )
}

fn any_message() -> impl Strategy<Value = Message> {
    let search = (any_target(), of(1..=5_u32), of(any_value()));
    let search = search.prop_map(|(target, mx, user_agent)| Search { target, mx, user_agent });
    prop_oneof![
        any_advert().prop_map(Message::Alive),
        any_advert().prop_map(Message::Update),
        any_advert().prop_map(Message::Byebye),
        any_advert().prop_map(Message::Answer),
        search.prop_map(Message::Search),
    ]
}

/// Vendors' fields of an announcement or answer.
fn extra(message: &Message) -> &[(String, String)] {
    match message {
        Message::Alive(advert) | Message::Update(advert) | Message::Answer(advert) => &advert.extra,
        Message::Byebye(_) | Message::Search(_) => &[],
    }
}

/// The message in other words: its fields in any order, with other line ends and other case.
fn rewritten(bytes: &[u8], order: &[u32], is_bare: bool, is_lower: bool) -> Vec<u8> {
    let text = str::from_utf8(bytes).unwrap();
    let (start, fields) = text.trim_end_matches("\r\n").split_once("\r\n").unwrap();
    let mut fields: Vec<&str> = fields.split("\r\n").collect();
    let keys = order.iter().copied().cycle();
    let mut keyed: Vec<(u32, &str)> = keys.zip(fields.drain(..)).collect();
    keyed.sort();
    let end = if is_bare { "\n" } else { "\r\n" };
    let mut out = format!("{start}{end}");
    for (_, field) in keyed {
        let (name, value) = field.split_once(':').unwrap();
        let name = if is_lower { name.to_lowercase() } else { name.to_owned() };
        out.push_str(&format!("{name}:{value}{end}"));
    }
    (out + end).into_bytes()
}

proptest! {
    #[test]
    fn what_is_written_is_read_alike(message in any_message()) {
        let bytes = rules::written(&message);
        prop_assert!(bytes.len() <= 512);
        let back = read(&bytes).unwrap();
        prop_assert_eq!(extra(&back), extra(&message));
        prop_assert_eq!(rules::said(&back), rules::said(&message));
        rules::check(&bytes);
    }

    #[test]
    fn order_case_and_line_ends_of_fields_mean_nothing(
        message in any_message(),
        order in vec(any::<u32>(), 1..20),
        is_bare: bool,
        is_lower: bool,
    ) {
        let bytes = rules::written(&message);
        let other = rewritten(&bytes, &order, is_bare, is_lower);
        prop_assert_eq!(read(&other), read(&bytes));
        rules::check(&other);
    }

    #[test]
    fn a_message_cut_anywhere_is_refused_or_says_no_more_than_before(message in any_message()) {
        let bytes = rules::written(&message);
        let whole = read(&bytes).unwrap();
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            rules::check(cut);
            if let Ok(read) = read(cut) {
                prop_assert_eq!(std::mem::discriminant(&read), std::mem::discriminant(&whole));
                prop_assert!(length < bytes.len() - 4 || read == whole, "{}", length);
            }
        }
    }

    #[test]
    fn no_bytes_break_the_rules(
        start in prop_oneof![
            Just("NOTIFY * HTTP/1.1\r\n"),
            Just("M-SEARCH * HTTP/1.1\r\n"),
            Just("HTTP/1.1 200 OK\r\n"),
            Just(""),
        ],
        rest in vec(any::<u8>(), 0..2100),
    ) {
        rules::check(&[start.as_bytes(), &rest].concat());
    }

    #[test]
    fn a_message_with_bytes_changed_does_not_break_the_rules(
        message in any_message(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = rules::written(&message);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        rules::check(&bytes);
    }
}

/// The files that the fuzzer begins with.
fn corpus() -> Vec<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/ssdp_message");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn what_the_fuzzer_begins_with_keeps_the_rules_whole_and_mangled() {
    let corpus = corpus();
    assert!(corpus.len() > 10 && corpus.iter().any(|bytes| read(bytes).is_ok()));
    corpus.iter().for_each(|bytes| rules::check(bytes));
    let mut rng = fastrand::Rng::with_seed(1);
    for _ in 0..20_000 {
        let mut bytes = corpus[rng.usize(..corpus.len())].clone();
        let other = &corpus[rng.usize(..corpus.len())];
        let (at, end) = (rng.usize(..bytes.len()), rng.usize(..other.len()));
        match rng.u8(0..4) {
            0 => bytes[at] = rng.u8(..),
            1 => drop(bytes.remove(at)),
            2 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at, other[..end].iter().copied())),
        }
        rules::check(&bytes);
    }
}
