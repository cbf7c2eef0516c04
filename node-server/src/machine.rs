//! The machine around a node: sockets, worker threads, signals and the terminal in one loop.
//!
//! Every program that has a node runs this loop and no other: [`Machine::turn`] sleeps, hands all
//! that came to the core, does what the core decided, and gives back what concerns the person.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use discovery::kind::Kind;
use discovery::neighbours::Change;
use discovery::shell::program;
use discovery::shell::service::{Discovery, Search, Setup};
use files::disk::{Index, Job};
use files::disk::{Source, Target};
use files::news::Command as Files;
use files::shell::{Disk, Setup as Folders};
use hallway::conn::ConnId;
use hallway::handshake::opaque::{Rejected, StretchJob, Stretched};
use hallway::handshake::stretch::Stretcher;
use hallway::limits::GOODBYE_WAIT;
use hallway::place::Place;
use hallway::shell::base::Base;
use hallway::shell::home::Home;
use hallway::shell::options::Common;
use hallway::shell::paths::expanded;
use hallway::shell::signals::Signal;
use hallway::shell::terminal::{Terminal, Typed};
use hallway::shell::worker::Worker;
use hallway::time::Millis;

use crate::node::{Command, Input, Node, Output};
use crate::notice::Notice;
use crate::sight::Sight;
use crate::talk::{Act, Seek};
use crate::view;

/// What concerns the person, or whoever stands for them.
pub enum Happening {
    /// Something at the node.
    Notice(Notice),
    /// Something about who is on this network.
    Neighbour(Change),
    /// A line, a password, the end of input.
    Typed(Typed),
    /// The program is told to end.
    Signal(Signal),
    /// This machine cannot do its part; in words.
    Trouble(String),
}

/// The slow step of a handshake, done.
type StretchDone = (ConnId, Result<Stretched, Rejected>);

/// A node with everything around it.
pub struct Machine {
    base: Base,
    node: Node,
    home: Option<Home>,
    discovery: Option<Discovery>,
    /// Whether the person looks at who is on this network.
    looks: bool,
    stretch: Worker<(ConnId, Box<StretchJob>), StretchDone>,
    look_up: Worker<(u64, Place), (u64, Vec<SocketAddr>)>,
    disk: Disk,
    happenings: VecDeque<Happening>,
}

