//! When nothing goes wrong any more, everything must come right within a known time: lists equal
//! the truth, everybody can talk to everybody, and afterwards nothing is left of it.

use hallway::message::{Member, State};
use hallway::text::{Line, Name};
use node_server::calls::Callee;
use node_server::membership::Wish;
use node_server::node::{Command, Input};
use node_server::notice::CallId;
use node_server::outbound::Whereabouts;

use crate::host::{HostId, Program};
use crate::neighbours::{FORGOTTEN, everybody_sees_everybody, nobody_sees};
use crate::people::{listing, place, run_of, secret};
use crate::rules::{Broken, Verdict};
use crate::wires::Stage;
use crate::world::{Event, Life, World};

/// A dead connection is noticed, a call rings to its end, a restart is over.
const SETTLE: u64 = 130_000;
/// The longest pause before a community is dialled again, and some throttling.
const REJOIN: u64 = 40_000;
/// A search with its answers, or a check of whoever said goodbye; and some drift.
const SEEN: u64 = 6_000;
/// Attempts at what may have to wait for guesses to be paid off.
const ROUNDS: usize = 40;

impl World {
    /// Heals the world, and sees that everything comes right.
    pub fn converge(&mut self) -> Result<(), Broken> {
        self.heal();
        self.run_until(self.now + SETTLE)?;
        self.everybody_hangs_up()?;
        self.everybody_comes_back()?;
        self.somebody_goes()?;
        self.everybody_calls_the_next()?;
        self.everybody_hangs_up()?;
        self.rules.calm = false;
        broken("directories equal the truth", directories_equal_the_truth(self, None))?;
        self.everybody_is_seen()?;
        self.everybody_leaves()
    }

    /// The dead have been forgotten, and all others are seen; who leaves is gone at once, who comes
    /// is there at once.
    fn everybody_is_seen(&mut self) -> Result<(), Broken> {
        self.run_until(self.now + FORGOTTEN)?;
        broken("everybody sees everybody", everybody_sees_everybody(self))?;
        let Some(leaves) = self.people().pop() else { return Ok(()) };
        let running = self.hosts[leaves].running.as_ref();
        let name = running.and_then(|running| running.discovery.as_ref()).map(|it| it.udn.clone());
        let dead = self.gone.replace(leaves);
        self.with(leaves, |world, running| world.leave(leaves, running));
        self.run_until(self.now + SEEN)?;
        let verdict = name.map_or(Ok(()), |name| nobody_sees(self, &name));
        broken("who says goodbye is gone at once", verdict)?;
        self.gone = dead;
        self.plan(self.now, Event::Start(leaves));
        self.run_until(self.now + SEEN)?;
        broken("who comes is seen at once", everybody_sees_everybody(self))
    }

    /// Everybody who has a node that listens, or could dial.
    pub fn people(&self) -> Vec<HostId> {
        (0..self.hosts.len()).filter(|id| self.hosts[*id].node().is_some()).collect()
    }

    /// Has a node do something.
    pub fn order(&mut self, id: HostId, command: Command) {
        self.with(id, |world, running| {
            running.dirty = true;
            world.command(id, running, command)
        });
    }

    /// All calls that stand or ring there.
    pub fn calls(&self, id: HostId) -> Vec<CallId> {
        let node = self.hosts[id].node();
        let all = node.into_iter().flat_map(|node| node.talking().chain(node.ringing()));
        all.map(|(call, _)| call).collect()
    }

    /// Hangs up as soon as everything is confirmed; until nobody talks.
    fn everybody_hangs_up(&mut self) -> Result<(), Broken> {
        for _ in 0..4 {
            for id in self.people() {
                self.take_offers(id);
                for call in self.calls(id).into_iter().chain(self.links(id)) {
                    self.order(id, Command::Finish(call));
                }
            }
            self.run_until(self.now + 35_000)?;
        }
        let left: Vec<HostId> =
            self.people().into_iter().filter(|id| !self.calls(*id).is_empty()).collect();
        let nobody = if left.is_empty() { Ok(()) } else { Err(format!("hosts {left:?}")) };
        broken("conversations come to their end", nobody)
    }

    /// Everybody joins their community under a name of their own.
    fn everybody_comes_back(&mut self) -> Result<(), Broken> {
        for id in self.people() {
            let name = Name::parse(&format!("citizen-{id}")).unwrap();
            self.order(id, Command::Rename(name));
            self.joins(id);
        }
        for _ in 0..ROUNDS {
            self.run_until(self.now + REJOIN)?;
            if directories_equal_the_truth(self, None).is_ok() {
                return Ok(());
            }
        }
        broken("directories equal the truth", directories_equal_the_truth(self, None))
    }

