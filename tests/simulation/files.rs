//! Files: what people have to send, and the threads that do for each program what it asks of its
//! disk. Sending, taking and fetching are in `people` and `rush`, as saying is.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use files::disk::{
    Arriving, Done, IndexDone, Job, Read, Source, Target, TransferId, Write, WriteDone,
};
use files::news::{Command as Files, LinkId, Way};
use hallway::identity::Fingerprint;
use hallway::limits::{CHUNK_BYTES, FILE_RECORD_BYTES};
use hallway::message::files::Wanted;
use hallway::text::FileName;
use node_server::node::{Command, Input, Node};
use node_server::notice::CallId;

use crate::dice::Dice;
use crate::facts::Fact;
use crate::files_disk::{Disk, Thing};
use crate::host::{HostId, Program, Run, Running};
use crate::people::MARK;
use crate::world::{Event, Life, World};

/// The disk of one machine, as far as files go over it.
pub struct Shelf {
    pub disk: Disk,
    /// All that there ever was to be sent, by its name.
    pub made: Vec<(FileName, Thing)>,
    /// It does nothing until then.
    pub still_until: u64,
}

impl Default for Shelf {
    fn default() -> Self {
        Self { disk: Disk::new(), made: Vec::new(), still_until: 0 }
    }
}

/// What a program has given its threads to do, and what that is about.
#[derive(Default)]
pub struct Threads {
    /// Those that read, write and keep the index.
    jobs: [VecDeque<Job>; 3],
    /// What they have done and not told.
    done: [Option<Done>; 3],
    arriving: BTreeMap<TransferId, Arriving>,
    /// To whom somebody here sends.
    pub sent: BTreeMap<TransferId, Fingerprint>,
}

const READS: usize = 0;
const WRITES: usize = 1;
const INDEXES: usize = 2;

/// What things are called: the first ones are files, the others folders.
pub const NAMES: [&str; 5] = ["notes.txt", "lecture 1.pdf", "zoë.jpg", "photos", "homework"];
const FILES: usize = 3;

/// The folder with what may be sent.
const HOME: &str = "/home";

impl World {
    // ---- the disk ------------------------------------------------------------------------------

    /// A program has something to do for one of its threads.
    pub fn job(&mut self, id: HostId, running: &mut Running, job: Job) {
        let at = self.hosts[id].run(id);
        let thread = match &job {
            Job::Read(_) => READS,
            Job::Write(_) => WRITES,
            Job::Index(_) => INDEXES,
        };
        match &job {
            Job::Read(Read::Look(_, source)) => {
                self.facts.push(Fact::Reads { at, source: source.clone() });
            }
            Job::Write(Write::Open(transfer, arriving, _)) => {
                running.threads.arriving.insert(*transfer, arriving.clone());
                let (transfer, arriving) = (*transfer, arriving.clone());
                self.facts.push(Fact::Receives { at, transfer, arriving });
            }
            _ => {}
        }
        let threads = &mut running.threads;
        let is_idle = threads.jobs[thread].is_empty() && threads.done[thread].is_none();
        threads.jobs[thread].push_back(job);
        if is_idle {
            self.plan_disk(at, thread);
        }
    }

    fn plan_disk(&mut self, run: Run, thread: usize) {
        let at = self.now + self.dice.below(self.swarm.disk_delay);
        let at = at.max(self.hosts[run.host].files.still_until);
        self.plan(at, Event::Disk(run, thread));
    }

    /// A thread does its next job, or tells what it has done.
    pub fn disk_works(&mut self, run: Run, thread: usize) {
        let id = run.host;
        if self.hosts[id].runs != run.number {
            return;
        }
        if self.hosts[id].files.still_until > self.now {
            return self.plan_disk(run, thread);
        }
        self.with(id, |world, running| {
            let threads = &mut running.threads;
            let mut done = threads.done[thread].take();
            if done.is_none()
                && let Some(job) = threads.jobs[thread].pop_front()
            {
                done = world.does(id, &running.threads, job);
                if world.dice.chance(200) {
                    running.threads.done[thread] = done.take();
                }
            }
            let threads = &running.threads;
            if !threads.jobs[thread].is_empty() || threads.done[thread].is_some() {
                world.plan_disk(run, thread);
            }
            let Some(done) = done else { return Life::Alive };
            running.dirty = true;
            if let Done::Index(IndexDone::Shares(shares, _) | IndexDone::Changed(shares, _)) = &done
            {
                let paths = shares.iter().map(|share| share.path.clone()).collect();
                world.facts.push(Fact::Shares { at: run, paths });
            }
            world.feed(id, running, Input::Disk(done))
        });
        if thread == WRITES {
            self.strike(id);
        }
    }

