//! What the system tells of its interfaces, when there is more of it than anybody reads.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{PATIENCE, ip, is_alone};
use mio::{Events, Poll, Token};
use ssdp::shell::watch::Watch;

/// Far more changes than the kernel keeps for a reader.
fn change_too_much() {
    let mut ip = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let lines = "addr add 10.9.9.9/24 dev lo\naddr del 10.9.9.9/24 dev lo\n".repeat(1000);
    ip.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    assert!(ip.wait().unwrap().success());
}

#[test]
fn changes_are_still_told_of_after_more_of_them_than_the_system_keeps() {
    if !is_alone() {
        return;
    }
    let mut poll = Poll::new().unwrap();
    let mut watch = Watch::new(poll.registry(), Token(0));
    let mut events = Events::with_capacity(1);
    let mut is_told = |watch: &mut Watch| {
        poll.poll(&mut events, Some(PATIENCE)).unwrap();
        !events.is_empty() && watch.drain()
    };
    change_too_much();
    assert!(is_told(&mut watch));
    ip("addr add 10.9.0.1/24 dev lo");
    assert!(is_told(&mut watch), "the system is silent");
}
