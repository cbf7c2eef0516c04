//! `client doctor`: machines that have one thing wrong with their networks, in namespaces.

use serde_json::Value;

use crate::lan::{Lan, has};
use crate::support::Program;

/// Machine 0 with Katie's node, and machine 1 for the doctor.
fn lan_with_katie() -> Option<(Lan, Program)> {
    let lan = Lan::new(2)?;
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    katie.event("listening");
    Some((lan, katie))
}

/// What the doctor says on machine 1 after answers to its first search.
fn diagnosis(lan: &Lan, args: &[&str]) -> Value {
    diagnosis_after("4", lan, args)
}

fn diagnosis_after(seconds: &str, lan: &Lan, args: &[&str]) -> Value {
    let mut doctor = lan.start(1, "client", &[&["doctor", "--seconds", seconds], args].concat());
    let diagnosis = doctor.event("diagnosis");
    let is_well = ["well", "answers-to-1900-only"].iter().any(|well| diagnosis["cause"] == *well);
    assert_eq!(doctor.exit(), i32::from(!is_well), "{diagnosis}");
    assert!(!doctor.events_of("interface").is_empty());
    diagnosis
}

/// A firewall on a machine: a chain with these rules.
fn firewall(lan: &Lan, leaf: usize, hook: &str, rules: &[&str]) {
    let rules = rules.join("; ");
    let table = format!(
        "table inet {hook} {{\n chain c {{\n type filter hook {hook} priority 0; {rules};\n }}\n}}"
    );
    let said = lan.run(leaf, "nft", &[&table]);
    assert_eq!(said, "");
}

#[track_caller]
fn says(diagnosis: &Value, cause: &str, sentence: &str) {
    assert_eq!(diagnosis["cause"], cause, "{diagnosis}");
    assert!(diagnosis["text"].as_str().unwrap().contains(sentence), "{diagnosis}");
}

#[track_caller]
fn advises(diagnosis: &Value, line: &str) {
    let lines = diagnosis["firewall"].as_array().unwrap();
    assert!(lines.contains(&line.into()), "{diagnosis}");
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    let Some((lan, _katie)) = lan_with_katie() else { return };
    let mut doctor = lan.start(1, "client", &["doctor", "10.77.0.1"]);
    let eth0 = doctor.event_that("interface", |one| one["name"] == "eth0");
    assert_eq!((&eth0["used"], &eth0["heard_by"]), (&true.into(), &1.into()));
    assert!(eth0["own"].as_u64().unwrap() > 0, "{eth0}");
    assert!(eth0["answers"].as_u64().unwrap() > 0, "{eth0}");
    let peer = doctor.event("peer");
    assert_eq!(
        (&peer["address"], &peer["result"]),
        (&"10.77.0.1:5460".into(), &"connected".into())
    );
    let diagnosis = doctor.event("diagnosis");
    says(&diagnosis, "well", "All is well");
    assert_eq!(diagnosis["firewall"], Value::Array(vec![]));
    assert_eq!(doctor.exit(), 0);
}

#[test]
fn without_json_it_reports_to_people() {
    let Some((lan, _katie)) = lan_with_katie() else { return };
    let data = tempfile::tempdir().unwrap();
    let program = crate::binaries::binary("client");
    let args = ["doctor", "10.77.0.1", "--data-dir", data.path().to_str().unwrap()];
    let said = lan.run(1, program.to_str().unwrap(), &args);
    for words in [
        "listening and searching for 8 s",
        "heard: node       katie",
        "asking them whether they hear us",
        "lo               not usable",
        "eth0             used: 10.77.0.2, fd77::2",
        "hears itself",
        "TCP to 10.77.0.1:5460: a connection comes about",
        "\n\nAll is well: others are heard and reached, and they hear us.\n",
    ] {
        assert!(said.contains(words), "no {words:?} in {said}");
    }
}

#[test]
fn a_firewall_that_lets_in_what_is_asked_for_is_named_but_does_no_harm() {
    let Some((lan, _katie)) = lan_with_katie().filter(|_| has("nft")) else { return };
    let rules = [
        "ct state established accept",
        "meta l4proto ipv6-icmp accept",
        "udp dport 1900 accept",
        "drop",
    ];
    firewall(&lan, 1, "input", &rules);
    let diagnosis = diagnosis_after("8", &lan, &[]);
    says(&diagnosis, "answers-to-1900-only", "firewall lets answers in at port 1900 only");
}

