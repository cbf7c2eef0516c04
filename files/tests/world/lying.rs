//! Peers that send something else than they may, or than they said.

use files::disk::Target;
use files::news::{Command, FilePolicy, LinkId, News};
use files::transfers::Setup;
use hallway::limits::{
    CHUNK_BYTES, ENTRIES_MAX, FILE_BACKLOG_BYTES, FILE_RECORD_BYTES, FILE_WINDOW_MAX,
    LEFT_OUT_TOLD, OFFERS_MAX, TRANSFERS_MAX, WITHDRAWN_AGE,
};
use hallway::message::files::{
    Chunk, Entry, Files, From, Get, Have, Item, Kind, List, Listing, NotThere, Offer, Refuse, Sent,
    Skipped, Stored, Take, Wanted, Why, Withdraw,
};
use hallway::reason::PeerFault;
use hallway::text::{EntryPath, FileName};
use hallway::tree::{ChunkHash, FileHash};
use proptest::prelude::*;

use crate::disk::{self, Thing};
use crate::world::{World, all, path, source};

const BORIS: usize = 0;
const FAULT: Result<(), PeerFault> = Err(PeerFault::UnexpectedMessage);

fn offer(number: u64, kind: Kind, entries: u64, bytes: Option<u64>) -> Offer {
    let name = FileName::of("thing");
    Offer { number, name, kind, entries, bytes, hash: None, request: None, again: false }
}

fn entry(path: &str, kind: Kind, bytes: Option<u64>) -> Files {
    Files::Entry(Entry { number: 1, ..disk::entry(path, kind, bytes) })
}

fn chunk(bytes: &[u8], last: bool) -> Files {
    Files::Chunk(Chunk { number: 1, hash: ChunkHash::of(0, bytes, last), last })
}

fn from(entries: u64, chunks: u64) -> Files {
    Files::From(From { number: 1, entries, chunks })
}

fn sent(entries: u64, bytes: u64) -> Files {
    Files::Sent(Sent { number: 1, entries, bytes })
}

fn refused(why: Why) -> Files {
    Files::Refuse(Refuse { number: 1, why })
}

/// Boris alone, and the connection with the stranger.
fn boris(setup: Setup) -> (World, LinkId) {
    let mut world = World::default();
    world.join("boris", setup);
    let link = world.stranger(BORIS);
    (world, link)
}

/// Boris, who has taken a folder of three entries and so many bytes, to the first of its stream.
fn taking(kind: Kind, entries: u64, bytes: Option<u64>) -> (World, LinkId) {
    let (mut world, link) = boris(all());
    world.say(link, Files::Offer(offer(1, kind, entries, bytes))).unwrap();
    assert_eq!(world.heard(link), [Files::Take(Take { number: 1, have: None })]);
    world.say(link, from(0, 0)).unwrap();
    (world, link)
}

/// Sends bytes in records, and lets the other end acknowledge.
fn send(world: &mut World, link: LinkId, bytes: &[u8]) -> Result<(), PeerFault> {
    for record in bytes.chunks(FILE_RECORD_BYTES) {
        world.bulk(link, 1, record)?;
        world.tick(BORIS);
    }
    Ok(())
}

/// What Boris said, but for how much he got.
fn answers(world: &mut World, link: LinkId) -> Vec<Files> {
    let heard = world.heard(link).into_iter();
    heard.filter(|message| !matches!(message, Files::Got(_))).collect()
}

#[test]
fn numbers_come_in_order() {
    for numbers in [&[2][..], &[0], &[1, 1], &[1, 3]] {
        let (mut world, link) = boris(all());
        let offers = numbers.iter().map(|number| offer(*number, Kind::File, 1, None));
        let said: Vec<_> = offers.map(|offer| world.say(link, Files::Offer(offer))).collect();
        assert_eq!(said.last(), Some(&FAULT), "{numbers:?}");
    }
}

