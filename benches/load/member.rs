//! One member as the load makes it: the real dialling side with its stretched password remembered,
//! or its shadow before the floor, which sends the same bytes; or somebody on IRC.

use std::time::{Duration, Instant};

use hallway::channel::{Channel, Incoming};
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::dialling::{DialStep, Dialling, Wanted};
use hallway::handshake::hello::Service;
use hallway::handshake::stretch::Stretcher;
use hallway::identity::{Identity, PublicIdentity};
use hallway::message::{Addresses, Change, Join, Member as Listed, Message, State};
use hallway::reason::Ended;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::text::Name;
use hallway::time::Millis;

use crate::irc::{self, Said};
use crate::plain::{self, Frames, Kind as Frame};
use crate::server::{Kind, PASSWORD};

/// What all members share: randomness, and one memory of the stretched password.
pub(crate) struct Keys {
    pub(crate) seeds: Seeds,
    pub(crate) stretcher: Stretcher,
}

/// What a member asks for once it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// A place on the list.
    Place,
    /// The list alone.
    View,
    /// Nothing: it goes again.
    Nothing,
}

/// How far a member has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reached {
    /// Not in yet.
    Door,
    /// Logged in, without the whole list.
    Inside,
    /// It has the list.
    Listed,
    /// It was not let in, or its connection ended.
    Gone,
}

enum Stage {
    Dialling(Box<(Dialling, Me)>),
    Open(Box<Channel>),
    /// Before the floor: so many bytes of the answer are missing.
    Shadow(usize),
    Frames(Frames),
    /// On IRC: the beginning of a line.
    Lines(Vec<u8>),
    Over,
}

/// One member.
pub(crate) struct Member {
    stage: Stage,
    number: usize,
    want: Want,
    /// Whether it opens and reads what it is told after the list; the others count bytes, for the
    /// load must not take more of the machine than the server does.
    listens: bool,
    state: State,
    began: Instant,
    pub(crate) reached: Reached,
    /// How many are on the list, as it knows.
    pub(crate) known: usize,
    /// Bytes that came since somebody set this to zero.
    pub(crate) bytes: usize,
    /// It was told to come again after so long.
    pub(crate) busy: Option<Millis>,
    /// From the dialling to the log-in, then from the wish to the whole list.
    pub(crate) took: Duration,
}

/// A member as it stands on the list, to know how many bytes that takes.
pub(crate) fn sample() -> Listed {
    Listed {
        name: name(12_345),
        identity: PublicIdentity([7; 32]),
        instance: Instance([7; 8]),
        port: 5460,
        addresses: Addresses::new(["127.0.0.1".parse().unwrap()]),
        state: State::Available,
    }
}

fn name(number: usize) -> Name {
    Name::parse(&format!("member-{number:05}")).unwrap()
}

impl Member {
    /// Comes to the door; gives the first bytes.
    pub(crate) fn new(kind: Kind, number: usize, want: Want, keys: &mut Keys) -> (Self, Vec<u8>) {
        let (stage, bytes) = match kind {
            Kind::Irc(_) => (Stage::Lines(Vec::new()), irc::hello(number)),
            Kind::Floor => (Stage::Shadow(plain::ANSWER_BYTES), vec![7; plain::HELLO_BYTES]),
            Kind::Community => {
                let me = Me {
                    name: name(number),
                    identity: Identity::from_seed(&keys.seeds.draw()),
                    instance: Instance(keys.seeds.instance()),
                };
                let wanted = Wanted {
                    service: Service::Community,
                    password: Secret::new(PASSWORD).unwrap(),
                    identity: None,
                    profile: keys.stretcher.profile(),
                };
                let start = Dialling::start(wanted, Millis(0), &mut keys.seeds);
                let (dialling, bytes) = start.unwrap_or_else(|_| unreachable!("a short password"));
                (Stage::Dialling(Box::new((dialling, me))), bytes)
            }
        };
        let member = Self {
            stage,
            number,
            want,
            listens: number.is_multiple_of(16),
            state: State::Available,
            began: Instant::now(),
            reached: Reached::Door,
            known: 0,
            bytes: 0,
            busy: None,
            took: Duration::ZERO,
        };
        (member, bytes)
    }

    /// Whether `known` is kept up to date.
    pub(crate) fn listens(&self) -> bool {
        self.listens
    }

    /// Its connection ended.
    pub(crate) fn closed(&mut self) {
        self.stage = Stage::Over;
        self.reached = Reached::Gone;
    }

    /// The other state, as bytes to send.
    pub(crate) fn toggle(&mut self) -> Vec<u8> {
        self.state = match self.state {
            State::Available => State::InChat,
            State::InChat => State::Available,
        };
        self.say(&Message::State(self.state))
    }

    fn say(&mut self, message: &Message) -> Vec<u8> {
        let mut bytes = Vec::new();
        match &mut self.stage {
            Stage::Open(channel) => channel.send(Millis(0), message, &mut bytes).unwrap(),
            Stage::Frames(_) => {
                let kind = match message {
                    Message::Join(_) => Frame::Join,
                    Message::Watch => Frame::Watch,
                    _ => Frame::State,
                };
                bytes = plain::frame(kind, 0, message.encode().len());
            }
            Stage::Lines(_) => bytes = irc::line(self.number, message),
            Stage::Dialling(_) | Stage::Shadow(_) | Stage::Over => unreachable!("not inside"),
        }
        bytes
    }

