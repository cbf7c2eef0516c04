//! TCP on the virtual LAN. Bytes of a stream come in order and are never lost, but in any pieces,
//! late, or not at all when the connection breaks.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use hallway::conn::{ConnId, ConnectError, Lost, NetInput};
use hallway::limits;

use crate::facts::Fact;
use crate::host::{HostId, Role, Running};
use crate::swarm::Seat;
use crate::tap::Tap;
use crate::world::{Event, World};

/// One connection.
pub struct Pipe {
    /// The dialler's end and the listener's.
    pub ends: [End; 2],
    to: SocketAddr,
    /// The address that the dialler has, or claims.
    pub from: IpAddr,
    /// Nothing travels any more; the ends learn of it, each at its time.
    broken: bool,
}

/// One end of a connection.
pub struct End {
    pub host: HostId,
    /// Which run of the host's program.
    pub run: u32,
    pub conn: ConnId,
    pub stage: Stage,
    /// When it was opened.
    pub since: u64,
    /// When it was over.
    pub over_at: Option<u64>,
    /// What this end has said and heard, as an onlooker sees it.
    pub said: Tap,
    pub heard: Tap,
    /// Nobody has changed what this end heard.
    pub honest: bool,
    /// It heard the other end's proof, whole and unchanged.
    pub proved: bool,
    /// The next bytes that it hears will be changed on the way.
    pub tampered: bool,
    pub inbound: VecDeque<u8>,
    /// The other end says no more after these.
    fin: bool,
    /// An arrival is planned.
    travelling: bool,
    blocked_until: u64,
    blocked_since: Option<u64>,
}

/// What the program at an end knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Waiting,
    Open,
    Over,
}

impl End {
    fn new(host: HostId, run: u32, conn: ConnId, dialler: bool) -> Self {
        Self {
            host,
            run,
            conn,
            stage: Stage::Waiting,
            since: 0,
            over_at: None,
            said: Tap::new(dialler),
            heard: Tap::new(!dialler),
            honest: true,
            proved: false,
            tampered: false,
            inbound: VecDeque::new(),
            fin: false,
            travelling: false,
            blocked_until: 0,
            blocked_since: None,
        }
    }
}

impl End {
    fn finish(&mut self, now: u64) {
        (self.stage, self.over_at) = (Stage::Over, Some(now));
    }

    /// Whether it heard the other end's proof, and is not over, or only since this moment.
    pub fn vouches(&self, now: u64) -> bool {
        self.proved && self.over_at.is_none_or(|over| over == now)
    }

    /// Whether it may be in a handshake, or inside without having said what for.
    pub fn is_young(&self) -> bool {
        self.stage != Stage::Over && (self.said.second_at.is_none() || !self.proved)
    }
}

/// Sent and not acknowledged, or silent and not answering probes, for so long: dead.
pub const STARVED: u64 = limits::UNACKNOWLEDGED_MAX.0;
/// The two ends of a dead connection find out within this of each other.
pub const NOTICE: u64 = 5_000;

impl World {
    /// Somebody dials.
    pub fn connect(&mut self, host: HostId, run: u32, conn: ConnId, to: SocketAddr) -> usize {
        let pipe = self.pipes.len();
        let ends = [End::new(host, run, conn, true), End::new(host, 0, ConnId(u64::MAX), false)];
        self.pipes.push(Pipe { ends, to, from: self.hosts[host].ip, broken: false });
        self.live.push(pipe);
        self.young.push(pipe);
        let delay = self.delay();
        self.plan(self.now + delay, Event::Syn(pipe));
        pipe
    }

    fn delay(&mut self) -> u64 {
        1 + self.dice.below(self.swarm.delay)
    }

    pub fn is_cut(&self, from: HostId, to: HostId) -> bool {
        from != to && self.cuts.get(&(from, to)).is_some_and(|(_, until)| *until > self.now)
    }

