//! Changes are gathered for a moment, and what comes of it is the same as if they were not.

use hallway::limits::{LISTS_PER_TURN, NEWS_PAUSE_MIN};
use hallway::message::{Change, Message, State};
use hallway::time::Millis;

use crate::support::{Person, World};

#[test]
fn the_first_change_is_told_at_once_and_the_next_ones_together_after_a_pause() {
    let mut world = World::new(60, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    world.pass(Millis(1_000));
    let writes = world.guest(bob).writes;
    world.say(ann, &Message::State(State::InChat));
    world.turn_at_once();
    assert_eq!(world.guest(bob).writes, writes + 1);

    let eve = world.join(&Person::called("eve"));
    world.turn_at_once();
    world.say(ann, &Message::State(State::Available));
    world.turn_at_once();
    assert_eq!(world.guest(bob).writes, writes + 1, "gathered");
    assert_eq!(world.guest(eve).sees(), ["ann", "bob"], "the list as the others know it");
    world.pass(NEWS_PAUSE_MIN);
    assert_eq!(world.guest(bob).writes, writes + 2, "both in one write");
    assert_eq!(world.guest(eve).sees(), ["ann", "bob", "eve"]);
    world.check_replicas();
}

#[test]
fn who_changes_its_state_a_thousand_times_a_second_wakes_the_others_fifty_times() {
    let mut world = World::new(61, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    world.pass(Millis(1_000));
    let writes = world.guest(bob).writes;
    for step in 0..1_000 {
        let state = [State::InChat, State::Available][step % 2];
        world.say(ann, &Message::State(state));
        world.pass(Millis(1));
        world.turn_at_once();
    }
    world.pass(NEWS_PAUSE_MIN);
    let woken = world.guest(bob).writes - writes;
    assert!((1..=51).contains(&woken), "{woken}");
    world.check_replicas();
}

#[test]
fn who_comes_back_as_somebody_else_within_a_pause_is_told_as_left_and_joined() {
    let mut world = World::new(62, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    let heard = world.guest(ann).changes().len();
    world.leave(bob);
    let mut other = Person::called("bob");
    other.identity = [9; 32];
    world.join(&other);
    world.turn();
    let changes = world.guest(ann).changes().split_off(heard);
    assert!(matches!(changes.as_slice(), [Change::Left(_), Change::Joined(_)]), "{changes:?}");
    world.check_replicas();
}

#[test]
fn a_crowd_of_newcomers_gets_the_list_in_several_turns_and_all_of_them_get_it() {
    let mut world = World::new(63, 100);
    let here: Vec<_> = (0..3 * LISTS_PER_TURN)
        .map(|number| world.join(&Person::called(&format!("m{number}"))))
        .collect();
    world.turn_at_once();
    let listed = |world: &World| here.iter().filter(|id| world.guest(**id).has_list).count();
    assert_eq!(listed(&world), LISTS_PER_TURN);
    assert_eq!(world.community.deadline(), Some(Millis(0)), "the rest at once");
    world.turn();
    assert_eq!(listed(&world), here.len());
    world.check_replicas();
}

#[test]
fn the_list_and_the_changes_after_it_make_the_directory_however_they_are_gathered() {
    for seed in 200..208 {
        let mut world = World::new(seed, 200);
        let mut here = Vec::new();
        for step in 0..120 {
            let somebody = (!here.is_empty()).then(|| here[world.below(here.len())]);
            match (world.below(8), somebody) {
                (0..=2, _) => {
                    // Few names, so that some come back as others; each with its own identity.
                    let mut person = Person::called(&format!("m{}", world.below(40)));
                    person.identity = [step; 32];
                    person.from = ([10, 0, 0, step], 1).into();
                    here.push(world.join(&person));
                }
                (3, _) => here.push(world.watch(&Person::called("watcher"))),
                (4, Some(id)) => world.leave(id),
                (5, Some(id)) => world.die(id),
                (6, Some(id)) if world.guest(id).sees().contains(&world.guest(id).name()) => {
                    let state = [State::Available, State::InChat][world.below(2)];
                    world.say(id, &Message::State(state));
                }
                _ => {}
            }
            match world.below(4) {
                0 => world.turn_at_once(),
                1 => {
                    let span = world.below(30) as u64;
                    world.pass(Millis(span));
                }
                _ => {}
            }
            here.retain(|id| world.guest(*id).end.is_none());
        }
        world.turn();
        world.check_replicas();
    }
}
