//! `client discover`: on a switch without any default route, in namespaces.

use std::process::Command;

use nix::sys::signal::Signal;

use crate::lan::{Lan, Peer, has};
use crate::support::{Launch, Program};

/// `client discover` on a machine, until it is told to end.
fn discover(lan: &Lan, leaf: usize, args: &[&str]) -> Program {
    lan.start(leaf, "client", &[&["discover", "--seconds", "0"], args].concat())
}

/// A device that a program announces to GSSDP's taste: a lamp, without a description.
const LAMP: &str = r#"
import gi
gi.require_version("GSSDP", "1.6")
from gi.repository import GLib, GSSDP
client = GSSDP.Client.new_full("eth0", None, 1900, GSSDP.UDAVersion.VERSION_1_0)
group = GSSDP.ResourceGroup.new(client)
udn = "uuid:3f1c9f0e-4a7e-4d52-9d0e-1f7c1a3f5b77"
where = "http://10.77.0.1:8080/lamp.xml"
for kind in ["upnp:rootdevice", "urn:example-org:device:Lamp:1"]:
    group.add_resource_simple(kind, udn + "::" + kind, where)
group.set_available(True)
print("announced", flush=True)
GLib.MainLoop().run()
"#;

#[test]
fn people_and_communities_are_listed_with_their_addresses_and_leave_the_list() {
    let Some(lan) = Lan::new(2) else { return };
    let mut watcher = discover(&lan, 1, &[]);
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    let mut lab = lan.start(0, "community-server", &["--name", "lab"]);
    let fingerprint = katie.event("listening")["fingerprint"].clone();
    lab.event("listening");
    let found = watcher.event_that("found", |event| event["reachable"] == true);
    let other = watcher
        .event_that("found", |event| event["reachable"] == true && event["name"] != found["name"]);
    let (node, community) = if found["kind"] == "node" { (found, other) } else { (other, found) };
    assert_eq!((&node["name"], &node["state"]), (&"katie".into(), &"available".into()));
    assert_eq!((&community["name"], &community["kind"]), (&"lab".into(), &"community".into()));
    assert_eq!((&node["interface"], &node["fingerprint"]), (&"eth0".into(), &fingerprint));
    let addresses = node["addresses"].as_array().unwrap();
    assert!(addresses.contains(&"10.77.0.1:5460".into()), "{node}");
    assert!(addresses.iter().any(|ip| ip.as_str().unwrap().starts_with("[fd77::1]")), "{node}");
    katie.signal(Signal::SIGTERM);
    let gone = watcher.event("gone");
    assert_eq!((&gone["id"], &gone["name"]), (&node["id"], &"katie".into()));
    watcher.signal(Signal::SIGINT);
    assert_eq!(watcher.exit(), 0);
}

#[test]
fn without_json_each_neighbour_is_one_line_and_what_else_happens_is_talk() {
    let Some(lan) = Lan::new(2) else { return };
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    katie.event("listening");
    let data = tempfile::tempdir().unwrap();
    let program = crate::binaries::binary("client");
    let folder = data.path().to_str().unwrap();
    let args = ["discover", "--seconds", "0", "--data-dir", folder];
    let watcher = lan.peer(1, program.to_str().unwrap(), &args);
    watcher.says("node       katie             ");
    watcher.says(":5460  eth0");
    katie.signal(Signal::SIGTERM);
    watcher.says("katie is gone");
    let said = watcher.end();
    assert_eq!(said.matches("node  ").count(), 1, "{said}");
    assert!(said.contains("packets heard; 0 people, no community"), "{said}");
}

#[test]
fn programs_of_one_person_on_one_machine_are_all_listed() {
    let Some(lan) = Lan::new(1) else { return };
    let data = tempfile::tempdir().unwrap();
    let start = |name| {
        let launch = lan.launch(0, "node-server", &["--name", name]).data_dir(data.path());
        let mut node = launch.start();
        node.event("listening");
        node
    };
    let _nodes = [start("katie"), start("katie-2")];
    let mut watcher =
        lan.launch(0, "client", &["discover", "--seconds", "0"]).data_dir(data.path()).start();
    let one = watcher.event("found");
    let other = watcher.event_that("found", |event| event["id"] != one["id"]);
    assert_eq!(one["fingerprint"], other["fingerprint"]);
    assert_ne!(one["name"], other["name"]);
    // One machine, one person: that is no copy.
    assert!(one["twin"].is_null() && other["twin"].is_null(), "{one} {other}");
}

