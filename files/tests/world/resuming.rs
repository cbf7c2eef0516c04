//! Transfers that are cut at any point, on either side, and go on.

use files::disk::{Source, Target};
use files::news::{Command, Failure, News};
use hallway::limits::CHUNK_BYTES;
use hallway::message::files::{Wanted, Why};
use hallway::text::FileName;
use proptest::prelude::*;

use crate::disk::Thing;
use crate::world::{Chance, World, all, ask, path, source};

const ANNA: usize = 0;
const BORIS: usize = 1;

/// A file of some chunks and a bit.
fn file(chance: &mut Chance) -> Thing {
    let sizes = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES + 77];
    let size = sizes[chance.below(sizes.len())];
    Thing::file("thing", chance.bytes(size))
}

/// Many small files, some large ones, and folders with nothing in them.
fn folder(chance: &mut Chance) -> Thing {
    let names: Vec<String> = (0..60).map(|at| format!("d/{at}")).collect();
    let one = |name| {
        let bytes = match chance.below(12) {
            0 => return (name, None),
            1 => chance.below(2 * CHUNK_BYTES),
            2 => 0,
            _ => chance.below(3_000),
        };
        (name, Some(chance.bytes(bytes)))
    };
    let mut contents = vec![("d", None)];
    contents.extend(names.iter().map(String::as_str).map(one));
    Thing::folder(contents)
}

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Both ends learn it.
    Cut,
    /// One end does, the other only after the two have met again.
    HalfCut(usize),
    /// A program is killed.
    Kill(usize),
    /// A machine loses its power, and what it had not synced.
    PowerCut(usize),
}

fn some_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        3 => Just(Fault::Cut),
        1 => (0..2_usize).prop_map(Fault::HalfCut),
        1 => (0..2_usize).prop_map(Fault::Kill),
        1 => (0..2_usize).prop_map(Fault::PowerCut),
    ]
}

/// Sends it until it is there, with these faults after so many steps.
fn send_with(faults: &[(usize, Fault)], thing: Thing, chance: &mut Chance) -> World {
    let mut world = World::of_two(all(), vec![("thing", thing)]);
    let mut link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    for (steps, fault) in faults {
        for _ in 0..*steps {
            world.step(chance);
        }
        let old = link;
        match fault {
            Fault::Cut => world.cut(old),
            Fault::HalfCut(first) => world.close(*first, old),
            Fault::Kill(host) => world.kill(*host),
            Fault::PowerCut(host) => world.lose_power(*host, chance),
        }
        link = world.connect(ANNA, BORIS);
        if let Fault::HalfCut(_) = fault {
            for _ in 0..chance.below(6) {
                world.step(chance);
            }
            world.cut(old);
        }
        if let Fault::Kill(ANNA) | Fault::PowerCut(ANNA) = fault
            && !world.is_done(BORIS)
        {
            world.command(ANNA, Command::Send(link, source("thing")));
        }
    }
    world.settle(chance);
    world
}

