//! What `node_server::machine` and the loops of the programs do around a core, step by step: the
//! order of things in a turn is theirs.

use community_server::community::{self, Output as CommunityOutput};
use community_server::menu::{self, Typed};
use hallway::conn::{ConnId, NetOutput};
use hallway::identity::Fingerprint;
use node_server::menu::Question;
use node_server::node::{Command, Input, Node, Output};
use node_server::notice::{CallId, Notice};
use node_server::sight::Sight;
use node_server::talk::Act;
use node_server::view;

use crate::facts::Fact;
use crate::host::{Happening, HostId, Program, Running};
use crate::stretching::stretch;
use crate::world::{Event, Life, World};

/// So often at most a turn begins anew with what came of it.
const ROUNDS_MAX: u32 = 1_000;

impl World {
    /// One turn: what concerns the person, the end of the turn, and all bytes out.
    pub fn turn(&mut self, id: HostId) {
        self.with(id, |world, running| {
            running.dirty = false;
            let life = world.live(id, running);
            if life == Life::Alive {
                world.flush(running);
                let at = world.hosts[id].run(id);
                let open = running.open.iter();
                let peers = open.map(|call| (*call, running.peers[call])).collect();
                world.facts.push(Fact::TurnEnd { at, peers });
            }
            life
        });
    }

    fn live(&mut self, id: HostId, running: &mut Running) -> Life {
        for _ in 0..ROUNDS_MAX {
            self.gather(id, running);
            while let Some(happening) = running.happenings.pop_front() {
                let life = self.concern(id, running, happening);
                if life != Life::Alive {
                    return life;
                }
            }
            let now = self.hosts[id].clock.now(self.now);
            match &mut running.program {
                Program::Person(node, _) => node.handle(now, Input::TurnEnd),
                Program::Community(core) => core.handle(now, community::Input::TurnEnd),
            }
            if self.drain(id, running) != Life::Alive {
                return Life::Died;
            }
            self.keep_fresh(id, running);
            let has_news = running.discovery.as_ref().is_some_and(|discovery| discovery.has_news);
            if running.happenings.is_empty() && !has_news {
                return Life::Alive;
            }
        }
        panic!("{} finds no end of its turn", self.hosts[id].label);
    }

    /// Something concerns the person.
    fn concern(&mut self, id: HostId, running: &mut Running, happening: Happening) -> Life {
        let Program::Person(node, front) = &mut running.program else {
            return self.operator_typed(id, running, happening);
        };
        let neighbours = running.discovery.as_ref().map(|discovery| &discovery.neighbours);
        let heard = match &happening {
            Happening::Notice(Notice::Heard(call, _, line)) => Some((*call, line.clone())),
            _ => None,
        };
        let typed = match &happening {
            Happening::Line(line) if !line.starts_with('/') => running.prompt.take(),
            _ => None,
        };
        if matches!(happening, Happening::Line(_) | Happening::Secret(_)) {
            running.prompt = None;
        }
        let acts = front.answer(happening, Sight { node, neighbours });
        let meant = running.meant.filter(|_| typed.is_some());
        self.facts.extend(meant.and_then(|meant| addressed(meant, &acts, node)));
        if let Some((call, line)) = heard {
            let first = line.as_str().split(' ').next().unwrap_or_default();
            let on_screen = |act: &Act| matches!(act, Act::Show(text, _) if text.contains(first));
            if acts.iter().any(on_screen) {
                self.shown(id, running, call, line.as_str());
            }
        }
        let life = self.perform(id, running, acts);
        if life == Life::Alive {
            self.ask(running);
        }
        life
    }

    fn shown(&mut self, id: HostId, running: &Running, call: CallId, text: &str) {
        if let Some(from) = running.peers.get(&call) {
            let at = self.hosts[id].run(id);
            self.facts.push(Fact::Shown { at, from: *from, text: text.to_owned() });
        }
    }

    /// Does what a front decided.
    pub fn perform(&mut self, id: HostId, running: &mut Running, acts: Vec<Act>) -> Life {
        for act in acts {
            let life = match act {
                Act::Show(text, _) => self.screen(id, text),
                Act::Do(command) => self.command(id, running, command),
                Act::Seek(seek) => {
                    self.seek(id, running, seek);
                    Life::Alive
                }
                Act::Quit => return self.leave(id, running),
            };
            if life != Life::Alive {
                return life;
            }
        }
        Life::Alive
    }

    fn screen(&mut self, id: HostId, text: String) -> Life {
        self.note_of(id, format_args!("shows {text}"));
        self.facts.push(Fact::Screen { text });
        Life::Alive
    }