#[test]
fn nobody_is_not_a_failure_and_a_reader_may_leave() {
    let Some(lan) = Lan::new(2) else { return };
    let mut alone = lan.start(1, "client", &["discover", "--seconds", "1"]);
    alone.says("eth0: 0 packets heard; 0 people, no community");
    assert_eq!(alone.exit(), 0);
    assert!(alone.events().is_empty());
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    katie.event("listening");
    let mut left = lan.launch(1, "client", &["discover", "--seconds", "0"]).unread().start();
    assert!(left.read_one_and_close().contains(r#""event":"found""#));
    // There has to be something more to say.
    katie.signal(Signal::SIGTERM);
    let _bob = lan.start(0, "node-server", &["--name", "bob"]);
    assert_eq!(left.exit(), 0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (args, words) in [
        // Off for every program here that is not in a namespace of its own.
        (["--seconds", "1"], "--no-discovery switches off"),
        (["--type", "urn:example-org:Lamp"], "urn:DOMAIN:device:KIND:VERSION"),
        (["--seconds", "soon"], "--seconds"),
    ] {
        let all = [&["discover"], &args[..]].concat();
        let mut program = Launch::new("client", &all).without_input().start();
        assert_eq!(program.exit(), 2, "{args:?}");
        assert!(program.stderr().contains(words), "{args:?}: {}", program.stderr());
    }
}

#[test]
fn minidlna_is_listed_with_the_name_in_its_description() {
    if !has("minidlnad") {
        return;
    }
    let Some(lan) = Lan::new(2) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let config = format!(
        "network_interface=eth0\nport=8200\nfriendly_name=Media of the class\n\
         media_dir={path}\ndb_dir={path}\nlog_dir={path}\n"
    );
    std::fs::write(folder.path().join("conf"), config).unwrap();
    let (conf, pid) = (format!("{path}/conf"), format!("{path}/pid"));
    let media = lan.peer(0, "minidlnad", &["-d", "-f", &conf, "-P", &pid]);
    media.says("HTTP listening on port 8200");
    let kind = "urn:schemas-upnp-org:device:MediaServer:1";
    let mut client = discover(&lan, 1, &["--type", kind]);
    let device = client.event("device");
    assert_eq!(device["name"], "Media of the class");
    assert_eq!((&device["address"], &device["types"][0]), (&"10.77.0.1".into(), &kind.into()));
    assert_eq!(device["location"], "http://10.77.0.1:8200/rootDesc.xml");
    assert!(device["server"].as_str().unwrap().contains("MiniDLNA"), "{device}");
    // As a root device it is the same, and its description tells what it is.
    let mut client = discover(&lan, 1, &["--type", "upnp:rootdevice"]);
    assert_eq!(client.event("device")["types"][0], kind);
    media.end();
    assert_eq!(client.event("gone")["name"], "Media of the class");
}

#[test]
fn a_gssdp_device_is_listed_although_nobody_serves_its_description() {
    let Some(lan) = Lan::new(2) else { return };
    let Some(lamp) = lamp(&lan) else { return };
    lamp.says("announced");
    for kind in ["urn:example-org:device:Lamp:1", "ssdp:all"] {
        let mut client = discover(&lan, 1, &["--type", kind]);
        let device = client
            .event_that("device", |device| device["types"][0] == "urn:example-org:device:Lamp:1");
        assert_eq!(device["id"], "3f1c9f0e-4a7e-4d52-9d0e-1f7c1a3f5b77");
        assert_eq!(device["location"], "http://10.77.0.1:8080/lamp.xml");
        assert!(device["name"].is_null(), "{device}");
    }
}

/// The lamp, on machine 0; `None` without GSSDP for Python.
fn lamp(lan: &Lan) -> Option<Peer> {
    let check = r#"import gi; gi.require_version("GSSDP", "1.6")"#;
    let found = Command::new("/usr/bin/python3").args(["-c", check]).output();
    let is_there = found.is_ok_and(|output| output.status.success());
    has(if is_there { "sh" } else { "python3-gi with GSSDP 1.6" })
        .then(|| lan.peer(0, "/usr/bin/python3", &["-c", LAMP]))
}
