//! A school of five hundred comes to a real community server, and much of it goes again.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Instant;

use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::stretch::Stretcher;
use hallway::identity::Identity;
use hallway::message::Addresses;
use hallway::pins::Pins;
use hallway::place::Place;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::clock::Clock;
use hallway::shell::net::Net;
use hallway::text::Name;
use hallway::time::Millis;
use node_server::calls::CallPolicy;
use node_server::membership::{Listing, Wish};
use node_server::node::{Command, Config, Input, Node, Output};
use node_server::notice::Notice;

use crate::support::{COMMUNITY_PASSWORD, PATIENCE, community, list};

const PUPILS: usize = 500;
/// So many log in at a time: more half-open ones from one address are turned away.
const AT_THE_DOOR: usize = 40;

/// Real nodes over one real network loop.
struct School {
    at: SocketAddr,
    net: Net,
    clock: Clock,
    stretcher: Stretcher,
    seeds: Seeds,
    pupils: Vec<Pupil>,
    /// Every node numbers its connections for itself; the loop needs numbers of its own.
    owners: BTreeMap<ConnId, (usize, ConnId)>,
    dialled: u64,
    /// Connections that were lost: every pupil comes in at the first try, and stays.
    lost: usize,
}

struct Pupil {
    name: String,
    node: Node,
    conns: BTreeMap<ConnId, ConnId>,
    is_in: bool,
}

impl School {
    fn new(at: SocketAddr) -> Self {
        let clock = Clock::new();
        Self {
            at,
            net: Net::new(clock).unwrap(),
            clock,
            stretcher: Stretcher::default(),
            seeds: Seeds::new([5; 32]),
            pupils: Vec::new(),
            owners: BTreeMap::new(),
            dialled: 0,
            lost: 0,
        }
    }

    /// Somebody new comes to the door.
    fn comes(&mut self) {
        let number = self.pupils.len();
        let name = format!("pupil-{number:03}");
        let config = Config {
            me: Me {
                name: Name::parse(&name).unwrap(),
                identity: Identity::from_seed(&self.seeds.draw()),
                instance: Instance(self.seeds.instance()),
            },
            record: None,
            profile: self.stretcher.profile(),
            calls: CallPolicy::None,
            echo: false,
            guesses: GuessLimits::default(),
            pins: Pins::default(),
            files: files::transfers::Setup::default(),
        };
        let node = Node::new(config, *self.seeds.draw());
        self.pupils.push(Pupil { name, node, conns: BTreeMap::new(), is_in: false });
        let addresses = Addresses::new(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        let wish = Wish {
            place: Place { host: self.at.ip().to_string(), port: self.at.port() },
            password: Secret::new(COMMUNITY_PASSWORD).unwrap(),
            listed: Some(Listing { port: 10_000 + number as u16, addresses }),
            persist: false,
        };
        self.handle(number, Input::Command(Command::Join(wish)));
    }

    /// Goes with a goodbye.
    fn leaves(&mut self, number: usize) {
        self.handle(number, Input::Stop);
        self.pupils[number].is_in = false;
    }

    /// Goes as a machine does that is switched off.
    fn dies(&mut self, number: usize) {
        for conn in std::mem::take(&mut self.pupils[number].conns).into_values() {
            self.owners.remove(&conn);
            self.net.perform(conn, NetOutput::Drop);
        }
        self.pupils[number].is_in = false;
    }

    fn names_in(&self) -> BTreeSet<String> {
        self.pupils.iter().filter(|pupil| pupil.is_in).map(|pupil| pupil.name.clone()).collect()
    }

    fn handle(&mut self, number: usize, input: Input<'_>) {
        let now = self.clock.now();
        self.pupils[number].node.handle(now, input);
        while let Some(output) = self.pupils[number].node.poll() {
            self.perform(number, output);
        }
    }

    fn perform(&mut self, number: usize, output: Output) {
        match output {
            Output::Net(own, output) => {
                let pupil = &mut self.pupils[number];
                if let NetOutput::Connect(_) = output {
                    self.dialled += 1;
                    let conn = ConnId(ConnId::DIALLED + self.dialled);
                    pupil.conns.insert(own, conn);
                    self.owners.insert(conn, (number, own));
                }
                if let Some(conn) = pupil.conns.get(&own).copied() {
                    if let NetOutput::Close | NetOutput::Drop = output {
                        pupil.conns.remove(&own);
                        self.owners.remove(&conn);
                    }
                    self.net.perform(conn, output);
                }
            }
            Output::Stretch(own, job) => {
                // Once: all have one password, and the result is remembered.
                let result = job.run(&self.stretcher);
                let now = self.clock.now();
                self.pupils[number].node.handle(now, Input::Stretched(own, result));
            }
            Output::LookUp(..) => panic!("an address needs no looking up"),
            Output::Notice(Notice::CommunityJoined(_)) => self.pupils[number].is_in = true,
            Output::Notice(Notice::CommunityLost(_)) => self.lost += 1,
            Output::Notice(Notice::CommunityFailed(_, ended)) => {
                panic!("{} was not let in: {ended:?}", self.pupils[number].name)
            }
            Output::Notice(_) | Output::Disk(_) | Output::Remember(_) => {}
        }
    }

    /// Runs the loop until `done`.
    fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            assert!(
                begun.elapsed() < PATIENCE,
                "{} are in, {} lost",
                self.names_in().len(),
                self.lost
            );
            self.net.wait(Some(self.clock.now().tick + Millis(1_000)));
            let mut touched = BTreeSet::new();
            while let Some((conn, input)) = self.net.next() {
                let Some((number, own)) = self.owners.get(&conn).copied() else { continue };
                touched.insert(number);
                let over = matches!(input, NetInput::Closed(_) | NetInput::Failed(_));
                let now = self.clock.now();
                // The input lends from the loop, which the outputs need: they come after it.
                self.pupils[number].node.handle(now, Input::Net(own, input));
                if over {
                    self.owners.remove(&conn);
                    self.pupils[number].conns.remove(&own);
                }
                while let Some(output) = self.pupils[number].node.poll() {
                    self.perform(number, output);
                }
            }
            for number in touched {
                self.handle(number, Input::TurnEnd);
            }
        }
    }

    /// So many come, and are all in.
    fn come(&mut self, count: usize) {
        let all = self.pupils.len() + count;
        let in_at_the_end = self.names_in().len() + count;
        while self.pupils.len() < all {
            let at_the_door = AT_THE_DOOR.min(all - self.pupils.len());
            let in_then = self.names_in().len() + at_the_door;
            for _ in 0..at_the_door {
                self.comes();
            }
            self.until(|school| school.names_in().len() == in_then);
        }
        assert_eq!(self.names_in().len(), in_at_the_end);
    }
}

