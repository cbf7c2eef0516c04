//! Discovery on real sockets: programs on machines that a switch joins, without a default route.
#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test is a program that stops at the first surprise"
)]

#[path = "../../ssdp/tests/network/support.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod support;

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use discovery::doctor::{Cause, Diagnosis};
use discovery::kind::Kind;
use discovery::neighbours::{Change, Neighbour, Reach, Twin};
use discovery::page::DESCRIPTION;
use discovery::shell::service::{Announce, Discovery, Search, Setup};
use hallway::identity::PublicIdentity;
use hallway::message::State;
use hallway::place::Place;
use hallway::seeds::Seeds;
use hallway::shell::clock::Clock;
use hallway::text::Name;
use ssdp::location::Location;
use ssdp::shell::fetch::fetch;
use ssdp::target::Udn;
use support::{Host, PATIENCE, ip, is_alone, plug_in, switch};

/// A program with discovery, on a machine.
struct Program<'a> {
    host: &'a Host,
    discovery: Arc<Mutex<Discovery>>,
    clock: Clock,
    news: Receiver<()>,
    changes: Vec<Change>,
}

/// A person's node.
fn person(name: &str, identity: u8) -> Setup {
    let name = Name::parse(name).unwrap();
    let fingerprint = PublicIdentity([identity; 32]).fingerprint();
    let at = "[::]:5460".parse().unwrap();
    let state = State::Available;
    let kind = Kind::Person;
    let announce = Some(Announce { kind, name, fingerprint, at, state });
    Setup { announce, fingerprint: Some(fingerprint), ..Setup::default() }
}

impl<'a> Program<'a> {
    fn start(host: &'a Host, setup: Setup) -> Self {
        let (sender, news) = channel();
        let wake = move || {
            // The test may have ended.
            let _ = sender.send(());
        };
        let clock = Clock::new();
        let start = move || {
            let mut seeds = Seeds::new(hallway::shell::clock::seed());
            Discovery::start(setup, clock.now(), &mut seeds, wake).unwrap()
        };
        let discovery = Arc::new(Mutex::new(host.run(start)));
        Self { host, discovery, clock, news, changes: Vec::new() }
    }

    /// On its machine: threads have the network of the thread that starts them.
    fn has<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Discovery, Clock) -> T + Send + 'static,
    ) -> T {
        let (discovery, clock) = (Arc::clone(&self.discovery), self.clock);
        self.host.run(move || act(&mut discovery.lock().unwrap(), clock))
    }

    fn look(&self) {
        self.has(|discovery, clock| discovery.look(clock.now().tick, true));
    }

    /// Waits until it is so.
    fn wait(&mut self, what: &str, is_so: impl Fn(&Discovery) -> bool) {
        let begun = Instant::now();
        loop {
            let changes = self.has(|discovery, clock| discovery.turn(clock.now().tick));
            self.changes.extend(changes);
            let discovery = self.discovery.lock().unwrap();
            if is_so(&discovery) {
                return;
            }
            let now = self.clock.now().tick;
            let due =
                discovery.deadline().map_or(PATIENCE, |due| Duration::from_millis((due - now).0));
            let seen = format!("{:#?} {:#?}", discovery.neighbours().all(), discovery.status());
            drop(discovery);
            assert!(begun.elapsed() < PATIENCE, "no {what}: {seen}");
            let _ = self.news.recv_timeout(due);
        }
    }

    /// Waits until somebody of that name is listed, as that says.
    fn sees(&mut self, name: &str, as_: impl Fn(&Neighbour) -> bool) -> Neighbour {
        let find = |discovery: &Discovery| {
            let all = discovery.neighbours().all();
            all.into_iter().find(|one| one.name.as_str() == name && as_(one)).cloned()
        };
        self.wait(name, |discovery| find(discovery).is_some());
        find(&self.discovery.lock().unwrap()).unwrap()
    }

    fn stop(self) {
        let discovery = Arc::into_inner(self.discovery).unwrap().into_inner().unwrap();
        self.host.run(move || discovery.stop());
    }
}

