//! Connections for files alone: as many as leave room for calls, as long as anything goes on.

use hallway::handshake::hello::Service;
use hallway::limits;
use hallway::reason::{CloseReason, Ended};
use node_server::calls::CallPolicy;
use node_server::notice::Notice;

use crate::bench::Bench;
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
