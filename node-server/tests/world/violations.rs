//! Whatever one peer does, it ends its own connection at most.

use hallway::conn::{ConnId, Lost, NetInput};
use hallway::handshake::auth::{Auth, Instance};
use hallway::handshake::hello::{ServerHello, Service};
use hallway::limits;
use hallway::message::files::{Files, List, Sent, Take};
use hallway::message::{Addresses, Change, Join, Member, Message, Page, Say, State};
use hallway::place::Place;
use hallway::reason::{CloseReason, Ended, PeerFault};
use hallway::time::Millis;
use node_server::calls::CallPolicy;
use node_server::membership::Wish;
use node_server::node::{Command, Input};
use node_server::notice::{CallId, Notice};

use crate::bench::{Bench, Wire};
use crate::people::{line, name, password, person};

/// How far the connection of a bad peer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// We called, they have not answered.
    Calling,
    /// They called, we have not answered.
    Ringing,
    /// They called, we took it.
    Talking,
    /// They connected for files.
    Exchanging,
    /// A community before its list.
    Joining,
    /// A community after its list.
    Joined,
}

const ALL: [At; 6] =
    [At::Calling, At::Ringing, At::Talking, At::Exchanging, At::Joining, At::Joined];

fn member() -> Member {
    Member {
        name: name("katie"),
        identity: hallway::identity::PublicIdentity([5; 32]),
        instance: Instance([5; 8]),
        port: 1,
        addresses: Addresses::default(),
        state: State::Available,
    }
}

/// Every message there is, some in several forms.
fn messages() -> Vec<Message> {
    let auth = Auth {
        identity: [5; 32],
        instance: Instance([5; 8]),
        name: name("katie"),
        signature: [5; 64],
    };
    let join = Join { port: 1, addresses: Addresses::default(), state: State::Available };
    let say = |number| Message::Say(Say { number, line: line("boo") });
    vec![
        Message::Auth(auth),
        Message::Join(join),
        Message::Watch,
        Message::State(State::InChat),
        Message::NameTaken(name("katie-2")),
        Message::Members(Page { members: vec![member()], last: true }),
        Message::Members(Page { members: vec![], last: false }),
        Message::Changes(vec![Change::Joined(member())]),
        Message::Changes(vec![Change::Left(name("nobody"))]),
        Message::Changes(vec![Change::State(name("nobody"), State::InChat)]),
        Message::Notice(line("lunch")),
        Message::Accepted,
        say(0),
        say(1),
        say(2),
        say(u64::MAX),
        Message::Shown(0),
        Message::Shown(1),
        Message::Shown(u64::MAX),
        Message::Files(Files::Got(0)),
        Message::Files(Files::Got(1)),
        Message::Files(Files::List(List { request: 1, after: None })),
        Message::Files(Files::Take(Take { number: 1, have: None })),
        Message::Files(Files::Sent(Sent { number: 1, entries: 0, bytes: 0 })),
        Message::Skipped,
    ]
}

fn is_allowed(at: At, message: &Message) -> bool {
    let community = matches!(at, At::Joining | At::Joined);
    match message {
        Message::Auth(_) | Message::Join(_) | Message::Watch | Message::State(_) => false,
        Message::Files(files) => {
            matches!(at, At::Talking | At::Exchanging)
                && matches!(files, Files::Got(0) | Files::List(_))
        }
        Message::NameTaken(_) | Message::Members(_) | Message::Changes(_) | Message::Notice(_) => {
            community
        }
        Message::Accepted => at == At::Calling,
        Message::Say(say) => at == At::Talking && say.number == 1,
        Message::Shown(number) => at == At::Talking && *number == 0,
        Message::Skipped => true,
    }
}

