//! What goes wrong with machines and wires.

use crate::datagrams::Weather;
use crate::host::{HostId, Role};
use crate::swarm::{MEMBERS_MAX, Seat, Switch};
use crate::wires::{STARVED, Stage};
use crate::world::{Event, World};

/// Bytes that are free on a good disk.
const ROOM: u64 = 1 << 40;

type Fault = fn(&mut World);

/// What goes wrong: its name, whether it does in this world, and how.
pub const FAULTS: [(&str, Switch, Fault); 16] = [
    ("stalls", |there| there.stalls, World::stall),
    ("resets", |there| there.resets, World::break_one),
    ("half-open connections", |there| there.half_open, World::deafen),
    ("partitions", |there| there.partitions, |world| world.partition(true)),
    ("partitions one way", |there| there.one_way, |world| world.partition(false)),
    ("freezes", |there| there.freezes, World::freeze),
    ("kills", |there| there.kills, World::kill_one),
    ("power cuts", |there| there.power_cuts, World::power_cut),
    ("fuses", |there| there.torn_writes, World::light_fuse),
    ("full disks", |there| there.full_disks, World::fill_disk),
    ("steps of clocks", |there| there.clock_steps, World::step_clock),
    ("stops of communities", |there| there.community_stops, World::stop_community),
    ("tampering", |there| there.tampering, World::change_bytes),
    ("false listeners", |there| there.false_listeners, World::pose),
    ("disks that stand still", |there| there.still_disks, World::stop_disk),
    ("cables pulled", |there| there.cables, World::pull_cable),
];

impl World {
    /// Something goes wrong, and something more later.
    pub fn trouble(&mut self) {
        if self.healed {
            return;
        }
        let wait = 1 + self.dice.below(2 * self.swarm.fault_pause);
        self.plan(self.now + wait, Event::Trouble);
        let mut there = FAULTS.to_vec();
        there.retain(|(_, is_there, _)| is_there(&self.swarm.faults));
        if !there.is_empty() {
            let (name, _, fault) = there[self.dice.index(there.len())];
            self.rules.tally.count(name);
            fault(self);
        }
    }

    /// A connection that stands.
    pub fn some_pipe(&mut self) -> Option<usize> {
        let is_open =
            |pipe: &usize| self.pipes[*pipe].ends.iter().all(|end| end.stage == Stage::Open);
        let open: Vec<usize> = self.live.iter().copied().filter(is_open).collect();
        (!open.is_empty()).then(|| open[self.dice.index(open.len())])
    }

    /// A machine with a program of ours.
    fn some_program(&mut self) -> Option<HostId> {
        let running = |id: &HostId| self.hosts[*id].running.is_some();
        let all: Vec<HostId> = (0..self.hosts.len()).filter(running).collect();
        (!all.is_empty()).then(|| all[self.dice.index(all.len())])
    }

    fn stall(&mut self) {
        let (side, wait) = (self.dice.index(2), self.dice.between(200, 20_000));
        if let Some(pipe) = self.some_pipe() {
            self.note("network", format_args!("stalls {pipe} to its end {side} for {wait} ms"));
            self.block(pipe, side, self.now + wait);
        }
    }

    fn deafen(&mut self) {
        let side = self.dice.index(2);
        if let Some(pipe) = self.some_pipe() {
            self.note("network", format_args!("loses all that goes to end {side} of {pipe}"));
            self.block(pipe, side, u64::MAX / 2);
        }
    }

    fn break_one(&mut self) {
        let late = self.dice.below(STARVED);
        let notice = *[[0, 0], [0, late], [late, 0]].get(self.dice.index(3)).unwrap();
        if let Some(pipe) = self.some_pipe() {
            self.note("network", format_args!("breaks {pipe}; noticed after {notice:?} ms"));
            self.break_pipe(pipe, notice);
        }
    }

    fn partition(&mut self, both_ways: bool) {
        let (here, until) = (self.dice.next(), self.now + self.dice.between(500, 60_000));
        let is_here = |host: HostId| (here >> host) & 1 == 1;
        self.note("network", format_args!("is cut until {until}, both ways: {both_ways}"));
        for from in 0..self.hosts.len() {
            for to in 0..self.hosts.len() {
                if is_here(from) != is_here(to) && (both_ways || is_here(from)) {
                    self.cut(from, to, until);
                }
            }
        }
        self.starve_cut_pipes();
    }

    /// Somebody's cable is out for a while, or in again.
    fn pull_cable(&mut self) {
        let id = self.dice.index(self.hosts.len());
        let until = self.now + self.dice.between(500, 60_000);
        self.note_of(id, format_args!("has no network until {until}"));
        self.hosts[id].plugged = false;
        for other in (0..self.hosts.len()).filter(|other| *other != id) {
            self.cut(id, other, until);
            self.cut(other, id, until);
        }
        self.starve_cut_pipes();
        self.plan(self.now + 50, Event::Look(id));
        self.plan(until, Event::PlugIn(id));
    }

    /// The cable is in again, and the system says so.
    pub fn plug_in(&mut self, id: HostId) {
        self.hosts[id].plugged = true;
        self.plan(self.now + 50, Event::Look(id));
    }

