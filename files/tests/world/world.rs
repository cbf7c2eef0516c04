//! Nodes with their disks, and the connections between them; everything from one seed.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use files::disk::{Index, Read, Source, Target, TransferId, Write};
use files::news::{Command, FilePolicy, LinkId, News};
use files::transfers::{Output, Setup, Transfers};
use hallway::identity::Fingerprint;
use hallway::limits::{
    FILE_GOT_PAUSE, FILE_RECORD_BYTES, FILE_WINDOW_MAX, MESSAGE_RECORD_BYTES_MAX,
};
use hallway::message::Message;
use hallway::message::files::Files;
use hallway::reason::PeerFault;
use hallway::time::Millis;

use crate::disk::{Disk, Thing};

/// Chance from a seed: splitmix64.
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % most as u64).unwrap()
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let seed = self.below(1 << 30);
        (0..count).map(|at| ((at * 31 + at / 253 + seed) % 251) as u8).collect()
    }
}

/// What travels.
#[derive(Debug)]
pub enum Packet {
    Message(Vec<u8>),
    Bulk(u64, Vec<u8>),
}

#[derive(Debug)]
enum Job {
    Read(Read),
    Write(Write),
    Index(Index),
}

/// A node.
pub struct Host {
    pub name: &'static str,
    pub transfers: Transfers,
    pub disk: Disk,
    pub news: Vec<News>,
    /// Its disk does nothing.
    pub is_frozen: bool,
    setup: Setup,
    fingerprint: Fingerprint,
    jobs: [VecDeque<Job>; 3],
}

/// The other end of a connection that a test speaks for.
pub const STRANGER: usize = usize::MAX;

/// One direction of a connection.
#[derive(Default)]
struct Wire {
    packets: VecDeque<Packet>,
    /// Weight that was sent and acknowledged, as somebody between them would count it.
    sent: u64,
    got: u64,
}

#[derive(Default)]
pub struct World {
    pub now: Millis,
    pub hosts: Vec<Host>,
    /// What goes to that host on that connection.
    wires: BTreeMap<(usize, LinkId), Wire>,
    /// Who is at the ends of each.
    ends: BTreeMap<LinkId, (usize, usize)>,
    links: u64,
    /// Bytes of files that have come to their receivers' cores.
    pub arrived: u64,
    /// The most that was under way in one direction.
    pub under_way: u64,
}

pub fn path(name: &str) -> PathBuf {
    PathBuf::from("/home").join(name)
}

pub fn source(name: &str) -> Source {
    Source::Path(path(name))
}

pub fn all() -> Setup {
    Setup { policy: FilePolicy::All, bytes_max: None }
}

pub fn ask() -> Setup {
    Setup { policy: FilePolicy::Ask, bytes_max: None }
}

impl World {
    /// Anna, who has these things, and Boris, with this policy.
    pub fn of_two(setup: Setup, things: Vec<(&str, Thing)>) -> Self {
        let mut world = Self::default();
        world.join("anna", ask());
        world.join("boris", setup);
        let sources = things.into_iter().map(|(name, thing)| (path(name), thing)).collect();
        world.hosts[0].disk.sources = sources;
        world
    }

    pub fn join(&mut self, name: &'static str, setup: Setup) -> usize {
        let digit = char::from(b'0' + u8::try_from(self.hosts.len()).unwrap());
        let fingerprint = Fingerprint::parse(&digit.to_string().repeat(32)).unwrap();
        let transfers = Transfers::new(setup);
        let disk = Disk::new();
        let (news, jobs) = (Vec::new(), Default::default());
        let host = Host { name, transfers, disk, news, is_frozen: false, setup, fingerprint, jobs };
        self.hosts.push(host);
        self.hosts.len() - 1
    }

    /// A connection of two.
    pub fn connect(&mut self, one: usize, other: usize) -> LinkId {
        self.links += 1;
        let link = LinkId(self.links);
        self.ends.insert(link, (one, other));
        for (here, there) in [(one, other), (other, one)] {
            let (peer, label) = (self.hosts[there].fingerprint, self.hosts[there].name);
            self.hosts[here].transfers.open(self.now, link, peer, label);
            self.wires.insert((here, link), Wire::default());
            self.drain(here);
        }
        link
    }

    /// A connection of a host with somebody whom the test speaks for.
    pub fn stranger(&mut self, host: usize) -> LinkId {
        self.links += 1;
        let link = LinkId(self.links);
        self.ends.insert(link, (host, STRANGER));
        self.wires.insert((host, link), Wire::default());
        self.wires.insert((STRANGER, link), Wire::default());
        let peer = Fingerprint::parse(&"z".repeat(32)).unwrap();
        self.hosts[host].transfers.open(self.now, link, peer, "stranger");
        self.drain(host);
        link
    }

    /// The stranger says something; then everything that comes of it happens.
    pub fn say(&mut self, link: LinkId, message: Files) -> Result<(), PeerFault> {
        let host = self.ends[&link].0;
        let got = if let Files::Got(total) = message { Some(total) } else { None };
        let said = self.hosts[host].transfers.message(self.now, link, message);
        if let (Ok(()), Some(total)) = (&said, got) {
            self.wires.get_mut(&(STRANGER, link)).unwrap().got = total;
        }
        self.drain(host);
        self.settle(&mut Chance(1));
        said
    }