/// A node that talks with a friend, and a bad peer at a stage.
fn bench(at: At) -> (Bench, Wire, Wire) {
    let mut bench = Bench::new(&person("ann").calls(CallPolicy::Ask));
    let friend = bench.dial_in("friend", 9).ok().unwrap();
    bench.handle(Input::Command(Command::Accept(CallId(1))));
    let bad = match at {
        At::Calling => bench.dial_out(Service::Chat, "eve", 9),
        At::Ringing | At::Talking => bench.dial_in("eve", 9),
        At::Exchanging => bench.dial_in_for(Service::Files, "eve", 9),
        At::Joining | At::Joined => bench.dial_out(Service::Community, "class", 9),
    };
    let mut bad = bad.ok().unwrap();
    if at == At::Talking {
        bench.handle(Input::Command(Command::Accept(CallId(2))));
    }
    if at == At::Joined {
        bench.send(&mut bad, &Message::Members(Page { members: vec![], last: true }));
    }
    assert!(!bench.ended.contains(&bad.conn));
    (bench, friend, bad)
}

/// The friend has noticed nothing of it all.
fn friend_is_well(bench: &mut Bench, friend: &mut Wire) {
    bench.send(friend, &Message::Say(Say { number: 1, line: line("still here") }));
    assert!(matches!(bench.notices.last(), Some(Notice::Heard(CallId(1), ..))));
    assert!(!bench.ended.contains(&friend.conn));
}

fn how_it_ended(bench: &Bench) -> Option<Ended> {
    bench.notices.iter().find_map(|notice| match notice {
        Notice::Ended(_, _, ended, _)
        | Notice::Unlinked(_, _, ended)
        | Notice::CommunityFailed(_, ended) => Some(*ended),
        Notice::CommunityLost(_) => Some(Ended::Lost(Lost::Broken)),
        _ => None,
    })
}

fn is_fault(at: At, ended: Option<Ended>, fault: PeerFault) -> bool {
    // A community that was fine before is dialled again.
    let again = Ended::Lost(Lost::Broken);
    ended == Some(if at == At::Joined { again } else { Ended::Fault(fault) })
}

#[test]
fn every_message_out_of_place_ends_its_own_connection_and_no_other() {
    for at in ALL {
        for message in messages() {
            let (mut bench, mut friend, mut bad) = bench(at);
            bench.send(&mut bad, &message);
            let ended = bench.ended.contains(&bad.conn);
            let name_taken = matches!(message, Message::NameTaken(_));
            assert_eq!(ended, !is_allowed(at, &message) || name_taken, "{at:?} {message:?}");
            if !is_allowed(at, &message) {
                let how = how_it_ended(&bench);
                assert!(is_fault(at, how, PeerFault::UnexpectedMessage), "{message:?}: {how:?}");
            }
            friend_is_well(&mut bench, &mut friend);
        }
    }
}

#[test]
fn bytes_of_no_transfer_end_their_own_connection_and_no_other() {
    for at in ALL {
        let (mut bench, mut friend, mut bad) = bench(at);
        let mut bytes = Vec::new();
        bad.channel.send_bulk(Millis(bench.now), 1, b"boo", &mut bytes).unwrap();
        bench.receive(bad.conn, &bytes);
        assert!(bench.ended.contains(&bad.conn), "{at:?}");
        friend_is_well(&mut bench, &mut friend);
    }
}

#[test]
fn a_forged_record_ends_its_own_connection_and_no_other() {
    for at in ALL {
        for byte in [0, 1, 5, 20, 40] {
            let (mut bench, mut friend, mut bad) = bench(at);
            let mut bytes = Vec::new();
            bad.channel.send(Millis(bench.now), &Message::Skipped, &mut bytes).unwrap();
            bytes[byte] ^= 1;
            bench.receive(bad.conn, &bytes);
            // A longer length makes it wait for more: that comes, and is as wrong.
            bench.receive(bad.conn, &[0; 70_000]);
            assert!(bench.ended.contains(&bad.conn), "{at:?}");
            assert!(is_fault(at, how_it_ended(&bench), PeerFault::ForgedRecord));
            friend_is_well(&mut bench, &mut friend);
        }
    }
}

