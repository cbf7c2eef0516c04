//! Those who do not get in, and those who break the protocol once they are.

use community_server::community::Load;
use community_server::notice::Notice;
use hallway::conn::ConnId;
use hallway::handshake::lobby::Turned;
use hallway::limits;
use hallway::message::{Message, State};
use hallway::reason::{Ended, PeerFault};
use hallway::text::Name;
use hallway::time::Millis;

use crate::support::{End, PASSWORD, Person, World, join_message};

/// Just short of `span`.
fn before(span: Millis) -> Millis {
    span - Millis(1)
}

#[test]
fn a_wrong_password_gets_no_answer_and_makes_one_notice() {
    for hangs_up in [true, false] {
        let mut world = World::new(30, 10);
        let mut person = Person::called("ann");
        person.password = "wrong horse";
        let id = world.log_in(&person);
        assert_eq!(world.guest(id).failure(), Some(Ended::WrongPassword));
        assert_eq!(world.guest(id).writes, 1, "the answer to its hello, and no more");
        assert_eq!(world.notices, [], "it may still be thinking");
        if hangs_up {
            world.die(id);
        } else {
            world.pass(before(limits::KE3_WAIT));
            assert_eq!(world.guest(id).end, None);
            world.pass(Millis(1));
            assert_eq!(world.guest(id).end, Some(End::Dropped));
        }
        world.pass(limits::KE3_WAIT);
        assert_eq!(world.notices, [Notice::Turned(person.from, Turned::NotCompleted)]);
        assert_eq!(world.guest(id).writes, 1);
        assert!(world.community.is_quiet());
    }
}

#[test]
fn after_too_many_wrong_passwords_one_address_is_told_to_wait_and_others_are_not() {
    let mut world = World::new(31, 10);
    let mut person = Person::called("ann");
    person.password = "wrong horse";
    for _ in 0..limits::GUESS_BURST {
        let id = world.log_in(&person);
        assert_eq!(world.guest(id).failure(), Some(Ended::WrongPassword));
        world.die(id);
    }
    person.password = PASSWORD;
    let id = world.log_in(&person);
    assert!(matches!(world.guest(id).failure(), Some(Ended::Busy { .. })));
    assert_eq!(world.guest(id).end, Some(End::Closed));
    assert_eq!(world.notices.last(), Some(&Notice::Turned(person.from, Turned::Refused)));
    let [bob] = world.join_all(["bob"]);
    assert_eq!(world.guest(bob).sees(), ["bob"]);
    world.pass(limits::GUESS_REFILL);
    let id = world.log_in(&person);
    assert!(world.guest(id).is_open(), "waiting helps");
}

#[test]
fn garbage_and_other_protocols_are_dropped_at_once_without_a_word() {
    let garbage: [(&[u8], PeerFault); 5] = [
        (b"GET / HTTP/1.1\r\nHost: hall\r\n\r\n", PeerFault::NotHallway),
        (b"\x16\x03\x01\x02\x00\x01", PeerFault::NotHallway),
        (b"\0", PeerFault::NotHallway),
        (b"HWY1\xff\xff", PeerFault::MalformedHello),
        (b"HWY1\0\x01\0", PeerFault::MalformedHello),
    ];
    let mut world = World::new(32, 10);
    let [ann] = world.join_all(["ann"]);
    for (bytes, fault) in garbage {
        let person = Person::called("eve");
        let id = world.connect(&person);
        world.bytes(id, bytes);
        assert_eq!(world.guest(id).end, Some(End::Dropped), "{bytes:?}");
        assert_eq!(world.guest(id).writes, 0);
        let turned = Notice::Turned(person.from, Turned::Fault(fault));
        assert_eq!(world.notices.last(), Some(&turned));
    }
    assert_eq!(world.community.load().half_open, 0);
    assert_eq!(world.guest(ann).sees(), ["ann"]);
}

#[test]
fn another_version_is_told_so_and_closed() {
    let mut world = World::new(33, 10);
    let id = world.connect(&Person::called("eve"));
    let mut hello = world.hello(id, PASSWORD);
    hello[3] = b'2';
    world.bytes(id, &hello);
    assert_eq!(world.guest(id).failure(), Some(Ended::Fault(PeerFault::OtherVersion)));
    assert_eq!(world.guest(id).end, Some(End::Closed));
}