    /// Bytes from the server; gives the answer.
    pub(crate) fn received(&mut self, bytes: &[u8], keys: &mut Keys) -> Vec<u8> {
        self.bytes += bytes.len();
        if self.reached == Reached::Listed && !self.listens {
            return Vec::new();
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Dialling(both) => {
                let (dialling, me) = *both;
                let step = dialling.received(bytes, &me, &mut keys.seeds);
                self.step(step, me, keys)
            }
            Stage::Open(mut channel) => {
                channel.push(bytes);
                self.stage = Stage::Open(channel);
                self.read();
                Vec::new()
            }
            Stage::Shadow(missing) => {
                self.stage = Stage::Shadow(missing - bytes.len());
                if missing > bytes.len() {
                    return Vec::new();
                }
                self.stage = Stage::Frames(Frames::default());
                let auth = plain::frame(Frame::Auth, 0, plain::AUTH_BYTES);
                [vec![7; plain::KE3_BYTES], auth].concat()
            }
            Stage::Frames(mut frames) => {
                frames.push(bytes);
                self.stage = Stage::Frames(frames);
                self.read_frames()
            }
            Stage::Lines(mut begun) => {
                begun.extend_from_slice(bytes);
                self.read_lines(begun)
            }
            Stage::Over => Vec::new(),
        }
    }

    fn step(&mut self, step: DialStep, me: Me, keys: &Keys) -> Vec<u8> {
        match step {
            DialStep::Wait(dialling) => self.stage = Stage::Dialling(Box::new((dialling, me))),
            DialStep::Stretch(dialling, job) => {
                let done = dialling.stretched(job.run(&keys.stretcher), &me, Millis(0));
                let (dialling, bytes) = done.unwrap_or_else(|ended| panic!("{ended:?}"));
                self.stage = Stage::Dialling(Box::new((dialling, me)));
                return bytes;
            }
            DialStep::Open(channel, _) => {
                self.stage = Stage::Open(channel);
                let wish = self.enter();
                self.read();
                return wish;
            }
            DialStep::Failed(ended) => {
                if let Ended::Busy { wait_ms } = ended {
                    self.busy = Some(Millis(wait_ms.into()));
                }
                self.closed();
            }
        }
        Vec::new()
    }

    /// Logged in: gives the bytes of what it asks for.
    fn enter(&mut self) -> Vec<u8> {
        self.took = self.began.elapsed();
        self.began = Instant::now();
        self.reached = Reached::Inside;
        match self.want {
            Want::Place => {
                let Listed { port, addresses, state, .. } = sample();
                self.say(&Message::Join(Join { port, addresses, state }))
            }
            Want::View => self.say(&Message::Watch),
            Want::Nothing => Vec::new(),
        }
    }

    fn read(&mut self) {
        while let Stage::Open(channel) = &mut self.stage
            && let Some(incoming) = channel.poll().unwrap()
        {
            match incoming {
                Incoming::Message(Message::Members(page)) => {
                    self.page(page.members.len(), page.last);
                }
                Incoming::Message(Message::Changes(changes)) => {
                    for change in changes {
                        match change {
                            Change::Joined(_) => self.known += 1,
                            Change::Left(_) => self.known -= 1,
                            Change::State(..) => {}
                        }
                    }
                }
                Incoming::Message(_) | Incoming::Bulk(..) => panic!("{incoming:?}"),
                Incoming::Closed(_) => self.closed(),
            }
        }
    }

    /// The same before the floor; gives the bytes of what it asks for, if it is inside now.
    fn read_frames(&mut self) -> Vec<u8> {
        let mut answer = Vec::new();
        while let Stage::Frames(frames) = &mut self.stage
            && let Some((kind, count)) = frames.next()
        {
            match kind {
                Frame::Auth => answer = self.enter(),
                Frame::Page | Frame::LastPage => self.page(count, kind == Frame::LastPage),
                Frame::Changes => self.known += count,
                Frame::Join | Frame::Watch | Frame::State => unreachable!("no server says that"),
            }
        }
        answer
    }

    /// The same on IRC.
    fn read_lines(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        let mut rest = bytes.as_slice();
        self.stage = Stage::Lines(Vec::new());
        let mut answer = Vec::new();
        while let Some((line, after)) = irc::split(rest) {
            rest = after;
            match Said::parse(line) {
                Said::Welcome => answer = self.enter(),
                Said::Names(count) => self.page(count, false),
                Said::EndOfNames => self.page(0, true),
                // Before the list it is our own.
                Said::Joined if self.reached == Reached::Listed => self.known += 1,
                Said::Left => self.known -= 1,
                Said::Joined | Said::Other => {}
            }
        }
        self.stage = Stage::Lines(rest.to_vec());
        answer
    }

    fn page(&mut self, count: usize, last: bool) {
        self.known += count;
        if last {
            self.reached = Reached::Listed;
            self.took = self.began.elapsed();
        }
    }
}
