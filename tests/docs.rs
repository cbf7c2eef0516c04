//! The documentation against the code: numbers, labels, messages, reasons, events, names of tests.
// A test is a program: it reads files, and a failed helper is a failed test.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

#[path = "support/messages.rs"]
mod messages;
#[path = "support/sources.rs"]
mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hallway::conn::{ConnectError, Lost};
use hallway::event::{
    DeviceEvent, Event, FileEvent, InterfaceEvent, ItemEvent, MemberEvent, NeighbourEvent,
};
use hallway::identity::PublicIdentity;
use hallway::limits;
use hallway::message::Message;
use hallway::message::files::Why;
use hallway::reason::{CloseReason, Ended, Exit, PeerFault};
use serde_json::Value;

const PROTOCOL: &str = include_str!("../docs/PROTOCOL.md");
const EVENTS: &str = include_str!("../docs/EVENTS.md");
const THREATS: &str = include_str!("../docs/THREATS.md");
const LIMITS: &str = include_str!("../src/limits.rs");
const LABELS: &str = include_str!("../src/labels.rs");
const EVENT_SOURCE: &str = include_str!("../src/event.rs");

/// The cells of every row of every table, without its borders.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter_map(|line| {
        let row = line.strip_prefix("| ")?.strip_suffix(" |")?;
        Some(row.split(" | ").map(str::trim).collect())
    })
}

/// The value of a constant as it is written in `limits.rs`: numbers, products, shifts, differences.
fn value(expression: &str, known: &BTreeMap<&str, Vec<u64>>) -> Vec<u64> {
    if let Some(list) = expression.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return list.split(',').flat_map(|item| value(item.trim(), known)).collect();
    }
    let bare = expression.strip_prefix("Millis(").map_or(expression, |e| &e[..e.len() - 1]);
    let one = |text: &str| value(text, known)[0];
    for (operator, apply) in [
        (" << ", (|a, b| a << b) as fn(u64, u64) -> u64),
        (" - ", |a, b| a - b),
        (" * ", |a, b| a * b),
        (" / ", |a, b| a / b),
    ] {
        if let Some((left, right)) = bare.rsplit_once(operator) {
            return vec![apply(one(left), one(right))];
        }
    }
    match known.get(bare) {
        Some(value) => value.clone(),
        None => vec![bare.replace('_', "").parse().unwrap_or_else(|_| panic!("{expression}?"))],
    }
}

/// Every `pub const NAME: TYPE = VALUE;` of a source.
fn constants(source: &str) -> impl Iterator<Item = (&str, &str)> {
    source.split("\npub const ").skip(1).map(|rest| {
        let (name, rest) = rest.split_once(": ").unwrap();
        let (_, rest) = rest.split_once(" = ").unwrap();
        (name, rest.split_once(';').unwrap().0)
    })
}

fn limits_of_the_source() -> BTreeMap<&'static str, Vec<u64>> {
    let mut known = BTreeMap::new();
    for (name, expression) in constants(LIMITS) {
        let value = value(expression, &known);
        known.insert(name, value);
    }
    known
}

#[test]
fn the_limits_are_read_from_the_source_as_the_compiler_reads_them() {
    let read = limits_of_the_source();
    assert_eq!(read["RECORD_BYTES_MAX"], [limits::RECORD_BYTES_MAX as u64]);
    assert_eq!(read["REKEY_AGE"], [limits::REKEY_AGE.0]);
    assert_eq!(read["REKEY_BYTES"], [limits::REKEY_BYTES]);
    assert_eq!(read["READ_BYTES_PER_TURN"], [limits::READ_BYTES_PER_TURN as u64]);
    assert_eq!(read["PADDED_BYTES"], limits::PADDED_BYTES.map(|bytes| bytes as u64));
}

#[test]
fn every_limit_is_in_the_specification_with_its_value() {
    let (_, table) = PROTOCOL.split_once("## 17. Limits and timers").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let written: BTreeMap<&str, Vec<u64>> = rows(table)
        .filter(|cells| cells[0].starts_with('`'))
        .map(|cells| {
            let numbers = cells[1].split(", ").map(|number| number.replace(',', ""));
            (cells[0].trim_matches('`'), numbers.map(|number| number.parse().unwrap()).collect())
        })
        .collect();
    let constants = limits_of_the_source();
    for (name, value) in &constants {
        assert_eq!(written.get(name), Some(value), "{name} in docs/PROTOCOL.md, section 17");
    }
    for name in written.keys() {
        assert!(constants.contains_key(name), "{name} is no limit any more");
    }
}

