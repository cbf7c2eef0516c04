//! The end of each program: told by a signal, by the end of its input, by an output that nobody
//! reads. Peers are told, the exit code is 0, and it takes a moment.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::{Launch, Program, chat, community, echo, list, node};

const BOTH: [Signal; 2] = [Signal::SIGINT, Signal::SIGTERM];
/// A second for the goodbyes and the exit; much more for a machine that does other things too.
const AT_MOST: Duration = Duration::from_secs(10);

/// Ends it by a signal.
fn ends(program: &mut Program, signal: Signal) {
    let begun = Instant::now();
    program.signal(signal);
    assert_eq!(program.exit(), 0, "{signal}: {}", program.stderr());
    assert!(begun.elapsed() < AT_MOST, "{signal}: {:?}", begun.elapsed());
}

#[test]
fn a_community_that_is_told_to_end_says_goodbye_to_its_members() {
    for signal in BOTH {
        let mut community = community(&[]);
        let at = community.address();
        let mut bob = node("bob", &["--community", &at.to_string()]);
        bob.event("community");
        let mut watcher = list(at, &["--watch"]);
        watcher.member("member", "bob");
        ends(&mut community, signal);
        assert_eq!(bob.event("community")["state"], "lost");
        drop(watcher);
    }
}

#[test]
fn a_node_that_is_told_to_end_says_goodbye_to_callers_and_community() {
    for signal in BOTH {
        let mut community = community(&[]);
        let mut echo = echo("echo", &["--community", &community.address().to_string()]);
        let at = echo.address();
        echo.event("community");
        let mut callers = [chat("ada", at), chat("eve", at)];
        for caller in &mut callers {
            caller.event("connected");
        }
        ends(&mut echo, signal);
        for caller in &mut callers {
            assert_eq!(caller.event("closed")["reason"], "bye");
            assert_eq!(caller.exit(), 0);
        }
        community.member("left", "echo");
        let told: Vec<_> = echo.events_of("closed").iter().map(|e| e["reason"].clone()).collect();
        assert_eq!(told, ["bye", "bye"]);
    }
}

#[test]
fn a_client_that_is_told_to_end_says_goodbye_in_every_mode() {
    let mut community = community(&[]);
    let mut echo = echo("echo", &["--community", &community.address().to_string()]);
    let (hall, at) = (community.address_again(), echo.address());
    echo.event("community");
    for signal in BOTH {
        let mut caller = chat("katie", at);
        caller.event("connected");
        ends(&mut caller, signal);
        assert_eq!(echo.event("closed")["reason"], "bye");

        let mut watcher = list(hall, &["--watch"]);
        watcher.member("member", "echo");
        ends(&mut watcher, signal);

        let args = ["--listen", "127.0.0.1:0", "--name", "menu", "--community", &hall.to_string()];
        let mut menu = Launch::new("client", &args).start();
        menu.event_that("community", |event| event["state"] == "joined");
        community.member("joined", "menu");
        ends(&mut menu, signal);
        community.member("left", "menu");

        let mut demo = Launch::new("client", &["demo", "--name", "me"]).start();
        demo.event("community");
        ends(&mut demo, signal);
    }
}

#[test]
fn a_program_without_anything_to_read_goes_on_or_ends_as_is_its_business() {
    // Servers serve.
    let mut community = community(&[]);
    let at = community.address();
    let args = ["--listen", "127.0.0.1:0", "--name", "bob", "--community", &at.to_string()];
    let mut bob = Launch::new("node-server", &args).without_input().start();
    let bob_at = bob.address();
    bob.event("community");
    // What reads its input ends with it, politely.
    let mut menu = Launch::new("client", &["--listen", "127.0.0.1:0"]).without_input().start();
    assert_eq!(menu.exit(), 0);
    let mut demo = Launch::new("client", &["demo"]).without_input().start();
    assert_eq!(demo.exit(), 0);
    let to = bob_at.to_string();
    let mut caller = Launch::new("client", &["chat", &to]).without_input().start();
    assert_eq!(caller.exit(), 0);
    assert_eq!(bob.event("closed")["reason"], "bye");
    assert_eq!(list(at, &[]).exit(), 0);
    ends(&mut bob, Signal::SIGTERM);
}

#[test]
fn descriptors_that_are_closed_from_the_beginning_do_no_harm() {
    let mut echo = echo("echo", &[]);
    let at = echo.address().to_string();
    for closed in ["<&-", "<&- 2>&-"] {
        let script = format!(r#"exec "$@" {closed}"#);
        let mut caller = Launch::by_shell(&script, "client", &["chat", &at]).start();
        assert_eq!(caller.exit(), 0, "{closed}");
        assert_eq!(echo.event("closed")["reason"], "bye");
        let args = ["--listen", "127.0.0.1:0", "--name", "bob"];
        let mut bob = Launch::by_shell(&script, "node-server", &args).start();
        bob.address();
        ends(&mut bob, Signal::SIGTERM);
    }
    let script = r#"exec "$@" >&-"#;
    let mut caller = Launch::by_shell(script, "client", &["chat", &at]).without_input().start();
    assert_eq!(caller.exit(), 0);
    assert_eq!(echo.event("closed")["reason"], "bye");
}

/// Starts a program, reads one line of what it says, and closes.
fn head(program: &str, args: &[&str]) -> (Program, String) {
    let mut program = Launch::new(program, args).unread().start();
    let line = program.read_one_and_close();
    (program, line)
}

fn address_in(line: &str) -> SocketAddr {
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    event["address"].as_str().unwrap().parse().unwrap()
}

#[test]
fn an_output_that_nobody_reads_any_more_is_no_error() {
    let mut community = community(&[]);
    let at = community.address();
    let place = at.to_string();
    // A server goes on serving.
    let args = ["--listen", "127.0.0.1:0", "--name", "echo", "--echo", "--community", &place];
    let (mut echo, line) = head("node-server", &args);
    let to = address_in(&line).to_string();
    community.member("joined", "echo");
    let mut plain = chat("plain", to.parse().unwrap());
    plain.say("one");
    plain.hears("one");
    plain.end_input();
    assert_eq!(plain.exit(), 0);

    // A conversation has nobody to be shown to: it ends.
    let (mut caller, _) = head("client", &["chat", &to, "--name", "katie"]);
    caller.say("two");
    assert_eq!(caller.exit(), 0, "{}", caller.stderr());
    let (mut watcher, line) = head("client", &["list", &place, "--watch"]);
    assert!(line.contains("echo"), "{line}");
    let mut bob = node("bob", &["--community", &place]);
    bob.event("community");
    assert_eq!(watcher.exit(), 0, "{}", watcher.stderr());
    let (mut once, _) = head("client", &["list", &place]);
    assert_eq!(once.exit(), 0);
    ends(&mut echo, Signal::SIGTERM);
    community.member("left", "echo");
}
