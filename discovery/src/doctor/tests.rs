//! Findings and what follows from them.

use hallway::text::columns;

use super::*;

/// A machine where everything works.
fn well() -> Findings {
    Findings {
        interfaces: vec![eth0(), docker0()],
        neighbours: 2,
        tried: Tried { connected: 2, refused: 0, silent: 0 },
        peer: None,
        ports: Ports { calls: 5460, description: Some(5510) },
    }
}

fn eth0() -> Interface {
    Interface {
        name: "eth0".into(),
        addresses: vec!["10.0.0.7".parse().unwrap(), "fe80::7".parse().unwrap()],
        role: Role::Used,
        troubles: Vec::new(),
        own: 4,
        multicasts: 8,
        answers: 4,
        answers_to_1900: 4,
        heard_by: 2,
        not_heard_by: 0,
    }
}

fn docker0() -> Interface {
    Interface {
        name: "docker0".into(),
        role: Role::LeftOut("bridge of containers".into()),
        ..Interface::default()
    }
}

fn with(change: impl FnOnce(&mut Interface)) -> Findings {
    let mut findings = well();
    change(&mut findings.interfaces[0]);
    findings
}

fn alone() -> Interface {
    Interface { multicasts: 0, answers: 0, answers_to_1900: 0, heard_by: 0, ..eth0() }
}

fn trouble(kind: TroubleKind) -> Trouble {
    Trouble { kind, words: "cannot hear the group 239.255.255.250: something".into() }
}

fn peer(probed: Probed) -> Findings {
    let place = Place::parse("10.0.0.9:5461", 5460).unwrap();
    Findings { peer: Some((place, probed)), ..well() }
}

fn tried(refused: u32, silent: u32) -> Findings {
    Findings { tried: Tried { connected: 0, refused, silent }, ..well() }
}

/// Every cause with findings that lead to it.
fn cases() -> Vec<(Cause, Findings)> {
    let only = |interfaces| Findings { interfaces, ..well() };
    let down = Interface { role: Role::Unusable("no address".into()), ..eth0() };
    let lo = Interface { role: Role::Alone, name: "lo".into(), ..eth0() };
    vec![
        (Cause::NoNetwork, only(vec![])),
        (Cause::NoNetwork, only(vec![down, lo.clone()])),
        (Cause::AllLeftOut(vec!["docker0".into()]), only(vec![lo, docker0()])),
        (Cause::PeerRefuses, peer(Probed::Refused)),
        (Cause::PeerSilent, peer(Probed::Silent)),
        (Cause::PeerUnreachable, peer(Probed::Unreachable)),
        (
            Cause::NotPermitted,
            with(|eth0| {
                *eth0 = Interface { own: 0, ..alone() };
                eth0.troubles = vec![trouble(TroubleKind::NotPermitted)];
            }),
        ),
        (
            // Answers come to our own port, but the group cannot be heard.
            Cause::PortTaken,
            with(|eth0| {
                eth0.own = 0;
                eth0.troubles = vec![trouble(TroubleKind::PortTaken)];
            }),
        ),
        (
            Cause::Trouble(trouble(TroubleKind::Other).words),
            with(|eth0| {
                *eth0 =
                    Interface { own: 0, troubles: vec![trouble(TroubleKind::Other)], ..alone() };
            }),
        ),
        (Cause::Deaf, with(|eth0| *eth0 = Interface { own: 0, ..alone() })),
        (Cause::Deaf, with(|eth0| eth0.own = 0)),
        (Cause::Nobody, with(|eth0| *eth0 = alone())),
        (
            Cause::Nobody,
            with(|eth0| {
                *eth0 = Interface { troubles: vec![trouble(TroubleKind::PortTaken)], ..alone() };
            }),
        ),
        (
            Cause::MulticastsLost,
            Findings { interfaces: vec![alone()], neighbours: 0, ..peer(Probed::Connected) },
        ),
        (Cause::NoHallway, Findings { neighbours: 0, ..tried(0, 0) }),
        (Cause::NoAnswers, with(|eth0| *eth0 = Interface { multicasts: 8, ..alone() })),
        (Cause::AnswersToSsdpOnly, with(|eth0| eth0.answers = 0)),
        (Cause::NotHeard, with(|one| *one = Interface { heard_by: 0, not_heard_by: 2, ..eth0() })),
        (Cause::NeighboursSilent, tried(1, 1)),
        (Cause::NeighboursRefuse, tried(1, 0)),
        (Cause::Well, well()),
        (Cause::Well, peer(Probed::Connected)),
        // One machine that is off, or one that does not hear us, is not what is wrong here.
        (Cause::Well, with(|eth0| eth0.not_heard_by = 1)),
        // Nobody has announced anything lately: they need not, for minutes.
        (Cause::Well, with(|eth0| eth0.multicasts = 0)),
        // One family does not work, the other does.
        (Cause::Well, with(|eth0| eth0.troubles = vec![trouble(TroubleKind::Other)])),
    ]
}