#[test]
fn every_constant_that_the_specification_names_exists() {
    let known = limits_of_the_source();
    for name in sources::code_spans(PROTOCOL) {
        let shouts = name.contains('_') && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        assert!(!shouts || name.starts_with("TCP_") || known.contains_key(name), "{name}");
    }
}

#[test]
fn every_label_is_in_the_specification() {
    let mut labels = 0;
    for (name, expression) in constants(LABELS).filter(|(name, _)| *name != "CONTEXTS") {
        let label = expression.trim_start_matches(['*', 'b']).trim_matches('"');
        assert!(PROTOCOL.contains(&format!("\"{label}\"")), "{name}: {label}");
        labels += 1;
    }
    assert!(labels >= hallway::labels::CONTEXTS.len());
}

#[test]
fn every_message_has_its_number_in_the_table() {
    let (_, table) = PROTOCOL.split_once("## 6. Messages").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let written: BTreeSet<u64> = rows(table).filter_map(|cells| cells[0].parse().ok()).collect();
    let skipped = |message: &Message| *message == Message::Skipped;
    let numbers: BTreeSet<u64> = messages::examples()
        .iter()
        .filter(|message| !skipped(message))
        .map(|message| {
            let bytes = message.encode();
            let mut decoder = minicbor::Decoder::new(&bytes);
            decoder.array().unwrap();
            decoder.u64().unwrap()
        })
        .collect();
    assert_eq!(written, numbers);
}

#[test]
fn every_close_reason_has_its_code_in_the_table() {
    let (_, chapter) = PROTOCOL.split_once("| code | close reason |").unwrap();
    let (table, _) = chapter.split_once("\n\n").unwrap();
    let written: BTreeSet<u8> = rows(table).filter_map(|cells| cells[0].parse().ok()).collect();
    assert_eq!(written, CloseReason::ALL.into_iter().map(CloseReason::code).collect());
}

#[test]
fn every_reason_about_files_has_its_code_in_the_table() {
    let (_, chapter) = PROTOCOL.split_once("| code | why |").unwrap();
    let (table, _) = chapter.split_once("\n\n").unwrap();
    let written: Vec<u64> = rows(table).filter_map(|cells| cells[0].parse().ok()).collect();
    let code = |why: &Why| {
        let bytes = minicbor::to_vec(why).unwrap();
        minicbor::decode::<u64>(&bytes).unwrap()
    };
    assert_eq!(written, Why::ALL.iter().map(code).collect::<Vec<u64>>());
}

/// One end of each kind, and of each close reason.
fn ends() -> Vec<Ended> {
    let print = PublicIdentity([1; 32]).fingerprint();
    let mut ends: Vec<Ended> = CloseReason::ALL.into_iter().map(Ended::Closed).collect();
    ends.extend([
        Ended::Closed(CloseReason::Other),
        Ended::Lost(Lost::Broken),
        Ended::Lost(Lost::TooSlow),
        Ended::NotReached(ConnectError::Refused),
        Ended::WrongPassword,
        Ended::OtherIdentity { expected: print, found: print },
        Ended::PinBroken { pinned: print, found: print },
        Ended::Busy { wait_ms: 1 },
        Ended::NoResources,
        Ended::Fault(PeerFault::Silent),
        Ended::Fault(PeerFault::ForgedRecord),
    ]);
    ends
}

#[test]
fn every_word_for_an_end_is_documented_with_its_exit_code() {
    let written: BTreeSet<(String, String)> = rows(EVENTS)
        .filter(|cells| cells.len() == 3)
        .map(|cells| (cells[0].to_owned(), cells[2].to_owned()))
        .collect();
    for ended in ends() {
        let row = (format!("`{}`", ended.kind()), (ended.exit() as u8).to_string());
        assert!(written.contains(&row), "{row:?}");
    }
    for exit in [Exit::Done, Exit::Failed, Exit::Usage, Exit::NotLetIn, Exit::Lost, Exit::Protocol]
    {
        assert!(EVENTS.contains(&format!("\n| {} | ", exit as u8)), "{exit:?}");
    }
}

