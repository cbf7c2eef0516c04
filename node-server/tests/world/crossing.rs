//! Two connections of the same two: called at once, or called twice.

use hallway::reason::{CloseReason, Ended};
use node_server::calls::CallPolicy;
use node_server::node::Command;
use node_server::notice::{CallId, Notice, Standing};

use crate::people::{Person, line, person};
use crate::world::{HostId, Weather, World};

/// Exactly one conversation, on both sides, and it carries lines.
fn one_conversation(world: &mut World, ann: HostId, bob: HostId) {
    world.run(20_000);
    let counts =
        [ann, bob].map(|host| (world.talking(host).len(), world.node(host).ringing().count()));
    assert_eq!(counts, [(1, 0), (1, 0)], "{}", world.story());
    world.say(ann, "from ann");
    world.say(bob, "from bob");
    world.run(5_000);
    assert_eq!(world.host(bob).heard().last().unwrap(), "from ann");
    assert_eq!(world.host(ann).heard().last().unwrap(), "from bob");
    assert_eq!((world.labels(ann).len(), world.labels(ann)[0].contains('~')), (1, false));
    assert!(!world.labels(bob)[0].contains('~'), "{:?}", world.labels(bob));
}

fn everything_is_over(world: &mut World, ann: HostId) {
    let call = world.talking(ann)[0];
    world.command(ann, Command::HangUp(call));
    world.run(20_000);
    assert!(world.is_quiet(), "{}", world.story());
}

const POLICIES: [(CallPolicy, CallPolicy); 4] = [
    (CallPolicy::All, CallPolicy::All),
    (CallPolicy::All, CallPolicy::Ask),
    (CallPolicy::Ask, CallPolicy::All),
    (CallPolicy::Ask, CallPolicy::Ask),
];

/// Both call each other at some moment, and say lines as soon as they can.
fn cross(seed: u64) {
    let mut world = World::new(seed);
    world.weather = Weather { delay: 1 + seed % 60, piece: 400, resets: 0 };
    let (first, second) = POLICIES[usize::try_from(seed % 4).unwrap()];
    let ann = world.join(&person("ann").calls(first));
    let bob = world.join(&person("bob").calls(second));
    let (to_bob, to_ann) = (world.call(&[bob]), world.call(&[ann]));
    let apart = world.dice.below(1 + 4 * world.weather.delay);
    world.later(1, ann, to_bob);
    world.later(1 + apart, bob, to_ann);
    let mut said = [0, 0];
    for _ in 0..60 {
        world.run(1 + world.weather.delay / 6);
        for (who, host) in [ann, bob].into_iter().enumerate() {
            let open = world.talking(host).last().copied();
            if let Some(call) = open.filter(|call| world.node(host).can_say(*call)) {
                said[who] += 1;
                world
                    .command(host, Command::Say(call, vec![line(&format!("{who} {}", said[who]))]));
            }
        }
    }
    world.run(20_000);
    // One may have been asked and have nobody who answers: then nothing crossed.
    for host in [ann, bob] {
        let ringing = world.node(host).ringing().next().map(|(call, _)| call);
        if let Some(call) = ringing {
            world.command(host, Command::Accept(call));
        }
    }
    world.run(20_000);
    let lines = |who: usize| (1..=said[who]).map(|n| format!("{who} {n}")).collect::<Vec<_>>();
    assert_eq!(world.host(bob).heard(), lines(0), "seed {seed}: {}", world.story());
    assert_eq!(world.host(ann).heard(), lines(1), "seed {seed}: {}", world.story());
    one_conversation(&mut world, ann, bob);
    for host in [ann, bob] {
        for (_, ended, lost) in world.host(host).ended() {
            let duplicate = CloseReason::Duplicate;
            assert!(ended == Ended::ByUs(duplicate) || ended == Ended::Closed(duplicate));
            assert_eq!(lost, []);
        }
    }
    everything_is_over(&mut world, ann);
}

#[test]
fn two_who_call_each_other_at_once_get_one_conversation_and_lose_no_line() {
    for seed in 0..500 {
        cross(seed);
    }
}

#[test]
fn who_calls_somebody_they_talk_with_goes_on_where_they_were() {
    for (seed, (first, second)) in (0..).zip(POLICIES.repeat(10)) {
        let mut world = World::new(seed);
        world.weather = Weather { delay: 20, piece: 400, resets: 0 };
        let ann = world.join(&person("ann").calls(first));
        let bob = world.join(&person("bob").calls(second));
        let calls = [world.call(&[bob]), world.call(&[bob])];
        for (wait, call) in (0..).zip(calls) {
            let wait = 1 + wait * world.dice.below(60);
            world.later(wait, ann, call);
        }
        world.run(1_000);
        let ringing = world.node(bob).ringing().next().map(|(call, _)| call);
        if let Some(call) = ringing {
            world.command(bob, Command::Accept(call));
        }
        one_conversation(&mut world, ann, bob);
        everything_is_over(&mut world, ann);
    }
}

