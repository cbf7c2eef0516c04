//! Who is remembered, and what becomes of somebody who is not who their name says.

use hallway::conn::Lost;
use hallway::pins::Subject;
use hallway::reason::{CloseReason, Ended};
use node_server::calls::CallPolicy;
use node_server::node::Command;
use node_server::notice::{CallId, Notice, Standing};

use crate::people::{name, person};
use crate::world::{HostId, World};

fn standing(world: &World, host: HostId, call: u64) -> (Standing, String) {
    let node = world.node(host);
    let all = node.talking().chain(node.ringing());
    let (_, who) = all.into_iter().find(|(id, _)| id.0 == call).unwrap();
    (who.standing, who.label.clone())
}

#[test]
fn a_dialled_node_is_pinned_at_first_and_known_from_then_on() {
    let mut world = World::new(1);
    let (ann, bob) = (world.join(&person("ann")), world.join(&person("bob")));
    world.introduce(ann, bob);
    assert_eq!(standing(&world, ann, 1), (Standing::New, "bob".to_owned()));
    assert!(
        world.host(ann).pins.starts_with(&format!("node bob {} ", person("bob").fingerprint()))
    );
    world.command(ann, Command::HangUp(CallId(1)));
    world.introduce(ann, bob);
    assert_eq!(standing(&world, ann, 2), (Standing::Known, "bob".to_owned()));
    assert_eq!(world.host(ann).pins.lines().count(), 1);
}

#[test]
fn a_caller_is_pinned_by_a_persons_accept_and_by_nothing_else() {
    for (policy, answer, pinned) in [
        (CallPolicy::All, "", false),
        (CallPolicy::Ask, "deny", false),
        (CallPolicy::Ask, "accept", true),
    ] {
        let mut world = World::new(1);
        let (ann, bob) = (world.join(&person("ann")), world.join(&person("bob").calls(policy)));
        let call = world.call(&[bob]);
        world.command(ann, call);
        world.run(100);
        match answer {
            "accept" => world.command(bob, Command::Accept(CallId(1))),
            "deny" => world.command(bob, Command::Deny(CallId(1))),
            _ => {}
        }
        world.run(100);
        assert_eq!(!world.host(bob).pins.is_empty(), pinned, "{policy:?} {answer}");
    }
}

#[test]
fn a_dialled_node_with_another_identity_than_pinned_is_not_talked_with() {
    let mut world = World::new(1);
    let (bob, eve) = (person("bob"), person("bob").key(66));
    let ann = world.join(&person("ann").knows(&bob));
    let impostor = world.join(&eve);
    let call = world.call(&[impostor]);
    world.command(ann, call);
    world.run(1_000);
    let broken = Ended::PinBroken { pinned: bob.fingerprint(), found: eve.fingerprint() };
    assert_eq!(world.host(ann).ended(), [(CallId(1), broken, vec![])]);
    assert_eq!(world.host(ann).notices.len(), 1);
    assert_eq!(world.talking(impostor).len(), 0);
    assert_eq!(world.host(impostor).ended()[0].1, Ended::Closed(CloseReason::Bye));
    assert!(world.is_quiet() && world.host(ann).pins.is_empty());

    // The person here has asked Bob: it is a new machine of his.
    let subject = Subject::Node(name("bob"));
    world.command(ann, Command::Trust(subject, eve.fingerprint()));
    world.introduce(ann, impostor);
    assert_eq!(standing(&world, ann, 2), (Standing::Known, "bob".to_owned()));
    assert!(world.host(ann).pins.contains(&eve.fingerprint().to_string()));
}

#[test]
fn a_caller_with_somebody_elses_name_never_gets_the_bare_name() {
    for (policy, spelling) in
        [(CallPolicy::All, "bob"), (CallPolicy::Ask, "bob"), (CallPolicy::All, "BOB")]
    {
        let mut world = World::new(1);
        let bob = person("bob");
        let ann = world.join(&person("ann").knows(&bob).calls(policy));
        let impostor = world.join(&person(spelling).key(66));
        let call = world.call(&[ann]);
        world.command(impostor, call);
        world.run(100);
        let mark = person("bob").key(66).fingerprint().short();
        let expected = (Standing::Impostor(bob.fingerprint()), format!("{spelling}~{mark}"));
        assert_eq!(standing(&world, ann, 1), expected);
        world.command(ann, Command::Accept(CallId(1)));
        world.run(100);
        assert_eq!(standing(&world, ann, 1), expected);
        world.say(impostor, "trust me");
        world.run(100);
        assert!(
            matches!(world.last(ann), Some(Notice::Heard(_, label, _)) if *label == expected.1)
        );
        assert!(world.host(ann).pins.is_empty());
    }
}

#[test]
fn callers_of_one_name_have_distinct_labels() {
    let mut world = World::new(1);
    let ann = world.join(&person("ann"));
    for (key, spelling) in [(1, "bob"), (2, "bob"), (3, "Bob"), (4, "bob")] {
        let caller = world.join(&person(spelling).key(key));
        world.introduce(caller, ann);
    }
    let mut labels = world.labels(ann);
    assert_eq!(labels[0], "bob");
    assert!(labels[1..].iter().all(|label| label.contains('~')), "{labels:?}");
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), 4);
}

/// Two new people of one name ring; whom the person here takes first has the name.
#[test]
fn who_is_accepted_second_does_not_take_the_name_over() {
    for first in [1, 2] {
        let mut world = World::new(1);
        let ann = world.join(&person("ann").calls(CallPolicy::Ask));
        let bobs = [person("bob").key(1), person("bob").key(2)];
        for bob in &bobs {
            let host = world.join(bob);
            let call = world.call(&[ann]);
            world.command(host, call);
            world.run(100);
        }
        let pinned = bobs[usize::try_from(first - 1).unwrap()].fingerprint();
        world.command(ann, Command::Accept(CallId(first)));
        world.command(ann, Command::Accept(CallId(3 - first)));
        world.run(100);
        assert_eq!(world.host(ann).pins.lines().count(), 1);
        assert!(world.host(ann).pins.contains(&pinned.to_string()));
        let (standing, label) = standing(&world, ann, 3 - first);
        assert_eq!(standing, Standing::Impostor(pinned));
        assert!(label.contains('~'), "{label}");
        assert_eq!(world.labels(ann).len(), 2);
        assert_ne!(world.labels(ann)[0], world.labels(ann)[1]);
    }
}

/// Found by the simulation (seed 1927): a conversation with somebody who has the name of another
/// ended without a word, when their program kept the connection that ours would not have.
#[test]
fn whoever_calls_an_impostor_they_talk_with_is_told_when_that_conversation_is_over() {
    let mut outcomes = [false; 2];
    for key in 60..80 {
        let mut world = World::new(1);
        let ann = world.join(&person("ann").knows(&person("bob")));
        let impostor = world.join(&person("bob").key(key));
        world.introduce(impostor, ann);
        let talk = world.talking(ann)[0];
        let call = world.call(&[impostor]);
        world.command(ann, call);
        world.run(1_000);
        let goes_on = world.talking(ann) == [talk];
        let ended = world.host(ann).ended().into_iter().find(|(call, ..)| *call == talk);
        let lost = (talk, Ended::Lost(Lost::Broken), vec![]);
        assert_eq!(ended, (!goes_on).then_some(lost), "{}", world.story());
        outcomes[usize::from(goes_on)] = true;
    }
    assert_eq!(outcomes, [true; 2], "whose connection stays depends on the identities");
}
