//! Those who stay: how they are started, what they must know of the others, and what must be as at
//! the beginning once all others are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::calls::Calls;
use super::figures::{self, Figures};
use super::scene::{Door, Scene, moment, until};
use super::visitors::{Resident, Visitors};
use crate::lan::Lan;
use crate::support::Program;

/// Where the community is.
pub(crate) const HALL: &str = "10.77.0.1";

/// Who stays: name, machine, program with its flags, and the KiB that it may grow by once it is
/// warm. Who serves or watches a list comes back to the same but for a few pages; neighbours, and
/// threads that work at any moment, let the others creep.
const STEADY: [(&str, usize, &str, &str, u64); 6] = [
    ("hall", 0, "community-server", "--name hall --guesses-per-source 100000", 64),
    ("anna", 1, "node-server", ANNA, 256),
    ("ben", 1, "node-server", BEN, 256),
    ("cleo", 2, "client", CLEO, 256),
    ("watcher", 0, "client", "list 10.77.0.1 --watch --name watcher", 64),
    ("finder", 0, "client", "discover --seconds 0", 256),
];
const ANNA: &str = "--name anna --echo --community 10.77.0.1 --guesses-per-source 100000";
const BEN: &str = "--name ben --echo --community 10.77.0.1 --guesses-per-source 100000";
/// The menu, on a machine whose cable is pulled now and then.
const CLEO: &str = "--name cleo --community 10.77.0.1 --guesses-per-source 100000";

/// A program that runs from the beginning to the end.
struct Steady {
    name: &'static str,
    leaf: usize,
    program: Program,
    home: TempDir,
    growth_kib_max: u64,
    beginning: Option<Figures>,
    /// Its own memory at each quiet time, in KiB.
    memory_kib: Vec<u64>,
}

/// All programs that run from the beginning to the end.
pub(crate) struct World<'a> {
    lan: &'a Lan,
    steady: Vec<Steady>,
    /// The list as `client list --watch` has told it: names with their states.
    watched: BTreeMap<String, String>,
    /// The network as `client discover` has told it: ids with their names.
    found: BTreeMap<String, String>,
}

/// Whether somebody of this name is part of this.
pub(crate) fn is_known(name: &str) -> bool {
    ["hall", "anna", "ben", "cleo"].contains(&name) || name.starts_with("visitor-")
}

impl<'a> World<'a> {
    /// All are there and listen.
    pub(crate) fn new(lan: &'a Lan) -> Self {
        let steady = STEADY.map(|(name, leaf, program, args, growth_kib_max)| {
            let home = TempDir::new().unwrap();
            let args: Vec<&str> = args.split(' ').collect();
            let mut program = lan.launch(leaf, program, &args).data_dir(home.path()).start();
            if is_known(name) {
                program.address();
            }
            let (beginning, memory_kib) = (None, Vec::new());
            Steady { name, leaf, program, home, growth_kib_max, beginning, memory_kib }
        });
        let (watched, found) = (BTreeMap::new(), BTreeMap::new());
        Self { lan, steady: steady.into(), watched, found }
    }

    /// Those who can be called.
    pub(crate) fn doors(&self) -> BTreeMap<String, Door> {
        let called = self.steady.iter().filter(|one| is_known(one.name) && one.name != "hall");
        let door = |one: &Steady| Door {
            place: format!("10.77.0.{}:{}", one.leaf + 1, one.program.address_again().port()),
            echoes: one.name != "cleo",
            is_steady: one.name != "cleo",
        };
        called.map(|one| (one.name.to_owned(), door(one))).collect()
    }

    /// How many quiet times there were.
    pub(crate) fn samples(&self) -> usize {
        self.steady[0].memory_kib.len()
    }

    /// Takes what they have told, which must be events and nothing else.
    pub(crate) fn note(&mut self, calls: &mut Calls) {
        for one in &mut self.steady {
            assert!(one.program.is_running(), "{} has ended:\n{}", one.name, one.program.stderr());
            let events = one.program.take_events();
            match one.name {
                "watcher" => events.iter().for_each(|event| watch(&mut self.watched, event)),
                "finder" => events.iter().for_each(|event| find(&mut self.found, event)),
                _ => calls.note(&events),
            }
        }
    }

    /// Every list must become exactly those who are there, and all of them free.
    pub(crate) fn lists_agree(&mut self, scene: &Scene<'_>, residents: Vec<&mut Resident>) {
        let mut living: BTreeSet<String> = ["anna", "ben", "cleo"].map(str::to_owned).into();
        for one in residents {
            assert!(one.program.is_running(), "{} has ended:\n{}", one.name, one.program.stderr());
            scene.calls().note(&one.program.take_events());
            living.insert(one.name.clone());
        }
        let free: BTreeMap<String, String> =
            living.iter().map(|name| (name.clone(), "available".to_owned())).collect();
        let mut network = living;
        network.insert("hall".to_owned());
        until(|| {
            self.note(&mut scene.calls());
            agree("the watched list", &self.watched, &free)
        });
        let mut once = self.lan.start(0, "client", &["list", HALL, "--name", "passer-by"]);
        assert_eq!(once.exit(), 0, "{}", once.stderr());
        let mut listed = BTreeMap::new();
        once.events().iter().for_each(|event| watch(&mut listed, event));
        agree("the list", &listed, &free).unwrap();

        let mut newcomer = self.lan.start(0, "client", &["discover", "--seconds", "0"]);
        let mut fresh = BTreeMap::new();
        until(|| {
            newcomer.take_events().iter().for_each(|event| find(&mut fresh, event));
            agree("a new look at the network", &names(&fresh), &network)
        });
        newcomer.signal(Signal::SIGINT);
        assert_eq!(newcomer.exit(), 0, "{}", newcomer.stderr());
        until(|| {
            self.note(&mut scene.calls());
            // Nobody says goodbye for the killed before they are started again.
            let killed = scene.killed();
            let mut found = names(&self.found);
            found.retain(|name| network.contains(name) || !killed.contains(name));
            agree("the network", &found, &network)
        });
    }