    fn does(&mut self, id: HostId, threads: &Threads, job: Job) -> Option<Done> {
        let at = self.hosts[id].run(id);
        let disk = &mut self.hosts[id].files.disk;
        let done = match job {
            Job::Read(job) => disk.read(job).map(Done::Read),
            Job::Write(job) => disk.write(job).map(Done::Write),
            Job::Index(job) => disk.index(job).map(Done::Index),
        };
        if let Some(Done::Write(WriteDone::Stored(transfer, Ok(placed)))) = &done {
            let arriving = threads.arriving[transfer].clone();
            self.note_of(id, format_args!("has stored {}", placed.name));
            self.facts.push(Fact::Stored { at, arriving, placed: placed.name.clone() });
        }
        done
    }

    /// A program that ends waits until all is written, and wants no answers.
    pub fn settle_disk(&mut self, id: HostId, running: &mut Running) {
        for thread in [WRITES, INDEXES] {
            while let Some(job) = running.threads.jobs[thread].pop_front() {
                self.does(id, &running.threads, job);
            }
        }
    }

    /// The program is gone, and with it what its threads had open; with the power more.
    pub fn close_disk(&mut self, id: HostId) {
        let (host, dice) = (&mut self.hosts[id], &mut self.dice);
        if host.powered {
            host.files.disk.kill();
        } else {
            host.files.disk.lose_power(&mut |most| dice.index(most));
            if !host.files.disk.parts.is_empty() {
                self.rules.tally.count("parts on a disk without power");
            }
        }
    }

    // ---- people --------------------------------------------------------------------------------

    /// What the rules must know of something that somebody here wants, before it happens.
    fn wish(&mut self, id: HostId, running: &Running, command: &Files) {
        let at = self.hosts[id].run(id);
        let peer = |link: &LinkId| running.peers.get(&CallId::from(*link)).map(Fingerprint::short);
        self.facts.extend(match command {
            Files::Send(link, Source::Path(path)) => {
                Some(Fact::Offers { at, to: peer(link), path: path.clone() })
            }
            Files::Accept(transfer, _) => Some(Fact::Takes { at, transfer: *transfer }),
            Files::Get(link, what, _) => {
                let (from, what) = (peer(link), what.clone());
                from.map(|from| Fact::Fetches { at, from, what })
            }
            _ => None,
        });
    }

    /// Has a node do something about files, and remembers to whom it sends.
    pub fn exchange(&mut self, id: HostId, running: &mut Running, command: Files) -> Life {
        self.note_of(id, format_args!("wants {command:?}"));
        self.wish(id, running, &command);
        let to = match &command {
            Files::Send(link, _) => running.peers.get(&CallId::from(*link)).copied(),
            _ => None,
        };
        let last = |running: &Running| match &running.program {
            Program::Person(node, _) => outgoing(node).max(),
            Program::Community(_) => None,
        };
        let before = last(running);
        let life = self.feed(id, running, Input::Command(Command::Files(command)));
        if let (Some(to), Some(new)) = (to, last(running).filter(|new| Some(*new) > before)) {
            running.threads.sent.insert(new, to);
        }
        life
    }

    /// The path of something to send: what is there, or something new under a name of a few.
    pub fn thing(&mut self, id: HostId) -> PathBuf {
        let at = self.dice.index(NAMES.len());
        let path = PathBuf::from(HOME).join(NAMES[at]);
        if self.dice.chance(600) && self.hosts[id].files.disk.sources.contains_key(&path) {
            return path;
        }
        self.make(id, NAMES[at], at >= FILES)
    }

