//! Other people's SSDP programs list ours, and ours lists theirs: on a switch without any default
//! route, in namespaces. Each program is an independent reading of the specification.

use crate::lan::{Lan, has};

const NODE: &str = "urn:hallway-local:device:Node:1";

/// A machine with Katie's node, and one to look for it from.
fn lan_with_katie() -> Option<(Lan, crate::support::Program)> {
    let lan = Lan::new(2)?;
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    katie.event("listening");
    Some((lan, katie))
}

#[test]
fn gssdp_discover_lists_our_node_when_it_searches_and_when_it_only_listens() {
    if !has("gssdp-discover") {
        return;
    }
    let Some((lan, katie)) = lan_with_katie() else { return };
    let found = lan.run(1, "gssdp-discover", &["-i", "eth0", "-n", "5", "-t", NODE]);
    assert!(found.contains("resource available") && found.contains(NODE), "{found}");
    assert!(found.contains("http://10.77.0.1:"), "{found}");
    drop(katie);

    let listener = lan.peer(1, "gssdp-discover", &["-i", "eth0", "-n", "30", "-m", "all"]);
    listener.says("Showing");
    let mut bob = lan.start(0, "node-server", &["--name", "bob"]);
    bob.event("listening");
    listener.says("resource available");
    bob.signal(nix::sys::signal::Signal::SIGTERM);
    listener.says("resource unavailable");
}

#[test]
fn upnpc_lists_our_node_over_ipv4_and_ipv6() {
    if !has("upnpc") {
        return;
    }
    let Some((lan, _katie)) = lan_with_katie() else { return };
    let found = lan.run(1, "upnpc", &["-m", "eth0", "-i", "-s"]);
    assert!(found.contains("desc: http://10.77.0.1:"), "{found}");
    let found = lan.run(1, "upnpc", &["-6", "-m", "eth0", "-i", "-s"]);
    assert!(found.contains("desc: http://[f"), "{found}");
}

#[test]
fn nmap_lists_our_node_with_its_description() {
    if !has("nmap") {
        return;
    }
    let Some((lan, _katie)) = lan_with_katie() else { return };
    let found = lan.run(1, "nmap", &["-e", "eth0", "--script", "broadcast-upnp-info"]);
    assert!(found.contains("Location: http://10.77.0.1:"), "{found}");
    assert!(found.contains("katie"), "{found}");
}

#[test]
fn async_upnp_client_lists_our_node_over_ipv4_and_ipv6() {
    let module = concat!(env!("CARGO_MANIFEST_DIR"), "/target/pypi");
    if !has("python3") || !has(&format!("{module}/async_upnp_client/cli.py; test -e $_")) {
        return;
    }
    let Some((lan, _katie)) = lan_with_katie() else { return };
    let search = |more: &str| {
        let script = format!(
            "PYTHONPATH={module} exec python3 -m async_upnp_client.cli --timeout 5 search \
             --search_target {NODE} {more}"
        );
        lan.run(1, "sh", &["-c", &script])
    };
    let found = search("--bind 10.77.0.2");
    assert!(found.contains(NODE) && found.contains("http://10.77.0.1:"), "{found}");
    let index = lan.run(1, "cat", &["/sys/class/net/eth0/ifindex"]);
    let found = search(&format!("--target FF02::C%{}", index.trim()));
    assert!(found.contains(NODE) && found.contains("http://[fe80:"), "{found}");
}

#[test]
fn minissdpd_keeps_our_four_announcements_and_drops_them_at_our_goodbye() {
    if !has("minissdpd") {
        return;
    }
    let Some(lan) = Lan::new(2) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (socket, pid) = (folder.path().join("socket"), folder.path().join("pid"));
    let (socket, pid) = (socket.to_str().unwrap(), pid.to_str().unwrap());
    let cache = lan.peer(1, "minissdpd", &["-d", "-i", "eth0", "-s", socket, "-p", pid]);
    // It says nothing before it hears something; its socket is the last that it opens.
    lan.run(1, "sh", &["-c", &format!("until test -S {socket}; do sleep 0.1; done")]);
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    katie.event("listening");
    for announced in ["upnp:rootdevice", NODE, "urn:hallway-local:service:Chat:1"] {
        cache.says_line(&["new device discovered : uuid:", &format!("::{announced}")]);
    }
    katie.signal(nix::sys::signal::Signal::SIGTERM);
    for announced in ["upnp:rootdevice", NODE, "urn:hallway-local:service:Chat:1"] {
        cache.says_line(&["remove device : uuid:", &format!("::{announced}")]);
    }
}
