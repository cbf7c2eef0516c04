//! The people on one machine, who do one thing after the other, each drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use hallway::seeds::Seeds;
use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::calls::{Call, Must};
use super::scene::{Door, Scene, until};
use super::world::{HALL, is_known};
use crate::lan::Peer;
use crate::support::{Launch, Program};

/// Who lives here at once, at most: with callers and strangers, 30 processes on all machines.
const RESIDENTS_MAX: usize = 3;
/// Who comes has been announced several times after so long.
const ANNOUNCED: Duration = Duration::from_secs(2);
/// Lines of a call, at most.
const LINES_MAX: u64 = 12;
/// Connects, says what it is given, and reads until the other side ends it.
const STRANGER: &str = r#"trap "" PIPE; exec 3<>/dev/tcp/$1/$2; printf %b "$3" >&3; cat <&3"#;

/// How a call goes.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// Waits until all lines came back, then ends its input.
    Patient,
    /// Ends its input at once.
    Hasty,
    /// Is stopped in the middle, and continued.
    Frozen,
    /// Is told to end in the middle.
    Told,
    /// Is killed in the middle.
    Killed,
    /// Its machine loses the network in the middle.
    CutOff,
    /// The same, and it is killed before the network is back: nobody is told.
    KilledWhileCutOff,
}

/// How often beside the others.
const MANNERS: [(u64, Manner); 7] = [
    (4, Manner::Patient),
    (3, Manner::Hasty),
    (2, Manner::Frozen),
    (2, Manner::Told),
    (2, Manner::Killed),
    (1, Manner::CutOff),
    (1, Manner::KilledWhileCutOff),
];

/// Who joined and is still here.
pub(crate) struct Resident {
    pub(crate) name: String,
    pub(crate) program: Program,
    home: usize,
    is_menu: bool,
}

/// The people on one machine.
pub(crate) struct Visitors<'a> {
    scene: &'a Scene<'a>,
    leaf: usize,
    dice: Seeds,
    /// Data directories: of residents, and the last of callers.
    homes: Vec<TempDir>,
    residents: Vec<Resident>,
    /// When the last of them came.
    came: Instant,
    /// Homes of those who died behind a pulled cable: the community knows it after a while.
    mourned: BTreeSet<usize>,
    strangers: Vec<Peer>,
    calls: u64,
    /// How often what was done.
    pub(crate) done: BTreeMap<&'static str, u64>,
}

/// One thing that is done.
type Deed<'a> = fn(&mut Visitors<'a>);

impl<'a> Visitors<'a> {
    /// What is done, and how often beside the others.
    const DEEDS: [(u64, Deed<'a>); 9] = [
        (6, Self::come),
        (8, Self::call),
        (3, Self::go),
        (2, Self::die),
        (2, Self::freeze),
        (1, Self::lose_the_cable),
        (1, Self::mistype),
        (2, Self::send_a_stranger),
        (1, Self::look_around),
    ];

    pub(crate) fn new(scene: &'a Scene<'a>, leaf: usize, seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8] = leaf.try_into().unwrap();
        Self {
            scene,
            leaf,
            dice: Seeds::new(bytes),
            homes: (0..=RESIDENTS_MAX).map(|_| TempDir::new().unwrap()).collect(),
            residents: Vec::new(),
            came: Instant::now(),
            mourned: BTreeSet::new(),
            strangers: Vec::new(),
            calls: 0,
            done: BTreeMap::new(),
        }
    }

    /// Everybody comes, as at the beginning of a lesson.
    pub(crate) fn arrive(&mut self) {
        while self.residents.len() < RESIDENTS_MAX {
            self.come();
        }
    }

    /// Does one thing after the other until the round is over.
    pub(crate) fn live(&mut self) {
        while self.scene.goes_on() {
            let deed = self.draw(&Self::DEEDS);
            deed(self);
            self.pause(100);
        }
        self.strangers.clear();
    }

    pub(crate) fn residents(&mut self) -> &mut Vec<Resident> {
        &mut self.residents
    }

    /// Everybody goes, or dies.
    pub(crate) fn leave(&mut self) {
        while !self.residents.is_empty() {
            if self.dice.below(3) == 0 { self.die() } else { self.go() }
        }
        self.mourned.clear();
    }

    pub(crate) fn homes(&self) -> impl Iterator<Item = &Path> {
        self.homes.iter().map(TempDir::path)
    }

    fn come(&mut self) {
        let taken: BTreeSet<usize> = self.residents.iter().map(|one| one.home).collect();
        let mut homes =
            (0..RESIDENTS_MAX).filter(|home| !taken.contains(home) && !self.mourned.contains(home));
        let Some(home) = homes.next() else { return self.go() };
        let name = format!("visitor-{}-{home}", self.leaf);
        let is_menu = self.dice.below(4) == 0;
        let (program, echo) =
            if is_menu { ("client", &[][..]) } else { ("node-server", &["--echo"][..]) };
        let args = ["--name", &name, "--community", HALL, "--guesses-per-source", "100000"];
        let mut program = self.launch(home, program, &[&args, echo].concat()).start();
        program.event_that("community", |event| event["state"] == "joined");
        let door = Door {
            place: format!("10.77.0.{}:{}", self.leaf + 1, program.address_again().port()),
            echoes: !is_menu,
            is_steady: false,
        };
        self.scene.doors().insert(name.clone(), door);
        // A goodbye in the name of the killed is the first that it says.
        self.scene.killed().remove(&name);
        self.residents.push(Resident { name, program, home, is_menu });
        self.came = Instant::now();
        self.count("came");
    }