    /// Asks for what the front wants, if nothing is asked yet.
    pub fn ask(&mut self, running: &mut Running) {
        let Program::Person(node, front) = &mut running.program else { return };
        if running.prompt.is_none() {
            running.prompt = match front.question(node) {
                Question::Nothing => None,
                question => Some(question),
            };
            running.meant = running.prompt.as_ref().and_then(|question| named(question, node));
            if let Some(question) = &running.prompt {
                let text = match question {
                    Question::Line(text) | Question::Secret(text) => text.clone(),
                    Question::Nothing => String::new(),
                };
                self.facts.push(Fact::Screen { text });
            }
        }
    }

    /// Has a node do something.
    pub fn command(&mut self, id: HostId, running: &mut Running, command: Command) -> Life {
        let Program::Person(node, _) = &mut running.program else { return Life::Alive };
        if let Command::Say(call, lines) = &command
            && node.can_say(*call)
            && let Some(to) = running.peers.get(call)
        {
            let by = self.hosts[id].run(id);
            for line in lines {
                self.note_of(id, format_args!("says on call {}: {}", call.0, line.as_str()));
                self.facts.push(Fact::Said { by, to: *to, text: line.as_str().to_owned() });
            }
        }
        match command {
            Command::Files(command) => self.exchange(id, running, command),
            command => self.feed(id, running, Input::Command(command)),
        }
    }

    /// Hands something to a node's core, and does what it decides.
    pub fn feed(&mut self, id: HostId, running: &mut Running, input: Input<'_>) -> Life {
        let now = self.hosts[id].clock.now(self.now);
        if let Program::Person(node, _) = &mut running.program {
            node.handle(now, input);
        }
        self.drain(id, running)
    }

    /// Goodbye to everybody, as `Machine::stop` says it.
    pub fn leave(&mut self, id: HostId, running: &mut Running) -> Life {
        self.disappear(id, running);
        let now = self.hosts[id].clock.now(self.now);
        match &mut running.program {
            Program::Person(node, _) => node.handle(now, Input::Stop),
            Program::Community(core) => core.handle(now, community::Input::Stop),
        }
        if self.drain(id, running) != Life::Alive {
            return Life::Died;
        }
        for happening in std::mem::take(&mut running.happenings) {
            let Happening::Notice(notice) = happening else { continue };
            if let Some(words) = view::words(&notice) {
                if let Notice::Heard(call, _, line) = &notice {
                    self.shown(id, running, *call, line.as_str());
                }
                self.screen(id, words);
            }
        }
        self.settle_disk(id, running);
        self.flush(running);
        for (conn, (pipe, side)) in &running.conns {
            if !running.done.contains(conn) {
                self.end(*pipe, *side);
            }
        }
        let at = self.hosts[id].run(id);
        self.facts.push(Fact::TurnEnd { at, peers: Vec::new() });
        Life::Left
    }

    /// Does everything that a core has decided.
    pub fn drain(&mut self, id: HostId, running: &mut Running) -> Life {
        loop {
            let output = match &mut running.program {
                Program::Person(node, _) => match node.poll() {
                    Some(output) => output,
                    None => return Life::Alive,
                },
                Program::Community(core) => match core.poll() {
                    Some(CommunityOutput::Net(conn, output)) => Output::Net(conn, output),
                    Some(CommunityOutput::Notice(notice)) => {
                        self.screen(id, notice.words());
                        continue;
                    }
                    None => return Life::Alive,
                },
            };
            if let Some(fuse) = &mut running.fuse {
                // Most that it does is no writing: of what is, more are hit.
                let line = match &output {
                    Output::Remember(line) if *fuse == 0 || self.dice.chance(500) => Some(line),
                    _ => None,
                };
                if let Some(line) = line {
                    self.hosts[id].disk.tear(line, &mut self.dice);
                    self.rules.tally.count("lines torn");
                }
                if line.is_some() || *fuse == 0 {
                    return Life::Died;
                }
                *fuse -= 1;
            }
            self.deed(id, running, output);
        }
    }

