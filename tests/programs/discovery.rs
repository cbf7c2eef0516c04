//! Programs that find each other on a switch, with nothing configured.

use std::collections::BTreeSet;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::lan::{Lan, has};
use crate::support::Program;

/// The menu of a client that listens.
fn client(lan: &Lan, leaf: usize, name: &str) -> Program {
    let mut client = lan.start(leaf, "client", &["--name", name]);
    client.event("listening");
    client
}

/// A node that listens.
fn node(lan: &Lan, leaf: usize, name: &str) -> Program {
    let mut node = lan.start(leaf, "node-server", &["--name", name]);
    node.event("listening");
    node
}

impl Program {
    /// Waits until `name` is found as `fits` says.
    #[track_caller]
    fn finds(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.event_that("found", |event| event["name"] == name && fits(event))
    }
}

/// The number in front of somebody in the list, once the list has them.
fn number(client: &mut Program, name: &str) -> String {
    let row = format!("  {name} ");
    client.says(&row);
    let text = client.stderr();
    let line = text.lines().rfind(|line| line.contains(&row)).unwrap();
    line.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn who_starts_is_found_and_who_ends_or_is_killed_is_gone() {
    let Some(lan) = Lan::new(2) else { return };
    let mut katie = client(&lan, 0, "katie");
    let mut bob = node(&lan, 1, "bob");
    let found = katie.finds("bob", |_| true);
    assert_eq!((&found["kind"], &found["state"]), (&"node".into(), &"available".into()));
    let community = lan.start(1, "community-server", &["--name", "lab"]);
    katie.finds("lab", |event| event["kind"] == "community");
    bob.signal(Signal::SIGTERM);
    assert_eq!(bob.exit(), 0);
    assert_eq!(katie.event("gone")["id"], found["id"]);
    community.signal(Signal::SIGTERM);
    assert_eq!(katie.event("gone")["name"], "lab");

    // Nobody says goodbye for who is killed: that it cannot be reached is noticed.
    let mut cy = node(&lan, 1, "cy");
    katie.say("1");
    katie.finds("cy", |event| event["reachable"] == true);
    cy.kill();
    let number = number(&mut katie, "cy");
    katie.say(&number);
    katie.say("a password");
    assert_eq!(katie.event("gone")["name"], "cy");
}

#[test]
fn a_number_and_a_password_are_enough_for_a_conversation() {
    let Some(lan) = Lan::new(2) else { return };
    let mut katie = client(&lan, 0, "katie");
    let mut bob = node(&lan, 1, "bob");
    katie.finds("bob", |_| true);
    katie.say("1");
    let number = number(&mut katie, "bob");
    katie.say(&number);
    katie.say(crate::support::NODE_PASSWORD);
    katie.event("connected");
    // Who talks cannot be called, and the network knows.
    assert_eq!(bob.event("connected")["peer"], "katie");
    let mut eve = client(&lan, 1, "eve");
    eve.finds("bob", |event| event["state"] == "in-chat");
    katie.say("hello");
    bob.hears("hello");
    katie.say("/bye");
    eve.finds("bob", |event| event["state"] == "available");
}

#[test]
fn programs_of_one_person_on_one_machine_see_each_other() {
    let Some(lan) = Lan::new(1) else { return };
    let home = tempfile::tempdir().unwrap();
    let start =
        |name: &str| lan.launch(0, "client", &["--name", name]).data_dir(home.path()).start();
    let names = ["one", "two", "three"];
    let mut all = names.map(start);
    for program in &mut all {
        program.event("listening");
    }
    for (name, program) in names.iter().zip(&mut all) {
        let others: BTreeSet<&str> = names.into_iter().filter(|other| other != name).collect();
        let mut seen = BTreeSet::new();
        while seen.len() < others.len() {
            let found = program.event("found");
            assert_eq!(found["twin"], Value::Null, "{found}");
            seen.insert(found["name"].as_str().unwrap().to_owned());
        }
        assert!(seen.iter().eq(others), "{name} sees {seen:?}");
    }
}

#[test]
fn a_copied_data_directory_is_shown_twice_with_a_warning() {
    let Some(lan) = Lan::new(3) else { return };
    let homes = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut original =
        lan.launch(0, "node-server", &["--name", "katie"]).data_dir(homes[0].path()).start();
    original.event("listening");
    let key = "identity.key";
    std::fs::copy(homes[0].path().join(key), homes[1].path().join(key)).unwrap();
    let mut copy = lan.launch(1, "client", &["--name", "copy"]).data_dir(homes[1].path()).start();
    copy.finds("katie", |event| event["twin"] == true);
    let mut witness = client(&lan, 2, "witness");
    witness.finds("katie", |event| event["twin"] == true);
    // Which of the two is told first is open.
    assert!(witness.wait_for(|event| event["event"] == "found" && event["name"] == "copy"));
    let ids: BTreeSet<String> = witness.events_of("found").iter().map(id).collect();
    witness.say("1");
    witness.says("the same identity is on another machine");
    assert_eq!(ids.len(), 2);
}

fn id(event: &Value) -> String {
    event["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_machine_with_two_cables_is_one_entry_with_the_right_address_on_each() {
    let Some(lan) = Lan::new(2) else { return };
    lan.hub("link add br1 type bridge");
    lan.hub("link set br1 up");
    for leaf in [0, 1] {
        lan.cable(leaf, "eth1", "10.88.0", "fd88:");
        lan.hub(&format!("link set eth1p{leaf} master br1"));
        // With IPv4 and a link-local address on each, it has as many as `ssdp` remembers of one.
        for device in ["eth0", "eth1"] {
            lan.ip(leaf, &format!("-6 addr flush dev {device} scope global"));
        }
    }
    let mut katie = client(&lan, 0, "katie");
    let _bob = node(&lan, 1, "bob");
    let has = |event: &Value, address: &str| {
        event["addresses"].as_array().unwrap().iter().any(|known| *known == address)
    };
    katie.finds("bob", |event| has(event, "10.77.0.2:5460") && has(event, "10.88.0.2:5460"));
    let ids: BTreeSet<String> = katie.events_of("found").iter().map(id).collect();
    assert_eq!(ids.len(), 1);
    // One of the two goes.
    lan.ip(1, "link set eth1 down");
    katie.finds("bob", |event| !has(event, "10.88.0.2:5460"));
}

#[test]
fn without_discovery_nothing_is_sent() {
    if !has("nft") {
        return;
    }
    let Some(lan) = Lan::new(3) else { return };
    let count = "add table inet count; \
                 add chain inet count out { type filter hook output priority 0; }; \
                 add rule inet count out meta l4proto udp counter";
    assert_eq!(lan.run(0, "nft", &[count]), "");
    let mut silent = Vec::new();
    for program in ["client", "node-server", "community-server"] {
        silent.push(lan.start(0, program, &["--no-discovery"]));
        silent.last_mut().unwrap().event("listening");
    }
    let mut katie = client(&lan, 1, "katie");
    let _bob = node(&lan, 2, "bob");
    // Her search was answered by him, and by nobody else.
    katie.finds("bob", |_| true);
    let rules = lan.run(0, "nft", &["list", "ruleset"]);
    assert!(rules.contains("counter packets 0 bytes 0"), "{rules}");
    assert!(katie.events_of("found").iter().all(|event| event["name"] == "bob"));
    // That it counts at all.
    let _cy = node(&lan, 0, "cy");
    katie.finds("cy", |_| true);
    let rules = lan.run(0, "nft", &["list", "ruleset"]);
    assert!(!rules.contains("counter packets 0 "), "{rules}");
}

#[test]
fn an_interface_that_is_not_there_is_named_and_no_reason_to_end() {
    let Some(lan) = Lan::new(1) else { return };
    let args = ["--name", "katie", "--interface", "eth7", "--interface", "eth0"];
    let mut katie = lan.start(0, "client", &args);
    katie.event("listening");
    katie.says("there is no interface eth7");
    let _bob = node(&lan, 0, "bob");
    katie.finds("bob", |_| true);
}