    /// Makes something new of that name; gives its path.
    pub fn make(&mut self, id: HostId, name: &str, is_folder: bool) -> PathBuf {
        let path = PathBuf::from(HOME).join(name);
        let before = self.hosts[id].files.disk.sources.get(&path).cloned();
        let thing = if let Some(thing) = before.filter(|_| self.dice.chance(500)) {
            self.changed(thing)
        } else if is_folder {
            let names: Vec<String> = (0..self.dice.below(20)).map(|at| format!("a/{at}")).collect();
            let one = |name| (name, (!self.dice.chance(100)).then(|| self.contents()));
            let files: Vec<_> = names.iter().map(String::as_str).map(one).collect();
            Thing::folder([("a", None)].into_iter().chain(files).collect())
        } else {
            Thing::file(name, self.contents())
        };
        let shelf = &mut self.hosts[id].files;
        shelf.made.push((FileName::of(name), thing.clone()));
        shelf.disk.sources.insert(path.clone(), thing);
        path
    }

    /// The same with other bytes in it, as many: its part looks as if it were of this one.
    fn changed(&mut self, mut thing: Thing) -> Thing {
        for (_, bytes) in &mut thing.entries {
            *bytes = Rc::new(contents(&mut self.dice, bytes.len()));
        }
        thing
    }

    /// Bytes of a file: mostly few, sometimes around a chunk, now and then more than a window.
    fn contents(&mut self) -> Vec<u8> {
        let chunk = CHUNK_BYTES as u64;
        let size = match self.dice.below(30) {
            0 => 0,
            1 => self.dice.between(chunk - 1, chunk + 1),
            2 => chunk + self.dice.below(chunk),
            3 => self.dice.below(5 * FILE_RECORD_BYTES as u64),
            4 if self.dice.chance(50) => 6 * chunk,
            _ => self.dice.below(4_000),
        };
        contents(&mut self.dice, usize::try_from(size).unwrap())
    }

    /// How a person would write such a path.
    pub fn typed_path(&mut self, id: HostId) -> String {
        format!("'{}'", self.thing(id).display())
    }

    /// What somebody may share.
    pub fn typed_name(&mut self) -> String {
        format!("'{}'", self.dice.pick(&NAMES))
    }

    /// Sends something on a connection, shares something, or fetches what is shared there.
    pub fn give_and_take(&mut self, me: HostId, call: CallId) {
        let wanted = |dice: &mut Dice| Wanted::Name(FileName::of(dice.pick(&NAMES)));
        let command = match self.dice.below(6) {
            0 => Files::Share(self.thing(me)),
            1 => Files::List(call.link()),
            2 => Files::Get(call.link(), wanted(&mut self.dice), Target::Downloads),
            _ => Files::Send(call.link(), Source::Path(self.thing(me))),
        };
        self.order(me, Command::Files(command));
    }

    /// Takes all that is offered there.
    pub fn take_offers(&mut self, me: HostId) {
        let node = self.hosts[me].node();
        let offers = node.into_iter().flat_map(node_server::talk::offers);
        for transfer in offers.map(|about| about.id).collect::<Vec<_>>() {
            self.order(me, Command::Files(Files::Accept(transfer, Target::Downloads)));
        }
    }
}

/// What a node sends.
fn outgoing(node: &Node) -> impl Iterator<Item = TransferId> {
    let all = node.files().list();
    all.filter(|(about, ..)| about.way == Way::Out).map(|(about, ..)| about.id)
}

/// Whether the content is the same, whatever it is called.
pub fn is_same(one: &Thing, other: &Thing) -> bool {
    one == other || (one.hash().is_some() && one.hash() == other.hash())
}

/// So many bytes that nobody else has, and that are easily told where they are not encrypted.
fn contents(dice: &mut Dice, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new_keyed(&dice.seed()).finalize_xof().fill(&mut bytes);
    bytes.iter_mut().zip(MARK.bytes()).for_each(|(byte, mark)| *byte = mark);
    bytes
}