    /// Whether somebody takes what comes to that port.
    pub fn listens(&self, host: HostId, port: u16) -> bool {
        let there = &self.hosts[host];
        match there.role {
            Role::Attacker => true,
            Role::Person(Seat::Script) => false,
            Role::Person(_) | Role::Community => there.running.is_some() && there.port == port,
        }
    }

    pub fn syn(&mut self, pipe: usize) {
        let (from, to) = (self.pipes[pipe].ends[0].host, self.pipes[pipe].to);
        let found = self.hosts.iter().position(|host| host.ips().contains(&to.ip()));
        let found = match (found, self.attack.poses_as) {
            (Some(victim), Some((posed, attacker))) if victim == posed && from != victim => {
                self.rules.tally.count("connections to false listeners");
                Some(attacker)
            }
            (found, _) => found,
        };
        let reachable = |world: &Self, host: HostId| {
            world.hosts[host].powered && !world.is_cut(from, host) && !world.is_cut(host, from)
        };
        // Until somebody takes it in.
        self.pipes[pipe].ends[1].stage = Stage::Over;
        let Some(host) = found.filter(|host| reachable(self, *host)) else {
            let at = self.now + limits::CONNECT_WAIT.0;
            return self.plan(at, Event::Failed(pipe, ConnectError::Unreachable));
        };
        let delay = self.delay();
        if !self.listens(host, to.port()) {
            let refused = Event::Failed(pipe, ConnectError::Refused);
            return self.plan(self.now + delay, refused);
        }
        if self.pipes[pipe].ends[0].stage == Stage::Waiting {
            let run = self.hosts[host].runs;
            self.pipes[pipe].ends[1] = End::new(host, run, ConnId(u64::MAX), false);
            self.plan(self.now, Event::Opened(pipe));
            self.plan(self.now + delay, Event::Connected(pipe));
        }
    }

    /// The listener's program takes it in.
    pub fn opened(&mut self, pipe: usize) {
        let from = SocketAddr::new(self.pipes[pipe].from, 50_000);
        let now = self.now;
        let end = &mut self.pipes[pipe].ends[1];
        if end.stage == Stage::Waiting {
            (end.stage, end.since) = (Stage::Open, now);
            let host = end.host;
            if let Some(running) = &mut self.hosts[host].running {
                end.conn = ConnId(running.incoming);
                running.incoming += 1;
                running.conns.insert(end.conn, (pipe, 1));
            }
            self.hand_in(pipe, 1, NetInput::Opened { from });
        }
    }

    pub fn connected(&mut self, pipe: usize) {
        let now = self.now;
        let end = &mut self.pipes[pipe].ends[0];
        if end.stage == Stage::Waiting {
            (end.stage, end.since) = (Stage::Open, now);
            self.hand_in(pipe, 0, NetInput::Connected);
        }
    }

    pub fn failed(&mut self, pipe: usize, error: ConnectError) {
        if self.pipes[pipe].ends[0].stage == Stage::Waiting {
            self.pipes[pipe].ends[0].stage = Stage::Over;
            self.hand_in(pipe, 0, NetInput::Failed(error));
        }
    }

    /// Bytes leave one end.
    pub fn transmit(&mut self, pipe: usize, side: usize, bytes: &[u8]) {
        let now = self.now;
        let from = self.pipes[pipe].ends[side].host;
        let is_program = self.hosts[from].role != Role::Attacker;
        self.history.absorb(bytes);
        let records = self.pipes[pipe].ends[side].said.follow(now, bytes);
        if is_program {
            let records = records.into_iter();
            self.facts.extend(records.map(|ciphertext| Fact::Record { ciphertext }));
        }
        let (broken, other) = (self.pipes[pipe].broken, &mut self.pipes[pipe].ends[1 - side]);
        if broken || other.stage == Stage::Over {
            return;
        }
        other.inbound.extend(bytes);
        let too_slow = is_program && other.inbound.len() > self.swarm.out_bytes_max;
        if too_slow {
            self.pipes[pipe].broken = true;
            self.plan(now, Event::Over(pipe, side, Lost::TooSlow));
            self.plan(now + 1, Event::Over(pipe, 1 - side, Lost::Broken));
        } else {
            self.travel(pipe, 1 - side, 0);
        }
    }