    fn deed(&mut self, id: HostId, running: &mut Running, output: Output) {
        match output {
            Output::Net(conn, output) => self.net(id, running, conn, output),
            Output::Stretch(conn, job) => {
                let (pipe, _) = running.conns[&conn];
                let result = stretch(self.pipes[pipe].ends[1].host, *job);
                let wait = self.dice.between(50, 3_000);
                let run = self.hosts[id].run(id);
                self.plan(self.now + wait, Event::Stretched(run, conn, Box::new(result)));
            }
            Output::LookUp(number, place) => {
                let named = |host: &&crate::host::Host| host.label == place.host;
                let found = self.hosts.iter().find(named).map(crate::host::Host::socket);
                let wait = self.dice.between(1, 5_000);
                let run = self.hosts[id].run(id);
                let found = found.into_iter().collect();
                self.plan(self.now + wait, Event::LookedUp(run, number, found));
            }
            Output::Disk(job) => self.job(id, running, job),
            Output::Remember(line) => {
                let kept = self.hosts[id].disk.append(&line, &mut self.dice);
                self.note_of(id, format_args!("remembers {line}: {kept}"));
                self.rules.tally.count(if kept { "lines kept" } else { "lines for a full disk" });
            }
            Output::Notice(notice) => {
                keep_count(running, &notice);
                let at = self.hosts[id].run(id);
                self.facts.push(Fact::Told { at, notice: notice.clone() });
                self.verified(id, running, &notice);
                running.happenings.push_back(Happening::Notice(notice));
            }
        }
    }

    fn net(&mut self, id: HostId, running: &mut Running, conn: ConnId, output: NetOutput) {
        if let NetOutput::Connect(to) = output {
            self.note_of(id, format_args!("dials {to}"));
            let pipe = self.connect(id, self.hosts[id].runs, conn, to);
            running.conns.insert(conn, (pipe, 0));
            return;
        }
        let Some((pipe, side)) = running.conns.get(&conn).copied() else { return };
        let is_done = running.done.contains(&conn);
        match output {
            NetOutput::Connect(_) => {}
            NetOutput::Send(_) if is_done => {
                let at = self.hosts[id].run(id);
                self.facts.push(Fact::SentAfterTheEnd { at });
            }
            NetOutput::Send(bytes) => running.gathered.entry(conn).or_default().extend(bytes),
            NetOutput::Close | NetOutput::Drop if is_done => {}
            NetOutput::Close => {
                running.done.insert(conn);
                let bytes = running.gathered.remove(&conn).unwrap_or_default();
                self.transmit(pipe, side, &bytes);
                self.end(pipe, side);
                self.note_of(id, format_args!("closes {pipe}"));
            }
            NetOutput::Drop => {
                running.done.insert(conn);
                running.gathered.remove(&conn);
                self.reset(pipe, side);
                self.note_of(id, format_args!("drops {pipe}"));
            }
        }
    }

    /// The loop of `community-server`, for what its operator types.
    fn operator_typed(&mut self, id: HostId, running: &mut Running, happening: Happening) -> Life {
        let Happening::Line(line) = happening else { return Life::Alive };
        match menu::parse(&line) {
            Ok(None) => {}
            Ok(Some(Typed::Command(command))) => {
                let now = self.hosts[id].clock.now(self.now);
                if let Program::Community(core) = &mut running.program {
                    core.handle(now, community::Input::Operator(command));
                }
                return self.drain(id, running);
            }
            Ok(Some(Typed::Help)) => return self.screen(id, menu::help()),
            Ok(Some(Typed::Quit)) => return self.leave(id, running),
            Err(error) => return self.screen(id, error.words()),
        }
        Life::Alive
    }
}

/// Keeps in mind whom each call is with, and which are not over.
fn keep_count(running: &mut Running, notice: &Notice) {
    match notice {
        Notice::Calling(call, who) | Notice::Ringing(call, who) | Notice::Connected(call, who) => {
            running.peers.insert(*call, who.fingerprint);
            running.open.insert(*call);
        }
        Notice::Ended(call, ..) => {
            running.open.remove(call);
        }
        Notice::Linked(call, who) => {
            running.peers.insert(*call, who.fingerprint);
            running.links.insert(*call);
        }
        Notice::Unlinked(call, ..) => {
            running.links.remove(call);
        }
        _ => {}
    }
}

/// Whom a prompt names.
fn named(prompt: &Question, node: &Node) -> Option<Fingerprint> {
    let Question::Line(prompt) = prompt else { return None };
    let meant = prompt.strip_suffix("> ")?;
    node.talking().find(|(_, who)| who.label == meant).map(|(_, who)| who.fingerprint)
}

/// A plain line that was typed at a prompt with a name in it: whom it named, and whom it goes to.
fn addressed(meant: Fingerprint, acts: &[Act], node: &Node) -> Option<Fact> {
    let said = acts.iter().find_map(|act| match act {
        Act::Do(Command::Say(call, _)) => Some(*call),
        _ => None,
    })?;
    let to = node.talking().find(|(call, _)| *call == said).map(|(_, who)| who.fingerprint)?;
    Some(Fact::Addressed { meant, to })
}
