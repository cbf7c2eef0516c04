//! What the operator does, and what is left when everybody is gone.

use community_server::community::{Command, Load};
use community_server::notice::Notice;
use hallway::channel::Incoming;
use hallway::limits;
use hallway::message::Message;
use hallway::reason::CloseReason;
use hallway::text::{Line, Name};

use crate::support::{End, Person, World};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn a_kicked_member_is_told_and_the_others_see_it_leave() {
    let mut world = World::new(20, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    world.operate(Command::Kick(name("BOB")));
    world.turn();
    assert_eq!(world.guest(bob).last_word(), Some(CloseReason::Kicked));
    assert_eq!(world.guest(bob).end, Some(End::Closed));
    assert_eq!(world.guest(ann).sees(), ["ann"]);
    assert!(world.notices.contains(&Notice::Kicked(name("bob"))), "by the name it had");
    let again = world.join(&Person::called("bob"));
    world.turn();
    assert_eq!(world.guest(again).sees(), ["ann", "bob"], "it may come back");
    world.check_replicas();
}

#[test]
fn kicking_nobody_is_answered_and_changes_nothing() {
    let mut world = World::new(21, 10);
    let [ann] = world.join_all(["ann"]);
    let writes = world.guest(ann).writes;
    world.operate(Command::Kick(name("bob")));
    world.turn();
    assert_eq!(world.notices.last(), Some(&Notice::NobodyCalled(name("bob"))));
    assert_eq!(world.guest(ann).writes, writes);
}

#[test]
fn what_the_operator_says_reaches_all_who_see_the_list_and_nobody_else() {
    let mut world = World::new(22, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    let watcher = world.watch(&Person::called("wyn"));
    let arrived = world.log_in(&Person::called("eve"));
    world.turn();
    let line = Line::split("the lesson begins").remove(0);
    world.operate(Command::Say(line.clone()));
    let said = Incoming::Message(Message::Notice(line));
    for id in [ann, bob, watcher] {
        assert_eq!(world.guest(id).heard.last(), Some(&said));
    }
    assert_eq!(world.guest(arrived).heard, []);
    assert_eq!(world.notices.last(), Some(&Notice::Said(2)));
}

#[test]
fn who_is_answered_with_the_list() {
    let mut world = World::new(23, 10);
    world.operate(Command::Who);
    assert_eq!(world.notices.last(), Some(&Notice::Who(vec![])));
    world.join_all(["bob", "ann"]);
    world.operate(Command::Who);
    let Some(Notice::Who(members)) = world.notices.last() else { panic!() };
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["ann", "bob"]);
}

#[test]
fn a_stop_says_bye_to_all_who_are_in_and_leaves_nothing() {
    let mut world = World::new(24, 10);
    let ids = world.join_all(["ann", "bob"]);
    let watcher = world.watch(&Person::called("wyn"));
    let arrived = world.log_in(&Person::called("eve"));
    let stranger = world.connect(&Person::called("fay"));
    world.join(&Person::called("gus"));
    assert_eq!(world.community.load(), Load { members: 3, watchers: 1, half_open: 2 });
    world.stop();
    for id in [ids[0], ids[1], watcher, arrived] {
        assert_eq!(world.guest(id).last_word(), Some(CloseReason::Bye));
        assert_eq!(world.guest(id).end, Some(End::Closed));
    }
    assert_eq!(world.guest(stranger).end, Some(End::Dropped));
    assert_eq!(world.guest(stranger).writes, 0);
    assert!(world.community.is_quiet());
    assert_eq!(world.community.deadline(), None);
}

#[test]
fn nothing_is_left_of_anybody_who_is_gone_whichever_way() {
    let mut world = World::new(25, 10);
    let [leaves, dies, kicked] = world.join_all(["ann", "bob", "eve"]);
    let watcher = world.watch(&Person::called("wyn"));
    let arrived = world.log_in(&Person::called("fay"));
    let garbled = world.connect(&Person::called("gus"));
    let silent = world.connect(&Person::called("hal"));
    let closed = world.connect(&Person::called("ida"));
    let silent_later = world.log_in(&Person::called("jon"));
    assert!(!world.community.is_quiet());
    world.leave(leaves);
    world.die(dies);
    world.operate(Command::Kick(name("eve")));
    world.leave(watcher);
    world.die(arrived);
    world.bytes(garbled, b"\0\0\0");
    world.die(closed);
    world.pass(limits::HELLO_WAIT);
    for id in [silent, silent_later] {
        assert_eq!(world.guest(id).end, Some(End::Dropped));
    }
    assert!(world.guest(kicked).end.is_some());
    assert_eq!(world.community.load(), Load::default());
    assert!(world.community.is_quiet());
    assert_eq!(world.community.deadline(), None);
}