    fn cut(&mut self, from: HostId, to: HostId, until: u64) {
        let now = self.now;
        let cut = self.cuts.entry((from, to)).or_insert((now, now));
        let begun = if cut.1 >= now { cut.0 } else { now };
        *cut = (begun, until.max(cut.1));
    }

    /// TCP will find out where nothing gets through any more.
    fn starve_cut_pipes(&mut self) {
        for pipe in self.live.clone() {
            let [one, two] = self.pipes[pipe].ends.each_ref().map(|end| end.host);
            if self.is_cut(one, two) || self.is_cut(two, one) {
                self.plan(self.now + STARVED, Event::Starved(pipe));
            }
        }
    }

    fn freeze(&mut self) {
        let wait = self.dice.between(100, 8_000);
        if let Some(id) = self.some_program() {
            self.note_of(id, format_args!("stands still for {wait} ms"));
            self.hosts[id].frozen_until = self.now + wait;
        }
    }

    fn kill_one(&mut self) {
        if let Some(id) = self.some_program() {
            self.kill(id);
        }
    }

    fn power_cut(&mut self) {
        if let Some(id) = self.some_program() {
            self.lose_power(id);
        }
    }

    fn lose_power(&mut self, id: HostId) {
        self.note_of(id, format_args!("loses its power"));
        self.vanish(id);
        self.hosts[id].powered = false;
        self.kill(id);
    }

    /// A program has written something of a file: now and then that is the moment to die,
    /// or to lose all connections.
    pub fn strike(&mut self, id: HostId) {
        let faults = self.swarm.faults;
        match self.dice.below(20) {
            _ if self.healed => {}
            0 if faults.power_cuts => self.lose_power(id),
            1 if faults.kills => self.kill(id),
            2 if faults.resets => {
                for (pipe, _) in self.ends_of(id) {
                    self.break_pipe(pipe, [0, 0]);
                }
            }
            _ => {}
        }
    }

    /// It dies after a few more things that it does: between two, or in the middle of writing.
    fn light_fuse(&mut self) {
        let left = self.dice.below(16) as u32;
        if let Some(id) = self.some_program()
            && let Some(running) = &mut self.hosts[id].running
        {
            running.fuse = Some(left);
        }
    }

    fn fill_disk(&mut self) {
        let id = self.dice.index(self.hosts.len());
        let host = &mut self.hosts[id];
        host.disk.full = !host.disk.full;
        host.files.disk.free = if host.disk.full { self.dice.below(10_000) } else { ROOM };
    }

    fn stop_disk(&mut self) {
        let wait = self.dice.between(100, 20_000);
        let id = self.dice.index(self.hosts.len());
        self.hosts[id].files.still_until = self.now + wait;
    }

    fn step_clock(&mut self) {
        let step = self.dice.below(20_000_000) as i64 - 10_000_000;
        let id = self.dice.index(self.hosts.len());
        self.hosts[id].clock.unix += step;
    }

    fn stop_community(&mut self) {
        let id = self.dice.index(self.swarm.communities);
        self.with(id, |world, running| world.leave(id, running));
    }

    fn change_bytes(&mut self) {
        let side = self.dice.index(2);
        if let Some(pipe) = self.some_pipe() {
            self.pipes[pipe].ends[side].tampered = true;
        }
    }

    fn pose(&mut self) {
        let attackers = |id: &HostId| self.hosts[*id].role == Role::Attacker;
        let all: Vec<HostId> = (0..self.hosts.len()).filter(attackers).collect();
        self.attack.poses_as = match self.attack.poses_as {
            None if !all.is_empty() => {
                let victim = self.dice.index(self.hosts.len());
                Some((victim, all[self.dice.index(all.len())]))
            }
            _ => None,
        };
    }

    /// All of it is over: the network is good, everybody has power, time and room.
    pub fn heal(&mut self) {
        self.note("network", format_args!("is healed"));
        self.healed = true;
        self.cuts.clear();
        self.attack.poses_as = None;
        (self.swarm.delay, self.swarm.piece) = (3, 100_000);
        self.swarm.weather = Weather { delay: 3, ..Weather::default() };
        self.swarm.out_bytes_max = hallway::limits::OUT_BYTES_MAX;
        self.pipes.iter_mut().flat_map(|pipe| &mut pipe.ends).for_each(|end| end.tampered = false);
        if std::mem::replace(&mut self.swarm.members_max, MEMBERS_MAX) < MEMBERS_MAX {
            // It comes back with room for everybody.
            (0..self.swarm.communities).for_each(|community| self.kill(community));
        }
        for host in &mut self.hosts {
            host.frozen_until = 0;
            host.disk.full = false;
            host.files.disk.free = ROOM;
            host.files.still_until = 0;
            if let Some(running) = &mut host.running {
                running.fuse = None;
            }
        }
        for id in 0..self.hosts.len() {
            self.plug_in(id);
            if self.hosts[id].role == Role::Attacker {
                self.hang_up_for(id);
            } else if self.hosts[id].role == Role::Person(Seat::Script) {
                // Scripts have come to their end.
                self.with(id, |world, running| world.leave(id, running));
            } else {
                self.plan(self.now + 1, Event::Start(id));
            }
        }
    }
}