    /// One of those who are here.
    fn anybody(&mut self) -> Option<usize> {
        let count = self.residents.len() as u64;
        (count > 0).then(|| self.dice.below(count) as usize)
    }

    fn go(&mut self) {
        let Some(number) = self.anybody() else { return };
        let mut one = self.residents.swap_remove(number);
        self.scene.doors().remove(&one.name);
        match (self.dice.below(3), one.is_menu) {
            (0, _) => one.program.signal(Signal::SIGTERM),
            (1, _) => one.program.signal(Signal::SIGINT),
            (_, true) => one.program.end_input(),
            (_, false) => one.program.say("/quit"),
        }
        assert_eq!(one.program.exit(), 0, "{}", one.program.stderr());
        self.scene.calls().note(&one.program.take_events());
        self.count("went");
    }

    fn die(&mut self) {
        self.kill_anybody();
    }

    /// Kills one of those who are here; gives the home.
    fn kill_anybody(&mut self) -> Option<usize> {
        let number = self.anybody()?;
        let mut one = self.residents.swap_remove(number);
        self.scene.doors().remove(&one.name);
        self.scene.killed().insert(one.name);
        one.program.kill();
        assert_eq!(one.program.exit(), -9, "{}", one.program.stderr());
        self.scene.calls().note(&one.program.take_events());
        self.count("killed");
        Some(one.home)
    }

    fn freeze(&mut self) {
        let Some(number) = self.anybody() else { return };
        self.residents[number].program.signal(Signal::SIGSTOP);
        self.pause(1_500);
        self.residents[number].program.signal(Signal::SIGCONT);
        self.count("frozen");
    }

    fn lose_the_cable(&mut self) {
        self.pull_the_cable();
        if self.dice.below(3) == 0 {
            let home = self.kill_anybody();
            self.mourned.extend(home);
        }
        self.plug_it_in();
    }

    fn pull_the_cable(&mut self) {
        // What is announced while the cable is out is lost until it is refreshed in ten minutes:
        // then only who searches finds the newcomer, and who has looked for longer does not.
        self.scene.pause(ANNOUNCED.saturating_sub(self.came.elapsed()));
        self.scene.lan.hub(&format!("link set eth0p{} down", self.leaf));
        self.count("cables pulled");
    }

    /// After a moment, or, if the round is so long, when everybody has given up.
    fn plug_it_in(&mut self) {
        let is_long = self.dice.below(8) == 0;
        self.pause(if is_long { 60_000 } else { 1_500 });
        self.scene.lan.hub(&format!("link set eth0p{} up", self.leaf));
        let connect = "exec 3<>/dev/tcp/10.77.0.1/5000";
        until(|| match self.scene.lan.run(self.leaf, "timeout", &["5", "bash", "-c", connect]) {
            nothing if nothing.is_empty() => Ok(()),
            trouble => Err(trouble),
        });
    }

    fn mistype(&mut self) {
        let steady = self.door(|door| door.is_steady);
        let (variable, args) = match self.dice.below(2) {
            0 => ("HALLWAY_COMMUNITY_PASSWORD", ["list", HALL]),
            _ => ("HALLWAY_PASSWORD", ["chat", &steady.place]),
        };
        let mut program = self.client(&args).env(variable, "not the right one").start();
        assert_eq!(program.exit(), 3, "{}", program.stderr());
        assert_eq!(program.event("error")["kind"], "wrong-password");
        self.count("wrong passwords");
    }

    /// Somebody who connects and is no Hallway program.
    fn send_a_stranger(&mut self) {
        /// So many stay at once; then the one who came first is told to go.
        const STRANGERS_MAX: usize = 3;
        let hello = &self.scene.hello;
        let noise: Vec<u8> = (0..200).map(|_| self.dice.below(256) as u8).collect();
        let words = match self.dice.below(5) {
            0 => Vec::new(),
            1 => noise,
            2 => hello[..self.dice.below(hello.len() as u64) as usize].to_vec(),
            3 => hello.clone(),
            _ => [&hello[..], &noise].concat(),
        };
        let words: String = words.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let (ip, port) = match self.dice.below(2) {
            0 => ("10.77.0.1".to_owned(), "5000".to_owned()),
            _ => {
                let door = self.door(|_| true);
                let (ip, port) = door.place.split_once(':').unwrap();
                (ip.to_owned(), port.to_owned())
            }
        };
        let args = ["-c", STRANGER, "stranger", &ip, &port, &words];
        self.strangers.push(self.scene.lan.peer(self.leaf, "bash", &args));
        if self.strangers.len() > STRANGERS_MAX {
            self.strangers.remove(0);
        }
        self.count("strangers");
    }

