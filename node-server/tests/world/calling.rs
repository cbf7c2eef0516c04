//! Calls that come about, and calls that do not.

use hallway::conn::{ConnectError, Lost};
use hallway::limits;
use hallway::place::Place;
use hallway::reason::{CloseReason, Ended, PeerFault};
use hallway::secret::Secret;
use node_server::calls::{CallPolicy, Callee};
use node_server::node::Command;
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;

use crate::host::Core;
use crate::people::{Person, call, line, new_node, password, person};
use crate::world::{HostId, World};

fn two(ann: &Person, bob: &Person) -> (World, HostId, HostId) {
    let mut world = World::new(1);
    let (ann, bob) = (world.join(ann), world.join(bob));
    (world, ann, bob)
}

/// The only call of a host has ended like this, and nothing is left of it.
fn ended(world: &World, host: HostId, how: Ended) {
    let all: Vec<Ended> = world.host(host).ended().iter().map(|(_, ended, _)| *ended).collect();
    assert_eq!(all, [how], "{}", world.story());
    assert_eq!(world.node(host).talking().count() + world.node(host).ringing().count(), 0);
}

#[test]
fn a_call_is_taken_and_lines_go_both_ways_in_order() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    world.introduce(ann, bob);
    for n in 0..20 {
        world.say(ann, &format!("from ann {n}"));
        world.say(bob, &format!("from bob {n}"));
    }
    world.run(1_000);
    let lines = |who: &str| (0..20).map(|n| format!("from {who} {n}")).collect::<Vec<_>>();
    assert_eq!(world.host(bob).heard(), lines("ann"));
    assert_eq!(world.host(ann).heard(), lines("bob"));

    let call = world.talking(ann)[0];
    world.command(ann, Command::HangUp(call));
    world.run(1_000);
    assert_eq!(world.host(ann).ended(), [(call, Ended::ByUs(CloseReason::Bye), vec![])]);
    assert_eq!(world.host(bob).ended(), [(CallId(1), Ended::Closed(CloseReason::Bye), vec![])]);
    assert!(world.is_quiet());
}

#[test]
fn somebody_asked_can_accept_deny_or_leave_it_ringing() {
    let asked = person("bob").calls(CallPolicy::Ask);
    for answer in ["accept", "deny", "nothing"] {
        let (mut world, ann, bob) = two(&person("ann"), &asked);
        let call = world.call(&[bob]);
        world.command(ann, call);
        world.until("ringing", |world| world.node(bob).ringing().count() == 1);
        world.run(1_000);
        assert_eq!((world.talking(ann).len(), world.talking(bob).len()), (0, 0));
        assert!(matches!(world.last(ann), Some(Notice::Calling(..))));
        match answer {
            "accept" => {
                world.command(bob, Command::Accept(CallId(1)));
                world.run(1_000);
                assert_eq!((world.talking(ann).len(), world.talking(bob).len()), (1, 1));
            }
            "deny" => {
                world.command(bob, Command::Deny(CallId(1)));
                world.run(1_000);
                ended(&world, ann, Ended::Closed(CloseReason::Denied));
                ended(&world, bob, Ended::ByUs(CloseReason::Denied));
                assert!(world.is_quiet());
            }
            _ => {
                world.run(limits::RING_WAIT.0 - 5_000);
                assert_eq!(world.node(bob).ringing().count(), 1);
                world.run(5_000);
                ended(&world, ann, Ended::Closed(CloseReason::NoAnswer));
                ended(&world, bob, Ended::ByUs(CloseReason::NoAnswer));
                assert!(world.is_quiet());
            }
        }
    }
}

#[test]
fn somebody_who_takes_no_calls_denies_them_unasked() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob").calls(CallPolicy::None));
    let call = world.call(&[bob]);
    world.command(ann, call);
    world.run(1_000);
    ended(&world, ann, Ended::Closed(CloseReason::Denied));
    assert!(world.host(bob).notices.is_empty());
    assert!(world.is_quiet());
}

#[test]
fn a_wrong_password_ends_the_call_and_nobody_hears_a_ring() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    let sockets = vec![world.socket(bob), world.socket(bob)];
    let (label, whereabouts) = ("bob".to_owned(), Whereabouts::Sockets(sockets));
    let password = Secret::new("wrong").unwrap();
    world.command(ann, Command::Call(Callee { label, whereabouts, identity: None, password }));
    world.run(60_000);
    ended(&world, ann, Ended::WrongPassword);
    assert!(matches!(world.host(bob).notices.as_slice(), [Notice::Turned(..)]));
    assert_eq!(world.host(ann).tries.len(), 1, "each try costs a guess");
    assert!(world.is_quiet());
}