#[test]
fn five_hundred_come_and_go_and_every_list_is_right_in_the_end() {
    let mut community = community(&["--max-members", "600"]);
    let at = community.address();
    let mut watcher = list(at, &["--watch"]);
    let mut school = School::new(at);
    school.come(300);
    // The others come while many of the first go, each in its own way.
    let mut dice = Seeds::new([6; 32]);
    let mut gone = BTreeSet::new();
    for _ in 0..5 {
        for _ in 0..50 {
            let number = dice.below(school.pupils.len() as u64) as usize;
            if gone.insert(number) {
                if dice.below(2) == 0 { school.leaves(number) } else { school.dies(number) }
            }
        }
        school.come(40);
    }
    assert_eq!(school.pupils.len(), PUPILS);
    let rest = school.names_in();
    assert_eq!(rest.len(), PUPILS - gone.len());

    // Everybody who is in sees the same, and nobody was lost on the way.
    school.until(|school| {
        let mut inside = school.pupils.iter().filter(|pupil| pupil.is_in);
        inside.all(|pupil| pupil.node.members().count() == rest.len() - 1)
    });
    for pupil in school.pupils.iter().filter(|pupil| pupil.is_in) {
        let seen: BTreeSet<String> = pupil.node.members().map(|m| m.name.to_string()).collect();
        let others = rest.iter().filter(|name| **name != pupil.name);
        assert!(seen.iter().eq(others), "{} sees something else", pupil.name);
    }
    assert_eq!(school.lost, 0);

    // So do who has watched all along, and who looks only now.
    let mut last = crate::support::node("the-last", &["--community", &at.to_string()]);
    last.event("community");
    watcher.member("joined", "the-last");
    let mut replica = BTreeSet::new();
    for event in watcher.events() {
        let name = event["name"].as_str().unwrap().to_owned();
        match event["event"].as_str().unwrap() {
            "member" | "joined" => assert!(replica.insert(name.clone()), "{name} came twice"),
            "left" => assert!(replica.remove(&name), "{name} left without being there"),
            _ => {}
        }
    }
    let whole: BTreeSet<String> = rest.iter().cloned().chain(["the-last".to_owned()]).collect();
    assert_eq!(replica, whole);
    let mut once = list(at, &[]);
    assert_eq!(once.exit(), 0);
    let listed: BTreeSet<String> =
        once.events().iter().map(|event| event["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, whole);
}
