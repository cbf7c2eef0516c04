//! Being in a community: joining, its list, and coming back when it was lost.

use std::collections::BTreeSet;

use community_server::community;
use hallway::conn::ConnectError;
use hallway::limits;
use hallway::message::{Member, State};
use hallway::reason::{CloseReason, Ended};
use hallway::secret::Secret;
use node_server::membership::Wish;
use node_server::node::{Command, Node};
use node_server::notice::Notice;

use crate::host::Core;
use crate::people::{Person, line, name, person};
use crate::world::{HostId, World};

fn join(world: &mut World, host: HostId, community: HostId) {
    let wish = world.wish(community, true);
    world.command(host, Command::Join(wish));
    world.until("joined", |world| world.last(host) == Some(&Notice::ListWhole));
}

/// What a community lists, but for one node.
fn directory(world: &World, community: HostId, but: &Node) -> Vec<Member> {
    let Core::Community(core) = &world.host(community).core else { panic!("no community") };
    core.members().filter(|member| member.instance != but.me().instance).cloned().collect()
}

fn replica_is_equal(world: &World, host: HostId, community: HostId) {
    let node = world.node(host);
    let replica: Vec<Member> = node.members().cloned().collect();
    assert_eq!(replica, directory(world, community, node));
}

fn count(world: &World, host: HostId, what: impl Fn(&Notice) -> bool) -> usize {
    world.host(host).notices.iter().filter(|notice| what(notice)).count()
}

fn tries(world: &World, host: HostId, to: HostId) -> Vec<u64> {
    let to = world.socket(to);
    world.host(host).tries.iter().filter(|(_, tried)| *tried == to).map(|(at, _)| *at).collect()
}

fn failed(world: &World, host: HostId) -> Option<Ended> {
    world.host(host).notices.iter().find_map(|notice| match notice {
        Notice::CommunityFailed(_, ended) => Some(*ended),
        _ => None,
    })
}

#[test]
fn everybody_has_the_communitys_list_and_a_watcher_is_not_on_it() {
    let mut world = World::new(1);
    world.weather.piece = 50;
    let class = world.community();
    let watcher = world.join(&person("watcher"));
    let wish = world.wish(class, false);
    world.command(watcher, Command::Join(wish));
    world.run(1_000);
    let hosts = ["ann", "bob", "eve", "katie"].map(|name| world.join(&person(name)));
    for host in hosts {
        join(&mut world, host, class);
    }
    world.run(1_000);
    let names: Vec<&str> = world.node(watcher).members().map(|each| each.name.as_str()).collect();
    assert_eq!(names, ["ann", "bob", "eve", "katie"]);
    world.command(hosts[1], Command::Leave);
    world.run(1_000);
    for host in hosts.into_iter().chain([watcher]).filter(|host| *host != hosts[1]) {
        replica_is_equal(&world, host, class);
        assert!(world.node(host).is_in_community());
    }
    assert_eq!(world.node(watcher).members().count(), 3);
    assert_eq!(count(&world, watcher, |notice| matches!(notice, Notice::MemberJoined(_))), 4);
    assert_eq!(count(&world, watcher, |notice| matches!(notice, Notice::MemberLeft(_))), 1);
    assert!(!world.node(hosts[1]).is_in_community());
    assert_eq!(world.node(hosts[1]).members().count(), 0);
}

#[test]
fn in_chat_from_the_first_conversation_to_the_end_of_the_last() {
    let mut world = World::new(1);
    let class = world.community();
    let [ann, bob, eve, watcher] =
        ["ann", "bob", "eve", "watcher"].map(|name| world.join(&person(name)));
    for host in [ann, watcher] {
        join(&mut world, host, class);
    }
    let state = |world: &World| world.node(watcher).members().next().unwrap().state;
    assert_eq!(state(&world), State::Available);
    world.introduce(ann, bob);
    world.introduce(ann, eve);
    world.run(100);
    assert_eq!(state(&world), State::InChat);
    let calls = world.talking(ann);
    world.command(ann, Command::HangUp(calls[0]));
    world.run(100);
    assert_eq!(state(&world), State::InChat);
    world.command(ann, Command::HangUp(calls[1]));
    world.run(100);
    assert_eq!(state(&world), State::Available);
    assert_eq!(count(&world, watcher, |notice| matches!(notice, Notice::MemberChanged(..))), 2);
    // Who joins in the middle of a conversation says so at once.
    world.introduce(bob, eve);
    join(&mut world, bob, class);
    world.run(100);
    let bobs = world.node(watcher).members().find(|member| member.name.as_str() == "bob").unwrap();
    assert_eq!(bobs.state, State::InChat);
}

