//! Calls that meet: two at once, one to oneself, one by a copied identity.

use std::fs;
use std::net::SocketAddr;

use tempfile::TempDir;

use crate::support::{Launch, NODE_PASSWORD, Program, echo};

/// The bare client: its standard input answers the menu.
fn menu(name: &str) -> Program {
    Launch::new("client", &["--listen", "127.0.0.1:0", "--name", name]).start()
}

/// Answers that call somebody by address.
fn dial(program: &mut Program, at: SocketAddr) {
    program.type_bytes(format!("3\n{at}\n{NODE_PASSWORD}\n").as_bytes());
}

#[test]
fn two_who_call_each_other_at_once_have_one_conversation() {
    for round in 0..6 {
        let (mut ada, mut bob) = (menu("ada"), menu("bob"));
        let (ada_at, bob_at) = (ada.address(), bob.address());
        dial(&mut ada, bob_at);
        dial(&mut bob, ada_at);
        ada.event("connected");
        bob.event("connected");
        ada.say("from ada");
        bob.say("from bob");
        bob.hears("from ada");
        ada.hears("from bob");
        ada.say("and that was all");
        bob.hears("and that was all");
        // Ada leaves the conversation, and then the program.
        ada.say("q");
        let bye = bob.event_that("closed", |event| event["reason"] != "duplicate");
        assert_eq!(bye["reason"], "bye");
        ada.end_input();
        bob.end_input();
        assert_eq!((ada.exit(), bob.exit()), (0, 0));
        for (who, other, lines) in
            [(&ada, "bob", vec!["from bob"]), (&bob, "ada", vec!["from ada", "and that was all"])]
        {
            assert_eq!(who.heard(other), lines, "round {round}: {:?}", who.events());
            assert_eq!(who.heard("").len(), lines.len(), "somebody has two names");
            let closed = who.events_of("closed");
            let byes = closed.iter().filter(|event| event["reason"] == "bye").count();
            let doubles = closed.iter().filter(|event| event["reason"] == "duplicate").count();
            assert_eq!(
                (byes, doubles.min(1) + byes),
                (1, closed.len()),
                "round {round}: {closed:?}"
            );
            assert!(who.events_of("unsent").is_empty());
        }
    }
}

#[test]
fn whoever_calls_their_own_node_is_told_so_and_can_go_on() {
    let mut echo = echo("echo", &[]);
    let mut me = menu("me");
    let own = me.address();
    dial(&mut me, own);
    assert_eq!(me.event("closed")["reason"], "yourself");
    me.says("is your own node: call somebody else");
    assert!(me.events_of("connected").is_empty());
    dial(&mut me, echo.address());
    me.event("connected");
    me.say("hello");
    me.hears("hello");
    me.end_input();
    assert_eq!(me.exit(), 0);
}

#[test]
fn a_copied_identity_is_talked_to_under_a_warning() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let start = |folder: &TempDir, name: &str| {
        let args = ["--listen", "127.0.0.1:0", "--name", name, "--echo"];
        Launch::new("node-server", &args).data_dir(folder.path()).start()
    };
    start(&one, "first").address();
    let key = "identity.key";
    fs::copy(one.path().join(key), two.path().join(key)).unwrap();

    let mut original = start(&one, "original");
    let at = original.address();
    let args = ["chat", &at.to_string(), "--name", "copy"];
    let mut copy = Launch::new("client", &args).data_dir(two.path()).start();
    copy.event("connected");
    copy.say("hello");
    assert_eq!(copy.event("message")["text"], "hello");
    copy.end_input();
    assert_eq!(copy.exit(), 0);
    assert!(copy.stderr().contains("your own identity"), "{}", copy.stderr());
    // Neither side is shown under the bare name.
    for (who, name) in [(&original, "copy"), (&copy, "original")] {
        let peer = who.events_of("connected")[0]["peer"].as_str().unwrap().to_owned();
        assert!(peer.starts_with(&format!("{name}~")), "{peer}");
    }
}

#[test]
fn a_copied_identity_in_one_community_is_named_to_both() {
    let mut community = crate::support::community(&[]);
    let at = community.address().to_string();
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let start = |folder: &TempDir, name: &str| {
        let args = ["--listen", "127.0.0.1:0", "--name", name, "--community", &at];
        Launch::new("node-server", &args).data_dir(folder.path()).start()
    };
    let mut original = start(&one, "original");
    original.event("community");
    fs::copy(one.path().join("identity.key"), two.path().join("identity.key")).unwrap();
    let mut copy = start(&two, "copy");
    copy.event("community");
    for (who, other) in [(&mut original, "copy"), (&mut copy, "original")] {
        assert!(who.wait_for(|event| event["event"] == "warning" && event["kind"] == "twin"));
        let warning = who.events_of("warning").remove(0);
        assert!(warning["text"].as_str().unwrap().contains(other), "{warning}");
    }
    community.says("the same identity");
}

#[test]
fn a_caller_under_a_name_that_is_another_s_is_marked_and_not_turned_away() {
    let home = TempDir::new().unwrap();
    // Ada is pinned by being called; then somebody else calls as ada.
    let mut ada = echo("ada", &[]);
    let args = ["--listen", "127.0.0.1:0", "--name", "bob"];
    let mut bob = Launch::new("client", &args).data_dir(home.path()).start();
    let at = bob.address();
    dial(&mut bob, ada.address());
    assert_eq!(bob.event("connected")["peer"], "ada");
    bob.say("q");
    bob.event("closed");
    let mut other = crate::support::chat("ada", at);
    let connected = bob.event("connected");
    let peer = connected["peer"].as_str().unwrap();
    assert!(peer.starts_with("ada~"), "{peer}");
    other.event("connected");
    other.say("it is me");
    assert_eq!(bob.event("message")["from"], peer);
    bob.says("WARNING: not the one you know by this name");
    bob.says(&format!("/trust ada {}", connected["fingerprint"].as_str().unwrap()));
    bob.end_input();
    assert_eq!(bob.exit(), 0);
    assert_eq!(other.exit(), 0);
}