#[test]
fn an_offer_beyond_all_bounds_is_refused() {
    let mut limited = all();
    limited.bytes_max = Some(1_000);
    let none = Setup { policy: FilePolicy::None, bytes_max: None };
    for (setup, offer, why) in [
        (none, offer(1, Kind::File, 1, Some(1)), Why::Policy),
        (limited, offer(1, Kind::File, 1, Some(1_001)), Why::TooLarge),
        (all(), offer(1, Kind::File, 1, Some(1 << 50)), Why::NoRoom),
        (all(), offer(1, Kind::Folder, ENTRIES_MAX + 1, None), Why::TooDeep),
    ] {
        let (mut world, link) = boris(setup);
        world.say(link, Files::Offer(offer)).unwrap();
        assert_eq!(world.heard(link), [refused(why)]);
        assert!(world.hosts[BORIS].transfers.list().next().is_none());
    }
    let (mut world, link) = boris(all());
    assert_eq!(world.say(link, Files::Offer(offer(1, Kind::File, 2, None))), FAULT);
}

#[test]
fn nobody_is_asked_for_more_than_a_person_can_answer() {
    let (mut world, link) = boris(crate::world::ask());
    for number in 1..=OFFERS_MAX as u64 {
        world.say(link, Files::Offer(offer(number, Kind::File, 1, Some(number)))).unwrap();
    }
    assert!(world.heard(link).is_empty());
    let number = OFFERS_MAX as u64 + 1;
    world.say(link, Files::Offer(offer(number, Kind::File, 1, Some(number)))).unwrap();
    assert_eq!(world.heard(link), [Files::Refuse(Refuse { number, why: Why::TooMany })]);
}

fn withdraw(number: u64) -> Files {
    Files::Withdraw(Withdraw { number, why: Why::Stopped })
}

#[test]
fn who_offers_and_withdraws_gives_the_disk_no_more_to_do_than_who_offers() {
    let most = OFFERS_MAX as u64;
    for hash in [None, Some(FileHash([1; 32]))] {
        let (mut world, link) = boris(all());
        world.hosts[BORIS].is_frozen = true;
        for number in 1..=most + 1 {
            let offer = Offer { hash, ..offer(number, Kind::File, 1, Some(number)) };
            world.say(link, Files::Offer(offer)).unwrap();
            world.say(link, withdraw(number)).unwrap();
        }
        let refusal = Files::Refuse(Refuse { number: most + 1, why: Why::TooMany });
        assert_eq!(world.heard(link), [refusal]);
        assert!(world.hosts[BORIS].transfers.list().next().is_none(), "nobody here sees them");
        // Once the disk has answered, others have their turn.
        world.hosts[BORIS].is_frozen = false;
        world.settle(&mut crate::world::Chance(1));
        world.say(link, Files::Offer(offer(most + 2, Kind::File, 1, Some(1)))).unwrap();
        assert_eq!(world.heard(link), [Files::Take(Take { number: most + 2, have: None })]);
    }
}

#[test]
fn who_offers_and_hangs_up_gives_the_disk_no_more_to_do_than_a_node_may_have() {
    let (mut world, _) = boris(all());
    world.hosts[BORIS].is_frozen = true;
    let mut last = Vec::new();
    for _ in 0..=TRANSFERS_MAX {
        let link = world.stranger(BORIS);
        world.say(link, Files::Offer(offer(1, Kind::File, 1, Some(1)))).unwrap();
        last = world.heard(link);
        world.close(BORIS, link);
    }
    assert_eq!(last, [refused(Why::TooMany)]);
}

#[test]
fn a_person_is_not_asked_all_the_time_about_what_is_withdrawn() {
    let (mut world, link) = boris(crate::world::ask());
    let most = OFFERS_MAX as u64;
    for number in 1..=most + 1 {
        world.say(link, Files::Offer(offer(number, Kind::File, 1, Some(1)))).unwrap();
        world.say(link, withdraw(number)).unwrap();
    }
    let asked = |world: &World| world.told(BORIS).iter().filter(|word| *word == "Offered").count();
    assert_eq!(asked(&world), OFFERS_MAX);
    world.now = world.now + WITHDRAWN_AGE;
    world.say(link, Files::Offer(offer(most + 2, Kind::File, 1, Some(1)))).unwrap();
    assert_eq!(asked(&world), OFFERS_MAX + 1);
}

