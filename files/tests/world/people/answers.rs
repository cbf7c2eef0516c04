//! What is offered, and how it is answered: yes, no, elsewhere, not at all.

use files::disk::{Room, Target};
use files::news::{Command, LinkId, News};
use hallway::limits::CHUNK_BYTES;
use hallway::message::files::{Files, Kind, Offer, Refuse, Wanted, Why};
use hallway::text::FileName;

use super::{ANNA, BORIS, offered};
use crate::world::{Chance, World, ask};

#[test]
fn who_is_asked_says_yes_and_it_comes() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered"]);
    assert!(world.received(BORIS, "thing").is_none());
    world.accept(BORIS);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered", "Begun", "Done"]);
    assert_eq!(world.told(ANNA), ["Asked", "Begun", "Done"]);
}

/// Boris has a file in his download folder, and is offered the same content by a stranger, who
/// says that it has another size.
fn offered_what_is_here() -> (World, LinkId) {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    world.accept(BORIS);
    world.settle(&mut chance);
    let hash = world.received(BORIS, "thing").unwrap().hash();
    let link = world.stranger(BORIS);
    let (name, kind, bytes) = (FileName::of("other"), Kind::File, Some(77));
    let request = None;
    let offer = Offer { number: 1, name, kind, entries: 1, bytes, hash, request, again: false };
    world.say(link, Files::Offer(offer)).unwrap();
    (world, link)
}

#[test]
fn nobody_learns_what_is_here_before_somebody_says_yes() {
    let (mut world, link) = offered_what_is_here();
    assert!(world.heard(link).is_empty());
    assert_eq!(world.told(BORIS), ["Offered", "Begun", "Done", "Offered"]);
    let id = world.only(BORIS);
    world.command(BORIS, Command::Deny(id));
    assert_eq!(world.heard(link), [Files::Refuse(Refuse { number: 1, why: Why::Denied })]);
}

#[test]
fn what_is_here_is_not_fetched_but_into_another_folder() {
    for (target, is_had) in [
        (Target::Downloads, true),
        (Target::Folder("/downloads".into()), true),
        (Target::Folder("/downloads/in".into()), false),
        (Target::Folder("/".into()), false),
        (Target::Stdout, false),
    ] {
        let (mut world, link) = offered_what_is_here();
        let id = world.only(BORIS);
        world.command(BORIS, Command::Accept(id, target.clone()));
        world.settle(&mut Chance(1));
        let had = Files::Refuse(Refuse { number: 1, why: Why::Have });
        assert_eq!(world.heard(link).contains(&had), is_had, "{target:?}");
        let news = world.hosts[BORIS].news.iter().find_map(|news| match news {
            News::HadAlready(about, _) => Some(about.bytes),
            _ => None,
        });
        // What a stranger says of its size is not told as if it were so.
        assert_eq!(news, is_had.then_some(None), "{target:?}");
    }
}

#[test]
fn who_is_asked_says_no_and_nothing_comes() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    let id = world.only(BORIS);
    world.command(BORIS, Command::Deny(id));
    world.settle(&mut chance);
    assert_eq!(world.told(ANNA), ["Asked", "Failed There(Denied)"]);
    assert_eq!(world.arrived, 0);
}

#[test]
fn a_place_that_will_not_do_leaves_the_offer_open() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    let id = world.only(BORIS);
    world.hosts[BORIS].disk.closed = Some("/closed".into());
    for _ in 0..2 {
        world.command(BORIS, Command::Accept(id, Target::Folder("/closed".into())));
        world.settle(&mut chance);
        let words = Err("Disk on the disk".to_owned());
        let last = world.hosts[BORIS].news.last();
        assert!(matches!(last, Some(News::Offered(_, room)) if *room == words), "{last:?}");
        assert!(world.hosts[BORIS].disk.is_at_rest());
    }
    assert_eq!(world.told(ANNA), ["Asked"]);
    world.command(BORIS, Command::Accept(id, Target::Folder("/open".into())));
    world.settle(&mut chance);
    assert!(world.is_done(ANNA) && world.received(BORIS, "thing").is_some());
}

