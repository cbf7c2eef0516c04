//! Conversations between `client chat` and `node-server`.

use crate::support::{Launch, chat, echo, list, node};

#[test]
fn a_client_talks_with_an_echo_and_both_say_goodbye() {
    let mut echo = echo("echo", &[]);
    let mut katie = chat("katie", echo.address());
    let connected = katie.event("connected");
    assert_eq!((&connected["peer"], &connected["path"]), (&"echo".into(), &"direct".into()));
    for line in ["hello", "a line with   spaces", "/who is no command here", "q"] {
        katie.say(line);
        katie.hears(line);
    }
    katie.end_input();
    assert_eq!(katie.event("closed")["reason"], "bye");
    assert_eq!(katie.exit(), 0);
    assert_eq!(echo.event("connected")["peer"], "katie");
    assert_eq!(echo.event("closed")["reason"], "bye");
    assert_eq!(echo.heard("katie"), katie.heard("echo"));
    assert!(katie.events_of("error").is_empty() && katie.events_of("unsent").is_empty());
}

#[test]
fn what_is_piped_in_is_all_said_before_the_goodbye() {
    let mut echo = echo("echo", &[]);
    let mut katie = chat("katie", echo.address());
    // More than may be unconfirmed at a time.
    let lines: Vec<String> = (0..3_000).map(|n| format!("line {n}")).collect();
    katie.type_bytes((lines.join("\n") + "\n").as_bytes());
    katie.end_input();
    assert_eq!(katie.exit(), 0);
    assert!(echo.wait_for(|event| event["event"] == "closed"));
    assert_eq!(echo.heard("katie"), lines);
    assert!(katie.events_of("unsent").is_empty());
}

#[test]
fn both_may_speak_at_any_time_and_the_one_who_was_called_may_leave() {
    let mut bob = node("bob", &[]);
    let mut katie = chat("katie", bob.address());
    katie.event("connected");
    bob.event("connected");
    for round in 0..20 {
        bob.say(&format!("bob {round}"));
        katie.say(&format!("katie {round}"));
    }
    for round in 0..20 {
        katie.hears(&format!("bob {round}"));
        bob.hears(&format!("katie {round}"));
    }
    bob.say("/bye");
    assert_eq!(katie.event("closed")["reason"], "bye");
    assert_eq!(katie.exit(), 0);
    assert_eq!(bob.event("closed")["reason"], "bye");
    // And bob can be called again.
    let mut again = chat("katie", bob.address_again());
    again.event("connected");
}

#[test]
fn a_node_leads_several_conversations_at_once() {
    let mut bob = node("bob", &[]);
    let at = bob.address();
    let mut callers: Vec<_> = ["ada", "eve", "ida"].map(|name| chat(name, at)).into();
    for caller in &mut callers {
        caller.event("connected");
        bob.event("connected");
    }
    bob.say("/all to everybody");
    bob.say("/to eve only eve");
    for caller in &mut callers {
        caller.hears("to everybody");
    }
    callers[1].hears("only eve");
    callers[0].say("from ada");
    assert_eq!(bob.event("message")["from"], "ada");
    bob.say("/quit");
    assert_eq!(bob.exit(), 0);
    for caller in &mut callers {
        assert_eq!(caller.event("closed")["reason"], "bye");
        assert_eq!(caller.exit(), 0);
    }
    assert_eq!([callers[0].heard("").len(), callers[1].heard("").len()], [1, 2]);
}

#[test]
fn without_json_what_they_say_is_all_there_is_on_standard_output() {
    let mut echo = echo("echo", &[]);
    let at = echo.address().to_string();
    let script = r#"printf 'one\ntwo\n' | "$1" chat "$3" --name katie --data-dir "$6""#;
    let mut plain = Launch::by_shell(script, "client", &["chat", &at]).without_input().start();
    assert_eq!(plain.exit(), 0);
    assert_eq!(plain.stdout(), b"one\ntwo\n");
    assert!(plain.stderr().contains("talking with echo"), "{}", plain.stderr());
}

#[test]
fn a_conversation_shows_in_the_list_and_ends_there_too() {
    let mut community = crate::support::community(&[]);
    let at = community.address();
    let mut echo = echo("echo", &["--community", &at.to_string()]);
    let echo_at = echo.address();
    echo.event("community");
    let mut watcher = list(at, &["--watch"]);
    assert_eq!(watcher.member("member", "echo")["state"], "available");
    let mut katie = chat("katie", echo_at);
    assert_eq!(watcher.member("changed", "echo")["state"], "in-chat");
    katie.end_input();
    assert_eq!(watcher.member("changed", "echo")["state"], "available");
    assert_eq!(katie.exit(), 0);
}