/// Every event in every form that a program gives it.
fn events() -> Vec<Event> {
    let member = MemberEvent::whole(&messages::member());
    let left = MemberEvent { addresses: vec![], address: None, ..member.clone() };
    let named = MemberEvent { state: None, fingerprint: None, ..left };
    let changed = MemberEvent { state: Some("in-chat"), ..named.clone() };
    let address: SocketAddr = "10.0.0.7:5460".parse().unwrap();
    let text = String::new;
    let interface = InterfaceEvent::default();
    let gone = NeighbourEvent::default();
    let heard = NeighbourEvent { interface: Some(text()), ..gone.clone() };
    let device = DeviceEvent {
        id: text(),
        types: vec![text()],
        location: Some(text()),
        server: Some(text()),
        name: None,
        address: address.ip(),
        interface: text(),
    };
    let named_device = DeviceEvent { name: Some(text()), ..device.clone() };
    let ours = NeighbourEvent {
        address: Some(address),
        addresses: vec![address],
        fingerprint: Some(text()),
        ..heard
    };
    let community = NeighbourEvent { reachable: Some(true), ..ours.clone() };
    let node = NeighbourEvent { state: Some("available"), ..ours };
    let twin = NeighbourEvent { reachable: Some(true), twin: true, ..node.clone() };
    vec![
        Event::Listening { address, fingerprint: text() },
        Event::Member(member.clone()),
        Event::Joined(member),
        Event::Joined(named.clone()),
        Event::Left(named),
        Event::Changed(changed),
        Event::Community { state: "joined", address: text() },
        Event::Notice { text: text() },
        Event::Call { peer: text(), address, fingerprint: text() },
        Event::Connected { peer: text(), address, path: "direct", fingerprint: text() },
        Event::Message { from: text(), text: text() },
        Event::Unsent { peer: text(), text: text() },
        Event::Closed { peer: text(), reason: "bye" },
        Event::Found(node),
        Event::Found(twin),
        Event::Found(community),
        Event::Device(device),
        Event::Device(named_device),
        Event::Gone(gone),
        Event::Interface(interface.clone()),
        Event::Interface(InterfaceEvent { why: Some(text()), ..interface }),
        Event::Peer { address: text(), result: "connected" },
        Event::Sandbox { state: "enforced" },
        Event::Diagnosis { cause: "well", text: text(), steps: vec![], firewall: vec![] },
        Event::Warning { kind: "twin", text: text() },
        Event::Error { kind: "failed", text: text() },
    ]
}

/// Those about files. Of a file, its size and hash may be unknown; a folder has no hash.
fn file_events() -> Vec<Event> {
    let some = || Some(String::new());
    let streamed = FileEvent::default();
    let sized = FileEvent { bytes: Some(1), ..streamed.clone() };
    let offer = |of: &FileEvent| FileEvent { free: Some(1), ..of.clone() };
    let progress = |of: &FileEvent| {
        let (done, state) = (Some(1), Some("moving"));
        Event::FileProgress(FileEvent { done, state, ..of.clone() })
    };
    let failed = |of: &FileEvent| {
        let (whose, reason) = (Some("here"), Some("disk"));
        Event::FileFailed(FileEvent { whose, reason, text: some(), ..of.clone() })
    };
    let had = FileEvent { had: true, ..sized.clone() };
    let sent = FileEvent { stored: some(), ..sized.clone() };
    let sent_file = FileEvent { hash: some(), ..sent.clone() };
    let done = [
        FileEvent { path: some(), ..had.clone() },
        FileEvent { path: some(), ..sent.clone() },
        FileEvent { path: some(), ..sent_file.clone() },
        had,
        sent,
        sent_file,
    ];
    let folder = ItemEvent {
        peer: some(),
        name: String::new(),
        kind: "folder",
        entries: 1,
        bytes: 1,
        modified: 1,
        hash: None,
    };
    let file = ItemEvent { hash: some(), ..folder.clone() };
    let ours = [&folder, &file].map(|item| ItemEvent { peer: None, ..item.clone() });
    let mut events = vec![
        Event::FileOffer(offer(&streamed)),
        Event::FileOffer(FileEvent { done: Some(1), ..offer(&sized) }),
        Event::FileOffer(offer(&sized)),
        Event::FileOffer(FileEvent { reason: Some("trouble"), text: some(), ..sized.clone() }),
    ];
    events.extend([&streamed, &sized].into_iter().flat_map(|of| [progress(of), failed(of)]));
    events.extend(done.map(Event::FileDone));
    events.extend([file, folder].into_iter().chain(ours).map(Event::File));
    events
}