    /// Who stays must do nothing, and hold what it held at the beginning.
    pub(crate) fn is_as_at_the_beginning(&mut self, hosts: &[Visitors<'_>]) {
        /// Of 100 ticks in a second: news of the network come now and then.
        const TICKS_MAX: u64 = 3;
        until(|| {
            let before: Vec<u64> = self.steady.iter().map(Steady::ticks).collect();
            moment(Duration::from_secs(1));
            let worked = self.steady.iter().zip(before).map(|(one, before)| {
                let ticks = one.ticks() - before;
                if ticks <= TICKS_MAX { Ok(()) } else { Err(format!("{} works", one.name)) }
            });
            worked.collect()
        });
        until(|| self.steady.iter_mut().try_for_each(Steady::holds_what_it_held));
        let homes = hosts.iter().flat_map(Visitors::homes);
        for home in self.steady.iter().map(|one| one.home.path()).chain(homes) {
            figures::is_tidy(home).unwrap();
        }
        let mut told = String::new();
        for one in &mut self.steady {
            one.memory_kib.push(figures::own_kib(one.program.id()));
            told += &format!(" {} {}", one.name, one.memory_kib[one.memory_kib.len() - 1]);
        }
        println!("own KiB in the quiet:{told}");
    }

    /// All are told to end, and do.
    pub(crate) fn end(mut self) {
        for one in &mut self.steady {
            one.program.signal(Signal::SIGTERM);
            assert_eq!(one.program.exit(), 0, "{}:\n{}", one.name, one.program.stderr());
        }
    }

    /// The summary.
    pub(crate) fn tell(&self, hosts: &[Visitors<'_>], elapsed: Duration) {
        let mut done: BTreeMap<&str, u64> = BTreeMap::new();
        for (what, count) in hosts.iter().flat_map(|host| &host.done) {
            *done.entry(what).or_default() += count;
        }
        let done: Vec<String> =
            done.iter().map(|(what, count)| format!("{count} {what}")).collect();
        println!("{} rounds, {} s: {}", self.samples() - 1, elapsed.as_secs(), done.join(", "));
        println!(
            "            descriptors threads   own KiB at the beginning, after a third, at the end"
        );
        for one in &self.steady {
            let Figures { descriptors, threads, .. } = one.beginning.unwrap();
            let memory = &one.memory_kib;
            println!(
                "{:10} {descriptors:12} {threads:7} {:9} {:14} {:11}",
                one.name,
                memory[0],
                one.warm_kib(),
                memory[memory.len() - 1],
            );
        }
    }

    /// Nobody may have grown since the first third, which is for getting warm.
    pub(crate) fn has_not_grown(&self) {
        for one in &self.steady {
            let most = one.warm_kib() + one.growth_kib_max;
            let memory = &one.memory_kib;
            assert!(memory[memory.len() - 1] <= most, "{} grows: {memory:?} KiB", one.name);
        }
    }
}

impl Steady {
    fn warm_kib(&self) -> u64 {
        self.memory_kib[self.memory_kib.len() / 3]
    }

    fn ticks(&self) -> u64 {
        figures::ticks(self.program.id())
    }

    fn holds_what_it_held(&mut self) -> Result<(), String> {
        let now = figures::of(self.program.id());
        let beginning = *self.beginning.get_or_insert(now);
        agree(self.name, &now, &beginning)
    }
}

fn agree<T: PartialEq + std::fmt::Debug>(what: &str, is: &T, must: &T) -> Result<(), String> {
    if is == must { Ok(()) } else { Err(format!("{what} is {is:?}, not {must:?}")) }
}

fn text(event: &Value, field: &str) -> String {
    event[field].as_str().unwrap_or_else(|| panic!("no {field} in {event}")).to_owned()
}

/// What `client list` tells.
fn watch(list: &mut BTreeMap<String, String>, event: &Value) {
    let name = text(event, "name");
    match event["event"].as_str().unwrap() {
        "member" | "joined" => {
            let twice = list.insert(name, text(event, "state"));
            assert!(twice.is_none(), "came twice: {event}");
        }
        "changed" => *list.get_mut(&name).unwrap() = text(event, "state"),
        "left" => assert!(list.remove(&name).is_some(), "left without being there: {event}"),
        _ => panic!("{event}"),
    }
}

/// What `client discover` tells.
fn find(found: &mut BTreeMap<String, String>, event: &Value) {
    match event["event"].as_str().unwrap() {
        "found" => drop(found.insert(text(event, "id"), text(event, "name"))),
        "gone" => assert!(found.remove(&text(event, "id")).is_some(), "{event}"),
        _ => panic!("{event}"),
    }
}

fn names(found: &BTreeMap<String, String>) -> BTreeSet<String> {
    found.values().cloned().collect()
}