#[test]
fn a_stream_begins_where_it_may() {
    for (entries, chunks) in [(0, 1), (1, 0), (2, 2)] {
        let (mut world, link) = boris(all());
        world.say(link, Files::Offer(offer(1, Kind::Folder, 3, None))).unwrap();
        assert_eq!(world.say(link, from(entries, chunks)), FAULT);
    }
    // Nor twice, nor without having been taken.
    let (mut world, link) = taking(Kind::Folder, 3, None);
    assert_eq!(world.say(link, from(0, 0)), FAULT);
    let (mut world, link) = boris(crate::world::ask());
    world.say(link, Files::Offer(offer(1, Kind::Folder, 3, None))).unwrap();
    assert_eq!(world.say(link, from(0, 0)), FAULT);
}

#[test]
fn what_makes_no_sense_is_a_fault() {
    let file = || entry("thing", Kind::File, Some(10));
    let path = EntryPath::of(["x"]).unwrap();
    let skipped = || Files::Skipped(Skipped { number: 1, path: path.clone(), why: Why::Gone });
    let cases: [(&str, Kind, Vec<Files>); 8] = [
        ("a second entry in a file", Kind::Folder, vec![file(), file()]),
        ("a folder in a single file", Kind::File, vec![entry("thing", Kind::Folder, None)]),
        ("a chunk without a file", Kind::Folder, vec![chunk(b"", true)]),
        ("a short chunk", Kind::Folder, vec![file(), chunk(b"x", false)]),
        ("a skipped entry in a file", Kind::Folder, vec![file(), skipped()]),
        ("a skipped entry of a file", Kind::File, vec![skipped()]),
        ("an end in a file", Kind::Folder, vec![file(), sent(1, 10)]),
        (
            "another transfer",
            Kind::File,
            vec![Files::Sent(Sent { number: 2, entries: 0, bytes: 0 })],
        ),
    ];
    for (what, kind, mut messages) in cases {
        let entries = if kind == Kind::File { 1 } else { 3 };
        let (mut world, link) = taking(kind, entries, Some(30));
        let last = messages.pop().unwrap();
        for message in messages {
            assert_eq!(world.say(link, message), Ok(()), "{what}");
        }
        assert_eq!(world.say(link, last), FAULT, "{what}");
    }
}

#[test]
fn of_many_that_are_left_out_a_few_are_named_and_the_others_counted() {
    let (mut world, link) = taking(Kind::Folder, 3, Some(30));
    let path = EntryPath::of(["x"]).unwrap();
    for _ in 0..LEFT_OUT_TOLD + 2 {
        let skipped = Skipped { number: 1, path: path.clone(), why: Why::Gone };
        world.say(link, Files::Skipped(skipped)).unwrap();
    }
    world.say(link, sent(0, 0)).unwrap();
    let news = &world.hosts[BORIS].news;
    let named = news.iter().filter(|news| matches!(news, News::Skipped(..))).count();
    assert_eq!(named as u64, LEFT_OUT_TOLD);
    let more: Vec<_> = news.iter().filter(|news| matches!(news, News::SkippedMore(_, 2))).collect();
    assert_eq!(more.len(), 1);
    assert!(world.is_done(BORIS));
}

#[test]
fn bytes_in_the_wrong_place_are_a_fault() {
    let (mut world, link) = taking(Kind::Folder, 3, None);
    assert_eq!(world.bulk(link, 1, b"no file"), FAULT);
    let (mut world, link) = taking(Kind::Folder, 3, None);
    world.say(link, entry("a", Kind::File, None)).unwrap();
    assert_eq!(world.bulk(link, 1, &[]), FAULT);
    assert_eq!(world.bulk(link, 2, b"never offered"), FAULT);
    assert_eq!(world.bulk(link, 1, &vec![0; FILE_RECORD_BYTES + 1]), FAULT);
    assert_eq!(send(&mut world, link, &vec![0; CHUNK_BYTES]), Ok(()));
    assert_eq!(world.bulk(link, 1, b"more than a chunk"), FAULT);
}

