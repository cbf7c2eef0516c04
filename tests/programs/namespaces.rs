//! A pulled cable, between two machines of a test's own.

use crate::lan::Lan;

#[test]
fn a_member_whose_cable_is_pulled_is_gone_and_comes_back_with_the_cable() {
    let Some(lan) = Lan::new(2) else { return };
    let mut community = lan.start(0, "community-server", &[]);
    community.event("listening");
    let args = ["--name", "katie", "--echo", "--community", "10.77.0.1"];
    let mut katie = lan.start(1, "node-server", &args);
    assert_eq!(katie.event("community")["state"], "joined");
    let mut watcher = lan.start(0, "client", &["list", "10.77.0.1", "--watch"]);
    // Not the loopback, and not what it was bound to: the address that others can use.
    assert_eq!(watcher.member("member", "katie")["address"], "10.77.0.2:5460");
    let mut bob = lan.start(0, "client", &["chat", "10.77.0.2", "--name", "bob"]);
    assert_eq!(bob.event("connected")["address"], "10.77.0.2:5460");
    watcher.member("changed", "katie");

    // Nothing is sent that could not be answered: keep-alive alone notices.
    lan.ip(1, "link set eth0 down");
    watcher.member("left", "katie");
    assert_eq!(bob.event("closed")["reason"], "lost");
    assert_eq!(bob.exit(), 4);

    lan.ip(1, "link set eth0 up");
    watcher.member("joined", "katie");
}