    /// The stranger sends bytes; nothing comes of it yet.
    pub fn bulk(&mut self, link: LinkId, number: u64, bytes: &[u8]) -> Result<(), PeerFault> {
        let host = self.ends[&link].0;
        let said = self.hosts[host].transfers.bulk(self.now, link, number, bytes);
        self.drain(host);
        said
    }

    /// What the stranger has heard since it was asked last; bytes left out.
    pub fn heard(&mut self, link: LinkId) -> Vec<Files> {
        let wire = self.wires.get_mut(&(STRANGER, link)).unwrap();
        let message = |packet| match packet {
            Packet::Bulk(..) => None,
            Packet::Message(bytes) => match Message::decode(&bytes) {
                Ok(Message::Files(message)) => Some(message),
                _ => panic!("it said something else"),
            },
        };
        wire.packets.drain(..).filter_map(message).collect()
    }

    /// One end of a connection learns that it is gone; what was under way is lost.
    pub fn close(&mut self, host: usize, link: LinkId) {
        if self.wires.remove(&(host, link)).is_some() {
            self.hosts[host].transfers.closed(self.now, link);
            self.drain(host);
        }
    }

    pub fn cut(&mut self, link: LinkId) {
        let (one, other) = self.ends[&link];
        self.close(one, link);
        self.close(other, link);
    }

    /// The program of a host is killed and started again; its connections are gone.
    pub fn kill(&mut self, host: usize) {
        let links: Vec<LinkId> = self.wires.keys().map(|(_, link)| *link).collect();
        let host_ref = &mut self.hosts[host];
        host_ref.transfers = Transfers::new(host_ref.setup);
        host_ref.jobs = Default::default();
        host_ref.disk.kill();
        for link in links {
            let (one, other) = self.ends[&link];
            if one == host || other == host {
                self.wires.remove(&(host, link));
                self.cut(link);
            }
        }
    }

    /// The same, and the machine loses what it had not synced.
    pub fn lose_power(&mut self, host: usize, chance: &mut Chance) {
        self.hosts[host].disk.lose_power(&mut |most| chance.below(most));
        self.kill(host);
    }

    /// The program of a host is about to end.
    pub fn quit(&mut self, host: usize) {
        self.hosts[host].transfers.quit();
        self.drain(host);
    }

    pub fn command(&mut self, host: usize, command: Command) {
        self.hosts[host].transfers.command(self.now, command);
        self.drain(host);
    }

    /// Does what a core has put out.
    fn drain(&mut self, at: usize) {
        while let Some(output) = self.hosts[at].transfers.poll() {
            let host = &mut self.hosts[at];
            match output {
                Output::Read(job) => host.jobs[0].push_back(Job::Read(job)),
                Output::Write(job) => host.jobs[1].push_back(Job::Write(job)),
                Output::Index(job) => host.jobs[2].push_back(Job::Index(job)),
                Output::News(news) => host.news.push(news),
                Output::Send(link, message) => {
                    let weight = message.weight();
                    let bytes = Message::Files(message).encode();
                    assert!(bytes.len() <= MESSAGE_RECORD_BYTES_MAX - 3, "too long for a record");
                    self.put(at, link, weight, Packet::Message(bytes));
                }
                Output::Bulk(link, number, bytes) => {
                    assert!((1..=FILE_RECORD_BYTES).contains(&bytes.len()));
                    self.put(at, link, bytes.len() as u64, Packet::Bulk(number, bytes));
                }
            }
        }
    }

    fn put(&mut self, from: usize, link: LinkId, weight: u64, packet: Packet) {
        let (one, other) = self.ends[&link];
        let to = if from == one { other } else { one };
        // To an end that has gone it goes nowhere.
        let Some(wire) = self.wires.get_mut(&(to, link)) else { return };
        wire.sent += weight;
        self.under_way = self.under_way.max(wire.sent - wire.got);
        assert!(wire.sent - wire.got <= FILE_WINDOW_MAX + FILE_RECORD_BYTES as u64);
        wire.packets.push_back(packet);
    }

    /// Hands over the next packet of a connection.
    fn deliver(&mut self, to: usize, link: LinkId) {
        let Some(packet) = self.wires.get_mut(&(to, link)).and_then(|w| w.packets.pop_front())
        else {
            return;
        };
        let transfers = &mut self.hosts[to].transfers;
        let result = match packet {
            Packet::Bulk(number, bytes) => {
                self.arrived += bytes.len() as u64;
                transfers.bulk(self.now, link, number, &bytes)
            }
            Packet::Message(bytes) => {
                let Ok(Message::Files(message)) = Message::decode(&bytes) else { panic!() };
                if let Files::Got(total) = message {
                    let (one, other) = self.ends[&link];
                    let from = if to == one { other } else { one };
                    if let Some(wire) = self.wires.get_mut(&(from, link)) {
                        wire.got = total;
                    }
                }
                transfers.message(self.now, link, message)
            }
        };
        assert_eq!(result, Ok(()), "{} found a fault", self.hosts[to].name);
        self.drain(to);
    }

