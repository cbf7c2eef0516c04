//! The world: machines, wires, and one event after another. Time moves only to the next of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use community_server::community;
use discovery::neighbours::{self, Probed};
use hallway::conn::{ConnId, ConnectError, Lost, NetInput};
use hallway::handshake::opaque::{Rejected, Stretched};
use node_server::node::Input;
use ssdp::target::Udn;

use crate::attacker::Attack;
use crate::datagrams::Flight;
use crate::dice::Dice;
use crate::facts::Fact;
use crate::history::History;
use crate::host::{Host, HostId, Program, Role, Run, Running};
use crate::rules::{Broken, Rules};
use crate::swarm::Swarm;
use crate::wires::{End, Pipe, Stage};

/// What is planned.
pub enum Event {
    Syn(usize),
    Opened(usize),
    Connected(usize),
    Failed(usize, ConnectError),
    Arrive(usize, usize),
    Over(usize, usize, Lost),
    Starved(usize),
    Stretched(Run, ConnId, Box<Result<Stretched, Rejected>>),
    LookedUp(Run, u64, Vec<SocketAddr>),
    Datagram(Box<Flight>),
    Probed(Run, Udn, SocketAddr, Probed),
    /// A thread for the disk does something.
    Disk(Run, usize),
    /// The interfaces of a machine may have changed.
    Look(HostId),
    PlugIn(HostId),
    /// A person does something.
    Type(Run),
    /// Something goes wrong.
    Trouble,
    Attack(HostId),
    /// Two people begin to hurry; and what they then do.
    Rush,
    Dial(HostId, HostId),
    Burst(HostId),
    Snap(HostId, HostId),
    Start(HostId),
}

/// The world.
pub struct World {
    pub now: u64,
    pub swarm: Swarm,
    pub dice: Dice,
    pub hosts: Vec<Host>,
    pub pipes: Vec<Pipe>,
    /// Those of which an end is not over.
    pub live: Vec<usize>,
    /// Those of which an end may still be waited for.
    pub young: Vec<usize>,
    /// From whom to whom nothing gets, since when and until when.
    pub cuts: BTreeMap<(HostId, HostId), (u64, u64)>,
    pub attack: Attack,
    pub history: History,
    pub facts: Vec<Fact>,
    /// Everything that goes wrong is over.
    pub healed: bool,
    /// Who is dead for good.
    pub gone: Option<HostId>,
    pub rules: Rules,
    events: BTreeMap<(u64, u64), Event>,
    count: u64,
    pub steps: u64,
}

/// What became of a program in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    Alive,
    /// It said goodbye and left.
    Left,
    /// It died in the middle of something.
    Died,
}

impl World {
    /// A world as its seed draws it, with nobody started yet.
    pub fn new(seed: u64, aloud: bool) -> Self {
        let mut dice = Dice::new(seed);
        let swarm = Swarm::draw(&mut dice);
        let mut world = Self {
            now: 0,
            dice,
            hosts: Vec::new(),
            pipes: Vec::new(),
            live: Vec::new(),
            young: Vec::new(),
            cuts: BTreeMap::new(),
            attack: Attack::default(),
            history: History::new(aloud),
            facts: Vec::new(),
            healed: false,
            gone: None,
            rules: Rules::default(),
            events: BTreeMap::new(),
            count: 0,
            steps: 0,
            swarm,
        };
        world.populate();
        world
    }

    fn populate(&mut self) {
        let swarm = self.swarm.clone();
        self.note("swarm", format_args!("{swarm:?}"));
        for _ in 0..swarm.communities {
            self.settle(Role::Community, "hall", 0);
        }
        for who in &swarm.people {
            let id = self.settle(Role::Person(who.seat), who.name, who.pause);
            self.hosts[id].takes = who.files;
        }
        for _ in 0..swarm.attackers {
            let id = self.settle(Role::Attacker, "mallory", 0);
            self.hosts[id].runs = 1;
            self.plan(1_000, Event::Attack(id));
        }
        self.plan(swarm.fault_pause, Event::Trouble);
        self.plan(swarm.until / 10, Event::Rush);
    }