#[test]
fn a_guesser_is_told_to_wait() {
    let (mut world, ann, bob) = two(&person("ann"), &Person { guesses: 2, ..person("bob") });
    for _ in 0..3 {
        let (label, whereabouts) =
            ("bob".to_owned(), Whereabouts::Sockets(vec![world.socket(bob)]));
        let password = Secret::new("wrong").unwrap();
        world.command(ann, Command::Call(Callee { label, whereabouts, identity: None, password }));
        world.run(100);
    }
    let ended = world.host(ann).ended();
    assert_eq!((ended[0].1, ended[1].1), (Ended::WrongPassword, Ended::WrongPassword));
    assert!(matches!(ended[2].1, Ended::Busy { wait_ms: 1..=10_000 }), "{ended:?}");
    assert!(world.is_quiet());
}

#[test]
fn all_addresses_are_tried_family_by_turns_a_quarter_of_a_second_apart() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    let dead: Vec<_> = ["10.9.0.1:1", "10.9.0.2:1", "[fd00::1]:1"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    world.silent.extend(&dead);
    let (start, works) = (world.now, world.socket(bob));
    let sockets = vec![dead[0], dead[1], works, dead[2]];
    world.command(ann, call(Whereabouts::Sockets(sockets)));
    world.until("a conversation", |world| world.talking(ann).len() == 1);
    let tries: Vec<_> = world.host(ann).tries.iter().map(|(at, to)| (at - start, *to)).collect();
    assert_eq!(tries, [(0, dead[0]), (250, dead[2]), (500, dead[1]), (750, works)]);
    let (_, who) = world.node(ann).talking().next().unwrap();
    assert_eq!(who.at, works);
}

#[test]
fn an_address_that_refuses_does_not_hold_up_the_next() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    let (start, works) = (world.now, world.socket(bob));
    let closed = "10.0.0.2:1".parse().unwrap();
    world.command(ann, call(Whereabouts::Sockets(vec![closed, works])));
    world.until("a conversation", |world| world.talking(ann).len() == 1);
    assert!(world.host(ann).tries[1].0 - start < 10, "{:?}", world.host(ann).tries);
}

#[test]
fn addresses_passed_over_for_a_stranger_are_tried_again_in_their_order() {
    let (mut world, ann, _) = two(&person("ann"), &person("bob"));
    let stranger = world.add(Core::Stranger(b"220 smtp ready\r\n".to_vec()));
    let dead = ["10.9.0.1:1", "10.9.0.2:1"].map(|text| text.parse().unwrap());
    world.silent.extend(dead);
    let sockets = vec![dead[0], dead[1], world.socket(stranger)];
    world.command(ann, call(Whereabouts::Sockets(sockets.clone())));
    world.run(20_000);
    let tries: Vec<_> = world.host(ann).tries.iter().map(|(_, to)| *to).collect();
    assert_eq!(tries, [&sockets[..], &dead].concat());
    ended(&world, ann, Ended::Fault(PeerFault::NotHallway));
    assert!(world.is_quiet());
}

#[test]
fn a_host_name_is_looked_up_and_an_unknown_one_is_said_to_be() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    world.names.insert("bobs-pc".to_owned(), vec![world.socket(bob)]);
    let place = |typed| Whereabouts::Place(Place::parse(typed, 5460).unwrap());
    world.command(ann, call(place("bobs-pc")));
    world.command(ann, call(place("nowhere")));
    world.run(1_000);
    assert_eq!(world.talking(ann), [CallId(1)]);
    let none = Ended::NotReached(ConnectError::NoSuchHost);
    assert_eq!(world.host(ann).ended(), [(CallId(2), none, vec![])]);
}

#[test]
fn nobody_at_any_address_is_said_with_what_tells_most() {
    let (mut world, ann, _) = two(&person("ann"), &person("bob"));
    let (dead, closed) = ("10.9.0.1:1".parse().unwrap(), "10.0.0.2:1".parse().unwrap());
    world.silent.insert(dead);
    world.command(ann, call(Whereabouts::Sockets(vec![closed, dead])));
    world.run(10_000);
    ended(&world, ann, Ended::NotReached(ConnectError::Refused));
    assert!(world.is_quiet());
}