/// What comes, bytes in its midst, and why it is refused.
type Case = (&'static str, Vec<Files>, &'static [u8], Vec<Files>, Why);

#[test]
fn what_is_not_what_was_offered_is_refused_and_no_good_part_is_thrown_away() {
    let folder = |name| entry(name, Kind::Folder, None);
    let cases: [Case; 6] = [
        (
            "more entries",
            vec![folder("a"), folder("b"), folder("c")],
            b"",
            vec![folder("d")],
            Why::Changed,
        ),
        ("a larger file", vec![], b"", vec![entry("a", Kind::File, Some(31))], Why::Changed),
        ("a longer file", vec![entry("a", Kind::File, Some(3))], b"abcd", vec![], Why::Changed),
        (
            "a shorter file",
            vec![entry("a", Kind::File, Some(3))],
            b"ab",
            vec![chunk(b"ab", true)],
            Why::Changed,
        ),
        ("more bytes", vec![entry("a", Kind::File, None)], &[7; 31], vec![], Why::Changed),
        ("another count", vec![folder("a")], b"", vec![sent(2, 0)], Why::Damaged),
    ];
    for (what, before, bytes, after, why) in cases {
        let (mut world, link) = taking(Kind::Folder, 3, Some(30));
        for message in before {
            assert_eq!(world.say(link, message), Ok(()), "{what}");
        }
        if !bytes.is_empty() {
            assert_eq!(world.bulk(link, 1, bytes), Ok(()), "{what}");
        }
        for message in after {
            assert_eq!(world.say(link, message), Ok(()), "{what}");
        }
        world.settle(&mut crate::world::Chance(1));
        assert_eq!(answers(&mut world, link), [refused(why)], "{what}");
        assert_eq!(world.told(BORIS), ["Begun".to_owned(), format!("Failed Here({why:?})")]);
        // What came of a source before it changed is good.
        let parts = usize::from(why == Why::Changed);
        assert_eq!(world.hosts[BORIS].disk.parts.len(), parts, "{what}");
        assert!(world.hosts[BORIS].disk.is_at_rest(), "{what}");
    }
}

#[test]
fn more_than_the_limit_is_stopped_when_no_size_was_said() {
    let mut setup = all();
    setup.bytes_max = Some(100_000);
    let (mut world, link) = boris(setup);
    world.say(link, Files::Offer(offer(1, Kind::File, 1, None))).unwrap();
    world.say(link, from(0, 0)).unwrap();
    world.say(link, entry("thing", Kind::File, None)).unwrap();
    send(&mut world, link, &vec![7; 100_001]).unwrap();
    assert!(answers(&mut world, link).contains(&refused(Why::TooLarge)));
}

#[test]
fn a_chunk_that_is_not_its_hash_is_refused_and_not_written() {
    let (mut world, link) = taking(Kind::File, 1, Some(3));
    world.say(link, entry("thing", Kind::File, Some(3))).unwrap();
    world.bulk(link, 1, b"abc").unwrap();
    world.say(link, chunk(b"xyz", true)).unwrap();
    assert_eq!(answers(&mut world, link), [refused(Why::Damaged)]);
    assert_eq!(world.told(BORIS), ["Begun", "Failed Here(Damaged)"]);
    assert_eq!(world.hosts[BORIS].disk.written, 0);
}

#[test]
fn a_file_that_is_not_the_promised_one_does_not_get_its_place() {
    let (mut world, link) = boris(all());
    let hash = Some(FileHash([7; 32]));
    world.say(link, Files::Offer(Offer { hash, ..offer(1, Kind::File, 1, Some(3)) })).unwrap();
    for message in [from(0, 0), entry("thing", Kind::File, Some(3))] {
        world.say(link, message).unwrap();
    }
    world.bulk(link, 1, b"abc").unwrap();
    world.say(link, chunk(b"abc", true)).unwrap();
    world.say(link, sent(1, 3)).unwrap();
    assert!(answers(&mut world, link).contains(&refused(Why::Damaged)));
    assert!(world.hosts[BORIS].disk.downloads.is_empty());
}