#[test]
fn who_comes_back_before_the_loss_was_noticed_replaces_the_old_connection() {
    let mut world = World::new(1);
    let (ann, bob) =
        (world.join(&person("ann")), world.join(&person("bob").calls(CallPolicy::Ask)));
    let call = world.call(&[bob]);
    world.command(ann, call);
    world.run(1_000);
    world.command(bob, Command::Accept(CallId(1)));
    world.run(100);
    // Only Ann notices in time: Bob's end hears of it in 25 s.
    world.cut(|_| true, 25_000);
    world.command(ann, Command::HangUp(CallId(1)));
    let call = world.call(&[bob]);
    world.command(ann, call);
    world.run(1_000);
    assert_eq!((world.talking(ann).len(), world.talking(bob).len()), (1, 1));
    one_conversation(&mut world, ann, bob);
    world.run(30_000);
    one_conversation(&mut world, ann, bob);
}

#[test]
fn who_rings_twice_still_waits_for_the_person_to_accept() {
    let mut world = World::new(1);
    let (ann, bob) =
        (world.join(&person("ann")), world.join(&person("bob").calls(CallPolicy::Ask)));
    for rung in 1..4 {
        let call = world.call(&[bob]);
        world.command(ann, call);
        world.run(1_000);
        let counts = (world.talking(bob).len(), world.node(bob).ringing().count());
        assert_eq!(counts, (0, 1), "after {rung}: {}", world.story());
    }
    assert!(world.talking(ann).is_empty() && world.host(bob).pins.is_empty());
    let (ringing, _) = world.node(bob).ringing().next().unwrap();
    world.command(bob, Command::Accept(ringing));
    one_conversation(&mut world, ann, bob);
}

#[test]
fn a_node_that_calls_itself_refuses_on_both_ends() {
    for policy in [CallPolicy::All, CallPolicy::Ask] {
        let mut world = World::new(1);
        let ann = world.join(&person("ann").calls(policy));
        let call = world.call(&[ann]);
        world.command(ann, call);
        world.run(1_000);
        let told: Vec<&Notice> = world.host(ann).notices.iter().collect();
        let yourself = CloseReason::Yourself;
        assert!(
            matches!(told.as_slice(), [Notice::Ended(CallId(1), _, Ended::ByUs(reason), _)]
                if *reason == yourself),
            "{told:?}"
        );
        assert!(world.is_quiet() && world.host(ann).pins.is_empty());
    }
}

#[test]
fn copies_of_one_identity_can_talk_and_are_marked_as_twins() {
    let mut world = World::new(1);
    let ann = world.join(&person("ann"));
    let copy = world.join(&Person { instance: 99, ..person("ann") });
    world.introduce(ann, copy);
    world.run(100);
    for host in [ann, copy] {
        let (_, who) = world.node(host).talking().next().unwrap();
        assert_eq!(who.standing, Standing::Twin);
        assert!(who.label.starts_with("ann~"), "{}", who.label);
        assert!(world.host(host).pins.is_empty());
    }
    world.say(ann, "hello me");
    world.run(100);
    assert_eq!(world.host(copy).heard(), ["hello me"]);
}

#[test]
fn copies_of_one_identity_that_call_each_other_at_once_get_one_conversation() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        world.weather.delay = 30;
        let ann = world.join(&person("ann"));
        let copy = world.join(&Person { instance: 99, ..person("ann") });
        let (one, two) = (world.call(&[copy]), world.call(&[ann]));
        world.later(1, ann, one);
        world.later(1 + seed, copy, two);
        world.run(5_000);
        assert_eq!((world.talking(ann).len(), world.talking(copy).len()), (1, 1));
    }
}