/// What was sent is there, once, and nobody keeps anything.
fn check(world: &World) -> Result<(), TestCaseError> {
    let sent = &world.hosts[ANNA].disk.sources[&path("thing")];
    let received = world.received(BORIS, "thing");
    let told = (world.told(ANNA), world.told(BORIS));
    prop_assert!(received.is_some(), "not there: {told:?}");
    prop_assert!(received == Some(sent), "not the same");
    for host in &world.hosts {
        prop_assert!(host.disk.is_at_rest());
        let left: Vec<_> = host.transfers.list().collect();
        prop_assert!(left.is_empty(), "{} keeps {left:?}, {told:?}", host.name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn whatever_is_cut_or_killed_all_of_it_arrives(
        seed: u64,
        is_folder: bool,
        faults in proptest::collection::vec((0..400_usize, some_fault()), 0..8),
    ) {
        let chance = &mut Chance(seed);
        let thing = if is_folder { folder(chance) } else { file(chance) };
        let world = send_with(&faults, thing, chance);
        check(&world)?;
    }

    #[test]
    fn a_cut_costs_less_than_a_chunk(
        seed: u64,
        is_folder: bool,
        steps in proptest::collection::vec(0..400_usize, 0..8),
    ) {
        let chance = &mut Chance(seed);
        let thing = if is_folder { folder(chance) } else { file(chance) };
        let bytes = thing.bytes();
        let faults: Vec<_> = steps.iter().map(|steps| (*steps, Fault::Cut)).collect();
        let world = send_with(&faults, thing, chance);
        check(&world)?;
        let most = bytes + steps.len() as u64 * CHUNK_BYTES as u64;
        prop_assert!(world.arrived <= most, "{} of {bytes} bytes came", world.arrived);
        // Whoever is asked once is not asked again, and it is stored once.
        prop_assert_eq!(world.hosts[BORIS].disk.downloads.len(), 1);
    }

    #[test]
    fn what_was_asked_for_is_asked_for_again(
        seed: u64,
        faults in proptest::collection::vec((0..300_usize, some_fault()), 0..6),
    ) {
        let chance = &mut Chance(seed);
        let thing = file(chance);
        let mut world = World::of_two(all(), vec![("thing", thing)]);
        world.command(ANNA, Command::Share(path("thing")));
        world.settle(chance);
        let wish = || Wanted::Name(FileName::of("thing"));
        let mut link = world.connect(ANNA, BORIS);
        world.command(BORIS, Command::Get(link, wish(), Target::Downloads));
        for (steps, fault) in faults {
            for _ in 0..steps {
                world.step(chance);
            }
            // The shares of a killed program come back from its disk: not the core's business.
            match fault {
                Fault::Kill(BORIS) => world.kill(BORIS),
                Fault::PowerCut(BORIS) => world.lose_power(BORIS, chance),
                _ => world.cut(link),
            }
            link = world.connect(ANNA, BORIS);
            let is_new = matches!(fault, Fault::Kill(BORIS) | Fault::PowerCut(BORIS));
            if is_new && !world.is_done(BORIS) {
                world.command(BORIS, Command::Get(link, wish(), Target::Downloads));
            }
        }
        world.settle(chance);
        check(&world)?;
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn several_at_once_arrive_in_spite_of_cuts(
        seed: u64,
        cuts in proptest::collection::vec(0..500_usize, 0..4),
    ) {
        let chance = &mut Chance(seed);
        let names: Vec<String> = (0..12).map(|at| format!("{at}")).collect();
        let things: Vec<_> = names.iter().map(|name| {
            let bytes = chance.below(CHUNK_BYTES + CHUNK_BYTES / 2);
            (name.as_str(), Thing::file(name, chance.bytes(bytes)))
        }).collect();
        let mut world = World::of_two(all(), things);
        let mut link = world.connect(ANNA, BORIS);
        for name in &names {
            world.command(ANNA, Command::Send(link, source(name)));
        }
        for steps in cuts {
            for _ in 0..steps {
                world.step(chance);
            }
            world.cut(link);
            link = world.connect(ANNA, BORIS);
        }
        world.settle(chance);
        for name in &names {
            let sent = &world.hosts[ANNA].disk.sources[&path(name)];
            let received = world.received(BORIS, name);
            prop_assert!(received.is_some_and(|received| received.hash() == sent.hash()), "{name}");
        }
        prop_assert!(world.hosts.iter().all(|host| host.transfers.list().next().is_none()));
    }
}

#[test]
fn a_file_that_has_changed_begins_anew_and_is_whole() {
    let chance = &mut Chance(5);
    let (old, new) = (chance.bytes(3 * CHUNK_BYTES), chance.bytes(3 * CHUNK_BYTES));
    let mut world = World::of_two(all(), vec![("thing", Thing::file("thing", old))]);
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    while world.hosts[BORIS].disk.written < 2 * CHUNK_BYTES as u64 {
        assert!(world.step(chance));
    }
    world.cut(link);
    let file = Thing::file("thing", new);
    world.hosts[ANNA].disk.sources.insert(path("thing"), file.clone());
    world.connect(ANNA, BORIS);
    world.settle(chance);
    let told = (world.told(ANNA), world.told(BORIS));
    let received = world.received(BORIS, "thing");
    assert_eq!(received.and_then(Thing::hash), file.hash(), "{told:?}");
    let begun = world.hosts[BORIS].news.iter().filter_map(|news| match news {
        News::Begun(_, progress) => Some(progress.before),
        _ => None,
    });
    assert_eq!(begun.collect::<Vec<_>>(), [0, 0]);
}

#[test]
fn what_goes_on_says_how_much_was_there_before() {
    let chance = &mut Chance(6);
    let bytes = chance.bytes(3 * CHUNK_BYTES);
    let mut world = World::of_two(all(), vec![("thing", Thing::file("thing", bytes))]);
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    while world.hosts[BORIS].disk.written < 2 * CHUNK_BYTES as u64 {
        assert!(world.step(chance));
    }
    world.cut(link);
    world.connect(ANNA, BORIS);
    world.settle(chance);
    for host in &world.hosts {
        let begun = host.news.iter().rev().find_map(|news| match news {
            News::Begun(_, progress) => Some(progress.before),
            _ => None,
        });
        assert_eq!(begun, Some(2 * CHUNK_BYTES as u64), "{}", host.name);
    }
    assert_eq!(world.hosts[BORIS].disk.written, 3 * CHUNK_BYTES as u64);
}

#[test]
fn standard_input_cannot_go_on() {
    let chance = &mut Chance(7);
    let thing = Thing { sized: false, ..Thing::file("stdin", chance.bytes(3 * CHUNK_BYTES)) };
    for is_cut in [false, true] {
        let mut world = World::of_two(all(), Vec::new());
        world.hosts[ANNA].disk.stdin = Some(thing.clone());
        let link = world.connect(ANNA, BORIS);
        let stdin = Source::Stdin(FileName::of("notes"));
        world.command(ANNA, Command::Send(link, stdin));
        while is_cut && world.hosts[BORIS].disk.written == 0 {
            assert!(world.step(chance));
        }
        if is_cut {
            world.cut(link);
        }
        world.settle(chance);
        if is_cut {
            let failed = |news: &News| matches!(news, News::Failed(_, Failure::Trouble(_)));
            assert!(world.hosts[ANNA].news.iter().any(failed));
            assert!(world.hosts[ANNA].transfers.list().next().is_none());
            world.connect(ANNA, BORIS);
            world.settle(chance);
            assert!(world.received(BORIS, "notes").is_none());
        } else {
            assert_eq!(world.received(BORIS, "notes").unwrap().hash(), thing.hash());
        }
    }
}

#[test]
fn standard_input_that_nobody_has_taken_does_not_wait() {
    let chance = &mut Chance(7);
    let mut world = World::of_two(ask(), Vec::new());
    world.hosts[ANNA].disk.stdin = Some(Thing::file("stdin", chance.bytes(10)));
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, Source::Stdin(FileName::of("notes"))));
    world.settle(chance);
    assert_eq!(world.told(BORIS), ["Offered"]);
    world.cut(link);
    let last = world.hosts[ANNA].news.last();
    assert!(matches!(last, Some(News::Failed(_, Failure::Trouble(_)))), "{last:?}");
    assert!(world.hosts[ANNA].transfers.list().next().is_none());
}

#[test]
fn a_file_that_vanishes_while_it_waits_is_named() {
    let chance = &mut Chance(8);
    let bytes = chance.bytes(2 * CHUNK_BYTES);
    let mut world = World::of_two(all(), vec![("thing", Thing::file("thing", bytes))]);
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    while world.hosts[BORIS].disk.written == 0 {
        assert!(world.step(chance));
    }
    world.cut(link);
    world.hosts[ANNA].disk.sources.clear();
    world.connect(ANNA, BORIS);
    world.settle(chance);
    assert!(
        world.hosts[ANNA]
            .news
            .iter()
            .any(|news| matches!(news, News::Failed(_, Failure::Here(Why::Gone))))
    );
    assert_eq!(world.hosts[BORIS].disk.parts.len(), 1, "its part stays");
}

#[test]
fn a_sender_that_did_not_hear_that_it_is_stored_does_not_send_it_again() {
    for seed in 0..20 {
        let chance = &mut Chance(seed);
        let thing = if seed % 2 == 0 { folder(chance) } else { file(chance) };
        let bytes = thing.bytes();
        let mut world = World::of_two(all(), vec![("thing", thing)]);
        let link = world.connect(ANNA, BORIS);
        world.command(ANNA, Command::Send(link, source("thing")));
        while !world.is_done(BORIS) {
            assert!(world.step(chance));
        }
        world.cut(link);
        world.connect(ANNA, BORIS);
        world.settle(chance);
        assert_eq!(world.told(ANNA), ["Asked", "Begun", "Interrupted", "Asked", "HadAlready"]);
        assert_eq!((world.arrived, world.hosts[BORIS].disk.downloads.len()), (bytes, 1));
        assert!(world.hosts.iter().all(|host| host.transfers.list().next().is_none()));
    }
}

#[test]
fn small_files_that_came_whole_do_not_come_again() {
    const SMALL: usize = 10_000;
    for seed in 0..20 {
        let chance = &mut Chance(seed);
        let names: Vec<String> = (0..90).map(|at| format!("{at}")).collect();
        let contents = names.iter().map(|name| (name.as_str(), Some(chance.bytes(SMALL))));
        let thing = Thing::folder(contents.collect());
        let bytes = thing.bytes();
        let mut world = World::of_two(all(), vec![("thing", thing)]);
        let link = world.connect(ANNA, BORIS);
        world.command(ANNA, Command::Send(link, source("thing")));
        while world.arrived < bytes / 2 {
            assert!(world.step(chance));
        }
        world.cut(link);
        world.connect(ANNA, BORIS);
        world.settle(chance);
        check(&world).unwrap();
        assert!(world.arrived <= bytes + SMALL as u64, "{} of {bytes} bytes came", world.arrived);
    }
}

#[test]
fn a_new_file_of_the_same_name_and_size_is_no_repetition() {
    // The word that the first is stored has come, or is lost with the connection.
    for was_heard in [true, false] {
        let chance = &mut Chance(9);
        let (old, new) = (chance.bytes(3_000), chance.bytes(3_000));
        let mut world = World::of_two(all(), vec![("thing", Thing::file("thing", old))]);
        let link = world.connect(ANNA, BORIS);
        world.command(ANNA, Command::Send(link, source("thing")));
        while !world.is_done(if was_heard { ANNA } else { BORIS }) {
            assert!(world.step(chance));
        }
        world.cut(link);
        if !was_heard {
            let id = world.only(ANNA);
            world.command(ANNA, Command::Cancel(id));
        }
        let file = Thing::file("thing", new);
        world.hosts[ANNA].disk.sources.insert(path("thing"), file.clone());
        let link = world.connect(ANNA, BORIS);
        world.command(ANNA, Command::Send(link, source("thing")));
        world.settle(chance);
        let received = world.received(BORIS, "thing (2)");
        assert_eq!(received.and_then(Thing::hash), file.hash(), "{:?}", world.told(ANNA));
    }
}
