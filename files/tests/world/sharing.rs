//! What is shared: listed, fetched, changed, gone.

use files::disk::{Index, IndexDone, Target};
use files::news::{Command, LinkId, News};
use files::transfers::Setup;
use hallway::limits::{
    CHUNK_BYTES, LOOK_TOLD, OFFERS_MAX, SHARED_MAX, SURVEY_PAUSE, SURVEY_REST, TRANSFERS_MAX,
};
use hallway::message::files::{Files, Get, Item, Kind, NotThere, Offer, Wanted, Why};
use hallway::text::FileName;
use hallway::time::Millis;

use crate::disk::Thing;
use crate::world::{Chance, World, all, ask, path};

const ANNA: usize = 0;
const BORIS: usize = 1;

/// Anna shares so many files, with names as long as they may be.
fn sharing(count: usize) -> (World, LinkId) {
    let names: Vec<String> = (0..count).map(|at| format!("{}{at:04}", "n".repeat(170))).collect();
    let things =
        names.iter().map(|name| (name.as_str(), Thing::file(name, name.as_bytes().to_vec())));
    let mut world = World::of_two(ask(), things.collect());
    for name in &names {
        world.hosts[ANNA].disk.index(Index::Share(path(name)));
    }
    let link = world.connect(ANNA, BORIS);
    (world, link)
}

fn listed(world: &World) -> Option<&Vec<Item>> {
    world.hosts[BORIS].news.iter().rev().find_map(|news| match news {
        News::Listed(_, label, items) if label == "anna" => Some(items),
        _ => None,
    })
}

/// Boris has a part of the file `a`, which Anna shares, and the connection is gone.
fn cut_while_fetching(setup: Setup, chance: &mut Chance) -> (World, Thing) {
    let thing = Thing::file("a", chance.bytes(3 * CHUNK_BYTES));
    let mut world = World::of_two(setup, vec![("a", thing.clone())]);
    world.command(ANNA, Command::Share(path("a")));
    world.settle(chance);
    let link = world.connect(ANNA, BORIS);
    world.command(BORIS, Command::Get(link, Wanted::Name(FileName::of("a")), Target::Downloads));
    while world.hosts[BORIS].disk.written == 0 {
        assert!(world.step(chance));
    }
    world.cut(link);
    (world, thing)
}

/// How much Anna was told last that she shares, and of how much that went wrong.
fn shares(world: &World) -> Option<(usize, usize)> {
    world.hosts[ANNA].news.iter().rev().find_map(|news| match news {
        News::Shares(items, wrong) => Some((items.len(), wrong.len())),
        _ => None,
    })
}

#[test]
fn a_list_of_any_length_comes_whole_and_in_order() {
    for count in [0, 1, 15, 16, 17, 100, SHARED_MAX] {
        let (mut world, link) = sharing(count);
        world.command(BORIS, Command::List(link));
        world.settle(&mut Chance(1));
        let items = listed(&world).unwrap();
        assert_eq!(items.len(), count);
        assert!(items.is_sorted_by(|one, next| one.name < next.name));
        assert!(world.hosts[BORIS].transfers.is_idle(link));
        assert!(world.hosts[ANNA].transfers.is_idle(link));
    }
}

#[test]
fn the_disk_is_not_asked_for_changes_all_the_time() {
    let (mut world, link) = sharing(3);
    for _ in 0..10 {
        world.command(BORIS, Command::List(link));
        world.settle(&mut Chance(1));
    }
    assert_eq!(world.hosts[ANNA].disk.surveys, 1);
    world.now = world.now + SURVEY_PAUSE;
    world.command(BORIS, Command::List(link));
    world.settle(&mut Chance(1));
    assert_eq!(world.hosts[ANNA].disk.surveys, 2);
}