    fn joins(&mut self, id: HostId) {
        let home = &self.hosts[self.hosts[id].home];
        let (place, password) = (place(home), secret(&home.password));
        let listed = (!only_watches(id)).then(|| listing(&self.hosts[id]));
        self.order(id, Command::Join(Wish { place, password, listed, persist: true }));
    }

    /// One leaves and comes back, one dies: those who stay are told.
    fn somebody_goes(&mut self) -> Result<(), Broken> {
        let Some(leaves) = self.people().pop() else { return Ok(()) };
        self.order(leaves, Command::Leave);
        self.run_until(self.now + 3_000)?;
        let verdict = directories_equal_the_truth(self, Some(leaves));
        broken("directories equal the truth", verdict)?;
        self.joins(leaves);
        if let Some(dead) = self.swarm.stays_dead {
            let dead = dead + self.swarm.communities;
            self.gone = Some(dead);
            if self.dice.chance(500) {
                self.vanish(dead);
            }
            self.kill(dead);
        }
        self.run_until(self.now + REJOIN)?;
        broken("directories equal the truth", directories_equal_the_truth(self, None))
    }

    /// Each calls the next, and both say something.
    fn everybody_calls_the_next(&mut self) -> Result<(), Broken> {
        let people = self.people();
        let next = people.iter().copied().cycle().skip(1);
        let pairs: Vec<(HostId, HostId)> =
            people.iter().copied().zip(next).filter(|(one, two)| one != two).collect();
        for _ in 0..ROUNDS {
            let alone = |(one, two): &&(HostId, HostId)| !self.talks_with(*one, *two);
            let missing: Vec<(HostId, HostId)> = pairs.iter().filter(alone).copied().collect();
            if missing.is_empty() {
                break;
            }
            for (one, two) in missing {
                self.call(one, two);
            }
            self.run_until(self.now + 6_000)?;
            self.everybody_accepts();
            self.run_until(self.now + 20_000)?;
        }
        for (one, two) in &pairs {
            let verdict = match self.talks_with(*one, *two) && self.talks_with(*two, *one) {
                true => Ok(()),
                false => Err(format!("host {one} never reached host {two}")),
            };
            broken("everybody can call everybody", verdict)?;
        }
        self.everybody_is_heard(pairs.len())?;
        self.everybody_sends_something()?;
        broken("state is in chat", states_are(self, &pairs, State::InChat))
    }

    /// Everybody says something in all their conversations, at least so many lines altogether, and
    /// all of it is shown.
    fn everybody_is_heard(&mut self, least: usize) -> Result<(), Broken> {
        self.rules.calm = true;
        let before = self.rules.said();
        for id in self.people() {
            for call in self.calls(id) {
                let text = self.text(id);
                self.order(id, Command::Say(call, Line::split(&text)));
            }
        }
        self.run_until(self.now + 10_000)?;
        let said = self.rules.said() - before;
        let some = if said >= least as u64 { Ok(()) } else { Err(format!("{said} lines")) };
        broken("everybody can say something", some)?;
        broken("all that is said is shown", self.rules.all_shown_since(before, self))
    }

    fn talks_with(&self, one: HostId, two: HostId) -> bool {
        let whom = self.hosts[two].fingerprint;
        let node = self.hosts[one].node();
        node.into_iter().flat_map(|node| node.talking()).any(|(_, who)| who.fingerprint == whom)
    }

    pub fn call(&mut self, one: HostId, two: HostId) {
        let callee = self.callee(two);
        self.order(one, Command::Call(callee));
    }

    /// How to reach somebody.
    pub fn callee(&self, id: HostId) -> Callee {
        let host = &self.hosts[id];
        Callee {
            label: host.label.clone(),
            whereabouts: Whereabouts::Sockets(vec![host.socket()]),
            identity: Some(host.identity().public()),
            password: secret(&host.password),
        }
    }

    /// Connections for files alone.
    pub fn links(&self, id: HostId) -> Vec<CallId> {
        let running = self.hosts[id].running.iter();
        running.flat_map(|running| running.links.iter().copied()).collect()
    }

    fn everybody_accepts(&mut self) {
        for id in self.people() {
            self.take_calls(id);
        }
    }

