//! Streams that are not what was offered.

use files::news::{Command, LinkId, News};
use hallway::limits::{
    CHUNK_BYTES, FILE_BACKLOG_BYTES, FILE_RECORD_BYTES, FILE_WINDOW_MAX, LEFT_OUT_TOLD,
};
use hallway::message::files::{Files, Kind, Offer, Sent, Skipped, Why, Withdraw};
use hallway::text::EntryPath;
use hallway::tree::FileHash;

use super::{BORIS, FAULT, answers, boris, chunk, entry, from, offer, refused, send, sent, taking};
use crate::world::{World, all};

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

/// All of a file of three bytes has come, but for `sent`, and it is not what was promised.
fn another_than_promised() -> (World, LinkId) {
    let (mut world, link) = boris(all());
    let hash = Some(FileHash([7; 32]));
    world.say(link, Files::Offer(Offer { hash, ..offer(1, Kind::File, 1, Some(3)) })).unwrap();
    for message in [from(0, 0), entry("thing", Kind::File, Some(3))] {
        world.say(link, message).unwrap();
    }
    world.bulk(link, 1, b"abc").unwrap();
    world.say(link, chunk(b"abc", true)).unwrap();
    (world, link)
}

#[test]
fn a_file_that_is_not_the_promised_one_does_not_get_its_place() {
    let (mut world, link) = another_than_promised();
    world.say(link, sent(1, 3)).unwrap();
    assert!(answers(&mut world, link).contains(&refused(Why::Damaged)));
    assert!(world.hosts[BORIS].disk.downloads.is_empty());
}

#[test]
fn what_cannot_be_put_in_its_place_is_let_go_of_without_a_connection_too() {
    let (mut world, link) = another_than_promised();
    world.hosts[BORIS].is_frozen = true;
    world.say(link, sent(1, 3)).unwrap();
    world.close(BORIS, link);
    world.hosts[BORIS].is_frozen = false;
    world.settle(&mut crate::world::Chance(1));
    assert_eq!(world.told(BORIS), ["Begun", "Failed Here(Damaged)"]);
    assert!(world.hosts[BORIS].disk.is_at_rest());
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
        let whole = chunk(&vec![0; CHUNK_BYTES], false);
        if count % records != 0 { result } else { result.and(world.say(link, whole)) }
    });
    // The disk stands still: what it has not written is not acknowledged, but for its backlog.
    let fine = results.take_while(Result::is_ok).count();
    let bytes = (fine * FILE_RECORD_BYTES) as u64;
    let most = FILE_WINDOW_MAX + (FILE_BACKLOG_BYTES + CHUNK_BYTES) as u64;
    assert!((FILE_WINDOW_MAX..=most).contains(&bytes), "{bytes}");
}