/// Found by the simulation (seed 72): what was said on the new connection overtook what had been
/// said on the old one, which the other end had closed meanwhile.
#[test]
fn who_calls_again_says_nothing_that_overtakes_what_was_said_before() {
    for seed in 0..60 {
        let mut world = World::new(seed);
        world.weather = Weather { delay: 1 + seed % 60, piece: 400, resets: 0 };
        let ann = world.join(&person("ann"));
        let bob = world.join(&person("bob"));
        world.introduce(ann, bob);
        let again = world.call(&[bob]);
        world.command(ann, again);
        let mut said = Vec::new();
        for n in 0..80 {
            world.run(1 + world.weather.delay / 6);
            let open = world.talking(ann).last().copied();
            if let Some(call) = open.filter(|call| world.node(ann).can_say(*call)) {
                said.push(format!("line {n}"));
                world.command(ann, Command::Say(call, vec![line(&format!("line {n}"))]));
            }
        }
        world.run(20_000);
        assert_eq!(world.host(bob).heard(), said, "seed {seed}: {}", world.story());
        one_conversation(&mut world, ann, bob);
    }
}

/// Nothing gets through on the old connection any more, no last word either.
#[test]
fn who_calls_again_waits_for_a_dead_connection_no_longer_than_for_an_answer() {
    let mut world = World::new(1);
    let ann = world.join(&person("ann"));
    let bob = world.join(&person("bob"));
    world.introduce(ann, bob);
    world.deafen(ann, bob);
    world.say(ann, "lost");
    let again = world.call(&[bob]);
    world.command(ann, again);
    world.until("a second conversation", |world| world.talking(ann).len() == 2);
    world.say(ann, "found");
    world.run(12_000);
    assert_eq!(world.host(bob).heard(), ["found"]);
    let lost = world.host(ann).ended().into_iter().flat_map(|(_, _, lines)| lines);
    assert_eq!(lost.map(|line| line.as_str().to_owned()).collect::<Vec<_>>(), ["lost"]);
    one_conversation(&mut world, ann, bob);
}

/// Found by the simulation (seeds 232 and 720 of its first day): one connection gives way to a
/// second, and that to a third, before the first has ended; what was said later came first.
#[test]
fn what_was_said_on_three_connections_arrives_in_its_order() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        world.weather = Weather { delay: 5 + seed % 60, piece: 400, resets: 0 };
        // Which one stays depends on who dialled it.
        let names = if seed % 2 == 0 { ["ann", "bob"] } else { ["bob", "ann"] };
        let [ann, bob] = names.map(|name| world.join(&person(name)));
        world.introduce(ann, bob);
        for _ in 0..2 {
            let wait = 1 + world.dice.below(3 * world.weather.delay);
            let (from, to) = if world.dice.below(3) == 0 { (ann, bob) } else { (bob, ann) };
            let again = world.call(&[to]);
            world.later(wait, from, again);
        }
        let mut said = [Vec::new(), Vec::new()];
        for n in 0..100 {
            world.run(1 + world.weather.delay / 8);
            for (who, host) in [ann, bob].into_iter().enumerate() {
                let open = world.talking(host).last().copied();
                if let Some(call) = open.filter(|call| world.node(host).can_say(*call)) {
                    said[who].push(format!("line {n}"));
                    world.command(host, Command::Say(call, vec![line(&format!("line {n}"))]));
                }
            }
        }
        world.run(20_000);
        assert_eq!(world.host(bob).heard(), said[0], "seed {seed}: {}", world.story());
        assert_eq!(world.host(ann).heard(), said[1], "seed {seed}: {}", world.story());
        one_conversation(&mut world, ann, bob);
    }
}

/// Found by the simulation (seed 960 of its first day): an echo went ahead of what the person there
/// had said before, which waited for an older connection to end.
#[test]
fn an_echo_keeps_its_place_among_what_the_person_there_says() {
    for seed in 0..60 {
        let mut world = World::new(seed);
        world.weather = Weather { delay: 5 + seed % 60, piece: 400, resets: 0 };
        let ann = world.join(&Person { echo: true, ..person("ann") });
        let bob = world.join(&person("bob"));
        world.introduce(ann, bob);
        let again = world.call(&[bob]);
        world.command(ann, again);
        let mut said = Vec::new();
        for n in 0..80 {
            let before = world.host(ann).heard().len();
            world.run(1 + world.weather.delay / 6);
            said.extend(world.host(ann).heard().split_off(before));
            for (host, text) in [(ann, format!("ann {n}")), (bob, format!("bob {n}"))] {
                // While it is settled which connection stays there may be none for a moment.
                let Some(call) = world.talking(host).last().copied() else { continue };
                if host == ann {
                    said.push(text.clone());
                }
                world.command(host, Command::Say(call, vec![line(&text)]));
            }
        }
        let before = world.host(ann).heard().len();
        world.run(20_000);
        said.extend(world.host(ann).heard().split_off(before));
        assert_eq!(world.host(bob).heard(), said, "seed {seed}: {}", world.story());
    }
}