#[test]
fn a_lost_community_is_tried_with_doubling_pauses_for_ever() {
    let mut world = World::new(7);
    let class = world.community();
    let ann = world.join(&person("ann"));
    let bob = world.join(&person("bob"));
    join(&mut world, ann, class);
    join(&mut world, bob, class);
    world.kill(class, 0);
    world.run(3_600_000);
    let times = tries(&world, ann, class);
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).skip(1).collect();
    for (failures, pause) in pauses.iter().enumerate() {
        let whole =
            (limits::REJOIN_FIRST.0 << (failures + 1).min(10)).min(limits::REJOIN_LONGEST.0);
        let (least, most) = (whole / 2, whole + 10);
        assert!((least..=most).contains(pause), "{failures}: {pause} of {whole}");
    }
    assert!(pauses.len() > 3_600 / 30, "{}", pauses.len());
    let longest: BTreeSet<u64> = pauses.iter().skip(10).copied().collect();
    assert!(longest.len() > 50, "a class would come all at once: {longest:?}");
    assert_eq!(count(&world, ann, |notice| matches!(notice, Notice::CommunityLost(_))), 1);
    assert!(!world.node(ann).is_in_community());
    assert_eq!(world.node(ann).members().count(), 0);

    let core = world.new_community(200, 100, 1_000);
    world.restart(class, core);
    world.run(60_000);
    assert_eq!(count(&world, ann, |notice| matches!(notice, Notice::CommunityJoined(_))), 2);
    replica_is_equal(&world, ann, class);
    assert_eq!(world.node(ann).members().count(), 1);
}

#[test]
fn a_community_that_says_goodbye_and_comes_back_with_a_new_record_is_joined_again() {
    let mut world = World::new(7);
    let class = world.community();
    let ann = world.join(&person("ann"));
    join(&mut world, ann, class);
    world.operate(class, community::Input::Stop);
    let core = world.new_community(200, 100, 1_000);
    world.restart(class, core);
    world.run(10_000);
    assert_eq!(count(&world, ann, |notice| matches!(notice, Notice::CommunityJoined(_))), 2);
    replica_is_equal(&world, ann, class);
    assert!(world.node(ann).is_in_community());
}

#[test]
fn what_only_somebody_can_mend_is_not_tried_again() {
    for case in ["password", "pin", "kicked", "unreachable"] {
        let mut world = World::new(1);
        let class = world.community();
        let ann = world.join(&person("ann"));
        let wish = match case {
            "password" => {
                let password = Secret::new("wrong").unwrap();
                Wish { password, persist: true, ..world.wish(class, true) }
            }
            "unreachable" => {
                let wish = world.wish(class, true);
                world.kill(class, 0);
                wish
            }
            _ => world.wish(class, true),
        };
        world.command(ann, Command::Join(wish));
        world.run(1_000);
        match case {
            "pin" => {
                world.kill(class, 0);
                // Somebody else there, who knows the password.
                let core = world.new_community(201, 100, 1_000);
                world.restart(class, core);
            }
            "kicked" => {
                let kick = community::Command::Kick(name("ann"));
                world.operate(class, community::Input::Operator(kick));
            }
            _ => {}
        }
        world.run(600_000);
        let expected = match case {
            "password" => Ended::WrongPassword,
            "kicked" => Ended::Closed(CloseReason::Kicked),
            "unreachable" => Ended::NotReached(ConnectError::Refused),
            _ => match failed(&world, ann).unwrap() {
                broken @ Ended::PinBroken { .. } => broken,
                other => panic!("{other:?}"),
            },
        };
        assert_eq!(failed(&world, ann), Some(expected), "{case}");
        assert_eq!(tries(&world, ann, class).len(), if case == "pin" { 2 } else { 1 });
        assert!(world.node(ann).community().is_none() && world.node(ann).deadline().is_none());
        assert!(!world.node(ann).is_in_community());
    }
}

