//! Cut off in the midst, by kill -9 of either side: taken up again, and the same in the end.

use hallway::seeds::Seeds;
use serde_json::Value;
use tempfile::TempDir;

use super::{Taker, bytes, file, task};
use crate::support::{Launch, NODE_PASSWORD, Program};

/// Enough for a transfer to be in its midst for a while, in a build for tests.
const BYTES: usize = 16 << 20;

/// Waits until so much is there; `false` when it was over before.
fn waits_for(program: &Program, bytes: u64) -> bool {
    let moved = |event: &Value| {
        event["event"] == "file-progress" && event["done"].as_u64().is_some_and(|at| at >= bytes)
    };
    program.wait_for(|event| moved(event) || event["event"] == "file-done")
}

/// Where it went on the last time, in bytes.
fn began_at(program: &Program) -> Option<u64> {
    let begun = |event: &&Value| event["state"] == "begun";
    let events = program.events_of("file-progress");
    events.iter().rev().find(begun).and_then(|event| event["done"].as_u64())
}

#[test]
fn a_sender_that_is_killed_goes_on_where_it_was_when_it_is_started_again() {
    let katie = Taker::new("katie");
    let here = TempDir::new().unwrap();
    let data = TempDir::new().unwrap();
    let path = file(here.path(), "large.bin", 5, BYTES);
    let send = || task("send", katie.at, &[path.to_str().unwrap()]).data_dir(data.path()).start();
    let mut seeds = Seeds::new([3; 32]);
    let mut went_on = 0;
    for _ in 0..10 {
        let mut bob = send();
        waits_for(&bob, seeds.below(BYTES as u64));
        bob.kill();
        bob.exit();
        went_on += u32::from(began_at(&bob).is_some_and(|at| at > 0));
    }
    let mut bob = send();
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert!(katie.names().contains(&"large.bin".to_owned()), "{:?}", katie.names());
    for name in katie.names() {
        assert!(katie.read(&name) == bytes(5, BYTES), "{name} is not the same");
    }
    assert!(went_on > 0, "it never went on");
}

#[test]
fn a_receiver_that_is_killed_goes_on_where_it_was_when_it_is_started_again() {
    let folder = TempDir::new().unwrap();
    let data = TempDir::new().unwrap();
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "large.bin", 6, BYTES);
    // The same port each time, so that who sends finds it again by itself.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let start = || {
        let at = port.to_string();
        let downloads = folder.path().to_str().unwrap();
        let args = ["--listen", &at, "--name", "katie", "--files", "all", "--download-dir"];
        let launch = Launch::new("node-server", &[&args[..], &[downloads]].concat());
        let mut katie = launch.data_dir(data.path()).start();
        katie.event("listening");
        katie
    };
    let mut katie = start();
    let mut bob = task("send", port, &[path.to_str().unwrap()]).start();
    let mut seeds = Seeds::new([4; 32]);
    let mut went_on = 0;
    for _ in 0..10 {
        waits_for(&katie, seeds.below(BYTES as u64));
        went_on += u32::from(began_at(&katie).is_some_and(|at| at > 0));
        if !katie.events_of("file-done").is_empty() {
            break;
        }
        katie.kill();
        katie.exit();
        katie = start();
    }
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert!(std::fs::read(folder.path().join("large.bin")).unwrap() == bytes(6, BYTES));
    assert_eq!(super::names(folder.path()), ["large.bin"]);
    assert!(went_on > 0, "it never went on");
}

#[test]
fn who_is_told_to_end_in_the_midst_says_that_it_is_not_done() {
    let katie = Taker::new("katie");
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "large.bin", 8, BYTES);
    let mut bob = task("send", katie.at, &[path.to_str().unwrap()]).start();
    waits_for(&bob, 1);
    bob.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(bob.exit(), 1, "{}", bob.stderr());
    let cut = bob.events_of("file-failed");
    assert!(cut.iter().any(|event| event["reason"] == "ended"), "{cut:?}");
    let stderr = bob.stderr();
    assert!(stderr.contains("goes on when the same is sent again"), "{stderr}");
    assert!(!stderr.contains("connected again"), "{stderr}");
    assert!(!katie.names().contains(&"large.bin".to_owned()));
}

#[test]
fn what_is_fetched_goes_on_after_a_kill_as_well() {
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "shared.bin", 7, BYTES);
    let mut katie = Taker::with("katie", &[]);
    katie.program.say(&format!("/share '{}'", path.to_str().unwrap()));
    katie.program.says("shared.bin");
    let (data, into) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let get = || {
        let args = ["shared.bin", "-o", into.path().to_str().unwrap()];
        task("get", katie.at, &args).data_dir(data.path()).env("HALLWAY_PASSWORD", NODE_PASSWORD)
    };
    let mut bob = get().start();
    waits_for(&bob, BYTES as u64 / 3);
    bob.kill();
    bob.exit();
    let mut bob = get().start();
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert!(std::fs::read(into.path().join("shared.bin")).unwrap() == bytes(7, BYTES));
    assert_eq!(super::names(into.path()), ["shared.bin"]);
}