    fn settle(&mut self, role: Role, name: &'static str, pause: u64) -> HostId {
        let id = self.hosts.len();
        let mut host = Host::new(id, role, name, pause);
        host.home = self.dice.index(self.swarm.communities);
        let drift = self.swarm.drift;
        host.clock.ppm = self.dice.between(0, 2 * drift.unsigned_abs()) as i64 - drift;
        host.clock.unix += self.dice.below(100_000_000) as i64;
        self.hosts.push(host);
        if role != Role::Attacker {
            let at = self.dice.below(2_000);
            self.plan(at, Event::Start(id));
        }
        id
    }

    pub fn plan(&mut self, at: u64, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    pub fn note(&mut self, who: &str, what: std::fmt::Arguments<'_>) {
        self.history.note(self.now, who, what);
    }

    pub fn note_of(&mut self, host: HostId, what: std::fmt::Arguments<'_>) {
        self.history.note(self.now, &self.hosts[host].label, what);
    }

    /// Runs until then.
    pub fn run_until(&mut self, end: u64) -> Result<(), Broken> {
        while self.next().is_some_and(|next| next <= end) {
            self.step()?;
        }
        self.now = end;
        Ok(())
    }

    fn next(&self) -> Option<u64> {
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        let due = self.hosts.iter().filter_map(Host::due);
        // Who was just told something has its turn, also when nothing else happens.
        let dirty = self.hosts.iter().filter(|host| host.is_dirty()).map(|host| host.frozen_until);
        due.chain(dirty).chain(event).min().map(|at| at.max(self.now))
    }

    /// Goes to the next moment in which anything happens, and judges what came of it.
    fn step(&mut self) -> Result<(), Broken> {
        let Some(next) = self.next() else { return Ok(()) };
        self.now = next;
        self.steps += 1;
        while let Some(first) = self.events.first_entry().filter(|first| first.key().0 <= next) {
            let event = first.remove();
            self.happen(event);
        }
        for id in 0..self.hosts.len() {
            let host = &self.hosts[id];
            let is_due = host.due().is_some_and(|due| due <= next);
            if host.is_awake(next) && (is_due || host.is_dirty()) {
                self.turn(id);
            }
        }
        let pipes = &self.pipes;
        self.live.retain(|pipe| pipes[*pipe].ends.iter().any(|end| end.stage != Stage::Over));
        self.young.retain(|pipe| pipes[*pipe].ends.iter().any(End::is_young));
        let facts = std::mem::take(&mut self.facts);
        let mut rules = std::mem::take(&mut self.rules);
        let verdict = rules.check(self, &facts);
        self.rules = rules;
        verdict
    }

    fn happen(&mut self, event: Event) {
        if let Some(until) = self.frozen(&event) {
            return self.plan(until, event);
        }
        match event {
            Event::Syn(pipe) => self.syn(pipe),
            Event::Opened(pipe) => self.opened(pipe),
            Event::Connected(pipe) => self.connected(pipe),
            Event::Failed(pipe, error) => self.failed(pipe, error),
            Event::Arrive(pipe, side) => self.arrive(pipe, side),
            Event::Over(pipe, side, lost) => self.over(pipe, side, lost),
            Event::Starved(pipe) => self.starved(pipe),
            Event::Stretched(run, conn, result) => {
                self.feed_run(run, Input::Stretched(conn, *result));
            }
            Event::LookedUp(run, number, found) => {
                self.feed_run(run, Input::LookedUp(number, found));
            }
            Event::Datagram(flight) => self.datagram(&flight),
            Event::Disk(run, thread) => self.disk_works(run, thread),
            Event::Probed(run, udn, at, probed) => self.probed(run, udn, at, probed),
            Event::Look(host) => self.look_at_interfaces(host),
            Event::PlugIn(host) => self.plug_in(host),
            Event::Type(run) => self.person_types(run),
            Event::Trouble => self.trouble(),
            Event::Attack(host) => self.attack(host),
            Event::Rush => self.rush(),
            Event::Dial(me, you) => self.dial(me, you),
            Event::Burst(me) => self.burst(me),
            Event::Snap(one, two) => self.snap(one, two),
            Event::Start(host) => self.start(host),
        }
    }

    /// Until when the program that this event is for stands still.
    fn frozen(&self, event: &Event) -> Option<u64> {
        let end = |pipe: usize, side: usize| self.pipes[pipe].ends[side].host;
        let host = match event {
            Event::Opened(pipe) => end(*pipe, 1),
            Event::Connected(pipe) | Event::Failed(pipe, _) => end(*pipe, 0),
            Event::Arrive(pipe, side) | Event::Over(pipe, side, _) => end(*pipe, *side),
            Event::Stretched(run, ..) | Event::LookedUp(run, ..) => run.host,
            Event::Probed(run, ..) | Event::Disk(run, _) | Event::Type(run) => run.host,
            Event::Syn(_) | Event::Starved(_) | Event::Trouble | Event::Attack(_) => return None,
            Event::Start(_) | Event::Rush | Event::Snap(..) | Event::PlugIn(_) => return None,
            Event::Dial(host, _) | Event::Burst(host) | Event::Look(host) => *host,
            Event::Datagram(flight) => flight.target,
        };
        Some(self.hosts[host].frozen_until).filter(|until| *until > self.now)
    }

    /// Has a running program do something; sees to what is left of it when it ends thereby.
    pub fn with(&mut self, id: HostId, act: impl FnOnce(&mut Self, &mut Running) -> Life) {
        let Some(mut running) = self.hosts[id].running.take() else { return };
        match act(self, &mut running) {
            Life::Alive => {
                running.deadline = running.next_turn();
                self.hosts[id].running = Some(running);
            }
            life => self.bury(id, life),
        }
    }

    /// The network tells the program at an end something.
    pub fn hand_in(&mut self, pipe: usize, side: usize, input: NetInput<'_>) {
        let end = &self.pipes[pipe].ends[side];
        let (host, run, conn) = (end.host, end.run, end.conn);
        if self.hosts[host].role == Role::Attacker {
            return self.attacker_hears(pipe, side, &input);
        }
        if self.hosts[host].runs != run {
            return;
        }
        match &input {
            NetInput::Received(bytes) => {
                self.note_of(host, format_args!("<- {} bytes on {pipe}", bytes.len()));
            }
            other => self.note_of(host, format_args!("<- {other:?} on {pipe}")),
        }
        self.with(host, |world, running| {
            running.dirty = true;
            if matches!(input, NetInput::Closed(_) | NetInput::Failed(_)) {
                running.done.insert(conn);
                running.gathered.remove(&conn);
            }
            let now = world.hosts[host].clock.now(world.now);
            match &mut running.program {
                Program::Person(node, _) => node.handle(now, Input::Net(conn, input)),
                Program::Community(core) => core.handle(now, community::Input::Net(conn, input)),
            }
            world.drain(host, running)
        });
    }

    fn feed_run(&mut self, run: Run, input: Input<'_>) {
        if self.hosts[run.host].runs == run.number {
            self.with(run.host, |world, running| {
                running.dirty = true;
                world.feed(run.host, running, input)
            });
        }
    }

    /// It has been seen whether a neighbour can be reached.
    fn probed(&mut self, run: Run, udn: Udn, at: SocketAddr, probed: Probed) {
        if self.hosts[run.host].runs == run.number {
            self.with(run.host, |world, running| {
                running.dirty = true;
                let input = neighbours::Input::Probed(udn, at, probed);
                world.tell_table(run.host, running, input);
                Life::Alive
            });
        }
    }

    /// A program is no more. What was not synced or sent is lost, unless it left by itself.
    fn bury(&mut self, id: HostId, life: Life) {
        let run = self.hosts[id].run(id);
        self.hosts[id].died_at = Some(self.now);
        self.facts.push(Fact::Died { at: run });
        self.close_disk(id);
        self.note_of(id, format_args!("{life:?}"));
        if life == Life::Died {
            self.hang_up_for(id);
        }
        let wait = self.dice.between(500, 40_000);
        self.plan(self.now + wait, Event::Start(id));
    }

    /// Kills a program from outside.
    pub fn kill(&mut self, id: HostId) {
        self.with(id, |_, _| Life::Died);
    }
}