#[test]
fn a_look_at_what_is_shared_that_took_long_is_not_taken_again_at_once() {
    let (mut world, link) = sharing(3);
    let took = Millis(10_000);
    world.hosts[ANNA].is_frozen = true;
    world.command(BORIS, Command::List(link));
    world.settle(&mut Chance(1));
    world.wait(took, &mut Chance(1));
    world.hosts[ANNA].is_frozen = false;
    world.settle(&mut Chance(1));
    for (pause, surveys) in [(SURVEY_PAUSE, 1), (Millis(took.0 * SURVEY_REST), 2)] {
        world.now = world.now + pause;
        world.command(BORIS, Command::List(link));
        world.settle(&mut Chance(1));
        assert_eq!(world.hosts[ANNA].disk.surveys, surveys);
    }
}

#[test]
fn a_hash_that_is_found_out_is_no_look_at_what_is_shared() {
    let (mut world, link) = sharing(3);
    let hashed = |world: &mut World| {
        let now = world.now;
        world.hosts[ANNA].transfers.index(now, IndexDone::Hashed(Vec::new(), None));
    };
    world.hosts[ANNA].is_frozen = true;
    world.command(BORIS, Command::List(link));
    world.settle(&mut Chance(1));
    hashed(&mut world);
    world.settle(&mut Chance(1));
    assert!(listed(&world).is_none(), "answered before the look");
    world.hosts[ANNA].is_frozen = false;
    world.settle(&mut Chance(1));
    assert_eq!(listed(&world).map(Vec::len), Some(3));
    world.now = world.now + SURVEY_PAUSE;
    hashed(&mut world);
    world.command(BORIS, Command::List(link));
    world.settle(&mut Chance(1));
    assert_eq!(world.hosts[ANNA].disk.surveys, 2);
}

#[test]
fn who_shares_something_is_told_of_the_list_with_it_and_of_no_other() {
    let mut world = World::of_two(ask(), vec![("a", Thing::file("a", vec![1; 3_000]))]);
    world.command(ANNA, Command::Share(path("a")));
    // A look at what an earlier run shared, or a hash that was found out, may come before.
    world.hosts[ANNA].transfers.index(Millis(0), IndexDone::Hashed(Vec::new(), None));
    world.settle(&mut Chance(1));
    assert_eq!(world.told(ANNA), ["Shares"]);
    assert_eq!(shares(&world), Some((1, 0)));
}

#[test]
fn a_look_at_what_is_shared_that_takes_long_is_told_once() {
    let mut world = World::of_two(ask(), vec![("a", Thing::file("a", vec![1; 3_000]))]);
    world.hosts[ANNA].is_frozen = true;
    world.command(ANNA, Command::Share(path("a")));
    world.wait(LOOK_TOLD - Millis(1), &mut Chance(1));
    assert!(world.told(ANNA).is_empty());
    world.wait(LOOK_TOLD + LOOK_TOLD, &mut Chance(1));
    assert_eq!(world.hosts[ANNA].news, [News::Looking(path("a"))]);
    world.hosts[ANNA].is_frozen = false;
    world.settle(&mut Chance(1));
    assert_eq!(world.told(ANNA), ["Looking", "Shares"]);
    assert_eq!(world.hosts[ANNA].transfers.deadline(), None);
}

#[test]
fn what_is_shared_is_had_by_name_and_by_hash_without_being_asked() {
    let things =
        vec![("a", Thing::file("a", vec![1; 3_000])), ("b", Thing::file("b", vec![2; 10]))];
    let mut world = World::of_two(ask(), things);
    for name in ["a", "b"] {
        world.command(ANNA, Command::Share(path(name)));
    }
    world.settle(&mut Chance(1));
    assert_eq!(world.told(ANNA), ["Shares"], "once for both");
    let link = world.connect(ANNA, BORIS);
    let hash = world.hosts[ANNA].disk.sources[&path("b")].hash().unwrap();
    for wanted in [Wanted::Name(FileName::of("a")), Wanted::Hash(hash)] {
        world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
    }
    world.settle(&mut Chance(1));
    let mut told = world.told(BORIS);
    told.sort();
    assert_eq!(told, ["Begun", "Begun", "Done", "Done"]);
    assert_eq!(world.hosts[BORIS].disk.downloads, {
        let mine = world.hosts[ANNA].disk.sources.values().cloned();
        ["a", "b"].into_iter().map(str::to_owned).zip(mine).collect()
    });
}