#[test]
fn a_community_that_never_sends_its_list_is_left() {
    let (mut bench, mut friend, community) = bench(At::Joining);
    bench.run(limits::ANSWER_WAIT.0 - 1_000);
    assert!(!bench.ended.contains(&community.conn));
    bench.run(2_000);
    assert!(bench.ended.contains(&community.conn));
    friend_is_well(&mut bench, &mut friend);

    let (mut bench, mut friend, community) = self::bench(At::Joined);
    bench.run(2 * limits::ANSWER_WAIT.0);
    assert!(!bench.ended.contains(&community.conn), "with its list it may be silent");
    friend_is_well(&mut bench, &mut friend);
}

#[test]
fn a_goodbye_that_waits_for_what_is_never_confirmed_ends_as_lost() {
    let (mut bench, mut friend, bad) = bench(At::Talking);
    bench.handle(Input::Command(Command::Say(CallId(2), vec![line("one")])));
    bench.handle(Input::Command(Command::Finish(CallId(2))));
    bench.run(limits::CONFIRM_WAIT.0 - 1_000);
    assert!(!bench.ended.contains(&bad.conn));
    bench.run(2_000);
    assert!(bench.ended.contains(&bad.conn));
    assert_eq!(how_it_ended(&bench), Some(Ended::Lost(Lost::Broken)));
    friend_is_well(&mut bench, &mut friend);
}

#[test]
fn a_line_out_of_its_turn_or_a_confirmation_of_nothing_ends_the_conversation() {
    for message in [
        Message::Say(Say { number: 1, line: line("again") }),
        Message::Say(Say { number: 3, line: line("skipped") }),
        Message::Shown(2),
    ] {
        let (mut bench, mut friend, mut bad) = bench(At::Talking);
        bench.send(&mut bad, &Message::Say(Say { number: 1, line: line("once") }));
        bench.handle(Input::Command(Command::Say(CallId(2), vec![line("one")])));
        bench.send(&mut bad, &message);
        let unconfirmed = vec![line("one")];
        let fault = Ended::Fault(PeerFault::UnexpectedMessage);
        assert_eq!(
            bench.notices.last(),
            Some(&Notice::Ended(CallId(2), "eve".to_owned(), fault, unconfirmed))
        );
        let heard = |notice: &&Notice| matches!(notice, Notice::Heard(CallId(2), ..));
        assert_eq!(bench.notices.iter().filter(heard).count(), 1);
        friend_is_well(&mut bench, &mut friend);
    }
}

#[test]
fn garbage_or_silence_in_a_handshake_ends_it_and_nothing_else() {
    let garbage: [&[u8]; 4] = [b"GET / HTTP/1.1\r\n\r\n", &[0; 5_000], &[255; 5_000], &[]];
    for garbage in garbage {
        for stop_after in 0..2 {
            for service in [None, Some(Service::Chat), Some(Service::Community)] {
                let (mut bench, mut friend, _) = bench(At::Talking);
                let conn = match service {
                    None => bench.dial_in("bad", stop_after),
                    Some(service) => bench.dial_out(service, "bad", stop_after),
                };
                let Err(conn) = conn else { panic!("the handshake went through") };
                if !garbage.is_empty() {
                    bench.receive(conn, garbage);
                }
                bench.run(limits::KE3_WAIT.0 + limits::ANSWER_WAIT.0);
                assert!(bench.ended.contains(&conn), "{service:?} {stop_after}");
                assert_eq!(bench.node.talking().count(), 2);
                assert_eq!(bench.node.deadline(), None);
                friend_is_well(&mut bench, &mut friend);
            }
        }
    }
}