#[test]
fn what_cannot_be_put_in_its_place_is_let_go_of_without_a_connection_too() {
    let (mut world, link) = boris(all());
    let hash = Some(FileHash([7; 32]));
    world.say(link, Files::Offer(Offer { hash, ..offer(1, Kind::File, 1, Some(3)) })).unwrap();
    for message in [from(0, 0), entry("thing", Kind::File, Some(3))] {
        world.say(link, message).unwrap();
    }
    world.bulk(link, 1, b"abc").unwrap();
    world.say(link, chunk(b"abc", true)).unwrap();
    world.hosts[BORIS].is_frozen = true;
    world.say(link, sent(1, 3)).unwrap();
    world.close(BORIS, link);
    world.hosts[BORIS].is_frozen = false;
    world.settle(&mut crate::world::Chance(1));
    assert_eq!(world.told(BORIS), ["Begun", "Failed Here(Damaged)"]);
    assert!(world.hosts[BORIS].disk.is_at_rest());
}

#[test]
fn an_offer_of_what_was_stopped_makes_room_for_the_next_question() {
    let (mut world, link) = boris(all());
    let wanted = Wanted::Name(FileName::of("thing"));
    world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
    let answer = Offer { request: Some(1), ..offer(1, Kind::File, 1, Some(3)) };
    world.say(link, Files::Offer(answer.clone())).unwrap();
    world.close(BORIS, link);
    let link = world.stranger(BORIS);
    let id = world.only(BORIS);
    world.command(BORIS, Command::Cancel(id));
    for _ in 0..OFFERS_MAX {
        world.command(BORIS, Command::List(link));
    }
    assert_eq!(world.heard(link).len(), OFFERS_MAX);
    world.say(link, Files::Offer(answer)).unwrap();
    let request = OFFERS_MAX as u64 + 1;
    let next = Files::List(List { request, after: None });
    assert_eq!(world.heard(link), [refused(Why::Stopped), next]);
}

#[test]
fn what_comes_after_a_refusal_is_thrown_away_until_its_end() {
    let (mut world, link) = taking(Kind::File, 1, Some(3 * CHUNK_BYTES as u64));
    world.say(link, entry("thing", Kind::File, Some(3 * CHUNK_BYTES as u64))).unwrap();
    let id = world.only(BORIS);
    world.command(BORIS, Command::Cancel(id));
    // The stranger has not heard it yet. All of it is counted, so that the window opens again.
    assert_eq!(send(&mut world, link, &vec![1; CHUNK_BYTES]), Ok(()));
    assert_eq!(world.say(link, chunk(&vec![1; CHUNK_BYTES], false)), Ok(()));
    let heard = world.heard(link);
    assert!(heard.contains(&refused(Why::Stopped)));
    assert_eq!(heard.last(), Some(&Files::Got(CHUNK_BYTES as u64 + 512)));
    assert_eq!(world.say(link, Files::Withdraw(Withdraw { number: 1, why: Why::Stopped })), Ok(()));
    assert_eq!(world.bulk(link, 1, b"more"), FAULT);
}

#[test]
fn more_under_way_than_the_window_is_a_fault() {
    let (mut world, link) = taking(Kind::Folder, 3, None);
    world.hosts[BORIS].is_frozen = true;
    world.say(link, entry("endless", Kind::File, None)).unwrap();
    let record = vec![0; FILE_RECORD_BYTES];
    let records = CHUNK_BYTES / FILE_RECORD_BYTES;
    let results = (1_usize..=2 * 4 * records).map(|count| {
        let result = world.bulk(link, 1, &record);
        if count % records != 0 { result } else { result.and(world.say(link, full_chunk())) }
    });
    // The disk stands still: what it has not written is not acknowledged, but for its backlog.
    let fine = results.take_while(Result::is_ok).count();
    let bytes = (fine * FILE_RECORD_BYTES) as u64;
    let most = FILE_WINDOW_MAX + (FILE_BACKLOG_BYTES + CHUNK_BYTES) as u64;
    assert!((FILE_WINDOW_MAX..=most).contains(&bytes), "{bytes}");
}

fn full_chunk() -> Files {
    chunk(&vec![0; CHUNK_BYTES], false)
}