impl Machine {
    /// `home` is where pins go; without one they last as long as the program.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(
        base: Base,
        node: Node,
        home: Option<Home>,
        files: Folders,
        stretcher: Stretcher,
    ) -> io::Result<Self> {
        let stretch = Worker::start(
            base.net.waker(),
            "stretch",
            move |(id, job): (ConnId, Box<StretchJob>)| (id, job.run(&stretcher)),
        )?;
        // Looking up may take many seconds without a name server: not in the way of anything else.
        let look_up =
            Worker::start(base.net.waker(), "look-up", |(number, place): (u64, Place)| {
                let found = (place.host.as_str(), place.port).to_socket_addrs();
                (number, found.map_or_else(|_| Vec::new(), Iterator::collect))
            })?;
        let mut disk = Disk::start(base.net.waker(), files)?;
        // What was shared in an earlier run is shared from the beginning.
        disk.submit(Job::Index(Index::Survey));
        Ok(Self {
            base,
            node,
            home,
            discovery: None,
            looks: false,
            stretch,
            look_up,
            disk,
            happenings: VecDeque::new(),
        })
    }

    /// Announces the node, which takes calls at `at`, and searches, as far as the flags allow.
    pub fn discover(&mut self, common: &Common, at: SocketAddr, search: Search) {
        let setup = Setup::of(Kind::Person, self.node.me(), at, self.home.as_ref(), search);
        self.discovery = program::start(common, setup, &self.base);
    }

    /// What time it is.
    pub fn now(&self) -> Millis {
        self.base.clock.now().tick
    }

    /// The node, to look at.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// What there is to see: the node, and who is on this network.
    pub fn sight(&self) -> Sight<'_> {
        let neighbours = self.discovery.as_ref().map(Discovery::neighbours);
        Sight { node: &self.node, neighbours }
    }

    /// The terminal.
    pub fn terminal(&self) -> &Terminal {
        &self.base.terminal
    }

    /// Has the node do something, at once.
    pub fn command(&mut self, command: Command) {
        self.handle(Input::Command(command));
    }

    /// Does what is to be done; `false` when that is to leave.
    pub fn act(&mut self, act: Act) -> bool {
        match act {
            Act::Show(text, bell) => self.base.terminal.show(&text, bell),
            Act::Do(command) => self.command(at_home(command)),
            Act::Seek(seek) => self.seek(&seek),
            Act::Quit => return false,
        }
        true
    }

    fn seek(&mut self, seek: &Seek) {
        let Some(discovery) = &mut self.discovery else { return };
        match seek {
            Seek::Search => discovery.search(),
            Seek::Try(udn) => discovery.try_neighbour(self.base.clock.now().tick, udn),
            Seek::Tell => self.base.terminal.show(&view::network(&discovery.summary()), false),
        }
    }

    /// The person looks at who is on this network, or does not: while they do, it is kept fresh.
    pub fn look(&mut self, looks: bool) {
        if let Some(discovery) = &mut self.discovery
            && self.looks != looks
        {
            self.looks = looks;
            discovery.look(self.base.clock.now().tick, looks);
        }
    }

    /// The next thing that concerns the person, if there is one; otherwise sleeps until something
    /// happens.
    pub fn turn(&mut self) -> Option<Happening> {
        self.turn_until(None)
    }

    /// The same, and it does not sleep beyond the deadline.
    pub fn turn_until(&mut self, deadline: Option<Millis>) -> Option<Happening> {
        if self.happenings.is_empty() {
            self.handle(Input::TurnEnd);
            if let Some(discovery) = &mut self.discovery {
                discovery.set_state(self.node.state());
            }
        }
        if self.happenings.is_empty() {
            let discovered = self.discovery.as_ref().and_then(Discovery::deadline);
            let due = [self.node.deadline(), discovered, deadline].into_iter().flatten().min();
            self.base.net.wait(due);
            self.gather();
        }
        self.happenings.pop_front()
    }

    fn gather(&mut self) {
        while let Some((id, input)) = self.base.net.next() {
            self.node.handle(self.base.clock.now(), Input::Net(id, input));
            self.perform();
        }
        while let Some((id, result)) = self.stretch.try_result() {
            self.handle(Input::Stretched(id, result));
        }
        while let Some((number, found)) = self.look_up.try_result() {
            self.handle(Input::LookedUp(number, found));
        }
        while let Some(done) = self.disk.try_done() {
            self.handle(Input::Disk(done));
        }
        if let Some(discovery) = &mut self.discovery {
            let changes = discovery.turn(self.base.clock.now().tick);
            self.happenings.extend(changes.into_iter().map(Happening::Neighbour));
        }
        while let Some(typed) = self.base.terminal.try_typed() {
            self.happenings.push_back(Happening::Typed(typed));
        }
        while let Some(signal) = self.base.signals.try_next() {
            self.happenings.push_back(Happening::Signal(signal));
        }
        while let Some(trouble) = self.base.net.trouble() {
            self.happenings.push_back(Happening::Trouble(trouble.to_string()));
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.node.handle(self.base.clock.now(), input);
        self.perform();
    }

    fn perform(&mut self) {
        while let Some(output) = self.node.poll() {
            match output {
                Output::Net(id, output) => self.base.net.perform(id, output),
                Output::Notice(notice) => self.notice(notice),
                Output::Stretch(id, job) => {
                    if let Err(busy) = self.stretch.submit((id, job)) {
                        self.happenings.push_back(Happening::Trouble(busy.to_string()));
                        // Otherwise the call would wait for the job for ever.
                        let undone = Input::Stretched(id, Err(Rejected::NoMemory));
                        self.node.handle(self.base.clock.now(), undone);
                    }
                }
                Output::LookUp(number, place) => {
                    if let Err(busy) = self.look_up.submit((number, place)) {
                        self.happenings.push_back(Happening::Trouble(busy.to_string()));
                        let undone = Input::LookedUp(number, Vec::new());
                        self.node.handle(self.base.clock.now(), undone);
                    }
                }
                Output::Disk(job) => self.disk.submit(job),
                Output::Remember(line) => {
                    if let Some(Err(error)) = self.home.as_ref().map(|home| home.remember(&line)) {
                        let words = format!("this identity is not remembered: {error}");
                        self.happenings.push_back(Happening::Trouble(words));
                    }
                }
            }
        }
    }

    fn notice(&mut self, notice: Notice) {
        if let (Notice::Connected(_, who), Some(discovery)) = (&notice, &mut self.discovery) {
            discovery.verified(self.base.clock.now().tick, who.fingerprint, who.at.ip());
        }
        self.happenings.push_back(Happening::Notice(notice));
    }

    /// Says goodbye to everybody and closes; gives what was left to tell.
    pub fn stop(mut self) -> (Vec<Notice>, Terminal) {
        drop(self.discovery.take());
        let until = self.now() + GOODBYE_WAIT;
        self.handle(Input::Stop);
        self.base.net.finish(GOODBYE_WAIT);
        while !self.disk.is_settled() && self.now() < until {
            self.base.net.wait(Some(until));
        }
        let left = self.happenings.into_iter().filter_map(|happening| match happening {
            Happening::Notice(notice) => Some(notice),
            Happening::Neighbour(_)
            | Happening::Typed(_)
            | Happening::Signal(_)
            | Happening::Trouble(_) => None,
        });
        (left.collect(), self.base.terminal)
    }
}

/// What a person typed, with their home folder for `~`: no shell has read it.
fn at_home(command: Command) -> Command {
    let Command::Files(files) = command else { return command };
    let target = |target| match target {
        Target::Folder(path) => Target::Folder(expanded(&path)),
        Target::Downloads | Target::Stdout => target,
    };
    Command::Files(match files {
        Files::Send(link, Source::Path(path)) => Files::Send(link, Source::Path(expanded(&path))),
        Files::Share(path) => Files::Share(expanded(&path)),
        Files::Accept(id, place) => Files::Accept(id, target(place)),
        Files::Get(link, what, place) => Files::Get(link, what, target(place)),
        Files::Send(_, Source::Shared(_) | Source::Stdin(_))
        | Files::Deny(_)
        | Files::Cancel(_)
        | Files::Unshare(_)
        | Files::List(_) => files,
    })
}
