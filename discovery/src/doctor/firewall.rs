//! The lines that open a firewall for Hallway: UDP 1900 and our TCP ports, and nothing else.

use super::{Cause, Findings, Firewall, Ports};
use crate::limits::DESCRIPTION_PORTS;

/// Whose firewall may be the cause, with the lines for it.
pub(super) fn lines(cause: &Cause, findings: &Findings) -> Option<Firewall> {
    let ours = |ports: Ports| Firewall { whose: "this machine", lines: inbound(&tcp(ports)) };
    let theirs = |port| Firewall { whose: "the other machine", lines: inbound(&[port]) };
    match cause {
        Cause::NotPermitted => Some(Firewall { whose: "this machine", lines: outbound() }),
        Cause::Deaf | Cause::Nobody | Cause::NoAnswers | Cause::AnswersToSsdpOnly => {
            Some(ours(findings.ports))
        }
        Cause::PeerSilent => findings.peer.as_ref().map(|(place, _)| theirs(place.port)),
        Cause::MulticastsLost => Some(Firewall { whose: "both machines", ..ours(findings.ports) }),
        Cause::NotHeard | Cause::NeighboursSilent => Some(theirs(findings.ports.calls)),
        Cause::NoNetwork
        | Cause::AllLeftOut(_)
        | Cause::PeerRefuses
        | Cause::PeerUnreachable
        | Cause::PortTaken
        | Cause::Trouble(_)
        | Cause::NoHallway
        | Cause::NeighboursRefuse
        | Cause::Well => None,
    }
}

fn tcp(ports: Ports) -> [u16; 2] {
    // Who announces nothing now may do so at another time, at the first port most likely.
    let description = ports.description.unwrap_or(DESCRIPTION_PORTS.0);
    [ports.calls, description]
}

/// For what comes in. A port that is not known, which is 0, is left out.
fn inbound(tcp: &[u16]) -> Vec<(&'static str, Vec<String>)> {
    let tcp: Vec<u16> = tcp.iter().copied().filter(|port| *port != 0).collect();
    let each = |write: fn(&u16) -> String| tcp.iter().map(write).collect::<Vec<String>>();
    let listed = each(u16::to_string);
    let windows = |protocol: &str, ports: &str| {
        [
            "New-NetFirewallRule -DisplayName Hallway -Direction Inbound `".to_owned(),
            format!("  -Action Allow -Protocol {protocol} -LocalPort {ports}"),
        ]
    };
    let mut ufw = vec!["sudo ufw allow 1900/udp".to_owned()];
    ufw.extend(each(|port| format!("sudo ufw allow {port}/tcp")));
    let mut firewalld = vec!["sudo firewall-cmd --permanent --add-port=1900/udp".to_owned()];
    firewalld.extend(each(|port| format!("sudo firewall-cmd --permanent --add-port={port}/tcp")));
    firewalld.push("sudo firewall-cmd --reload".to_owned());
    let mut nftables = vec!["sudo nft insert rule inet filter input udp dport 1900 accept".into()];
    let mut powershell = windows("UDP", "1900").to_vec();
    if !tcp.is_empty() {
        let set = listed.join(", ");
        nftables
            .push(format!("sudo nft insert rule inet filter input tcp dport {{ {set} }} accept"));
        powershell.extend(windows("TCP", &listed.join(",")));
    }
    vec![
        ("ufw", ufw),
        ("firewalld", firewalld),
        ("nftables", nftables),
        ("Windows, PowerShell as administrator", powershell),
    ]
}

/// For what goes out; firewalld lets everything out unless told otherwise, rule by rule.
fn outbound() -> Vec<(&'static str, Vec<String>)> {
    let line = |line: &str| vec![line.to_owned()];
    vec![
        ("ufw", line("sudo ufw allow out 1900/udp")),
        ("nftables", line("sudo nft insert rule inet filter output udp dport 1900 accept")),
        (
            "Windows, PowerShell as administrator",
            vec![
                "New-NetFirewallRule -DisplayName Hallway -Direction Outbound `".to_owned(),
                "  -Action Allow -Protocol UDP -RemotePort 1900".to_owned(),
            ],
        ),
    ]
}
