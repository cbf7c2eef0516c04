//! Whom a line goes to, when conversations come and go while it is typed.

use hallway::reason::{CloseReason, Ended};
use node_server::node::Command;
use node_server::notice::{CallId, Notice, Who};
use node_server::talk::{Act, Talk};

use crate::people::{Person, line, person};
use crate::world::{HostId, World};

fn talk_with(world: &World, host: HostId) -> (CallId, Who) {
    let (call, who) = world.node(host).talking().last().unwrap();
    (call, who.clone())
}

fn says(acts: Option<Vec<Act>>) -> Option<CallId> {
    acts.into_iter().flatten().find_map(|act| match act {
        Act::Do(Command::Say(call, _)) => Some(call),
        _ => None,
    })
}

/// Ann types to Bob. His connection gives way to another one, of which she has not heard yet.
fn ann_types_to_bob() -> (World, HostId, Talk) {
    let mut world = World::new(1);
    let [bob, ann] = ["bob", "ann"].map(|name| world.join(&person(name)));
    world.introduce(bob, ann);
    let (first, who) = talk_with(&world, ann);
    let mut talk = Talk::with_anybody();
    talk.told(&Notice::Connected(first, who.clone()), world.node(ann));
    assert!(talk.prompt(world.node(ann)).is_some());
    world.command(ann, Command::HangUp(first));
    world.run(5_000);
    let ended = Ended::Closed(CloseReason::Duplicate);
    talk.told(&Notice::Ended(first, who.label, ended, Vec::new()), world.node(ann));
    (world, ann, talk)
}

/// Found by the simulation (seed 110): that other connection never came about, somebody else
/// called, and the line that had been typed to Bob went to them.
#[test]
fn a_line_typed_to_one_never_goes_to_another_who_calls_meanwhile() {
    let (mut world, ann, mut talk) = ann_types_to_bob();
    let eve = world.join(&person("eve"));
    world.introduce(eve, ann);
    let (second, who) = talk_with(&world, ann);
    talk.told(&Notice::Connected(second, who), world.node(ann));
    assert_eq!(talk.focus(), Some(second));
    assert_eq!(says(talk.typed("for bob only", world.node(ann))), None);
    talk.prompt(world.node(ann));
    assert_eq!(says(talk.typed("for eve", world.node(ann))), Some(second));
}

#[test]
fn a_line_typed_while_one_connection_replaces_another_goes_to_the_same_person() {
    let (mut world, ann, mut talk) = ann_types_to_bob();
    world.introduce(0, ann);
    let (second, who) = talk_with(&world, ann);
    talk.told(&Notice::Connected(second, who), world.node(ann));
    assert_eq!(says(talk.typed("for bob only", world.node(ann))), Some(second));
    world.command(ann, Command::Say(second, vec![line("for bob only")]));
    world.run(5_000);
    assert_eq!(world.host(0).heard(), ["for bob only"]);
}

/// Found by the simulation (seed 1927): of two people of one name, one closed their conversation as
/// if another connection with them went on, and the line that had been typed to them went to the
/// other.
#[test]
fn a_line_typed_to_one_never_goes_to_another_of_the_same_name() {
    let mut world = World::new(1);
    let [bob, ann] = ["bob", "ann"].map(|name| world.join(&person(name)));
    let other_bob = world.join(&Person { key: 99, instance: 99, ..person("bob") });
    let mut talk = Talk::with_anybody();
    for host in [bob, other_bob] {
        world.introduce(host, ann);
        let (call, who) = talk_with(&world, ann);
        talk.told(&Notice::Connected(call, who), world.node(ann));
    }
    let (call, who) = talk_with(&world, ann);
    talk.typed(&format!("/to {}", who.label), world.node(ann));
    assert_eq!(talk.prompt(world.node(ann)), Some(format!("{}> ", who.label)));
    world.command(ann, Command::HangUp(call));
    world.run(5_000);
    let ended = Ended::Closed(CloseReason::Duplicate);
    talk.told(&Notice::Ended(call, who.label, ended, Vec::new()), world.node(ann));
    assert_eq!(says(talk.typed("for the other bob only", world.node(ann))), None);
    assert_eq!(talk.focus(), None);
}
