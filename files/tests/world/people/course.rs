//! What becomes of a transfer on its way: stopped, stalled, one of many, and how that is told.

use files::disk::Target;
use files::news::{Command, Failure, News, Stage};
use hallway::limits::{CHUNK_BYTES, OFFERS_MAX, STALL_WAIT, TRANSFERS_MAX};
use hallway::message::files::{Files, Kind, Offer, Why};
use hallway::text::FileName;
use hallway::time::Millis;

use super::{ANNA, BORIS, offered};
use crate::disk::Thing;
use crate::world::{Chance, World, all, ask, path, source};

#[test]
fn either_side_may_stop_it_at_any_moment() {
    for (who, steps) in (0..120).map(|steps| (steps % 2, steps)) {
        let (mut world, mut chance) = offered(all(), 3 * CHUNK_BYTES);
        for _ in 0..steps {
            world.step(&mut chance);
        }
        let all: Vec<_> = world.hosts[who].transfers.list().collect();
        for (about, ..) in &all {
            world.command(who, Command::Cancel(about.id));
        }
        world.settle(&mut chance);
        for host in &world.hosts {
            let left: Vec<_> = host.transfers.list().collect();
            assert!(left.is_empty(), "{steps}: {} keeps {left:?}", host.name);
            assert!(host.disk.is_at_rest(), "{steps}: {}", host.name);
        }
        let stopped = |host: usize| world.told(host).iter().any(|word| word.contains("Stopped"));
        if stopped(who) {
            assert!(
                !stopped(1 - who) || world.told(1 - who).contains(&"Failed There(Stopped)".into())
            );
            let parts = &world.hosts[BORIS].disk.parts;
            // Whoever receives it and stops it does not want it.
            assert!(who == ANNA || parts.is_empty(), "{steps}: {:?}", parts.keys());
        }
        // It may be sent again at once.
        let link = world.links()[0];
        world.command(ANNA, Command::Send(link, source("thing")));
        world.settle(&mut chance);
        assert!(world.received(BORIS, "thing").is_some(), "{steps}");
    }
}

#[test]
fn what_waits_to_meet_again_may_be_stopped() {
    for who in [ANNA, BORIS] {
        let (mut world, mut chance) = offered(all(), 3 * CHUNK_BYTES);
        while world.hosts[BORIS].disk.written == 0 {
            world.step(&mut chance);
        }
        let link = world.links()[0];
        world.cut(link);
        world.settle(&mut chance);
        let (about, _, stage) = world.hosts[who].transfers.list().next().unwrap();
        assert_eq!(stage, Stage::Waiting);
        world.command(who, Command::Cancel(about.id));
        world.settle(&mut chance);
        assert!(world.hosts[who].transfers.list().next().is_none());
        assert_eq!(world.hosts[BORIS].disk.parts.is_empty(), who == BORIS);
        if who == ANNA {
            world.connect(ANNA, BORIS);
            world.settle(&mut chance);
            assert!(world.received(BORIS, "thing").is_none());
        }
    }
}

#[test]
fn a_full_disk_stops_it_and_the_part_stays_for_later() {
    let (mut world, mut chance) = offered(all(), 3 * CHUNK_BYTES);
    while world.hosts[BORIS].disk.written == 0 {
        world.step(&mut chance);
    }
    world.hosts[BORIS].disk.free = CHUNK_BYTES as u64;
    world.settle(&mut chance);
    assert_eq!(world.told(ANNA), ["Asked", "Begun", "Failed There(NoRoom)"]);
    assert!(matches!(
        world.hosts[BORIS].news.last(),
        Some(News::Failed(_, Failure::Trouble(words))) if words == "NoRoom on the disk"
    ));
    let written = world.hosts[BORIS].disk.written;
    world.hosts[BORIS].disk.free = 1 << 40;
    let link = world.links()[0];
    world.command(ANNA, Command::Send(link, source("thing")));
    world.settle(&mut chance);
    assert!(written > 0 && world.hosts[BORIS].disk.written == 3 * CHUNK_BYTES as u64);
    assert!(world.is_done(BORIS));
}

#[test]
fn a_disk_that_stands_still_holds_the_sender_and_is_seen_as_a_stall() {
    let (mut world, mut chance) = offered(all(), 32 * CHUNK_BYTES);
    while world.hosts[BORIS].disk.written == 0 {
        world.step(&mut chance);
    }
    world.hosts[BORIS].is_frozen = true;
    world.settle(&mut chance);
    let came = world.arrived;
    assert!(came < 16 * CHUNK_BYTES as u64, "{came} bytes came");
    world.wait(STALL_WAIT + Millis(1), &mut chance);
    world.wait(STALL_WAIT + Millis(1), &mut chance);
    for host in &world.hosts {
        let stalls = |news: &&News| matches!(news, News::Moved(_, _, Stage::Stalled));
        assert_eq!(host.news.iter().filter(stalls).count(), 1, "{}", host.name);
        assert_eq!(host.transfers.list().next().unwrap().2, Stage::Stalled);
    }
    assert_eq!(world.arrived, came);
    world.hosts[BORIS].is_frozen = false;
    world.settle(&mut chance);
    assert!(world.is_done(BORIS));
}