    /// Takes every call that rings there.
    pub fn take_calls(&mut self, id: HostId) {
        let node = self.hosts[id].node();
        let ringing = node.into_iter().flat_map(|node| node.ringing());
        let ringing: Vec<CallId> = ringing.map(|(call, _)| call).collect();
        for call in ringing {
            self.order(id, Command::Accept(call));
        }
    }

    /// Everybody says goodbye; nothing is left of them anywhere.
    fn everybody_leaves(&mut self) -> Result<(), Broken> {
        for id in self.people() {
            self.order(id, Command::Leave);
            self.with(id, |world, running| match &running.program {
                Program::Person(..) => world.feed(id, running, Input::Stop),
                Program::Community(_) => Life::Alive,
            });
        }
        for id in 0..self.hosts.len() {
            self.with(id, |world, running| {
                world.disappear(id, running);
                Life::Alive
            });
        }
        self.run_until(self.now + 60_000)?;
        broken("nothing is left of anybody", nothing_is_left(self))
    }
}

/// Some want to see the list without being on it.
fn only_watches(id: HostId) -> bool {
    id % 5 == 4
}

pub fn broken(rule: &'static str, verdict: Verdict) -> Result<(), Broken> {
    verdict.map_err(|words| Broken { rule, words })
}

/// Each community lists exactly those who are in it, as they are now; and each of these, and
/// whoever only watches, sees exactly that list; nobody who is dead, or `absent`, is on any.
fn directories_equal_the_truth(world: &World, absent: Option<HostId>) -> Verdict {
    for id in world.people().into_iter().filter(|id| Some(*id) != absent) {
        let host = &world.hosts[id];
        let Some(node) = host.node() else { continue };
        if !node.is_in_community() {
            return Err(format!("{} is in no community", host.label));
        }
        let home = world.hosts[host.home].community();
        let listed: Vec<&Member> = home.into_iter().flat_map(|home| home.members()).collect();
        let me = listed.iter().find(|member| member.identity == node.me().identity.public());
        if me.is_some() == only_watches(id) {
            return Err(format!("{} is listed: {}", host.label, me.is_some()));
        }
        let state = if node.talking().next().is_some() { State::InChat } else { State::Available };
        let is_this_run = |member: &Member| run_of(member.instance) == Some(host.run(id));
        if me.is_some_and(|member| member.state != state || !is_this_run(member)) {
            return Err(format!("{} is {state:?}, listed {me:?}", host.label));
        }
        let others = listed.iter().filter(|other| Some(**other) != me.copied());
        if !others.copied().eq(node.members()) {
            return Err(format!("{} sees another list than its community has", host.label));
        }
    }
    for host in &world.hosts {
        for member in host.community().into_iter().flat_map(|community| community.members()) {
            let run = run_of(member.instance);
            let lives = |run: crate::host::Run| {
                let host = &world.hosts[run.host];
                host.running.is_some() && host.runs == run.number && Some(run.host) != absent
            };
            if !run.is_some_and(lives) {
                return Err(format!("{} lists {member:?}, who is dead", host.label));
            }
        }
    }
    Ok(())
}

/// Whoever is in a conversation is listed so.
fn states_are(world: &World, pairs: &[(HostId, HostId)], state: State) -> Verdict {
    for (one, _) in pairs.iter().filter(|(one, _)| !only_watches(*one)) {
        let host = &world.hosts[*one];
        let home = world.hosts[host.home].community();
        let mut listed = home.into_iter().flat_map(|home| home.members());
        let public = host.identity().public();
        if !listed.any(|member| member.identity == public && member.state == state) {
            return Err(format!("{} is not listed as {state:?}", host.label));
        }
    }
    Ok(())
}

/// No connection, no member, no handshake, no call.
fn nothing_is_left(world: &World) -> Verdict {
    for host in &world.hosts {
        if host.community().is_some_and(|community| !community.is_quiet()) {
            return Err(format!("{} is not quiet", host.label));
        }
        if host.running.is_some() && host.due().is_some() {
            return Err(format!("{} waits for something", host.label));
        }
    }
    let open = |end: &&crate::wires::End| {
        end.stage != Stage::Over && world.hosts[end.host].runs == end.run
    };
    match world.pipes.iter().flat_map(|pipe| &pipe.ends).find(open) {
        Some(end) => Err(format!("{} has a connection", world.hosts[end.host].label)),
        None => Ok(()),
    }
}