#[test]
fn a_receiver_that_makes_no_sense_is_a_fault() {
    let take = |number, have| Files::Take(Take { number, have });
    let beyond = Have { entries: 2, chunks: 0, digest: FileHash([0; 32]) };
    let name = FileName::of("thing");
    let stored = Files::Stored(Stored { number: 1, name, hash: None });
    let first = take(1, None);
    for (what, messages) in [
        ("a transfer that was not offered", vec![take(2, None)]),
        ("no number", vec![take(0, None)]),
        ("taken twice", vec![first.clone(), first.clone()]),
        ("more than there is", vec![take(1, Some(beyond))]),
        ("stored before it was sent", vec![first.clone(), stored]),
        ("acknowledged more than was sent", vec![first, Files::Got(1 << 40)]),
        ("refused another", vec![Files::Refuse(Refuse { number: 9, why: Why::Denied })]),
    ] {
        let (mut world, link) = boris(all());
        let thing = Thing::file("thing", vec![1; 3 * CHUNK_BYTES]);
        world.hosts[BORIS].disk.sources.insert(path("thing"), thing);
        world.command(BORIS, Command::Send(link, source("thing")));
        world.settle(&mut crate::world::Chance(1));
        let results: Vec<_> =
            messages.into_iter().map(|message| world.say(link, message)).collect();
        let (last, before) = results.split_last().unwrap();
        assert_eq!(*last, FAULT, "{what}");
        assert!(before.iter().all(Result::is_ok), "{what}");
    }
}

#[test]
fn a_receiver_that_says_it_has_other_bytes_gets_all_of_them() {
    let (mut world, link) = boris(all());
    let thing = Thing::file("thing", vec![1; 3 * CHUNK_BYTES]);
    world.hosts[BORIS].disk.sources.insert(path("thing"), thing);
    world.command(BORIS, Command::Send(link, source("thing")));
    world.settle(&mut crate::world::Chance(1));
    world.heard(link);
    let have = Some(Have { entries: 0, chunks: 2, digest: FileHash([0; 32]) });
    world.say(link, Files::Take(Take { number: 1, have })).unwrap();
    assert_eq!(world.heard(link)[0], from(0, 0));
}

#[test]
fn answers_to_nothing_and_false_answers_are_faults() {
    let item = |name: &str| Item {
        name: FileName::of(name),
        kind: Kind::File,
        entries: 1,
        bytes: 1,
        modified: 0,
        hash: None,
    };
    let page = |request, items, last| Files::Listing(Listing { request, items, last });
    let listed = Command::List;
    for (what, message) in [
        ("a page of another question", page(2, vec![], true)),
        ("a page without end or contents", page(1, vec![], false)),
        ("a page out of order", page(1, vec![item("b"), item("a")], true)),
        ("nothing of another", Files::NotThere(NotThere { request: 2, why: Why::Gone })),
        (
            "an offer for a list",
            Files::Offer(Offer { request: Some(1), ..offer(1, Kind::File, 1, None) }),
        ),
    ] {
        let (mut world, link) = boris(all());
        world.command(BORIS, listed(link));
        assert_eq!(world.say(link, message), FAULT, "{what}");
    }
    let wanted = [Wanted::Name(FileName::of("other")), Wanted::Hash(FileHash([1; 32]))];
    for what in wanted {
        let (mut world, link) = boris(all());
        world.command(BORIS, Command::Get(link, what, Target::Downloads));
        let offer = Offer { request: Some(1), ..offer(1, Kind::File, 1, None) };
        assert_eq!(world.say(link, Files::Offer(offer)), FAULT);
    }
    let (mut world, link) = boris(all());
    assert_eq!(world.say(link, Files::List(List { request: 2, after: None })), FAULT);
    let get = Get { request: 0, what: Wanted::Name(FileName::of("x")) };
    assert_eq!(world.say(link, Files::Get(get)), FAULT);
}