    /// An end says that no more comes, and hears no more.
    pub fn end(&mut self, pipe: usize, side: usize) {
        self.pipes[pipe].ends[side].finish(self.now);
        self.pipes[pipe].ends[1 - side].fin = true;
        self.travel(pipe, 1 - side, 0);
    }

    /// An end lets go at once: what is on its way may be lost.
    pub fn reset(&mut self, pipe: usize, side: usize) {
        if self.dice.chance(500) {
            return self.end(pipe, side);
        }
        self.pipes[pipe].ends[side].finish(self.now);
        if self.pipes[pipe].ends[1 - side].stage != Stage::Waiting {
            let delay = self.delay();
            self.break_pipe(pipe, [delay; 2]);
        } else {
            self.end(pipe, side);
        }
    }

    /// Plans the next arrival at that end.
    fn travel(&mut self, pipe: usize, side: usize, wait: u64) {
        let end = &self.pipes[pipe].ends[side];
        let nothing = end.inbound.is_empty() && !end.fin;
        if end.travelling || nothing || end.stage == Stage::Over || self.pipes[pipe].broken {
            return;
        }
        let at = (self.now + wait + self.delay()).max(self.pipes[pipe].ends[side].blocked_until);
        self.pipes[pipe].ends[side].travelling = true;
        self.plan(at, Event::Arrive(pipe, side));
    }

    pub fn arrive(&mut self, pipe: usize, side: usize) {
        self.pipes[pipe].ends[side].travelling = false;
        let (from, to) = (self.pipes[pipe].ends[1 - side].host, self.pipes[pipe].ends[side].host);
        let is_blocked =
            self.is_cut(from, to) || self.pipes[pipe].ends[side].blocked_until > self.now;
        let broken = self.pipes[pipe].broken;
        let end = &mut self.pipes[pipe].ends[side];
        if broken || end.stage == Stage::Over {
            return;
        }
        if is_blocked {
            let since = *end.blocked_since.get_or_insert(self.now);
            if self.now - since > STARVED {
                let notice = [self.dice.below(NOTICE), self.dice.below(NOTICE)];
                return self.break_pipe(pipe, notice);
            }
            return self.travel(pipe, side, 200 + self.now.saturating_sub(since) / 2);
        }
        end.blocked_since = None;
        if end.stage == Stage::Waiting {
            return self.travel(pipe, side, 1);
        }
        if end.inbound.is_empty() {
            return self.over(pipe, side, Lost::Ended);
        }
        // Small pieces, but not thousands of them.
        let piece = usize::try_from(self.swarm.piece).unwrap().max(end.inbound.len() / 64);
        let most = end.inbound.len().min(piece);
        let len = if self.dice.chance(500) { most } else { 1 + self.dice.index(most) };
        let mut bytes = end.inbound.make_contiguous()[..len].to_vec();
        end.inbound.drain(..len);
        let now = self.now;
        let mut same = bytes.len();
        if std::mem::take(&mut end.tampered) {
            let before = bytes.clone();
            self.tamper(&mut bytes);
            self.rules.tally.count("bytes changed on the way");
            same = before.iter().zip(&bytes).take_while(|(one, two)| one == two).count();
        }
        let end = &mut self.pipes[pipe].ends[side];
        let (honest, changed) = bytes.split_at(same);
        end.heard.follow(now, honest);
        end.proved |= end.honest && end.heard.proof_at.is_some();
        end.honest &= changed.is_empty();
        end.heard.follow(now, changed);
        self.hand_in(pipe, side, NetInput::Received(&bytes));
        self.travel(pipe, side, 0);
    }