/// Takes calls on a machine.
fn listen(host: &Host) -> TcpListener {
    host.run(|| TcpListener::bind("[::]:5460").unwrap())
}

fn reachable(one: &Neighbour) -> bool {
    one.reach() == Reach::Reachable
}

#[test]
fn people_see_each_other_whether_they_can_be_called_and_when_they_leave() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    let listener = listen(&one);
    let mut katie = Program::start(&one, person("katie", 1));
    let mut bob = Program::start(&other, person("bob", 2));
    bob.look();
    let seen = bob.sees("katie", reachable);
    assert_eq!((seen.kind, seen.state, seen.twin), (Kind::Person, State::Available, None));
    assert!(seen.addresses.iter().all(|address| address.interface == "eth0"));
    katie.look();
    katie.sees("bob", |bob| bob.reach() == Reach::NotReachable);

    katie.has(|katie, _| katie.set_state(State::InChat));
    bob.sees("katie", |katie| katie.state == State::InChat);
    drop(listener);
    bob.has(move |bob, clock| bob.try_neighbour(clock.now().tick, &seen.udn));
    bob.sees("katie", |katie| katie.reach() == Reach::NotReachable);

    katie.stop();
    bob.wait("end of katie", |bob| bob.neighbours().all().is_empty());
    assert!(matches!(bob.changes.first(), Some(Change::Found(_))));
    assert!(matches!(bob.changes.last(), Some(Change::Gone(_))));
}

#[test]
fn two_programs_of_one_person_on_one_machine_see_each_other_and_a_copy_is_marked() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    let mut katie = Program::start(&one, person("katie", 1));
    let mut again = Program::start(&one, person("katie-2", 1));
    katie.sees("katie-2", |one| one.twin.is_none());
    again.sees("katie", |one| one.twin.is_none());
    let mut copy = Program::start(&other, person("copy", 1));
    katie.sees("copy", |copy| copy.twin == Some(Twin::OfUs));
    copy.sees("katie", |katie| katie.twin == Some(Twin::OfUs));
}

#[test]
fn a_community_is_found_and_its_description_says_the_same() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    let mut lab = person("lab", 3);
    lab.search = Search::Nothing;
    lab.announce.as_mut().unwrap().kind = Kind::Community;
    let lab = Program::start(&one, lab);
    let mut bob = Program::start(&other, Setup::default());
    let seen = bob.sees("lab", |lab| lab.kind == Kind::Community);

    let port = lab.has(|lab, _| lab.findings(5460).ports.description.unwrap());
    let ours = bob.has(|bob, _| bob.neighbours().interfaces().to_vec());
    let source: IpAddr = "10.9.0.1".parse().unwrap();
    let text = format!("http://{source}:{port}{DESCRIPTION}");
    let location = Location::check(&text, source, ours.first().unwrap().index, &ours).unwrap();
    let read = other.run(move || fetch(&location)).unwrap();
    assert_eq!(read.udn, Some(seen.udn));
    assert_eq!(read.kind, Some(Kind::Community.device_type().to_string()));
    assert_eq!(read.friendly_name.unwrap(), "lab (Hallway community)");
}

#[test]
fn the_next_run_says_goodbye_for_one_that_was_killed() {
    let Some([one, other, third]) = switch() else { return };
    plug_in(&[&one, &other, &third]);
    // Nobody answers for a machine whose cable is pulled, nor for a program that was killed.
    let killed = Program::start(&third, person("ghost", 3));
    let mut bob = Program::start(&other, Setup::default());
    let ghost = bob.sees("ghost", |_| true);
    third.ip("link set eth0 down");

    let folder = tempfile::tempdir().unwrap();
    let note = |udn: &Udn| std::fs::write(folder.path().join(udn.bare()), "").unwrap();
    note(&ghost.udn);
    let runs = Some(folder.path().to_owned());
    let katie = Program::start(&one, Setup { runs, ..person("katie", 1) });
    bob.wait("end of the ghost", |bob| bob.neighbours().get(&ghost.udn).is_none());
    bob.sees("katie", |_| true);
    let files = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files(folder.path()), 1);
    katie.stop();
    assert_eq!(files(folder.path()), 0);
    drop(killed);
}