/// The event's name and the names of its fields.
fn form(line: &str) -> (String, BTreeSet<String>) {
    let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let fields = value.as_object().unwrap();
    (fields["event"].as_str().unwrap().to_owned(), fields.keys().cloned().collect())
}

#[test]
fn every_event_has_an_example_with_just_its_fields() {
    let examples: BTreeSet<_> =
        EVENTS.lines().filter(|line| line.starts_with('{')).map(form).collect();
    let all = events().into_iter().chain(file_events());
    let real: BTreeSet<_> = all.map(|event| form(&event.line())).collect();
    assert_eq!(examples, real);

    let (_, body) = EVENT_SOURCE.split_once("pub enum Event {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let variants = body.lines().filter_map(|line| {
        let variant = line.strip_prefix("    ")?;
        let name = variant.split(|c: char| !c.is_alphabetic()).next()?;
        variant.starts_with(char::is_uppercase).then(|| name.to_lowercase())
    });
    let variants: BTreeSet<String> = variants.collect();
    let named: BTreeSet<String> = real.into_iter().map(|(name, _)| name).collect();
    let bare: BTreeSet<String> = named.iter().map(|name| name.replace('-', "")).collect();
    assert_eq!(variants, bare, "an event is missing in this test and in docs/EVENTS.md");
    for name in named {
        assert!(EVENTS.contains(&format!("\n### `{name}`\n")), "{name}");
    }
}

#[test]
fn every_test_that_the_threats_name_exists() {
    let all: String = sources::rust_files().into_iter().map(|(_, text)| text).collect();
    let table = |title| {
        let (_, table) = THREATS.split_once(title).unwrap();
        table.split("\n## ").next().unwrap()
    };
    let threats = rows(table("## Threat, defence, test"));
    let mut named = 0;
    for cells in threats
        .chain(rows(table("## Their defect, our test: files")))
        .filter(|cells| cells[2] != "test" && !cells[2].starts_with('-'))
    {
        for name in sources::code_spans(cells[2]) {
            assert!(all.contains(&format!("fn {name}(")), "{name}");
            named += 1;
        }
    }
    assert!(named > 30, "only {named} names found");
}

#[test]
fn every_file_that_a_document_names_exists() {
    let root = sources::root();
    for (path, text) in sources::documents() {
        let folder = path.parent().unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (target, _) in links.filter(|(target, _)| !target.contains("://")) {
            let file = target.split('#').next().unwrap();
            assert!(folder.join(file).exists(), "{} -> {target}", path.display());
        }
        let starts = ["src/", "docs/", "tests/", "client/", "node-server/", "community-server/"];
        for span in sources::code_spans(&text) {
            let is_path = starts.iter().any(|start| span.starts_with(start))
                && !span.contains([' ', '*', '{', '…']);
            assert!(!is_path || root.join(span).exists(), "{} names {span}", path.display());
        }
    }
}

#[test]
fn the_project_stands_alone() {
    let outside = ["..", "/shared"].concat();
    for (path, text) in sources::documents().into_iter().chain(sources::rust_files()) {
        assert!(!text.contains(&outside), "{} refers outside", path.display());
    }
}

#[test]
fn the_map_of_the_architecture_names_every_file() {
    let map = std::fs::read_to_string(sources::root().join("docs/ARCHITECTURE.md")).unwrap();
    for (path, _) in sources::rust_files() {
        let path = path.strip_prefix(sources::root()).unwrap().to_str().unwrap().to_owned();
        let Some((folder, file)) = path.split_once("src/") else { continue };
        let is_small = ["main.rs", "lib.rs", "mod.rs"].iter().any(|name| file.ends_with(name));
        let is_test = file.ends_with("tests.rs") || file.contains("/tests/");
        let under_one_row = file.starts_with("shell/terminal/") || file.starts_with("shell/disk/");
        if is_small || is_test || under_one_row {
            continue;
        }
        let name = file.trim_start_matches("shell/");
        assert!(map.contains(&format!("`{name}`")), "{folder}src/{file}");
    }
}