#[test]
fn a_firewall_that_drops_port_1900_is_named_with_the_lines_to_open_it() {
    let Some((lan, _katie)) = lan_with_katie().filter(|_| has("nft")) else { return };
    firewall(&lan, 1, "input", &["udp dport 1900 drop"]);
    let diagnosis = diagnosis(&lan, &[]);
    says(&diagnosis, "deaf", "this machine's firewall");
    advises(&diagnosis, "sudo ufw allow 1900/udp");
    advises(&diagnosis, "sudo ufw allow 5460/tcp");
    advises(&diagnosis, "sudo firewall-cmd --permanent --add-port=1900/udp");
    advises(&diagnosis, "sudo nft insert rule inet filter input udp dport 1900 accept");
    advises(&diagnosis, "  -Action Allow -Protocol UDP -LocalPort 1900");
}

#[test]
fn a_firewall_that_lets_no_multicast_out_is_named() {
    let Some((lan, _katie)) = lan_with_katie().filter(|_| has("nft")) else { return };
    firewall(&lan, 1, "output", &["udp dport 1900 drop"]);
    let diagnosis = diagnosis(&lan, &[]);
    says(&diagnosis, "not-permitted", "does not let us send");
    advises(&diagnosis, "sudo ufw allow out 1900/udp");
}

#[test]
fn an_access_point_that_keeps_machines_apart_looks_like_an_empty_network() {
    let Some((lan, _katie)) = lan_with_katie() else { return };
    for port in ["eth0p0", "eth0p1"] {
        lan.hub(&format!("link set {port} type bridge_slave isolated on"));
    }
    let alone = diagnosis(&lan, &[]);
    says(&alone, "nobody", "nobody else is heard");
    let steps = alone["steps"].to_string();
    assert!(steps.contains("client isolation") && steps.contains("doctor HOST:PORT"), "{alone}");
    says(&diagnosis(&lan, &["10.77.0.1"]), "peer-silent", "10.77.0.1:5460 gives no sign");
}

#[test]
fn a_network_that_loses_only_multicasts_is_told_from_one_that_loses_all() {
    let Some((lan, _katie)) = lan_with_katie().filter(|_| has("nft")) else { return };
    // What a switch does that has forgotten who is in the group.
    firewall(&lan, 0, "input", &["udp dport 1900 drop"]);
    firewall(&lan, 0, "output", &["udp dport 1900 drop"]);
    let diagnosis = diagnosis(&lan, &["10.77.0.1"]);
    says(&diagnosis, "multicasts-lost", "10.77.0.1:5460 can be called");
}

#[test]
fn no_network_and_a_network_of_containers_alone_are_told_apart() {
    let Some(lan) = Lan::new(2) else { return };
    lan.ip(1, "link set eth0 down");
    says(&diagnosis(&lan, &[]), "no-network", "in no network");
    lan.ip(1, "link set eth0 name docker0");
    lan.ip(1, "link set docker0 up");
    let left_out = diagnosis(&lan, &[]);
    says(&left_out, "all-left-out", "docker0 is left out by rule");
    assert!(left_out["steps"].to_string().contains("--interface docker0"), "{left_out}");
    says(&diagnosis(&lan, &["--interface", "docker0"]), "nobody", "nobody else is heard");
}

#[test]
fn a_program_that_has_port_1900_for_itself_is_noticed() {
    let Some((lan, _katie)) = lan_with_katie().filter(|_| has("python3")) else { return };
    let script = "import socket, sys\ns = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)\n\
                  s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)\ns.bind(('::', 1900))\n\
                  print('bound', flush=True)\nsys.stdin.read()";
    let holder = lan.peer(1, "python3", &["-c", script]);
    holder.says("bound");
    let diagnosis = diagnosis(&lan, &[]);
    says(&diagnosis, "port-taken", "has UDP port 1900 for itself");
}

#[test]
fn a_peer_that_refuses_is_told_from_one_whose_firewall_drops() {
    let Some((lan, _katie)) = lan_with_katie().filter(|_| has("nft")) else { return };
    says(&diagnosis(&lan, &["10.77.0.1:5999"]), "peer-refuses", "nobody listens at that port");
    firewall(&lan, 0, "input", &["tcp dport 5999 drop"]);
    let dropped = diagnosis(&lan, &["10.77.0.1:5999"]);
    says(&dropped, "peer-silent", "10.77.0.1:5999 gives no sign");
    advises(&dropped, "sudo ufw allow 5999/tcp");
    says(&diagnosis(&lan, &["10.78.0.1"]), "peer-unreachable", "no way from here");
}

#[test]
fn programs_on_the_same_machine_show_nothing_of_the_network() {
    let Some(lan) = Lan::new(2) else { return };
    let mut katie = lan.start(1, "node-server", &["--name", "katie"]);
    katie.event("listening");
    says(&diagnosis(&lan, &[]), "nobody", "nobody else is heard");
}