/// Anything a peer could say, from few numbers, so that much of it fits together.
fn some_message() -> impl Strategy<Value = Files> {
    let number = 0_u64..4;
    let count = prop_oneof![Just(0_u64), Just(1), Just(2), Just(u64::MAX)];
    let size = prop_oneof![Just(None), count.clone().prop_map(Some)];
    let kind = prop_oneof![Just(Kind::File), Just(Kind::Folder)];
    let hash = prop_oneof![Just(None), Just(Some(FileHash([1; 32])))];
    let have = prop_oneof![
        Just(None),
        (count.clone(), count.clone()).prop_map(|(entries, chunks)| {
            Some(Have { entries, chunks, digest: FileHash([0; 32]) })
        }),
    ];
    let name = || FileName::of("thing");
    let request = prop_oneof![Just(None), (0_u64..3).prop_map(Some)];
    prop_oneof![
        4 => (number.clone(), kind.clone(), count.clone(), size.clone(), hash, request).prop_map(
            |(number, kind, entries, bytes, hash, request)| {
                Files::Offer(Offer { hash, request, ..offer(number, kind, entries, bytes) })
            }
        ),
        3 => (number.clone(), have)
            .prop_map(|(number, have)| Files::Take(Take { number, have })),
        3 => (number.clone(), count.clone(), count.clone())
            .prop_map(|(number, entries, chunks)| Files::From(From { number, entries, chunks })),
        3 => (number.clone(), kind, size).prop_map(|(number, kind, bytes)| {
            Files::Entry(Entry { number, ..disk::entry("a", kind, bytes) })
        }),
        3 => (number.clone(), any::<bool>()).prop_map(|(number, last)| {
            Files::Chunk(Chunk { number, hash: ChunkHash::of(0, b"a", true), last })
        }),
        2 => (number.clone(), count.clone(), count.clone())
            .prop_map(|(number, entries, bytes)| Files::Sent(Sent { number, entries, bytes })),
        1 => number.clone().prop_map(|number| {
            Files::Stored(Stored { number, name: FileName::of("x"), hash: None })
        }),
        1 => number.clone().prop_map(|number| Files::Refuse(Refuse { number, why: Why::Have })),
        1 => number.clone().prop_map(|number| {
            Files::Withdraw(Withdraw { number, why: Why::Stopped })
        }),
        1 => count.prop_map(Files::Got),
        1 => number.clone().prop_map(|request| Files::List(List { request, after: None })),
        1 => number.clone().prop_map(move |request| {
            Files::Get(Get { request, what: Wanted::Name(name()) })
        }),
        1 => number.clone().prop_map(|request| {
            Files::Listing(Listing { request, items: Vec::new(), last: true })
        }),
        1 => number.prop_map(|request| Files::NotThere(NotThere { request, why: Why::Gone })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_a_peer_says_costs_it_no_more_than_the_connection(
        connections in proptest::collection::vec(
            proptest::collection::vec((some_message(), any::<bool>()), 1..12), 1..6),
    ) {
        let mut world = World::default();
        world.join("boris", all());
        let thing = Thing::file("thing", vec![1; CHUNK_BYTES + 5]);
        world.hosts[BORIS].disk.sources.insert(path("thing"), thing.clone());
        world.command(BORIS, Command::Share(path("thing")));
        for messages in connections {
            let link = world.stranger(BORIS);
            world.command(BORIS, Command::Send(link, source("thing")));
            let wanted = Wanted::Name(FileName::of("thing"));
            world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
            for (message, has_bytes) in messages {
                let result = world.say(link, message);
                if result.is_err() || (has_bytes && world.bulk(link, 1, b"a").is_err()) {
                    break;
                }
                world.tick(BORIS);
            }
            world.close(BORIS, link);
            world.settle(&mut crate::world::Chance(1));
            // Nothing stays open, and what it did not get wrong goes on with the next.
            prop_assert!(world.hosts[BORIS].disk.is_at_rest());
            prop_assert!(world.hosts[BORIS].transfers.is_idle(link));
        }
        let honest = world.join("anna", all());
        let link = world.connect(BORIS, honest);
        world.command(BORIS, Command::Send(link, source("thing")));
        world.settle(&mut crate::world::Chance(1));
        prop_assert_eq!(world.received(honest, "thing"), Some(&thing));
    }
}