#[test]
fn somebody_listed_without_an_address_cannot_be_reached_and_that_is_said() {
    let (mut world, ann, _) = two(&person("ann"), &person("bob"));
    world.command(ann, call(Whereabouts::Sockets(Vec::new())));
    world.run(10);
    ended(&world, ann, Ended::NotReached(ConnectError::Unreachable));
}

#[test]
fn where_somebody_else_answers_the_next_address_is_tried() {
    for stranger in ["SSH-2.0-OpenSSH_9.7\r\n", ""] {
        let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
        let eve = world.join(&person("eve"));
        let stranger = world.add(Core::Stranger(stranger.as_bytes().to_vec()));
        let sockets = [stranger, eve, bob].map(|host| world.socket(host)).to_vec();
        let callee = Callee {
            label: "bob".to_owned(),
            whereabouts: Whereabouts::Sockets(sockets),
            identity: Some(world.node(bob).me().identity.public()),
            password: password(),
        };
        world.command(ann, Command::Call(callee));
        world.until("a conversation", |world| world.talking(ann).len() == 1);
        let (_, who) = world.node(ann).talking().next().unwrap();
        assert_eq!(who.at, world.socket(bob));
    }
}

#[test]
fn a_call_that_only_strangers_answer_says_so() {
    let (mut world, ann, _) = two(&person("ann"), &person("bob"));
    let eve = world.join(&person("eve"));
    let banner = world.add(Core::Stranger(b"220 smtp ready\r\n".to_vec()));
    let silent = world.add(Core::Stranger(Vec::new()));
    let expected = person("bob").fingerprint();
    for (host, how) in [
        (eve, Ended::OtherIdentity { expected, found: person("eve").fingerprint() }),
        (banner, Ended::Fault(PeerFault::NotHallway)),
        (silent, Ended::Fault(PeerFault::Silent)),
    ] {
        let callee = Callee {
            label: "bob".to_owned(),
            whereabouts: Whereabouts::Sockets(vec![world.socket(host)]),
            identity: Some(new_node(&person("bob"), [1; 32]).me().identity.public()),
            password: password(),
        };
        world.command(ann, Command::Call(callee));
        world.run(limits::ANSWER_WAIT.0 + 1_000);
        assert_eq!(world.host(ann).ended().last().unwrap().1, how);
    }
    assert_eq!(world.talking(ann).len() + world.talking(eve).len(), 0);
    assert!(world.is_quiet());
}

#[test]
fn a_call_can_be_given_up_while_it_is_dialled() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    for wait in 0..12 {
        let call = world.call(&[bob, bob]);
        world.command(ann, call);
        world.run(wait);
        let (call, ..) = *world.host(ann).ended().last().unwrap_or(&(CallId(0), END, vec![]));
        world.command(ann, Command::HangUp(CallId(call.0 + 1)));
        world.run(5_000);
        assert_eq!(world.host(ann).ended().len() as u64, wait + 1);
        assert!(world.is_quiet(), "{wait}: {}", world.story());
    }
}

const END: Ended = Ended::NoResources;

#[test]
fn a_full_node_says_so() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    for instance in 0..64 {
        let friend = world.join(&Person { instance, ..person("friend").key(100 + instance) });
        world.introduce(friend, bob);
    }
    let call = world.call(&[bob]);
    world.command(ann, call);
    world.run(1_000);
    ended(&world, ann, Ended::Closed(CloseReason::Full));
    assert_eq!(world.talking(bob).len(), limits::CONVERSATIONS_MAX);
    let call = world.call(&[ann]);
    world.command(bob, call);
    assert_eq!(world.host(bob).ended().last().unwrap().1, Ended::ByUs(CloseReason::Full));
}

#[test]
fn several_conversations_are_kept_apart() {
    let mut world = World::new(3);
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| world.join(&person(name)));
    world.introduce(ann, bob);
    world.introduce(ann, eve);
    let calls = world.talking(ann);
    world.command(ann, Command::Say(calls[0], vec![line("for bob")]));
    world.command(ann, Command::Say(calls[1], vec![line("for eve")]));
    world.run(100);
    assert_eq!(
        (world.host(bob).heard(), world.host(eve).heard()),
        (vec!["for bob".to_owned()], vec!["for eve".to_owned()],)
    );
    world.command(ann, Command::HangUp(calls[0]));
    world.say(eve, "still here");
    world.run(100);
    assert_eq!(world.host(ann).heard(), ["still here"]);
}

