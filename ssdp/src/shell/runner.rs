//! The loop of the thread: what comes from outside goes into the engine, what it wants is done.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token, Waker};

use super::service::{Command, Options, Shared};
use super::sockets::Sockets;
use super::status::{State, Status};
use super::watch::{self, Watch};
use crate::candidates::{Candidate, Verdict, choose};
use crate::engine::{Config, Engine, Input, Output};
use crate::interface::Interface;
use crate::limits::{
    DATAGRAM_BYTES_MAX, DATAGRAMS_PER_TURN, INTERFACES_EVERY, INTERFACES_SETTLE, SOCKETS_RETRY,
    STATUS_EVERY,
};

const WAKER: Token = Token(0);
const WATCH: Token = Token(1);
const FIRST_SOCKET: usize = 2;

pub(super) struct Runner {
    poll: Poll,
    engine: Engine,
    sockets: Sockets,
    watch: Watch,
    commands: Receiver<Command>,
    shared: Arc<Shared>,
    wake: Box<dyn Fn() + Send>,
    options: Options,
    /// The moment that the engine's time counts from.
    begun: Instant,
    decided: Vec<(Candidate, Verdict)>,
    /// What the engine knows of the interfaces.
    told: Vec<Interface>,
    /// Sockets that may hold more.
    readable: BTreeSet<Token>,
    look_at: Duration,
    retry_at: Duration,
    publish_at: Option<Duration>,
    published_at: Duration,
}

