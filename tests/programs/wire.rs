//! What Wireshark says of our datagrams.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::lan::{Lan, has};

#[test]
fn tshark_finds_nothing_malformed_in_what_our_programs_say() {
    if !has("tshark") {
        return;
    }
    let Some(lan) = Lan::new(2) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ssdp.pcapng");
    let file = file.to_str().unwrap();
    // Wireshark drops its rights where it is root and the folder is not everybody's.
    let capture = lan.peer(1, "tshark", &["-i", "eth0", "-f", "udp", "-w", file]);
    capture.says("Capturing on 'eth0'");
    let mut katie = lan.start(0, "node-server", &["--name", "katie"]);
    let mut lab = lan.start(0, "community-server", &["--name", "lab"]);
    let mut client = lan.start(1, "client", &["discover", "--type", "ssdp:all", "--seconds", "0"]);
    for program in [&mut katie, &mut lab] {
        program.event("listening");
    }
    let services = ["urn:hallway-local:service:Chat:1", "urn:hallway-local:service:Directory:1"];
    for service in services {
        let is_one = |device: &Value| {
            device["types"].as_array().is_some_and(|types| types.contains(&service.into()))
        };
        assert!(client.wait_for(is_one), "no {service}: {:?}", client.events());
    }
    // Its end is the time by which all answers have come; and it asks each device alone.
    let mut doctor = lan.start(1, "client", &["doctor", "--seconds", "4"]);
    assert_eq!(doctor.exit(), 0, "{:?}", doctor.events());
    for (program, service) in [&mut katie, &mut lab].into_iter().zip(services) {
        // Goodbyes, and the questions that follow.
        program.signal(Signal::SIGTERM);
        assert_eq!(program.exit(), 0, "{service}");
        client.event("gone");
    }
    capture.end();
    let read = |filter: &str| {
        let fields = ["-T", "fields", "-e", "http.request.method", "-e", "http.response.code"];
        // Answers go from and to ports of our own.
        let ports = ["-d", "udp.port==49152-65535,ssdp"];
        let args = [&["-r", file, "-Y", filter][..], &ports, &fields].concat();
        let said = lan.run(1, "tshark", &args);
        let lines = said.lines().filter(|line| !line.contains("Running as user"));
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    for family in ["ip", "ipv6"] {
        let said = read(&format!("ssdp && {family}"));
        for what in ["NOTIFY", "M-SEARCH", "200"] {
            assert!(said.iter().any(|line| line == what), "no {what} by {family}: {said:?}");
        }
    }
    assert_eq!(read("_ws.malformed || _ws.expert.severity >= warning"), [""; 0]);
    assert_eq!(read("udp && !ssdp"), [""; 0]);
}