#[test]
fn an_echo_is_heard_before_finish_hangs_up() {
    let (mut world, ann, bob) = two(&person("ann"), &Person { echo: true, ..person("bob") });
    world.introduce(ann, bob);
    let call = world.talking(ann)[0];
    for n in 0..50 {
        world.say(ann, &format!("{n}"));
    }
    world.command(ann, Command::Finish(call));
    assert!(!world.node(ann).can_say(call));
    world.run(1_000);
    let all: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    assert_eq!((world.host(bob).heard(), world.host(ann).heard()), (all.clone(), all));
    assert_eq!(world.host(ann).ended(), [(call, Ended::ByUs(CloseReason::Bye), vec![])]);
    assert_eq!(world.host(bob).ended(), [(CallId(1), Ended::Closed(CloseReason::Bye), vec![])]);
    assert!(world.is_quiet());
}

#[test]
fn a_lost_connection_names_exactly_the_unconfirmed_lines() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    world.introduce(ann, bob);
    world.say(ann, "arrives");
    world.run(100);
    world.cut(|_| true, 25_000);
    world.say(ann, "into the void");
    world.say(ann, "and again");
    world.run(30_000);
    let lost = Ended::Lost(Lost::Broken);
    let lines = vec![line("into the void"), line("and again")];
    assert_eq!(world.host(ann).ended(), [(CallId(1), lost, lines)]);
    assert_eq!(world.host(bob).ended(), [(CallId(1), lost, vec![])]);
    assert_eq!(world.host(bob).heard(), ["arrives"]);
    assert!(world.is_quiet());
}

#[test]
fn too_many_unconfirmed_lines_must_wait_and_an_echo_never_gets_lost() {
    let (mut world, ann, bob) = two(&person("ann"), &Person { echo: true, ..person("bob") });
    world.introduce(ann, bob);
    let call = world.talking(ann)[0];
    let most = limits::UNCONFIRMED_LINES_MAX;
    for n in 0..most {
        assert!(world.node(ann).can_say(call));
        world.command(ann, Command::Say(call, vec![line(&n.to_string())]));
    }
    assert!(!world.node(ann).can_say(call));
    world.command(ann, Command::Say(call, vec![line("one too many")]));
    // From now on more than there is room for, said in the same turns in which the echo comes.
    for turn in 1..40 {
        for n in 0..1_500 {
            world.later(1, ann, Command::Say(call, vec![line(&format!("{turn} {n}"))]));
        }
        world.run(1);
    }
    world.run(5_000);
    assert!(world.node(ann).can_say(call));
    let heard = world.host(bob).heard();
    assert!(heard.len() > 2 * most && !heard.contains(&"one too many".to_owned()));
    assert_eq!(world.host(ann).heard(), heard);
}

#[test]
fn a_text_of_many_lines_is_said_whole_or_not_at_all() {
    let (mut world, ann, bob) = two(&person("ann"), &person("bob"));
    world.introduce(ann, bob);
    let call = world.talking(ann)[0];
    let most = limits::UNCONFIRMED_LINES_MAX;
    let text = |from: usize, to: usize| (from..to).map(|n| line(&n.to_string())).collect();
    world.command(ann, Command::Say(call, text(0, most - 1)));
    assert!(world.node(ann).can_say(call));
    world.command(ann, Command::Say(call, text(most - 1, 3 * most)));
    assert!(!world.node(ann).can_say(call));
    world.command(ann, Command::Say(call, vec![line("one too many")]));
    world.command(ann, Command::Finish(call));
    world.run(5_000);
    let expected: Vec<String> = (0..3 * most).map(|n| n.to_string()).collect();
    assert_eq!(world.host(bob).heard(), expected);
    assert_eq!(world.host(ann).ended()[0].2, []);
}

#[test]
fn who_stops_says_goodbye_to_everybody() {
    let mut world = World::new(4);
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|name| world.join(&person(name)));
    world.introduce(bob, ann);
    let call = world.call(&[eve]);
    world.command(ann, call);
    world.operate(ann, community_server::community::Input::Stop);
    world.run(60_000);
    assert_eq!(world.host(bob).ended()[0].1, Ended::Closed(CloseReason::Bye));
    assert!(world.is_quiet());
}