#[test]
fn what_is_fetched_and_larger_than_is_taken_here_is_said_to_be_refused_here() {
    let things = vec![("large", Thing::file("large", vec![1; 3_000]))];
    let mut world = World::of_two(Setup { bytes_max: Some(2_999), ..ask() }, things);
    world.command(ANNA, Command::Share(path("large")));
    let link = world.connect(ANNA, BORIS);
    let wanted = Wanted::Name(FileName::of("large"));
    world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
    world.settle(&mut Chance(1));
    assert_eq!(world.told(BORIS), ["NotThere Here(TooLarge)"]);
    assert_eq!(world.arrived, 0);
}

#[test]
fn nothing_but_what_is_shared_can_be_had() {
    let things =
        vec![("a", Thing::file("a", vec![1; 10])), ("secret", Thing::file("secret", vec![2; 10]))];
    let mut world = World::of_two(ask(), things);
    world.command(ANNA, Command::Share(path("a")));
    let hash = world.hosts[ANNA].disk.sources[&path("secret")].hash().unwrap();
    let link = world.connect(ANNA, BORIS);
    let names = ["secret", "../secret", "/home/secret", "a/../secret"];
    let names = names.map(|name| Wanted::Name(FileName::of(name)));
    for wanted in names.into_iter().chain([Wanted::Hash(hash)]) {
        world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
    }
    world.command(ANNA, Command::Unshare(None));
    world.settle(&mut Chance(1));
    world.command(BORIS, Command::Get(link, Wanted::Name(FileName::of("a")), Target::Downloads));
    world.settle(&mut Chance(1));
    assert_eq!(world.told(BORIS), ["NotThere There(Gone)"; 6]);
    assert_eq!(world.arrived, 0);
}

#[test]
fn what_changed_since_it_was_listed_is_not_sent_for_what_it_was() {
    let longer = Thing::file("a", vec![1; 11]);
    let mut as_long = Thing::file("a", vec![2; 10]);
    as_long.entries[0].0.modified += 1;
    for changed in [longer, as_long] {
        let mut world = World::of_two(ask(), vec![("a", Thing::file("a", vec![1; 10]))]);
        world.command(ANNA, Command::Share(path("a")));
        world.settle(&mut Chance(1));
        let link = world.connect(ANNA, BORIS);
        world.command(BORIS, Command::List(link));
        world.settle(&mut Chance(1));
        world.hosts[ANNA].disk.sources.insert(path("a"), changed);
        let wanted = Wanted::Name(FileName::of("a"));
        world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
        world.settle(&mut Chance(1));
        assert_eq!(world.told(BORIS), ["Listed", "NotThere There(Changed)"]);
        assert!(world.hosts[BORIS].transfers.is_idle(link));
        assert!(world.hosts[ANNA].transfers.is_idle(link));
    }
}

#[test]
fn the_same_content_is_not_fetched_twice_but_for_standard_output() {
    let mut world = World::of_two(ask(), vec![("a", Thing::file("a", vec![1; 3_000]))]);
    world.command(ANNA, Command::Share(path("a")));
    world.settle(&mut Chance(1));
    let link = world.connect(ANNA, BORIS);
    let mut get = |target| {
        let wanted = Wanted::Name(FileName::of("a"));
        world.command(BORIS, Command::Get(link, wanted, target));
        world.settle(&mut Chance(1));
        world.arrived
    };
    assert_eq!(get(Target::Downloads), 3_000);
    assert_eq!(get(Target::Downloads), 3_000);
    assert_eq!(get(Target::Stdout), 6_000);
    assert_eq!(world.told(BORIS), ["Begun", "Done", "HadAlready", "Begun", "Done"]);
    assert_eq!(world.told(ANNA)[1..], ["Begun", "Done", "HadAlready", "Begun", "Done"]);
    assert_eq!(world.hosts[BORIS].disk.stdout, vec![1; 3_000]);
}