#[test]
fn a_close_in_any_stage_is_the_end_and_nothing_is_sent_after_it() {
    for at in ALL {
        for reason in CloseReason::ALL {
            let (mut bench, mut friend, mut bad) = bench(at);
            let mut bytes = Vec::new();
            bad.channel.close(Millis(bench.now), reason, &mut bytes);
            bad.channel.send(Millis(bench.now), &Message::Accepted, &mut bytes).unwrap();
            bench.receive(bad.conn, &bytes);
            assert!(bench.ended.contains(&bad.conn), "{at:?} {reason:?}");
            bench.handle(Input::Net(bad.conn, NetInput::Received(&bytes)));
            bench.handle(Input::Net(bad.conn, NetInput::Closed(Lost::Ended)));
            assert_eq!(bench.node.talking().count() + bench.node.ringing().count(), 1);
            assert!(!bench.node.is_in_community());
            friend_is_well(&mut bench, &mut friend);
        }
    }
}

#[test]
fn events_of_connections_that_nobody_has_are_nothing() {
    let (mut bench, mut friend, bad) = bench(At::Talking);
    let before = bench.notices.len();
    for conn in [ConnId(999), ConnId(ConnId::DIALLED + 999)] {
        bench.handle(Input::Net(conn, NetInput::Connected));
        bench.handle(Input::Net(conn, NetInput::Received(b"boo")));
        bench.handle(Input::Net(conn, NetInput::Closed(Lost::Broken)));
    }
    bench.handle(Input::LookedUp(999, vec!["10.0.0.1:1".parse().unwrap()]));
    for command in [
        Command::Accept(CallId(999)),
        Command::Deny(CallId(999)),
        Command::HangUp(CallId(999)),
        Command::Finish(CallId(999)),
        Command::Say(CallId(999), vec![line("boo")]),
        Command::Leave,
    ] {
        bench.handle(Input::Command(command));
    }
    assert_eq!((bench.notices.len(), bench.ended.contains(&bad.conn)), (before, false));
    friend_is_well(&mut bench, &mut friend);
}

#[test]
fn nobody_gets_in_after_the_end() {
    let (mut bench, _, _) = bench(At::Ringing);
    bench.handle(Input::Stop);
    let late = bench.open();
    assert!(bench.ended.contains(&late));
    assert_eq!(bench.node.deadline(), None);
}

#[test]
fn a_community_cannot_fill_the_memory() {
    let (mut bench, mut friend, mut bad) = bench(At::Joined);
    let mut sent = 0;
    while !bench.ended.contains(&bad.conn) {
        assert!(sent <= limits::MEMBERS_MAX, "so many members are taken");
        let joined =
            (0..20).map(|n| Member { name: name("m").numbered(sent as u32 + n), ..member() });
        bench.send(&mut bad, &Message::Changes(joined.map(Change::Joined).collect()));
        sent += 20;
        // What adds nobody does no harm, be the list ever so full.
        let again = Change::State(name("m-2"), State::InChat);
        if !bench.ended.contains(&bad.conn) {
            bench.send(&mut bad, &Message::Changes(vec![again; 30]));
        }
    }
    assert!(sent > limits::MEMBERS_MAX - 20);
    assert_eq!(bench.node.members().count(), 0);
    bench.notices.clear();
    friend_is_well(&mut bench, &mut friend);
}

#[test]
fn nobody_can_park_us_for_long_by_claiming_to_be_busy() {
    let mut bench = Bench::new(&person("ann"));
    let place = Place::parse("10.9.9.9:5000", 1).unwrap();
    let wish = Wish { place, password: password(), listed: None, persist: true };
    bench.handle(Input::Command(Command::Join(wish)));
    let conn = ConnId(ConnId::DIALLED + 1);
    bench.handle(Input::Net(conn, NetInput::Connected));
    bench.receive(conn, &ServerHello::busy(u32::MAX));
    assert!(bench.ended.contains(&conn));
    let wait = bench.node.deadline().unwrap().0 - bench.now;
    let longest = limits::REJOIN_LONGEST.0;
    assert!((longest..=longest + 1_000).contains(&wait), "{wait}");
}
