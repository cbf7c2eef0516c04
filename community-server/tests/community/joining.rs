//! Coming, going and changing: who is told what, in how many writes.

use community_server::notice::Notice;
use hallway::channel::Incoming;
use hallway::message::{Change, Message, State};
use hallway::reason::CloseReason;
use hallway::text::Name;

use crate::support::{End, Person, World};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn free_name(world: &World, id: hallway::conn::ConnId) -> String {
    let heard = &world.guest(id).heard;
    let [Incoming::Message(Message::NameTaken(free)), Incoming::Closed(CloseReason::Bye)] =
        heard.as_slice()
    else {
        panic!("{heard:?}")
    };
    free.to_string()
}

#[test]
fn joining_shows_the_list_and_is_told_to_the_others_in_one_write() {
    let mut world = World::new(1, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    let before = world.guest(ann).writes;
    let eve = world.join(&Person::called("eve"));
    assert_eq!(world.guest(ann).writes, before, "nothing is told before the turn ends");
    assert!(!world.guest(eve).has_list);
    let logged_in = world.guest(eve).writes;
    world.turn();
    assert_eq!(world.guest(ann).writes, before + 1);
    assert_eq!(world.guest(eve).writes, logged_in + 1);
    for id in [ann, bob, eve] {
        assert_eq!(world.guest(id).sees(), ["ann", "bob", "eve"]);
    }
    assert_eq!(world.guest(eve).changes(), [], "who gets the list gets no changes of it");
    let listed = &world.guest(ann).replica[&name("eve")];
    let ips: Vec<String> = listed.addresses.iter().map(|ip| ip.to_string()).collect();
    let seen = Person::called("eve").from.ip().to_string();
    assert_eq!(ips, [seen.as_str(), "192.168.1.5"], "nobody is told of a loopback address");
    world.check_replicas();
}

#[test]
fn leaving_dying_and_a_changed_state_are_pushed() {
    let mut world = World::new(2, 10);
    let [ann, bob, eve] = world.join_all(["ann", "bob", "eve"]);
    world.leave(bob);
    world.turn();
    assert_eq!(world.guest(bob).end, Some(End::Closed));
    world.die(eve);
    world.turn();
    world.say(ann, &Message::State(State::InChat));
    world.turn();
    let expected = [
        Change::Left(name("bob")),
        Change::Left(name("eve")),
        Change::State(name("ann"), State::InChat),
    ];
    assert_eq!(world.guest(ann).changes()[2..], expected);
    assert!(world.notices.ends_with(&[
        Notice::Left(name("bob")),
        Notice::Left(name("eve")),
        Notice::Changed(name("ann"), State::InChat),
    ]));
    world.check_replicas();
}

#[test]
fn a_state_that_is_no_news_is_told_to_nobody() {
    let mut world = World::new(3, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    let (notices, writes) = (world.notices.len(), world.guest(bob).writes);
    world.say(ann, &Message::State(State::Available));
    assert_eq!(world.community.deadline(), None);
    world.turn();
    assert_eq!((world.notices.len(), world.guest(bob).writes), (notices, writes));
}

#[test]
fn several_changes_in_one_turn_make_one_write_for_each() {
    let mut world = World::new(4, 20);
    let [ann, bob, eve] = world.join_all(["ann", "bob", "eve"]);
    let before = [world.guest(ann).writes, world.guest(bob).writes];
    for newcomer in ["fay", "gus", "hal"] {
        world.join(&Person::called(newcomer));
    }
    world.leave(eve);
    world.say(ann, &Message::State(State::InChat));
    world.say(ann, &Message::State(State::Available));
    world.turn();
    assert_eq!([world.guest(ann).writes, world.guest(bob).writes], before.map(|count| count + 1));
    assert_eq!(world.guest(bob).sees(), ["ann", "bob", "fay", "gus", "hal"]);
    world.check_replicas();
}

#[test]
fn who_comes_and_goes_within_one_turn_is_told_to_nobody() {
    let mut world = World::new(5, 10);
    let [ann] = world.join_all(["ann"]);
    let bob = world.join(&Person::called("bob"));
    world.die(bob);
    world.turn();
    assert_eq!(world.guest(ann).sees(), ["ann"]);
    assert_eq!(world.guest(ann).changes(), []);
    world.check_replicas();
}

#[test]
fn a_taken_name_is_refused_with_a_free_one_also_for_look_alikes() {
    let mut world = World::new(6, 20);
    let [paul, _] = world.join_all(["Paul", "Paul-2"]);
    // By its case; by a capital I for the l.
    for (number, alike) in ["paul", "PauI", "PAUL"].into_iter().enumerate() {
        let mut person = Person::called(alike);
        person.identity = [number as u8; 32];
        let id = world.join(&person);
        world.turn();
        assert_eq!(free_name(&world, id), format!("{alike}-3"));
        assert_eq!(world.guest(id).end, Some(End::Closed));
        assert_eq!(world.notices.last(), Some(&Notice::NameTaken(name(alike), person.from)));
        let mut free = Person::called(&format!("{alike}-3"));
        free.identity = person.identity;
        let id = world.join(&free);
        world.turn();
        assert_eq!(world.guest(id).end, None, "the free name can be had");
        world.leave(id);
        world.turn();
    }
    assert_eq!(world.guest(paul).end, None);
    assert_eq!(world.guest(paul).sees(), ["Paul", "Paul-2"]);
    world.check_replicas();
}

#[test]
fn the_same_run_replaces_its_older_connection() {
    let mut world = World::new(7, 2);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    for again in ["bob", "bobby"] {
        let mut person = Person::called("bob");
        person.name = name(again);
        let newer = world.join(&person);
        world.turn();
        assert_eq!(world.guest(newer).end, None, "the community is full, but this is no more");
        assert_eq!(world.guest(newer).sees(), ["ann", again]);
        assert_eq!(world.guest(ann).sees(), ["ann", again]);
        world.check_replicas();
    }
    assert_eq!(world.guest(bob).last_word(), Some(CloseReason::Replaced));
    assert_eq!(world.guest(bob).end, Some(End::Closed));
    assert!(!world.notices.iter().any(|notice| matches!(notice, Notice::Twin(..))));
}

#[test]
fn a_copied_identity_is_noticed_and_let_in() {
    let mut world = World::new(8, 10);
    world.join_all(["ann"]);
    let mut copy = Person::called("ann");
    copy.instance = [9; 8];
    let refused = world.join(&copy);
    assert_eq!(free_name(&world, refused), "ann-2", "another run is another");
    copy.name = name("bob");
    let bob = world.join(&copy);
    world.turn();
    assert!(world.notices.contains(&Notice::Twin(name("bob"), name("ann"))));
    assert_eq!(world.guest(bob).sees(), ["ann", "bob"]);
    world.check_replicas();
}

#[test]
fn a_full_community_says_so_and_has_room_again_when_somebody_leaves() {
    let mut world = World::new(9, 2);
    let [ann] = world.join_all(["ann"]);
    let watcher = world.watch(&Person::called("wyn"));
    let bob = world.join(&Person::called("bob"));
    let other = world.watch(&Person::called("eve"));
    world.turn();
    for id in [bob, other] {
        assert_eq!(world.guest(id).last_word(), Some(CloseReason::Full));
        assert_eq!(world.guest(id).end, Some(End::Closed));
        assert!(!world.guest(id).has_list);
    }
    assert!(world.notices.contains(&Notice::Full(name("bob"))));
    assert_eq!(world.guest(ann).sees(), ["ann"]);
    world.leave(watcher);
    let bob = world.join(&Person::called("bob"));
    world.turn();
    assert_eq!(world.guest(bob).sees(), ["ann", "bob"]);
    world.check_replicas();
}

#[test]
fn a_watcher_gets_the_list_and_is_not_on_it() {
    let mut world = World::new(10, 10);
    let watcher = world.watch(&Person::called("wyn"));
    world.turn();
    assert!(world.guest(watcher).has_list, "an empty list is a list");
    let [ann, bob] = world.join_all(["ann", "bob"]);
    assert_eq!(world.guest(watcher).sees(), ["ann", "bob"]);
    assert_eq!(world.guest(ann).sees(), ["ann", "bob"]);
    assert_eq!(world.community.load().watchers, 1);
    world.leave(watcher);
    world.turn();
    assert_eq!(world.guest(bob).changes(), [], "nobody is told that a watcher left");
    assert!(!world.notices.contains(&Notice::Left(name("wyn"))));
    world.check_replicas();
}
