//! Many members on one loop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use community_server::news::pause;
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::handshake::stretch::Stretcher;
use hallway::seeds::Seeds;
use hallway::shell::clock::Clock;
use hallway::shell::net::Net;
use hallway::time::Millis;

use crate::member::{Keys, Member, Reached, Want};
use crate::server::Kind;

/// Nothing here takes longer, unless something is broken.
const PATIENCE: Duration = Duration::from_secs(900);
/// A server that says nothing for so long has nothing to say.
const QUIET: Millis = Millis(100);

/// Members of one server, on one loop.
pub(crate) struct Crowd {
    net: Net,
    clock: Clock,
    keys: Keys,
    kind: Kind,
    at: SocketAddr,
    members: Vec<Member>,
    /// How many have come as far, in the order of `Reached`; a count for each, for looking at all
    /// of them after each turn would be half of the load.
    reached: [usize; 4],
}

impl Crowd {
    /// Nobody yet.
    pub(crate) fn new(kind: Kind, at: SocketAddr) -> Self {
        let clock = Clock::new();
        let keys = Keys { seeds: Seeds::new([5; 32]), stretcher: Stretcher::default() };
        let net = Net::new(clock).unwrap();
        Self { net, clock, keys, kind, at, members: Vec::new(), reached: [0; 4] }
    }

    /// Members, by number.
    pub(crate) fn members(&self) -> &[Member] {
        &self.members
    }

    /// How many have come just so far.
    pub(crate) fn reached(&self, reached: Reached) -> usize {
        self.reached[reached as usize]
    }

    /// One more comes to the door; gives its number.
    pub(crate) fn come(&mut self, want: Want) -> usize {
        let number = self.members.len();
        let (member, hello) = Member::new(self.kind, number, want, &mut self.keys);
        self.members.push(member);
        self.reached[Reached::Door as usize] += 1;
        let id = id_of(number);
        self.net.perform(id, NetOutput::Connect(self.at));
        self.net.perform(id, NetOutput::Send(hello));
        number
    }

    /// One turn of the loop, until the deadline at the latest; gives whether anything came. Who has
    /// the list must not be closed, whatever else is done to the server.
    pub(crate) fn turn(&mut self, deadline: Option<Millis>) -> bool {
        self.net.wait(deadline);
        let mut came = false;
        while let Some((id, input)) = self.net.next() {
            came = true;
            let number = usize::try_from(id.0 - ConnId::DIALLED).unwrap();
            let member = &mut self.members[number];
            let before = member.reached;
            let mut answer = Vec::new();
            match input {
                NetInput::Received(bytes) => answer = member.received(bytes, &mut self.keys),
                NetInput::Closed(_) | NetInput::Failed(_) => member.closed(),
                NetInput::Connected | NetInput::Opened { .. } => {}
            }
            if member.reached != before {
                assert_ne!(before, Reached::Listed, "a member was closed");
                self.reached[before as usize] -= 1;
                self.reached[member.reached as usize] += 1;
            }
            if !answer.is_empty() {
                self.net.perform(id, NetOutput::Send(answer));
            }
        }
        came
    }

    /// Runs the loop until `done`.
    pub(crate) fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !done(self) {
            self.turn(Some(self.clock.now().tick + Millis(1_000)));
            assert!(begun.elapsed() < PATIENCE, "stuck at {:?}", self.reached);
        }
    }

    /// So many come, as fast as they are let in, and all get what they want.
    pub(crate) fn arrive(&mut self, count: usize, want: Want) {
        let all = self.members.len() + count;
        while self.members.len() < all {
            while self.reached(Reached::Door) < self.kind.at_the_door() && self.members.len() < all
            {
                self.come(want);
            }
            self.turn(None);
        }
        let wanted = if want == Want::Nothing { Reached::Inside } else { Reached::Listed };
        self.until(|crowd| crowd.members[all - count..].iter().all(|one| one.reached >= wanted));
        let gone = self.members[all - count..].iter().filter(|one| one.reached == Reached::Gone);
        assert_eq!(gone.count(), 0, "everybody is let in, and stays");
    }

    /// Waits until everybody who has the list and listens knows of so many.
    pub(crate) fn until_all_know(&mut self, known: usize) {
        self.until(|crowd| {
            let listed = crowd.members.iter().filter(|one| one.reached == Reached::Listed);
            listed.filter(|one| one.listens()).all(|one| one.known == known)
        });
    }

    /// Runs the loop until nothing has come for a while.
    pub(crate) fn until_quiet(&mut self) {
        while self.turn(Some(self.clock.now().tick + QUIET)) {}
    }

    /// Runs the loop for so long.
    pub(crate) fn rest(&mut self, span: Millis) {
        let until = self.clock.now().tick + span;
        while self.clock.now().tick < until {
            self.turn(Some(until));
        }
    }

    /// One member changes its state when nothing has been told for a while: the time until the last
    /// one of all has been told.
    pub(crate) fn toggle(&mut self, number: usize) -> Duration {
        self.until_quiet();
        self.rest(pause(self.members.len()));
        for member in &mut self.members {
            member.bytes = 0;
        }
        let begun = Instant::now();
        let bytes = self.members[number].toggle();
        self.net.perform(id_of(number), NetOutput::Send(bytes));
        let (first, last) = (0, self.members.len() - 1);
        // Of ours a whole record; IRC says it in one short line.
        let whole = if matches!(self.kind, Kind::Irc(_)) { 1 } else { 100 };
        // Both ends first: looking at all of them each time would be the load.
        self.until(|crowd| {
            let is_told = |one: &Member| one.reached != Reached::Listed || one.bytes >= whole;
            is_told(&crowd.members[first])
                && is_told(&crowd.members[last])
                && crowd.members.iter().all(is_told)
        });
        begun.elapsed()
    }

    /// Somebody new asks for the list: the time from the wish to the last page, read.
    pub(crate) fn ask(&mut self) -> Duration {
        self.until_quiet();
        let number = self.come(Want::View);
        self.until(|crowd| crowd.members[number].reached >= Reached::Listed);
        let member = &self.members[number];
        assert_eq!(member.reached, Reached::Listed);
        member.took
    }

    /// Somebody new tries to log in: how long that took, if it is let in.
    pub(crate) fn try_to_enter(&mut self) -> Option<Duration> {
        let number = self.come(Want::Nothing);
        self.until(|crowd| crowd.members[number].reached >= Reached::Inside);
        let member = &self.members[number];
        (member.reached == Reached::Inside).then_some(member.took)
    }

    /// Who wanted nothing goes.
    pub(crate) fn dismiss(&mut self, number: usize) {
        let member = &mut self.members[number];
        self.reached[member.reached as usize] -= 1;
        member.closed();
        self.reached[Reached::Gone as usize] += 1;
        self.net.perform(id_of(number), NetOutput::Drop);
    }
}

fn id_of(number: usize) -> ConnId {
    ConnId(ConnId::DIALLED + number as u64)
}