    /// The disk of a host does its next job of that thread.
    fn work(&mut self, at: usize, thread: usize) {
        let host = &mut self.hosts[at];
        let (transfers, disk, now) = (&mut host.transfers, &mut host.disk, self.now);
        match host.jobs[thread].pop_front() {
            None => {}
            Some(Job::Read(job)) => {
                disk.read(job).into_iter().for_each(|done| transfers.read(now, done));
            }
            Some(Job::Write(job)) => {
                disk.write(job).into_iter().for_each(|done| transfers.written(now, done));
            }
            Some(Job::Index(job)) => {
                disk.index(job).into_iter().for_each(|done| transfers.index(now, done));
            }
        }
        self.drain(at);
    }

    pub fn tick(&mut self, at: usize) {
        self.hosts[at].transfers.tick(self.now);
        self.drain(at);
    }

    /// One thing happens, of all that can. `false` when nothing can.
    pub fn step(&mut self, chance: &mut Chance) -> bool {
        let mut can: Vec<(usize, Result<LinkId, usize>)> = Vec::new();
        for ((host, link), wire) in self.wires.iter().filter(|((host, _), _)| *host != STRANGER) {
            can.extend((!wire.packets.is_empty()).then_some((*host, Ok(*link))));
        }
        for (at, host) in self.hosts.iter().enumerate().filter(|(_, host)| !host.is_frozen) {
            let busy = (0..3).filter(|thread| !host.jobs[*thread].is_empty());
            can.extend(busy.map(|thread| (at, Err(thread))));
        }
        if can.is_empty() {
            (0..self.hosts.len()).for_each(|at| self.tick(at));
            let soon = self.now + FILE_GOT_PAUSE;
            let mut deadlines = self.hosts.iter().filter_map(|host| host.transfers.deadline());
            if deadlines.any(|deadline| deadline <= soon) {
                self.now = soon;
                (0..self.hosts.len()).for_each(|at| self.tick(at));
            }
            let waits =
                |((to, _), wire): (&(usize, _), &Wire)| *to != STRANGER && !wire.packets.is_empty();
            return self.wires.iter().any(waits)
                || self
                    .hosts
                    .iter()
                    .any(|host| !host.is_frozen && host.jobs.iter().any(|jobs| !jobs.is_empty()));
        }
        match can[chance.below(can.len())] {
            (host, Ok(link)) => {
                for _ in 0..=chance.below(8) {
                    self.deliver(host, link);
                }
                if chance.below(3) == 0 {
                    self.tick(host);
                }
            }
            (host, Err(thread)) => self.work(host, thread),
        }
        if chance.below(4) == 0 {
            self.now = self.now + Millis(1);
        }
        true
    }

    /// Until nothing happens any more.
    pub fn settle(&mut self, chance: &mut Chance) {
        let mut steps = 0;
        while self.step(chance) {
            steps += 1;
            assert!(steps < 1_000_000, "it never ends");
        }
    }

    /// Lets time pass, and the cores do what they wanted to do by then.
    pub fn wait(&mut self, span: Millis, chance: &mut Chance) {
        let until = self.now + span;
        while let Some(next) = self.hosts.iter().filter_map(|host| host.transfers.deadline()).min()
            && next <= until
        {
            self.now = self.now.max(next);
            (0..self.hosts.len()).for_each(|at| self.tick(at));
            self.settle(chance);
        }
        self.now = self.now.max(until);
    }

    // ---- what is to be seen -----------------------------------------------------------------

    /// Connections that are open.
    pub fn links(&self) -> Vec<LinkId> {
        self.wires.keys().map(|(_, link)| *link).collect()
    }

    pub fn received(&self, host: usize, name: &str) -> Option<&Thing> {
        self.hosts[host].disk.downloads.get(name)
    }

    /// Names of what is told, but for progress.
    pub fn told(&self, host: usize) -> Vec<String> {
        let word = |news: &News| match news {
            News::Moved(..) => None,
            News::Failed(_, failure) => Some(format!("Failed {failure:?}")),
            News::NotThere(.., failure) => Some(format!("NotThere {failure:?}")),
            other => {
                let text = format!("{other:?}");
                Some(text.split('(').next().unwrap().to_owned())
            }
        };
        self.hosts[host].news.iter().filter_map(word).collect()
    }

    pub fn is_done(&self, host: usize) -> bool {
        self.hosts[host].news.iter().any(|news| matches!(news, News::Done(..)))
    }

    /// The number of the only transfer of a host.
    pub fn only(&self, host: usize) -> TransferId {
        let all: Vec<_> = self.hosts[host].transfers.list().collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].0.id
    }

    pub fn accept(&mut self, host: usize) {
        let id = self.only(host);
        self.command(host, Command::Accept(id, Target::Downloads));
    }
}