#[test]
fn a_taken_name_is_answered_with_a_free_one_and_that_one_works() {
    let mut world = World::new(1);
    let class = world.community();
    let first = world.join(&person("ann"));
    let second = world.join(&person("ANN").key(77));
    join(&mut world, first, class);
    let wish = Wish { persist: true, ..world.wish(class, true) };
    world.command(second, Command::Join(wish));
    world.run(100_000);
    let Some(Notice::NameTaken(place, free)) = world.last(second).cloned() else {
        panic!("{}", world.story());
    };
    assert_eq!((place, free.as_str()), (world.socket(class).to_string(), "ANN-2"));
    assert_eq!(tries(&world, second, class).len(), 1);
    assert!(!world.node(second).is_in_community());
    world.command(second, Command::Rename(free));
    join(&mut world, second, class);
    world.run(100);
    replica_is_equal(&world, first, class);
    assert_eq!(world.node(first).members().next().unwrap().name.as_str(), "ANN-2");
}

#[test]
fn who_is_told_to_wait_waits_so_long() {
    let mut world = World::new(1);
    let core = world.new_community(200, 100, 1);
    let class = world.add(core);
    let ann = world.join(&person("ann"));
    let wrong = Wish { password: Secret::new("wrong").unwrap(), ..world.wish(class, true) };
    world.command(ann, Command::Join(wrong));
    world.run(1_000);
    let wish = Wish { persist: true, ..world.wish(class, true) };
    world.command(ann, Command::Join(wish));
    world.run(60_000);
    let times = tries(&world, ann, class);
    assert_eq!(times.len(), 3);
    let waited = times[2] - times[1];
    assert!((limits::GUESS_REFILL.0 - 2_000..=limits::GUESS_REFILL.0 + 1_000).contains(&waited));
    assert!(world.node(ann).is_in_community());
}

#[test]
fn a_full_community_is_tried_again_by_who_persists() {
    let mut world = World::new(1);
    let core = world.new_community(200, 1, 1_000);
    let class = world.add(core);
    let (ann, bob) = (world.join(&person("ann")), world.join(&person("bob")));
    join(&mut world, ann, class);
    let wish = Wish { persist: true, ..world.wish(class, true) };
    world.command(bob, Command::Join(wish));
    world.run(10_000);
    assert!(!world.host(bob).notices.contains(&Notice::ListWhole));
    world.command(ann, Command::Leave);
    world.run(30_000);
    replica_is_equal(&world, bob, class);
    assert!(world.host(bob).notices.contains(&Notice::ListWhole));
}

#[test]
fn the_operators_words_and_a_copied_identity_are_told() {
    let mut world = World::new(1);
    let class = world.community();
    let ann = world.join(&person("ann"));
    let copy = world.join(&Person { key: person("ann").key, ..person("anna") });
    for host in [ann, copy] {
        join(&mut world, host, class);
    }
    world.operate(class, community::Input::Operator(community::Command::Say(line("lunch"))));
    world.run(100);
    assert_eq!(count(&world, ann, |notice| *notice == Notice::CommunitySays(line("lunch"))), 1);
    for (host, twin) in [(ann, "anna"), (copy, "ann")] {
        let told = Notice::CommunityTwin(name(twin));
        assert_eq!(count(&world, host, |notice| *notice == told), 1);
    }
}

#[test]
fn who_joins_another_community_leaves_the_first() {
    let mut world = World::new(1);
    let (one, two) = (world.community(), world.community());
    let ann = world.join(&person("ann"));
    join(&mut world, ann, one);
    join(&mut world, ann, two);
    world.run(100);
    assert_eq!(directory(&world, one, world.node(ann)).len(), 0);
    let Core::Community(core) = &world.host(one).core else { panic!("no community") };
    assert_eq!(core.members().count(), 0);
    assert_eq!(world.node(ann).community().unwrap().to_string(), world.socket(two).to_string());
}

/// No turn of the loop, hence no processor time and no memory.
#[test]
fn a_community_and_two_who_talk_want_no_turn_while_nothing_happens() {
    let mut world = World::new(1);
    let class = world.community();
    let [ann, bob] = ["ann", "bob"].map(|name| world.join(&person(name)));
    join(&mut world, ann, class);
    join(&mut world, bob, class);
    world.introduce(bob, ann);
    world.run(5_000);
    assert_eq!(world.node(ann).talking().count(), 1);
    for host in [class, ann, bob] {
        assert_eq!(world.host(host).deadline(), None);
    }
}