fn diagnosis(program: &Discovery) -> Cause {
    Diagnosis::of(&program.findings(5460)).cause
}

#[test]
fn the_doctor_finds_nothing_wrong_where_nothing_is() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    let _listener = listen(&one);
    let _katie = Program::start(&one, person("katie", 1));
    let mut doctor =
        Program::start(&other, Setup { search: Search::Everything, ..Setup::default() });
    doctor.look();
    doctor.sees("katie", reachable);
    doctor.has(|doctor, _| {
        doctor.search();
        doctor.ask_all();
        doctor.try_peer(Place::parse("10.9.0.1", 5460).unwrap());
    });
    doctor.wait("peer and echo", |doctor| {
        let findings = doctor.findings(5460);
        let heard_by: u32 = findings.interfaces.iter().map(|one| one.heard_by).sum();
        findings.peer.is_some() && heard_by == 1
    });
    doctor.wait("diagnosis", |doctor| diagnosis(doctor) == Cause::Well);
}

#[test]
fn the_doctor_tells_a_machine_alone_from_one_without_a_network() {
    let Some([one]) = switch() else { return };
    let mut doctor = Program::start(&one, Setup::default());
    doctor.wait("interfaces", |doctor| !doctor.status().interfaces.is_empty());
    doctor.wait("no network", |doctor| diagnosis(doctor) == Cause::NoNetwork);
    plug_in(&[&one]);
    doctor.wait("nobody", |doctor| diagnosis(doctor) == Cause::Nobody);
}

#[test]
fn who_listens_at_one_address_is_announced_there_alone() {
    let Some([one, other]) = switch() else { return };
    plug_in(&[&one, &other]);
    // One that can be listened at from the beginning.
    one.ip("addr add fd90::7/64 dev eth0 nodad");
    for (ip, neighbour) in [("10.9.0.1", "10.9.0.2"), ("fd90::7", "fd90::2")] {
        let at = SocketAddr::new(ip.parse().unwrap(), 5460);
        let mut setup = person("katie", 1);
        setup.announce.as_mut().unwrap().at = at;
        let mut katie = Program::start(&one, setup);
        let mut bob = Program::start(&other, person("bob", 2));
        assert_eq!(bob.sees("katie", |_| true).sockets().collect::<Vec<_>>(), [at]);
        let at = SocketAddr::new(neighbour.parse().unwrap(), 5460);
        assert_eq!(katie.sees("bob", |_| true).sockets().collect::<Vec<_>>(), [at]);
        // All announcements after that go the same way.
        let status = katie.has(|katie, _| katie.status());
        let addresses = status.interfaces.iter().flat_map(|state| &state.candidate.addresses);
        assert!(addresses.into_iter().all(|address| address.ip.to_string() == ip), "{status:?}");
    }
}

#[test]
fn who_listens_on_the_loopback_alone_is_announced_there_alone() {
    if !is_alone() {
        return;
    }
    ip("link set lo multicast on");
    let at: SocketAddr = "127.0.0.1:5460".parse().unwrap();
    let on_loopback = |interfaces: &[&str]| {
        let interfaces = interfaces.iter().map(|name| (*name).to_owned()).collect();
        let mut setup = Setup { interfaces, ..person("katie", 1) };
        setup.announce.as_mut().unwrap().at = at;
        let mut seeds = Seeds::new([7; 32]);
        let discovery = Discovery::start(setup, Clock::new().now(), &mut seeds, || {}).unwrap();
        discovery.findings(5460).ports.description
    };
    assert_eq!(on_loopback(&[]), None);
    assert!(on_loopback(&["lo"]).is_some());
}