#[test]
fn findings_lead_to_the_cause_that_explains_them() {
    for (cause, findings) in cases() {
        assert_eq!(Diagnosis::of(&findings).cause, cause, "{findings:#?}");
    }
}

#[test]
fn one_interface_that_works_is_enough() {
    let mut findings = well();
    findings.interfaces.push(Interface { name: "wlan0".into(), own: 0, ..alone() });
    assert!(Diagnosis::of(&findings).is_well());
}

#[test]
fn every_diagnosis_is_one_sentence_with_something_to_do() {
    for (cause, findings) in cases() {
        let diagnosis = Diagnosis::of(&findings);
        let sentence = &diagnosis.sentence;
        assert!(sentence.ends_with('.') && !sentence.contains(". "), "{sentence}");
        assert!(!diagnosis.steps.is_empty(), "{cause:?}");
        let announces_lines = diagnosis.steps.iter().any(|step| step.contains("lines below"));
        assert!(!announces_lines || diagnosis.firewall.is_some(), "{cause:?}");
    }
}

#[test]
fn every_row_of_every_report_fits_the_terminal() {
    for (_, mut findings) in cases() {
        findings.ports = Ports { calls: 65535, description: Some(65535) };
        for one in &mut findings.interfaces {
            one.name = "enx0123456789ab".into();
            one.addresses = vec!["fe80:1234:5678:9abc:def0:1234:5678:9abc".parse().unwrap(); 3];
        }
        for row in report(&findings, &Diagnosis::of(&findings)) {
            assert!(columns(&row) <= 80, "{row}");
        }
    }
}

#[test]
fn the_firewall_lines_open_port_1900_and_our_ports_and_nothing_else() {
    let findings = with(|eth0| *eth0 = Interface { own: 0, ..alone() });
    let firewall = Diagnosis::of(&findings).firewall.unwrap();
    assert_eq!(firewall.whose, "this machine");
    let lines = |name: &str| {
        let (_, lines) = firewall.lines.iter().find(|(known, _)| known.contains(name)).unwrap();
        lines.join("\n")
    };
    let ufw = "sudo ufw allow 1900/udp\nsudo ufw allow 5460/tcp\nsudo ufw allow 5510/tcp";
    assert_eq!(lines("ufw"), ufw);
    let nftables = "sudo nft insert rule inet filter input udp dport 1900 accept\n\
                    sudo nft insert rule inet filter input tcp dport { 5460, 5510 } accept";
    assert_eq!(lines("nftables"), nftables);
    for ports in ["1900/udp", "5460/tcp", "5510/tcp"] {
        assert!(lines("firewalld").contains(&format!("--permanent --add-port={ports}\n")));
    }
    assert!(lines("Windows").contains("-Protocol UDP -LocalPort 1900"));
    assert!(lines("Windows").contains("-Protocol TCP -LocalPort 5460,5510"));
}

#[test]
fn a_peer_that_gives_no_sign_gets_the_lines_for_its_own_port() {
    let firewall = Diagnosis::of(&peer(Probed::Silent)).firewall.unwrap();
    assert_eq!(firewall.whose, "the other machine");
    assert!(firewall.lines[0].1.contains(&"sudo ufw allow 5461/tcp".to_owned()));
}

#[test]
fn a_port_that_is_not_known_is_in_no_line() {
    for (cause, mut findings) in cases() {
        findings.ports = Ports { calls: 0, description: Some(0) };
        if let Some((place, _)) = &mut findings.peer {
            place.port = 0;
        }
        let lines = Diagnosis::of(&findings).firewall.map_or_else(Vec::new, |all| all.lines);
        for line in lines.iter().flat_map(|(_, lines)| lines) {
            let mut words = line.split(|c: char| !c.is_ascii_digit());
            assert!(!words.any(|word| word == "0"), "{cause:?}: {line}");
        }
        assert!(lines.iter().all(|(_, lines)| lines.concat().contains("1900")), "{cause:?}");
    }
}

#[test]
fn what_comes_from_the_system_is_shown_harmlessly() {
    let findings = with(|eth0| {
        eth0.name = "eth\u{1b}[2J".into();
        eth0.troubles =
            vec![Trouble { words: "a\u{1b}]0;b".into(), ..trouble(TroubleKind::Other) }];
    });
    let rows = report(&findings, &Diagnosis::of(&findings)).concat();
    assert!(!rows.contains('\u{1b}'));
}

#[test]
fn a_script_gets_the_same_as_an_event() {
    let line = Diagnosis::of(&well()).event().line();
    assert!(line.starts_with(r#"{"event":"diagnosis","cause":"well","text":"All is well: "#));
}

#[test]
fn every_cause_has_its_word_in_the_documentation() {
    let documented = include_str!("../../../docs/EVENTS.md");
    for (cause, _) in cases() {
        assert!(documented.contains(&format!("`{}`", cause.word())), "{cause:?}");
    }
}
