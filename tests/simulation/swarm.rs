//! What a seed draws before anything happens: who is there, how bad the network is, and which
//! faults exist at all. Most histories have a few faults, some none, some all.

use files::news::FilePolicy;
use hallway::limits;

use crate::datagrams::Weather;
use crate::dice::Dice;

/// Who sits at a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// A person at the client's menu.
    App,
    /// A person at the console of `node-server`, who is asked for each call.
    Console,
    /// `node-server` without a person: takes every call.
    Daemon,
    /// The same with `--echo`.
    Echo,
    /// A script that runs `client chat` and says a few lines.
    Script,
}

/// One person.
#[derive(Clone, Debug)]
pub struct Who {
    pub name: &'static str,
    pub seat: Seat,
    /// Milliseconds between two things they do.
    pub pause: u64,
    /// What becomes of files that are offered.
    pub files: FilePolicy,
}

/// What can go wrong, each with its own switch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub stalls: bool,
    pub resets: bool,
    pub half_open: bool,
    pub partitions: bool,
    pub one_way: bool,
    pub freezes: bool,
    pub kills: bool,
    pub power_cuts: bool,
    pub torn_writes: bool,
    pub full_disks: bool,
    pub clock_steps: bool,
    pub community_stops: bool,
    pub strangers: bool,
    pub floods: bool,
    pub replays: bool,
    pub guesses: bool,
    pub insiders: bool,
    pub tampering: bool,
    pub false_listeners: bool,
    pub bad_weather: bool,
    pub cables: bool,
    pub forgeries: bool,
    pub still_disks: bool,
}

impl Faults {
    fn all(&mut self) -> [&mut bool; 23] {
        [
            &mut self.stalls,
            &mut self.resets,
            &mut self.half_open,
            &mut self.partitions,
            &mut self.one_way,
            &mut self.freezes,
            &mut self.kills,
            &mut self.power_cuts,
            &mut self.torn_writes,
            &mut self.full_disks,
            &mut self.clock_steps,
            &mut self.community_stops,
            &mut self.strangers,
            &mut self.floods,
            &mut self.replays,
            &mut self.guesses,
            &mut self.insiders,
            &mut self.tampering,
            &mut self.false_listeners,
            &mut self.bad_weather,
            &mut self.cables,
            &mut self.forgeries,
            &mut self.still_disks,
        ]
    }

    /// Whether an attacker is on the LAN.
    pub fn hostile(&self) -> bool {
        let who = [self.strangers, self.floods, self.replays, self.guesses, self.insiders];
        who.contains(&true) || self.false_listeners || self.forgeries
    }
}

/// Whether something goes wrong at all.
pub type Switch = fn(&Faults) -> bool;

/// All that is drawn beforehand.
#[derive(Clone, Debug)]
pub struct Swarm {
    pub communities: usize,
    pub people: Vec<Who>,
    pub attackers: usize,
    pub faults: Faults,
    /// Milliseconds between two faults.
    pub fault_pause: u64,
    /// Most milliseconds that a piece takes.
    pub delay: u64,
    /// What becomes of datagrams.
    pub weather: Weather,
    /// Most bytes of a piece.
    pub piece: u64,
    /// Bytes that may wait for a reader.
    pub out_bytes_max: usize,
    /// Most milliseconds that a job of a disk takes.
    pub disk_delay: u64,
    /// Wrong passwords that one address may try.
    pub guesses: u32,
    /// Who is on a list, or looks at it.
    pub members_max: usize,
    /// Clocks differ by up to so many millionths.
    pub drift: i64,
    /// When the faults end.
    pub until: u64,
    /// Who dies for good in the end, if anybody.
    pub stays_dead: Option<usize>,
}

const OUT_MAX: usize = limits::OUT_BYTES_MAX;
/// More than there are people.
pub const MEMBERS_MAX: usize = 100;

/// Some look alike, some are the same.
const NAMES: [&str; 12] =
    ["ann", "bob", "katie", "Katie", "paul", "pauI", "李雷", "zoë", "bob", "dan", "eve", "x-2"];

impl Swarm {
    pub fn draw(dice: &mut Dice) -> Self {
        let mut faults = Faults::default();
        let each = *[0, 150, 150, 150, 300, 300, 600, 900].get(dice.index(8)).unwrap();
        for fault in faults.all() {
            *fault = dice.chance(each);
        }
        let count = dice.between(2, 8);
        // Short stories are dense; long ones outlast the age of keys.
        let until = *[60_000, 120_000, 300_000, 1_500_000].get(dice.index(4)).unwrap();
        let mut people: Vec<Who> = (0..count).map(|_| who(dice, until)).collect();
        // Two echoes would never end.
        let echoes = people.iter_mut().filter(|who| who.seat == Seat::Echo);
        echoes.skip(1).for_each(|echo| echo.seat = Seat::Daemon);
        let dies = people.len() > 2 && dice.chance(500);
        let delay = *[1, 3, 40, 400].get(dice.index(4)).unwrap();
        let good = Weather { delay, ..Weather::default() };
        Self {
            communities: 1 + usize::from(dice.chance(300)),
            attackers: usize::from(faults.hostile()) * (1 + dice.index(2)),
            fault_pause: until / dice.between(4, 24),
            delay,
            weather: if faults.bad_weather { Weather::draw(dice, delay) } else { good },
            piece: *[7, 90, 1_500, 1_500, 100_000].get(dice.index(5)).unwrap(),
            out_bytes_max: *[9_000, OUT_MAX, OUT_MAX].get(dice.index(3)).unwrap(),
            disk_delay: *[1, 4, 60].get(dice.index(3)).unwrap(),
            guesses: *[limits::GUESS_BURST, 1_000].get(dice.index(2)).unwrap(),
            members_max: if dice.chance(100) { 3 } else { MEMBERS_MAX },
            drift: *[0, 100, 20_000].get(dice.index(3)).unwrap(),
            stays_dead: dies.then(|| dice.index(people.len())),
            people,
            faults,
            until,
        }
    }
}

fn who(dice: &mut Dice, until: u64) -> Who {
    let seats = [
        Seat::App,
        Seat::App,
        Seat::App,
        Seat::Console,
        Seat::Console,
        Seat::Daemon,
        Seat::Echo,
        Seat::Script,
    ];
    let seat = seats[dice.index(seats.len())];
    let pause = until / dice.between(20, 160);
    let files = match seat {
        Seat::App | Seat::Console => [FilePolicy::Ask, FilePolicy::Ask, FilePolicy::All],
        Seat::Daemon | Seat::Echo => [FilePolicy::All, FilePolicy::All, FilePolicy::None],
        Seat::Script => [FilePolicy::None; 3],
    };
    let files = *files.get(dice.index(3)).unwrap();
    Who { name: dice.pick(&NAMES), seat, pause, files }
}
