//! Connections and files: as many visitors as leave room for calls, and each connection as long as
//! anything goes on.

use files::disk::{Done, IndexDone, Looked, ReadDone, Room, Source, TransferId, WriteDone};
use files::news::{Command as Files, Failure, News};
use hallway::handshake::hello::Service;
use hallway::limits;
use hallway::message::Message;
use hallway::message::files as said;
use hallway::reason::{CloseReason, Ended};
use hallway::text::FileName;
use node_server::calls::CallPolicy;
use node_server::node::{Command, Input};
use node_server::notice::{CallId, Notice};

use crate::bench::{Bench, Wire};
use crate::people::person;

fn bench() -> Bench {
    Bench::new(&person("ann").calls(CallPolicy::Ask))
}

#[test]
fn one_person_has_a_few_and_all_together_leave_room_for_calls() {
    let mut bench = bench();
    let mut visit = |who: &str| {
        let wire = bench.dial_in_for(Service::Files, who, 9).ok().unwrap();
        !bench.ended.contains(&wire.conn)
    };
    for number in 0..=limits::VISITS_MAX {
        assert_eq!(visit("eve"), number < limits::VISITS_MAX);
    }
    for number in limits::VISITS_MAX..=limits::VISITORS_MAX {
        let name = format!("guest-{number}");
        assert_eq!(visit(&name), number < limits::VISITORS_MAX, "{name}");
    }
    let caller = bench.dial_in("katie", 9).ok().unwrap();
    assert!(!bench.ended.contains(&caller.conn));
    assert!(matches!(bench.notices.last(), Some(Notice::Ringing(..))));
}

#[test]
fn who_does_nothing_is_told_goodbye_after_a_while() {
    let mut bench = bench();
    let wire = bench.dial_in_for(Service::Files, "eve", 9).ok().unwrap();
    bench.run(limits::VISIT_IDLE_WAIT.0 - 1_000);
    assert!(!bench.ended.contains(&wire.conn));
    bench.run(2_000);
    assert!(bench.ended.contains(&wire.conn));
    let over = Ended::ByUs(CloseReason::Bye);
    assert!(matches!(bench.notices.last(), Some(Notice::Unlinked(_, _, ended)) if *ended == over));
}

/// Ann, whose input has ended, offers Katie a file.
fn offering() -> (Bench, Wire) {
    let mut bench = Bench::new(&person("ann"));
    let mut katie = bench.dial_in("katie", 9).ok().unwrap();
    let source = Source::Stdin(FileName::of("notes"));
    bench.handle(Input::Command(Command::Files(Files::Send(CallId(1).link(), source))));
    let name = FileName::of("notes");
    let looked = Looked { name, kind: said::Kind::File, entries: 1, bytes: None, modified: 0 };
    let looked = ReadDone::Looked(TransferId(1), Ok(looked));
    bench.handle(Input::Disk(Done::Read(looked)));
    bench.handle(Input::Command(Command::Finish(CallId(1))));
    // All that was said so far.
    bench.send(&mut katie, &Message::Files(said::Files::Got(0)));
    (bench, katie)
}

#[test]
fn an_end_of_input_waits_a_while_for_the_answer_to_an_offer() {
    let (mut bench, katie) = offering();
    bench.run(limits::OFFER_WAIT.0 - 1_000);
    assert!(!bench.ended.contains(&katie.conn));
    bench.run(2_000);
    assert!(bench.ended.contains(&katie.conn));
    let failed = bench.notices.iter().find_map(|notice| match notice {
        Notice::Files(News::Failed(_, failure)) => Some(failure.clone()),
        _ => None,
    });
    assert_eq!(failed, Some(Failure::Unanswered));
    let over = Ended::ByUs(CloseReason::Bye);
    assert!(matches!(bench.notices.last(), Some(Notice::Ended(_, _, ended, _)) if *ended == over));
}

#[test]
fn an_end_of_input_waits_for_what_is_taken_as_long_as_it_takes() {
    let (mut bench, mut katie) = offering();
    bench.run(limits::OFFER_WAIT.0 - 1_000);
    let take = said::Take { number: 1, have: None };
    bench.send(&mut katie, &Message::Files(said::Files::Take(take)));
    bench.run(10 * limits::OFFER_WAIT.0);
    assert!(!bench.ended.contains(&katie.conn));
    let refuse = said::Refuse { number: 1, why: said::Why::Stopped };
    bench.send(&mut katie, &Message::Files(said::Files::Refuse(refuse)));
    assert!(bench.ended.contains(&katie.conn));
}

#[test]
fn an_end_of_input_is_not_put_off_by_what_the_other_end_wants() {
    let (mut bench, mut katie) = offering();
    bench.run(limits::OFFER_WAIT.0 - 1_000);
    let list = said::List { request: 1, after: None };
    bench.send(&mut katie, &Message::Files(said::Files::List(list)));
    bench.handle(Input::Disk(Done::Index(IndexDone::Shares(Vec::new(), None))));
    let name = FileName::of("more");
    let (kind, bytes) = (said::Kind::File, Some(1));
    let offer = said::Offer {
        number: 1,
        name,
        kind,
        entries: 1,
        bytes,
        hash: None,
        request: None,
        again: false,
    };
    bench.send(&mut katie, &Message::Files(said::Files::Offer(offer)));
    let room = Ok(Room { free: 2, here: 0 });
    bench.handle(Input::Disk(Done::Write(WriteDone::Looked(TransferId(2), room))));
    let denied = Failure::Here(said::Why::Denied);
    let is_denied = |notice: &Notice| match notice {
        Notice::Files(News::Failed(about, failure)) => {
            about.name.as_str() == "more" && *failure == denied
        }
        _ => false,
    };
    assert!(bench.notices.iter().any(is_denied), "nobody here will answer");
    bench.run(2_000);
    assert!(bench.ended.contains(&katie.conn));
}