#[test]
fn hundreds_are_fetched_a_few_at_a_time() {
    let (mut world, link) = sharing(400);
    world.command(BORIS, Command::List(link));
    world.settle(&mut Chance(1));
    let names: Vec<_> = listed(&world).unwrap().iter().map(|item| item.name.clone()).collect();
    for name in names {
        world.command(BORIS, Command::Get(link, Wanted::Name(name), Target::Downloads));
    }
    world.settle(&mut Chance(2));
    assert_eq!(world.hosts[BORIS].disk.downloads.len(), 400);
}

#[test]
fn a_wish_that_is_stopped_while_the_two_are_apart_stays_stopped() {
    let chance = &mut Chance(3);
    let (mut world, _) = cut_while_fetching(ask(), chance);
    let id = world.only(BORIS);
    world.connect(ANNA, BORIS);
    // It is asked for again, and stopped before the answer.
    world.command(BORIS, Command::Cancel(id));
    world.settle(chance);
    assert!(world.received(BORIS, "a").is_none());
    assert!(world.hosts.iter().all(|host| host.transfers.list().next().is_none()));
    assert!(world.hosts[BORIS].disk.parts.is_empty());
}

#[test]
fn who_asks_for_everything_leaves_room_for_others() {
    let mut world = World::of_two(ask(), vec![("a", Thing::file("a", vec![1; 10]))]);
    world.command(ANNA, Command::Share(path("a")));
    world.settle(&mut Chance(1));
    let stranger = world.stranger(ANNA);
    for request in 1..=TRANSFERS_MAX as u64 {
        let what = Wanted::Name(FileName::of("a"));
        world.say(stranger, Files::Get(Get { request, what })).unwrap();
    }
    let refused =
        |message: &Files| matches!(message, Files::NotThere(NotThere { why: Why::TooMany, .. }));
    let heard = world.heard(stranger);
    assert_eq!(heard.iter().filter(|it| refused(it)).count(), TRANSFERS_MAX - OFFERS_MAX);
    let link = world.connect(ANNA, BORIS);
    world.command(BORIS, Command::Get(link, Wanted::Name(FileName::of("a")), Target::Downloads));
    world.settle(&mut Chance(1));
    assert!(world.received(BORIS, "a").is_some());
}

#[test]
fn what_we_wait_for_does_not_make_room_for_strangers() {
    let chance = &mut Chance(4);
    let (mut world, thing) = cut_while_fetching(all(), chance);
    for number in 0..2 * TRANSFERS_MAX {
        let link = world.stranger(BORIS);
        let name = FileName::of(&number.to_string());
        let (kind, entries, bytes, hash, request) = (Kind::File, 1, Some(9), None, None);
        let offer = Offer { number: 1, name, kind, entries, bytes, hash, request, again: false };
        world.say(link, Files::Offer(offer)).unwrap();
        world.close(BORIS, link);
    }
    world.connect(ANNA, BORIS);
    world.settle(chance);
    assert_eq!(world.received(BORIS, "a"), Some(&thing));
}

#[test]
fn questions_end_with_their_connection() {
    let (mut world, link) = sharing(3);
    world.command(BORIS, Command::List(link));
    world.cut(link);
    assert_eq!(world.told(BORIS), ["NotThere Left"]);
    world.command(BORIS, Command::List(link));
    assert_eq!(world.told(BORIS), ["NotThere Left"; 2]);
    world.settle(&mut Chance(1));
    // What cannot be shared is said, and a file that was never shared is no question.
    for name in ["nothing", "nowhere"] {
        world.command(ANNA, Command::Share(path(name)));
    }
    world.settle(&mut Chance(1));
    assert_eq!(shares(&world), Some((3, 2)));
}
