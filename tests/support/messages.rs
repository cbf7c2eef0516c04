//! Examples of every message, shared by the tests inside and outside of the library.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hallway::handshake::auth::{Auth, Instance};
use hallway::identity::PublicIdentity;
use hallway::limits;
use hallway::message::files::{
    Chunk, Entry, Files, From, Get, Have, Item, Kind, List, Listing, NotThere, Offer, Refuse, Sent,
    Skipped, Stored, Take, Wanted, Why, Withdraw,
};
use hallway::message::{Addresses, Change, Join, Member, Message, Page, Say, State};
use hallway::text::{EntryPath, FileName, Line, Name};
use hallway::tree::{ChunkHash, FileHash};

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

/// The longest name of a file there is.
pub(crate) fn longest_file_name() -> FileName {
    let name = FileName::of(&"\u{4e00}".repeat(limits::FILE_NAME_BYTES_MAX / 3));
    assert_eq!(name.as_str().len(), limits::FILE_NAME_BYTES_MAX);
    name
}

/// The longest path there is: each name has 127 bytes, and one more divides it from the next.
pub(crate) fn longest_path() -> EntryPath {
    let name = "n".repeat(127);
    EntryPath::of(vec![name.as_str(); limits::PATH_BYTES_MAX / 128]).unwrap()
}

/// Something shared that takes as many bytes as anything can.
pub(crate) fn longest_item() -> Item {
    Item {
        name: longest_file_name(),
        kind: Kind::Folder,
        entries: u64::MAX,
        bytes: u64::MAX,
        modified: i64::MIN,
        hash: Some(FileHash([0xff; 32])),
    }
}

/// What is said of a transfer, by both ends.
fn examples_of_transfers() -> Vec<Files> {
    let hash = FileHash([1; 32]);
    let have = Have { entries: u64::MAX, chunks: u64::MAX, digest: hash };
    let notes = FileName::of("notes.txt");
    let least = Offer {
        number: 1,
        name: notes.clone(),
        kind: Kind::File,
        entries: 1,
        bytes: None,
        hash: None,
        request: None,
        again: false,
    };
    let most = Offer {
        number: u64::MAX,
        name: longest_file_name(),
        kind: Kind::Folder,
        entries: u64::MAX,
        bytes: Some(u64::MAX),
        hash: Some(hash),
        request: Some(u64::MAX),
        again: true,
    };
    let mut all = vec![
        Files::Offer(least),
        Files::Offer(most),
        Files::Take(Take { number: 1, have: None }),
        Files::Take(Take { number: u64::MAX, have: Some(have) }),
        Files::Got(0),
        Files::Got(u64::MAX),
        Files::Stored(Stored { number: 1, name: notes, hash: None }),
        Files::Stored(Stored { number: u64::MAX, name: longest_file_name(), hash: Some(hash) }),
        Files::Withdraw(Withdraw { number: u64::MAX, why: Why::Changed }),
    ];
    let reasons = Why::ALL.into_iter().chain([Why::Other]);
    all.extend(reasons.map(|why| Files::Refuse(Refuse { number: 1, why })));
    all
}

fn examples_of_a_stream() -> Vec<Files> {
    let folder = Entry {
        number: 1,
        path: EntryPath::of(["photos", "sea.jpg"]).unwrap(),
        kind: Kind::Folder,
        bytes: None,
        modified: -1,
        executable: false,
    };
    let file = Entry {
        number: u64::MAX,
        path: longest_path(),
        kind: Kind::File,
        bytes: Some(u64::MAX),
        modified: i64::MIN,
        executable: true,
    };
    vec![
        Files::From(From { number: 1, entries: 0, chunks: 0 }),
        Files::From(From { number: u64::MAX, entries: u64::MAX, chunks: u64::MAX }),
        Files::Entry(folder),
        Files::Entry(file),
        Files::Chunk(Chunk { number: 1, hash: ChunkHash([2; 32]), last: false }),
        Files::Chunk(Chunk { number: u64::MAX, hash: ChunkHash([0xff; 32]), last: true }),
        Files::Skipped(Skipped { number: u64::MAX, path: longest_path(), why: Why::NotAFile }),
        Files::Sent(Sent { number: 1, entries: 0, bytes: 0 }),
        Files::Sent(Sent { number: u64::MAX, entries: u64::MAX, bytes: u64::MAX }),
    ]
}

fn examples_of_sharing() -> Vec<Files> {
    let item = Item { kind: Kind::File, modified: i64::MAX, hash: None, ..longest_item() };
    let items = vec![item, longest_item()];
    let get = |what| Files::Get(Get { request: 1, what });
    vec![
        Files::List(List { request: 1, after: None }),
        Files::List(List { request: u64::MAX, after: Some(longest_file_name()) }),
        Files::Listing(Listing { request: 1, items: Vec::new(), last: true }),
        Files::Listing(Listing { request: u64::MAX, items, last: false }),
        get(Wanted::Name(FileName::of("notes.txt"))),
        get(Wanted::Name(longest_file_name())),
        get(Wanted::Hash(FileHash([1; 32]))),
        Files::NotThere(NotThere { request: u64::MAX, why: Why::Gone }),
    ]
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
    let mut all = vec![
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
    ];
    let about_files = [examples_of_transfers(), examples_of_a_stream(), examples_of_sharing()];
    all.extend(about_files.concat().into_iter().map(Message::Files));
    all
}
