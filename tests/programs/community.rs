//! Communities: who is on the list, who sees it, and what becomes of it.

use std::net::SocketAddr;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::support::{Launch, Program, community, echo, list, node};

fn member(name: &str, at: SocketAddr) -> Program {
    let mut node = node(name, &["--community", &at.to_string()]);
    assert_eq!(node.event("community")["state"], "joined");
    node
}

#[test]
fn a_list_names_every_member_and_not_who_asks_for_it() {
    let mut community = community(&[]);
    let at = community.address();
    let mut empty = list(at, &[]);
    assert_eq!(empty.exit(), 0);
    assert!(empty.events().is_empty(), "{:?}", empty.events());

    let mut bob = member("bob", at);
    let bob_at = bob.events_of("listening")[0]["address"].clone();
    let _ada = member("ada", at);
    let mut full = list(at, &[]);
    assert_eq!(full.exit(), 0);
    let names: Vec<_> = full.events().iter().map(|event| event["name"].clone()).collect();
    assert_eq!(names, ["ada", "bob"]);
    assert_eq!(full.events()[1]["address"], bob_at);
    assert_eq!(full.events()[1]["state"], "available");
    // Whoever only looks was never on it.
    assert!(community.events_of("joined").iter().all(|event| event["name"] != "watcher"));
    bob.say("/quit");
    assert_eq!(bob.exit(), 0);
}

#[test]
fn who_joins_leaves_or_is_killed_is_told_to_whoever_watches() {
    let mut community = community(&[]);
    let at = community.address();
    let mut watcher = list(at, &["--watch"]);
    // A list that is empty says nothing: the first one who joins may come before or after it.
    let seen = |event: &serde_json::Value, name: &str| event["name"] == name;
    let mut bob = member("bob", at);
    assert!(watcher.wait_for(|event| seen(event, "bob")));
    let mut ada = member("ada", at);
    let joined = watcher.member("joined", "ada");
    assert!(joined["fingerprint"].is_string() && joined["address"].is_string());
    bob.signal(Signal::SIGTERM);
    watcher.member("left", "bob");
    ada.kill();
    watcher.member("left", "ada");
    assert_eq!(bob.exit(), 0);
    assert_eq!(ada.exit(), -9);
    for name in ["bob", "ada"] {
        community.member("left", name);
    }
    let mut empty = list(at, &[]);
    assert_eq!(empty.exit(), 0);
    assert!(empty.events().is_empty());
}

#[test]
fn a_member_on_all_interfaces_is_listed_with_addresses_that_others_can_use() {
    let mut community = community(&[]);
    let at = community.address();
    let all = ["--listen", "0", "--name", "bob", "--community", &at.to_string()];
    let mut bob = Launch::new("node-server", &all).start();
    bob.event("community");
    let mut list = list(at, &[]);
    assert_eq!(list.exit(), 0);
    let addresses = list.events()[0]["addresses"].as_array().unwrap().clone();
    let sockets: Vec<SocketAddr> =
        addresses.iter().map(|address| address.as_str().unwrap().parse().unwrap()).collect();
    let usable = hallway::shell::interfaces::usable_addresses();
    if usable.is_empty() {
        println!("skipped: this machine has no interface but the loopback");
        return;
    }
    for ip in usable {
        assert!(sockets.iter().any(|socket| socket.ip() == ip), "{ip} is not in {sockets:?}");
    }
    assert!(sockets[0].ip().is_loopback() == sockets.iter().all(|at| at.ip().is_loopback()));
}

#[test]
fn a_member_comes_back_by_itself_after_the_community_was_killed_and_started_anew() {
    let data = TempDir::new().unwrap();
    let args = ["--listen", "127.0.0.1:0"];
    let start = |args| Launch::new("community-server", args).data_dir(data.path()).start();
    let mut first = start(&args);
    let at = first.address();
    let mut echo = echo("echo", &["--community", &at.to_string()]);
    assert_eq!(echo.event("community")["state"], "joined");
    first.kill();
    assert_eq!(echo.event("community")["state"], "lost");
    assert_eq!(first.exit(), -9);

    let same = at.to_string();
    let mut second = start(&["--listen", &same]);
    assert_eq!(second.address(), at);
    assert_eq!(echo.event("community")["state"], "joined");
    second.member("joined", "echo");
    let mut list = list(at, &[]);
    assert_eq!(list.exit(), 0);
    assert_eq!(list.events_of("member").len(), 1);
}

#[test]
fn a_community_that_became_another_is_refused_and_both_fingerprints_are_shown() {
    let keys = TempDir::new().unwrap();
    let mut first = community(&[]);
    let at = first.address();
    let looks = |at: SocketAddr| {
        let args = ["list", &at.to_string(), "--name", "katie"];
        Launch::new("client", &args).data_dir(keys.path()).without_input().start()
    };
    assert_eq!(looks(at).exit(), 0);
    let old = first.events_of("listening")[0]["fingerprint"].as_str().unwrap().to_owned();
    first.signal(Signal::SIGTERM);
    assert_eq!(first.exit(), 0);

    let same = at.to_string();
    let mut second = Launch::new("community-server", &["--listen", &same]).without_input().start();
    let new = second.event("listening")["fingerprint"].as_str().unwrap().to_owned();
    let mut refused = looks(at);
    assert_eq!(refused.exit(), 3);
    let text = refused.event("error")["text"].as_str().unwrap().to_owned();
    assert!(text.contains(&old) && text.contains(&new), "{text}");
    let trust = ["trust", &at.to_string(), &new];
    let mut trust = Launch::new("client", &trust).data_dir(keys.path()).start();
    assert_eq!(trust.exit(), 0);
    assert_eq!(looks(at).exit(), 0);
}

#[test]
fn a_name_that_is_taken_is_refused_with_one_that_is_free() {
    let mut community = community(&[]);
    let at = community.address();
    let _first = member("katie", at);
    let mut second = node("katie", &["--community", &at.to_string()]);
    let error = second.event("error");
    assert_eq!(error["kind"], "name-taken");
    let text = error["text"].as_str().unwrap();
    let free = text.rsplit(' ').next().unwrap().to_owned();
    assert!(free.starts_with("katie") && free != "katie", "{text}");
    let _third = member(&free, at);
    community.member("joined", &free);
    assert_eq!(community.events_of("joined").len(), 2);
}

#[test]
fn a_full_community_says_so_and_takes_the_next_when_somebody_leaves() {
    let mut community = community(&["--max-members", "2", "--log", "info"]);
    let at = community.address();
    let mut bob = member("bob", at);
    let _ada = member("ada", at);
    // A node tries again by itself.
    let mut eve = node("eve", &["--community", &at.to_string()]);
    assert_eq!(eve.event("community")["state"], "lost");
    community.says("no place left for eve");
    bob.say("/quit");
    assert_eq!(eve.event("community")["state"], "joined");
    assert_eq!(bob.exit(), 0);
}

#[test]
fn an_operator_speaks_to_all_and_removes_one() {
    let mut community =
        Launch::new("community-server", &["--listen", "127.0.0.1:0", "--name", "hall"]).start();
    let at = community.address();
    let mut bob = member("bob", at);
    let mut ada = member("ada", at);
    community.say("say the lesson begins");
    for member in [&mut bob, &mut ada] {
        assert_eq!(member.event("notice")["text"], "the lesson begins");
    }
    community.say("kick bob");
    assert_eq!(bob.event("error")["kind"], "kicked");
    community.member("left", "bob");
    community.say("quit");
    assert_eq!(ada.event("community")["state"], "lost");
    assert_eq!(community.exit(), 0);
}