#[test]
fn what_is_larger_than_the_room_may_go_where_there_is_more() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.hosts[BORIS].disk.free = 4_999;
    world.settle(&mut chance);
    let room = Ok(Room { free: 4_999, here: 0 });
    let last = world.hosts[BORIS].news.last();
    assert!(matches!(last, Some(News::Offered(_, told)) if *told == room), "{last:?}");
    world.accept(BORIS);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered", "Offered"]);
    world.hosts[BORIS].disk.free = 5_000;
    world.accept(BORIS);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered", "Offered", "Begun", "Done"]);
    assert_eq!(world.told(ANNA), ["Asked", "Begun", "Done"]);
}

#[test]
fn an_offer_that_nobody_answered_is_made_again() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    let link = world.links()[0];
    world.cut(link);
    assert!(world.hosts[BORIS].transfers.list().next().is_none());
    world.connect(ANNA, BORIS);
    world.settle(&mut chance);
    world.accept(BORIS);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered", "Failed Left", "Offered", "Begun", "Done"]);
    assert_eq!(world.told(ANNA), ["Asked", "Interrupted", "Asked", "Begun", "Done"]);
}

#[test]
fn who_ends_the_program_is_not_told_that_it_goes_on() {
    // Not answered; moving; cut off before.
    for (is_taken, is_cut) in [(false, false), (true, false), (true, true)] {
        let (mut world, mut chance) = offered(ask(), 3 * CHUNK_BYTES);
        world.settle(&mut chance);
        if is_taken {
            world.accept(BORIS);
            while world.hosts[BORIS].disk.written == 0 {
                assert!(world.step(&mut chance));
            }
        }
        let link = world.links()[0];
        if is_cut {
            world.cut(link);
        }
        for (host, told) in [(ANNA, &["Asked", "Begun"]), (BORIS, &["Offered", "Begun"])] {
            world.quit(host);
            world.close(host, link);
            let mut expected: Vec<_> = told[..1 + usize::from(is_taken)].to_vec();
            expected.extend(is_cut.then_some("Interrupted"));
            expected.push(if is_taken { "Failed Ended" } else { "Failed Unanswered" });
            let all = world.told(host);
            let all: Vec<_> = all.iter().map(|word| word.split('(').next().unwrap()).collect();
            assert_eq!(all, expected);
        }
        world.settle(&mut chance);
        assert_eq!(world.hosts[BORIS].disk.parts.len(), usize::from(is_taken), "the part stays");
    }
}

#[test]
fn what_was_asked_is_told_as_not_answered_at_the_end_of_the_program() {
    let mut world = World::of_two(ask(), Vec::new());
    let link = world.connect(ANNA, BORIS);
    let wanted = Wanted::Name(FileName::of("thing"));
    world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
    world.quit(BORIS);
    world.close(BORIS, link);
    assert_eq!(world.told(BORIS), ["NotThere Unanswered"]);
}

#[test]
fn an_offer_that_is_taken_back_is_told_as_that() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    let id = world.only(ANNA);
    world.command(ANNA, Command::Cancel(id));
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered", "Failed Withdrawn"]);
    assert_eq!(world.told(ANNA), ["Asked", "Failed Here(Stopped)"]);
}

#[test]
fn what_was_taken_once_is_not_asked_for_again() {
    let (mut world, mut chance) = offered(ask(), 3 * CHUNK_BYTES);
    world.settle(&mut chance);
    world.accept(BORIS);
    for _ in 0..40 {
        world.step(&mut chance);
    }
    let link = world.links()[0];
    world.cut(link);
    world.connect(ANNA, BORIS);
    world.settle(&mut chance);
    let asked = world.told(BORIS).iter().filter(|word| *word == "Offered").count();
    assert_eq!(asked, 1);
    assert!(world.is_done(BORIS));
}
