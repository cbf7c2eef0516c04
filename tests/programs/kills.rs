//! One side dies in the middle of a conversation, at no moment in particular: the other says so and
//! goes on, and nothing that was not said is shown.

use std::net::SocketAddr;

use hallway::seeds::Seeds;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Launch, Program, chat, echo};

/// Lines of a conversation that would take a while.
const LINES: usize = 400;

fn lines() -> Vec<String> {
    (0..LINES).map(|n| format!("line number {n}, and then some")).collect()
}

fn begins(heard: &[String]) -> bool {
    heard.len() <= LINES && lines()[..heard.len()] == *heard
}

/// Waits for this many echoes, or for the end.
fn wait_for_echoes(caller: &Program, count: usize) {
    if count > 0 {
        let last = Value::from(lines()[count - 1].as_str());
        caller.wait_for(|event| event["text"] == last);
    }
}

#[test]
fn a_node_that_is_killed_is_lost_for_its_caller_and_unsent_lines_are_named() {
    let mut seeds = Seeds::new([1; 32]);
    for _ in 0..8 {
        let mut echo = echo("echo", &[]);
        let mut katie = chat("katie", echo.address());
        let echoes = seeds.below(LINES as u64) as usize;
        katie.event("connected");
        katie.type_bytes((lines().join("\n") + "\n").as_bytes());
        wait_for_echoes(&katie, echoes);
        echo.kill();
        assert_eq!(katie.exit(), 4, "{:?}", katie.events().last());
        assert_eq!(echo.exit(), -9);
        assert_eq!(katie.event("closed")["reason"], "lost");
        assert_eq!(katie.events_of("error")[0]["kind"], "lost");
        let (shown, heard) = (echo.heard("katie"), katie.heard("echo"));
        assert!(begins(&heard) && heard.len() >= echoes);
        assert!(begins(&shown), "{shown:?}");
        // What is named are the last lines that were said, in order and without a gap.
        let unsent: Vec<String> = katie
            .events_of("unsent")
            .iter()
            .map(|event| event["text"].as_str().unwrap().to_owned())
            .collect();
        if let Some(first) = unsent.first() {
            let from = lines().iter().position(|line| line == first).unwrap();
            assert_eq!(lines()[from..][..unsent.len()], *unsent);
        }
    }
}

#[test]
fn a_caller_that_is_killed_is_lost_for_the_node_which_goes_on() {
    let mut echo = echo("echo", &[]);
    let at = echo.address();
    let mut seeds = Seeds::new([2; 32]);
    for round in 0..8 {
        let name = format!("caller-{round}");
        let mut caller = chat(&name, at);
        let echoes = seeds.below(LINES as u64) as usize;
        caller.event("connected");
        caller.type_bytes((lines().join("\n") + "\n").as_bytes());
        wait_for_echoes(&caller, echoes);
        caller.kill();
        assert_eq!(caller.exit(), -9);
        let closed = echo.event_that("closed", |event| event["peer"] == *name);
        assert_eq!(closed["reason"], "lost");
        assert!(begins(&echo.heard(&name)) && begins(&caller.heard("echo")));
    }
    ends_well(&mut echo, at);
}

/// It still serves, and leaves when told.
fn ends_well(echo: &mut Program, at: SocketAddr) {
    let mut last = chat("last", at);
    last.say("still there?");
    last.hears("still there?");
    last.end_input();
    assert_eq!(last.exit(), 0);
    echo.say("/quit");
    assert_eq!(echo.exit(), 0);
}

#[test]
fn whoever_dies_while_calling_leaves_no_call_behind() {
    let mut echo = echo("echo", &[]);
    let at = echo.address();
    for _ in 0..4 {
        // Killed somewhere between its start and the end of the handshake.
        let mut caller = chat("hasty", at);
        caller.kill();
        assert_eq!(caller.exit(), -9);
    }
    ends_well(&mut echo, at);
    let peers = |kind| echo.events_of(kind).iter().filter(|e| e["peer"] == "hasty").count();
    assert_eq!(peers("connected"), peers("closed"));
}

#[test]
fn a_data_directory_survives_a_kill_at_its_first_start() {
    let folder = TempDir::new().unwrap();
    let start = || {
        let args = ["--listen", "127.0.0.1:0", "--name", "bob"];
        Launch::new("node-server", &args).data_dir(folder.path()).start()
    };
    for _ in 0..4 {
        start().kill();
    }
    let mut first = start();
    let fingerprint = first.event("listening")["fingerprint"].clone();
    first.kill();
    assert_eq!(start().event("listening")["fingerprint"], fingerprint);
}