#[test]
fn many_are_offered_a_few_at_a_time_and_all_arrive() {
    let names: Vec<String> = (0..3 * OFFERS_MAX).map(|at| at.to_string()).collect();
    let things = names.iter().map(|name| (name.as_str(), Thing::file(name, b"x".to_vec())));
    let mut world = World::of_two(all(), things.collect());
    let link = world.connect(ANNA, BORIS);
    for name in &names {
        world.command(ANNA, Command::Send(link, source(name)));
    }
    world.settle(&mut Chance(3));
    assert_eq!(world.hosts[BORIS].disk.downloads.len(), names.len());
    assert!(
        world.hosts[ANNA].transfers.is_idle(link) && world.hosts[BORIS].transfers.is_idle(link)
    );
}

#[test]
fn two_files_of_one_name_and_size_do_not_share_a_part() {
    let mut world = World::of_two(all(), vec![("thing", Thing::file("thing", vec![1; 3_000]))]);
    let link = world.connect(ANNA, BORIS);
    for _ in 0..3 {
        world.command(ANNA, Command::Send(link, source("thing")));
    }
    world.settle(&mut Chance(4));
    let names: Vec<_> = world.hosts[BORIS].disk.downloads.keys().map(String::as_str).collect();
    assert_eq!(names, ["thing", "thing (2)", "thing (3)"]);
}

#[test]
fn a_folder_of_nothing_but_folders_arrives() {
    let thing = Thing::folder(vec![("a", None), ("a/b", None), ("c", None)]);
    let mut world = World::of_two(all(), vec![("thing", thing.clone())]);
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    world.settle(&mut Chance(4));
    assert_eq!(world.received(BORIS, "thing"), Some(&thing));
    assert_eq!(world.received(BORIS, "thing").unwrap().kind, Kind::Folder);
}

#[test]
fn what_is_not_there_is_not_offered() {
    let mut world = World::of_two(all(), Vec::new());
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("nothing")));
    world.settle(&mut Chance(4));
    assert_eq!(world.told(ANNA), ["Failed Here(Gone)"]);
    assert!(world.told(BORIS).is_empty());
    world.cut(link);
    world.command(ANNA, Command::Send(link, source("nothing")));
    assert!(matches!(
        world.hosts[ANNA].news.last(),
        Some(News::Failed(about, Failure::Trouble(_))) if about.name.as_str() == "nothing"
    ));
}

#[test]
fn one_file_goes_to_many_at_once() {
    let mut world = World::default();
    world.join("anna", ask());
    let thing = Thing::file("thing", Chance(1).bytes(2 * CHUNK_BYTES + 5));
    world.hosts[ANNA].disk.sources.insert(path("thing"), thing.clone());
    for _ in 0..8 {
        let host = world.join("boris", all());
        let link = world.connect(ANNA, host);
        world.command(ANNA, Command::Send(link, source("thing")));
    }
    world.settle(&mut Chance(2));
    assert!((1..9).all(|host| world.received(host, "thing") == Some(&thing)));
}

#[test]
fn progress_is_told_now_and_then_and_grows() {
    let (mut world, mut chance) = offered(all(), 24 * CHUNK_BYTES);
    while !world.is_done(ANNA) {
        assert!(world.step(&mut chance));
        world.now = world.now + Millis(4);
    }
    for host in &world.hosts {
        let done = host.news.iter().filter_map(|news| match news {
            News::Moved(_, progress, Stage::Moving) => Some(progress.done),
            _ => None,
        });
        let done: Vec<u64> = done.collect();
        assert!(done.is_sorted() && done.len() > 1, "{}: {done:?}", host.name);
        assert!(done.len() as u64 <= world.now.0 / 250 + 1, "{}", host.name);
        assert!(*done.last().unwrap() <= 24 * CHUNK_BYTES as u64);
    }
    let other = Command::Accept(files::disk::TransferId(77), Target::Downloads);
    world.command(BORIS, other);
    assert_eq!(world.told(ANNA).last().map(String::as_str), Some("Done"));
    let changed = |news: &News| matches!(news, News::Failed(_, Failure::Here(Why::Changed)));
    assert!(!world.hosts[BORIS].news.iter().any(changed));
}

#[test]
fn what_may_never_go_on_makes_room_for_what_does() {
    // Each time somebody else sends something, and never comes back.
    let mut world = World::default();
    world.join("boris", all());
    let sources = [(path("thing"), Thing::file("thing", vec![1; 9]))];
    world.hosts[0].disk.sources.extend(sources);
    for number in 1..=TRANSFERS_MAX as u64 + 3 {
        let link = world.stranger(0);
        let name = FileName::of(&number.to_string());
        let offer = Offer {
            number: 1,
            name,
            kind: Kind::File,
            entries: 1,
            bytes: Some(9),
            hash: None,
            request: None,
            again: false,
        };
        world.say(link, Files::Offer(offer)).unwrap();
        world.close(0, link);
        assert!(world.hosts[0].transfers.list().count() <= TRANSFERS_MAX);
    }
    let forgotten = world.told(0).iter().filter(|word| *word == "Failed Here(TooMany)").count();
    assert_eq!(forgotten, 3);
    let anna = world.join("anna", all());
    let link = world.connect(0, anna);
    world.command(0, Command::Send(link, source("thing")));
    world.settle(&mut Chance(1));
    assert!(world.received(anna, "thing").is_some());
}
