//! Every state of a connection and every message: it has a place there, or the connection ends.

use hallway::conn::ConnId;
use hallway::handshake::auth::{Auth, Instance};
use hallway::identity::SIGNATURE_BYTES;
use hallway::message::files::Files;
use hallway::message::{Addresses, Message, Page, Say, State};
use hallway::reason::CloseReason;
use hallway::text::{Line, Name};

use crate::support::{End, Person, World, join_message};

/// Where a connection that has logged in can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Arrived,
    Watcher,
    Member,
}

const PLACES: [Place; 3] = [Place::Arrived, Place::Watcher, Place::Member];

/// One of each. `is_handled` below does not compile while a message is missing there; the number
/// of its arms is the length of this list.
fn every_message() -> [Message; 13] {
    let name = Name::parse("zoe").unwrap();
    let line = Line::split("hello").remove(0);
    let auth = Auth {
        identity: [1; 32],
        instance: Instance([1; 8]),
        name: name.clone(),
        signature: [0; SIGNATURE_BYTES],
    };
    [
        Message::Auth(auth),
        Message::Join(join_message()),
        Message::Watch,
        Message::State(State::InChat),
        Message::NameTaken(name),
        Message::Members(Page { members: vec![], last: true }),
        Message::Changes(vec![]),
        Message::Notice(line.clone()),
        Message::Accepted,
        Message::Say(Say { number: 1, line }),
        Message::Shown(1),
        Message::Files(Files::Got(1)),
        Message::Skipped,
    ]
}

/// Whether the message has a place there, and its number in the list above.
fn is_handled(place: Place, message: &Message) -> (bool, usize) {
    match message {
        Message::Auth(_) => (false, 0),
        Message::Join(_) => (place == Place::Arrived, 1),
        Message::Watch => (place == Place::Arrived, 2),
        Message::State(_) => (place == Place::Member, 3),
        // Only a community says these.
        Message::NameTaken(_) => (false, 4),
        Message::Members(_) => (false, 5),
        Message::Changes(_) => (false, 6),
        Message::Notice(_) => (false, 7),
        // Only nodes say these to each other.
        Message::Accepted => (false, 8),
        Message::Say(_) => (false, 9),
        Message::Shown(_) => (false, 10),
        Message::Files(_) => (false, 11),
        // From a newer program, which knows that we may skip it.
        Message::Skipped => (true, 12),
    }
}

fn guest_in(world: &mut World, place: Place) -> ConnId {
    let person = Person::called("ann");
    let id = match place {
        Place::Arrived => world.log_in(&person),
        Place::Watcher => world.watch(&person),
        Place::Member => world.join(&person),
    };
    world.turn();
    assert!(world.guest(id).is_open());
    id
}

#[test]
fn a_message_that_has_no_place_closes_the_connection_as_confused() {
    for place in PLACES {
        for (number, message) in every_message().into_iter().enumerate() {
            let (handled, own_number) = is_handled(place, &message);
            assert_eq!(number, own_number);
            let mut world = World::new(40, 10);
            let [bob] = world.join_all(["bob"]);
            let id = guest_in(&mut world, place);
            world.say(id, &message);
            world.turn();
            let guest = world.guest(id);
            if handled {
                assert_eq!(guest.end, None, "{place:?} {message:?}");
            } else {
                assert_eq!(guest.end, Some(End::Closed), "{place:?} {message:?}");
                assert_eq!(guest.last_word(), Some(CloseReason::Confused));
                assert_eq!(world.guest(bob).sees(), ["bob"]);
                let load = world.community.load();
                assert_eq!((load.members, load.watchers, load.half_open), (1, 0, 0));
            }
            world.check_replicas();
        }
    }
}

#[test]
fn before_the_log_in_no_message_has_a_place() {
    for message in every_message() {
        let mut world = World::new(41, 10);
        let id = world.connect(&Person::called("ann"));
        world.bytes(id, &message.encode());
        assert_eq!(world.guest(id).end, Some(End::Dropped), "{message:?}");
        assert_eq!(world.guest(id).writes, 0);
        assert!(world.community.is_quiet());
    }
}

#[test]
fn what_comes_behind_the_message_that_ended_it_does_not_count() {
    let mut world = World::new(42, 10);
    let [ann, bob] = world.join_all(["ann", "bob"]);
    let mut bytes = world.sealed(bob, &Message::Watch);
    bytes.extend(world.sealed(bob, &Message::State(State::InChat)));
    world.bytes(bob, &bytes);
    world.turn();
    assert_eq!(world.guest(bob).last_word(), Some(CloseReason::Confused));
    assert_eq!(world.guest(ann).sees(), ["ann"]);
    world.check_replicas();
}

#[test]
fn a_member_may_say_all_it_wants_in_one_write() {
    let mut world = World::new(43, 10);
    let id = world.log_in(&Person::called("ann"));
    let mut join = join_message();
    join.addresses = Addresses::default();
    let mut bytes = world.sealed(id, &Message::Join(join));
    bytes.extend(world.sealed(id, &Message::Skipped));
    bytes.extend(world.sealed(id, &Message::State(State::InChat)));
    world.bytes(id, &bytes);
    world.turn();
    assert_eq!(world.guest(id).replica.values().next().unwrap().state, State::InChat);
    world.check_replicas();
}
