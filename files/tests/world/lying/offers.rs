//! Offers that are too many, too large, or withdrawn at once.

use files::disk::Target;
use files::news::{Command, FilePolicy};
use files::transfers::Setup;
use hallway::limits::{ENTRIES_MAX, OFFERS_MAX, TRANSFERS_MAX, WITHDRAWN_AGE};
use hallway::message::files::{Files, Kind, List, Offer, Refuse, Take, Wanted, Why, Withdraw};
use hallway::text::FileName;
use hallway::tree::FileHash;

use super::{BORIS, FAULT, boris, offer, refused};
use crate::world::{World, all};

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
