//! Receivers, and those who answer, that make no sense.

use files::disk::Target;
use files::news::Command;
use hallway::limits::CHUNK_BYTES;
use hallway::message::files::{
    Files, Get, Have, Item, Kind, List, Listing, NotThere, Offer, Refuse, Stored, Take, Wanted, Why,
};
use hallway::text::FileName;
use hallway::tree::FileHash;

use super::{BORIS, FAULT, boris, from, offer};
use crate::disk::Thing;
use crate::world::{all, path, source};

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