    /// An end is told that its connection is gone.
    pub fn over(&mut self, pipe: usize, side: usize, lost: Lost) {
        let now = self.now;
        let end = &mut self.pipes[pipe].ends[side];
        if end.stage == Stage::Open {
            end.finish(now);
            let (host, conn) = (end.host, end.conn);
            if lost == Lost::Ended {
                // What was gathered for it is still sent.
                let running = self.hosts[host].running.as_mut();
                let bytes = running.and_then(|running| running.gathered.remove(&conn));
                self.transmit(pipe, side, &bytes.unwrap_or_default());
                self.end(pipe, side);
            }
            self.hand_in(pipe, side, NetInput::Closed(lost));
        } else if end.stage == Stage::Waiting && side == 0 {
            self.failed(pipe, ConnectError::Unreachable);
        }
    }

    /// What is under way is lost; each end learns of it after its time.
    pub fn break_pipe(&mut self, pipe: usize, notice: [u64; 2]) {
        if !std::mem::replace(&mut self.pipes[pipe].broken, true) {
            for (side, notice) in notice.into_iter().enumerate() {
                self.plan(self.now + notice, Event::Over(pipe, side, Lost::Broken));
            }
        }
    }

    /// Nothing arrives at that end before then; for longer than TCP waits, it is dead.
    pub fn block(&mut self, pipe: usize, side: usize, until: u64) {
        // What is on its way has been planned for the end of a longer one, and comes no sooner.
        let blocked_until = &mut self.pipes[pipe].ends[side].blocked_until;
        *blocked_until = until.max(*blocked_until);
        if until > self.now + STARVED {
            self.plan(self.now + STARVED, Event::Starved(pipe));
        }
    }

    /// A connection has been blocked, or cut, for as long as TCP waits: is it still?
    pub fn starved(&mut self, pipe: usize) {
        let [one, two] = self.pipes[pipe].ends.each_ref().map(|end| end.host);
        let since = self.now - STARVED;
        let cut = |key| {
            self.cuts.get(&key).is_some_and(|(begun, until)| *begun <= since && *until > self.now)
        };
        let blocked = self.pipes[pipe].ends.iter().any(|end| end.blocked_until > self.now);
        if blocked || cut((one, two)) || cut((two, one)) {
            let notice = [self.dice.below(NOTICE), self.dice.below(NOTICE)];
            self.break_pipe(pipe, notice);
        }
    }

    /// The ends of all wires of a machine that are not over yet.
    pub fn ends_of(&self, host: HostId) -> Vec<(usize, usize)> {
        let ends = self.live.iter().flat_map(|pipe| [(*pipe, 0), (*pipe, 1)]);
        let ours = ends.filter(|(pipe, side)| {
            let end = &self.pipes[*pipe].ends[*side];
            // Before a listener has been found, its end is the dialler's too.
            end.host == host && end.stage != Stage::Over && (*side == 0 || end.run > 0)
        });
        ours.collect()
    }

    /// A program has died: its system says goodbye for it, and forgets what was not sent.
    pub fn hang_up_for(&mut self, host: HostId) {
        for (pipe, side) in self.ends_of(host) {
            self.reset(pipe, side);
        }
    }

    /// The power is gone: nobody says anything, and the others find out by themselves.
    pub fn vanish(&mut self, host: HostId) {
        for (pipe, side) in self.ends_of(host) {
            self.pipes[pipe].ends[side].finish(self.now);
            let notice = STARVED + self.dice.below(NOTICE);
            self.break_pipe(pipe, [notice; 2]);
        }
    }

    /// Sends all that a program has gathered in its turn.
    pub fn flush(&mut self, running: &mut Running) {
        for (conn, bytes) in std::mem::take(&mut running.gathered) {
            if let Some((pipe, side)) = running.conns.get(&conn).copied() {
                self.transmit(pipe, side, &bytes);
            }
        }
    }
}