    fn look_around(&mut self) {
        let args = match self.dice.below(2) {
            0 => ["list", HALL, "--name", "passer-by"],
            _ => ["discover", "--seconds", "1", "--plain"],
        };
        let mut program = self.client(&args).start();
        assert_eq!(program.exit(), 0, "{}", program.stderr());
        for event in program.events() {
            assert!(is_known(event["name"].as_str().unwrap()), "{event}");
        }
        self.count("looks");
    }

    fn call(&mut self) {
        let door = self.door(|_| true);
        let manner = self.draw(&MANNERS);
        self.calls += 1;
        let key = format!("{}/{}", self.leaf, self.calls);
        let said = self.lines(&key);
        let name = format!("caller-{}", self.leaf);
        let args = ["chat", &door.place, "--name", &name];
        let mut caller = self.client(&args).start();
        caller.type_bytes((said.join("\n") + "\n").as_bytes());
        // Somewhere in the middle, or when it is over before that.
        let middle = &said[self.dice.below(said.len() as u64) as usize];
        let waits = match manner {
            Manner::Hasty => false,
            // Also while it is still calling.
            Manner::Killed => self.dice.below(2) == 0,
            Manner::Patient
            | Manner::Frozen
            | Manner::Told
            | Manner::CutOff
            | Manner::KilledWhileCutOff => true,
        };
        if waits && door.echoes {
            caller.wait_for(|event| event["text"] == **middle);
        } else if waits {
            caller.wait_for(|event| event["event"] == "connected");
        }
        self.disturb(&mut caller, manner);
        if door.echoes && matches!(manner, Manner::Patient | Manner::Frozen | Manner::CutOff) {
            caller.wait_for(|event| event["text"] == **said.last().unwrap());
        }
        caller.end_input();
        let code = caller.exit();
        let must = match manner {
            Manner::Killed | Manner::KilledWhileCutOff => Must::Nothing,
            Manner::Told | Manner::CutOff => Must::BeNamed,
            _ if !door.is_steady => Must::BeNamed,
            Manner::Hasty => Must::BeShown,
            Manner::Patient | Manner::Frozen => Must::ComeBack,
        };
        self.count("calls");
        *self.done.entry("lines").or_default() += said.len() as u64;
        let (heard, unsent) = (caller.heard(""), caller.texts("unsent"));
        self.scene.calls().add(key, Call { said, heard, unsent, code, must });
    }

    /// What happens to a caller in the middle of a call. One that has ended already feels nothing.
    fn disturb(&mut self, caller: &mut Program, manner: Manner) {
        match manner {
            Manner::Patient | Manner::Hasty => {}
            Manner::Frozen => {
                caller.signal(Signal::SIGSTOP);
                self.pause(1_000);
                caller.signal(Signal::SIGCONT);
            }
            Manner::Told => {
                let signals = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
                caller.signal(signals[self.dice.below(3) as usize]);
            }
            Manner::Killed => caller.kill(),
            Manner::CutOff => {
                self.pull_the_cable();
                self.plug_it_in();
            }
            Manner::KilledWhileCutOff => {
                self.pull_the_cable();
                caller.kill();
                self.plug_it_in();
            }
        }
    }

    /// Lines of a call, short ones and a few long ones.
    fn lines(&mut self, key: &str) -> Vec<String> {
        let count = 1 + self.dice.below(LINES_MAX);
        let mut line = |number| match self.dice.below(8) {
            0 => format!("{key} {number} {}", "größer ".repeat(400).trim_end()),
            _ => format!("{key} {number} and some words"),
        };
        (0..count).map(&mut line).collect()
    }

    /// Somebody to call.
    fn door(&mut self, fits: impl Fn(&Door) -> bool) -> Door {
        let doors: Vec<Door> =
            self.scene.doors().values().filter(|door| fits(door)).cloned().collect();
        doors[self.dice.below(doors.len() as u64) as usize].clone()
    }

    /// A client that does one thing, in the name of the machine's caller.
    fn client(&self, args: &[&str]) -> Launch {
        self.launch(RESIDENTS_MAX, "client", args)
    }

    fn launch(&self, home: usize, program: &str, args: &[&str]) -> Launch {
        self.scene.lan.launch(self.leaf, program, args).data_dir(self.homes[home].path())
    }

    fn draw<T: Copy>(&mut self, from: &[(u64, T)]) -> T {
        let mut left = self.dice.below(from.iter().map(|(weight, _)| weight).sum());
        let mut drawn = from.iter().filter(|(weight, _)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        });
        drawn.next().unwrap().1
    }

    /// Lets others act, for at most so many milliseconds.
    fn pause(&mut self, at_most: u64) {
        self.scene.pause(Duration::from_millis(self.dice.below(at_most)));
    }

    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }
}