#[test]
fn silence_at_any_step_ends_at_its_deadline() {
    let mut world = World::new(34, 10);
    let [nothing, half] =
        [world.connect(&Person::called("ann")), world.connect(&Person::called("bob"))];
    let hello = world.hello(half, PASSWORD);
    world.bytes(half, &hello[..hello.len() / 2]);
    let arrived = world.log_in(&Person::called("eve"));
    assert!(world.guest(arrived).is_open());
    world.pass(before(limits::HELLO_WAIT));
    // A byte now and then does not help.
    world.bytes(half, &hello[hello.len() / 2..][..1]);
    assert_eq!(world.community.load().half_open, 3);
    world.pass(Millis(1));
    for id in [nothing, half, arrived] {
        assert_eq!(world.guest(id).end, Some(End::Dropped));
    }
    assert_eq!(world.guest(half).writes, 0);
    assert!(world.community.is_quiet());
}

#[test]
fn who_has_logged_in_and_says_nothing_does_not_wait_for_the_next_stranger() {
    let mut world = World::new(39, 10);
    let id = world.log_in(&Person::called("ann"));
    assert_eq!(world.community.deadline(), Some(limits::HELLO_WAIT));
    world.pass(limits::HELLO_WAIT);
    assert_eq!(world.guest(id).end, Some(End::Dropped));
    assert!(world.community.is_quiet());
}

#[test]
fn a_log_in_cut_into_single_bytes_is_the_same_log_in() {
    let mut world = World::new(35, 10);
    let person = Person::called("ann");
    let id = world.connect(&person);
    for byte in world.hello(id, person.password) {
        world.bytes(id, &[byte]);
    }
    assert!(world.guest(id).is_open());
    for byte in world.sealed(id, &Message::Join(join_message())) {
        world.bytes(id, &[byte]);
    }
    world.turn();
    assert_eq!(world.guest(id).sees(), ["ann"]);
}

#[test]
fn two_thousand_idle_connections_are_capped_and_members_do_not_notice() {
    let mut world = World::new(36, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    let mut crowd = Person::called("eve");
    let flood = |world: &mut World, crowd: &Person, count: usize| -> Vec<ConnId> {
        (0..count).map(|_| world.connect(crowd)).collect()
    };
    flood(&mut world, &crowd, 100);
    assert_eq!(world.community.load().half_open, limits::HALF_OPEN_PER_SOURCE_MAX);
    for number in 0..100_u8 {
        crowd.from = ([10, 200, 0, number], 1).into();
        flood(&mut world, &crowd, 20);
    }
    assert_eq!(world.community.load().half_open, limits::HALF_OPEN_MAX);
    world.say(ann, &Message::State(State::InChat));
    world.turn();
    let name = Name::parse("ann").unwrap();
    assert_eq!(world.guest(bob).replica[&name].state, State::InChat);
    // Who says hello takes the place of the one who has been silent for longest.
    world.join_all(["gus"]);
    assert_eq!(world.community.load().members, 3);
    world.pass(limits::HELLO_WAIT);
    assert_eq!(world.community.load(), Load { members: 3, watchers: 0, half_open: 0 });
    world.check_replicas();
    assert_eq!(world.guest(ann).sees(), ["ann", "bob", "gus"]);
}

#[test]
fn a_forged_record_ends_the_connection_without_a_word_and_the_others_see_it_leave() {
    let mut world = World::new(37, 10);
    let [ann] = world.join_all(["ann"]);
    let message = Message::State(State::InChat);
    let tamper: [fn(&mut Vec<u8>); 3] = [
        |bytes| *bytes.last_mut().unwrap() ^= 1,
        |bytes| bytes[10] ^= 0x80,
        // Sent twice.
        |bytes| bytes.extend(bytes.clone()),
    ];
    for forge in tamper {
        let [bob] = world.join_all(["bob"]);
        let writes = world.guest(bob).writes;
        let mut bytes = world.sealed(bob, &message);
        forge(&mut bytes);
        world.bytes(bob, &bytes);
        world.turn();
        assert_eq!(world.guest(bob).end, Some(End::Dropped));
        assert_eq!(world.guest(bob).writes, writes);
        assert_eq!(world.guest(bob).last_word(), None);
        assert_eq!(world.guest(ann).sees(), ["ann"]);
        world.check_replicas();
    }
}

#[test]
fn more_bytes_than_a_log_in_needs_are_too_many() {
    let mut world = World::new(38, 10);
    let id = world.connect(&Person::called("eve"));
    let hello = world.hello(id, "wrong horse");
    world.bytes(id, &hello);
    world.bytes(id, &[0; limits::PRE_AUTH_BYTES_MAX]);
    assert_eq!(world.guest(id).end, Some(End::Dropped));
    let fault = Turned::Fault(PeerFault::TooMuchBeforeLogin);
    assert_eq!(world.notices.last(), Some(&Notice::Turned(Person::called("eve").from, fault)));
    assert!(world.community.is_quiet());
}