impl Runner {
    pub(super) fn new(
        config: Config,
        seed: u64,
        options: Options,
        commands: Receiver<Command>,
        shared: Arc<Shared>,
        wake: Box<dyn Fn() + Send>,
    ) -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let waker = Waker::new(poll.registry(), WAKER)?;
        let mut runner = Self {
            sockets: Sockets::new(registry, FIRST_SOCKET, seed, config.device.is_some()),
            engine: Engine::new(config, seed),
            watch: Watch::new(poll.registry(), WATCH),
            poll,
            commands,
            shared,
            wake,
            options,
            begun: Instant::now(),
            decided: Vec::new(),
            told: Vec::new(),
            readable: BTreeSet::new(),
            look_at: Duration::ZERO,
            retry_at: Duration::ZERO,
            publish_at: None,
            published_at: Duration::ZERO,
        };
        // So that there is a status from the beginning.
        runner.look(Duration::ZERO);
        runner.publish(Duration::ZERO);
        Ok((runner, waker))
    }

    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(64);
        let mut buffer = [0; DATAGRAM_BYTES_MAX + 1];
        while !self.shared.stop.load(Ordering::Acquire) {
            // Interrupted or not: what is due is looked for anyway.
            let _ = self.poll.poll(&mut events, Some(self.patience()));
            let now = self.begun.elapsed();
            for event in &events {
                self.ready(now, event.token());
            }
            while let Ok(command) = self.commands.try_recv() {
                self.handle(now, command.into());
            }
            self.read(now, &mut buffer);
            let is_changed = self.look_at <= now && self.look(now);
            if self.engine.deadline().is_some_and(|deadline| deadline <= now) {
                self.handle(now, Input::Timer);
            }
            let has_events = self.flush(now);
            self.sockets.release(now);
            self.publish_if_due(now);
            if is_changed || has_events {
                (self.wake)();
            }
        }
        let now = self.begun.elapsed();
        self.engine.handle(now, Input::Stop);
        self.flush(now);
    }

    fn handle(&mut self, now: Duration, input: Input<'_>) {
        self.engine.handle(now, input);
        self.publish_at.get_or_insert(self.published_at + STATUS_EVERY);
    }

    /// How long nothing is due.
    fn patience(&self) -> Duration {
        if !self.readable.is_empty() {
            return Duration::ZERO;
        }
        let due = [self.engine.deadline(), self.sockets.deadline(), self.publish_at];
        let due = due.into_iter().flatten().fold(self.look_at, Duration::min);
        due.saturating_sub(self.begun.elapsed())
    }

    fn ready(&mut self, now: Duration, token: Token) {
        match token {
            WAKER => {}
            WATCH => {
                if self.watch.drain() {
                    self.look_at = self.look_at.min(now + INTERFACES_SETTLE);
                }
            }
            socket => {
                self.readable.insert(socket);
            }
        }
    }

    /// Reads what has come, one from each socket in turn, so that none waits for a busy one; and
    /// not all of a flood at once, so that time goes on.
    fn read(&mut self, now: Duration, buffer: &mut [u8]) {
        let mut left = DATAGRAMS_PER_TURN;
        while left > 0 && !self.readable.is_empty() {
            for token in self.readable.clone() {
                left = left.saturating_sub(1);
                match self.sockets.receive(now, token, buffer) {
                    Ok(Some((arrival, length))) => {
                        let bytes = buffer.get(..length).unwrap_or_default();
                        self.handle(now, Input::Datagram(arrival, bytes));
                    }
                    Ok(None) => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // Nothing more; and after an error the next datagram makes it readable again.
                    Err(_) => {
                        self.readable.remove(&token);
                    }
                }
            }
        }
    }

    /// Looks at the interfaces and follows what has changed. Says whether anything has.
    fn look(&mut self, now: Duration) -> bool {
        self.look_at = now + INTERFACES_EVERY;
        self.sockets.rejoin_silent(now);
        // Where the system does not tell, what it told last is as good as anything.
        let Ok(mut listed) = watch::list() else { return false };
        if let Some(ip) = self.options.address {
            listed.iter_mut().for_each(|candidate| candidate.keep_only(ip));
        }
        let decided = choose(listed, &self.options.only);
        let retries = self.sockets.has_trouble() && self.retry_at <= now;
        let is_changed = decided != self.decided || retries;
        if is_changed {
            self.decided = decided;
            self.retry_at = now + SOCKETS_RETRY;
            let used = self.decided.iter().filter(|(_, verdict)| *verdict == Verdict::Used);
            self.sockets.update(now, used.map(|(candidate, _)| candidate));
            self.publish_at = Some(now);
        }
        let interfaces = self.sockets.interfaces();
        if interfaces != self.told {
            self.told.clone_from(&interfaces);
            self.handle(now, Input::Interfaces(interfaces));
        }
        is_changed
    }

    /// Does what the engine wants, and says whether there are events to fetch.
    fn flush(&mut self, now: Duration) -> bool {
        let mut any_event = false;
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Send(datagram) => self.sockets.send(now, &datagram),
                Output::Event(event) => {
                    self.shared.outbox().push(event);
                    any_event = true;
                }
            }
        }
        any_event
    }

    fn publish_if_due(&mut self, now: Duration) {
        if self.publish_at.is_some_and(|at| at <= now) {
            self.publish(now);
        }
    }

    fn publish(&mut self, now: Duration) {
        self.publish_at = None;
        self.published_at = now;
        let state = |(candidate, verdict): &(Candidate, Verdict)| State {
            candidate: candidate.clone(),
            verdict: *verdict,
            traffic: self.sockets.traffic(candidate.index).cloned().unwrap_or_default(),
            counts: self.engine.counts().get(&candidate.index).copied().unwrap_or_default(),
        };
        *self.shared.status() = Status {
            interfaces: self.decided.iter().map(state).collect(),
            troubles: self.sockets.troubles().to_vec(),
        };
    }
}

impl From<Command> for Input<'_> {
    fn from(command: Command) -> Self {
        match command {
            Command::Search(target) => Self::Search(target),
            Command::Check(udn) => Self::Check(udn),
            Command::Verified(udn) => Self::Verified(udn),
            Command::Extra(extra) => Self::Extra(extra),
        }
    }
}
