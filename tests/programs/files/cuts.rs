//! Cut off in the midst, by kill -9 of either side: taken up again, and the same in the end.

use hallway::limits::CHUNK_BYTES;
use hallway::seeds::Seeds;
use serde_json::Value;
use tempfile::TempDir;

use super::gate::Gate;
use super::{Taker, bytes, file, task};
use crate::support::{Launch, NODE_PASSWORD, Program};

/// Enough to be cut off in many places.
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
    let gate = Gate::new(katie.at);
    let send = || task("send", gate.at, &[path.to_str().unwrap()]).data_dir(data.path()).start();
    let mut seeds = Seeds::new([3; 32]);
    let mut went_on = 0;
    for _ in 0..10 {
        gate.lets(seeds.below(BYTES as u64));
        let mut bob = send();
        gate.waits();
        bob.kill();
        bob.exit();
        went_on += u32::from(began_at(&bob).is_some_and(|at| at > 0));
    }
    gate.lets(u64::MAX);
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
    let gate = Gate::new(port);
    let mut seeds = Seeds::new([4; 32]);
    // A chunk each time, or two: so it comes into the midst each time.
    let chunk = CHUNK_BYTES as u64;
    gate.lets(chunk);
    let mut bob = task("send", gate.at, &[path.to_str().unwrap()]).start();
    let mut went_on = 0;
    for _ in 0..10 {
        gate.waits();
        went_on += u32::from(began_at(&katie).is_some_and(|at| at > 0));
        katie.kill();
        katie.exit();
        katie = start();
        gate.lets(chunk + chunk / 4 + seeds.below(chunk / 2));
    }
    gate.lets(u64::MAX);
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
    let gate = Gate::new(katie.at);
    gate.lets(BYTES as u64 / 2);
    let mut bob = task("send", gate.at, &[path.to_str().unwrap()]).start();
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
    let gate = Gate::new(katie.at);
    let get = || {
        let args = ["shared.bin", "-o", into.path().to_str().unwrap()];
        task("get", gate.at, &args).data_dir(data.path()).env("HALLWAY_PASSWORD", NODE_PASSWORD)
    };
    gate.lets(BYTES as u64 / 2);
    let mut bob = get().start();
    waits_for(&bob, 2 * CHUNK_BYTES as u64);
    bob.kill();
    bob.exit();
    gate.lets(u64::MAX);
    let mut bob = get().start();
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert!(began_at(&bob).is_some_and(|at| at > 0), "it began anew");
    assert!(std::fs::read(into.path().join("shared.bin")).unwrap() == bytes(7, BYTES));
    assert_eq!(super::names(into.path()), ["shared.bin"]);
}
