//! An errand about files with one node, for a script or a person in a hurry: connect, send or
//! fetch, come back after an interruption, leave when all is done. Pure.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an errand answers what concerns it; the protocol is answered in the node"
)]

use files::disk::{Source, Target};
use files::news::{Command as Files, Failure, News};
use hallway::message::files::{Item, Wanted, Why};
use hallway::place::Place;
use hallway::reason::{Ended, Exit};
use hallway::secret::Secret;
use hallway::time::Millis;
use node_server::calls::Callee;
use node_server::node::Command;
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;

/// First pause before a lost connection is made anew; each failure doubles it.
const PAUSE_FIRST: Millis = Millis(500);
/// Longest such pause.
const PAUSE_LONGEST: Millis = Millis(15_000);
/// Without a connection for so long, the errand gives up: what was fetched is kept, and the same
/// command goes on with it another day.
const PATIENCE: Millis = Millis(600_000);

/// What to do there.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Offer this.
    Send(Source),
    /// Fetch this.
    Get(Wanted, Target),
    /// Ask what is shared.
    List,
}

/// All that is to be done with one node.
pub struct Errand {
    place: Place,
    password: Secret,
    wishes: Vec<Wish>,
    /// Those that came to an end, good or bad.
    settled: usize,
    /// What is shared there, once asked for.
    pub shelf: Vec<Item>,
    stage: Stage,
    pause: Millis,
    /// When the connection was lost; `None` while it stands, and before the first.
    lost: Option<Millis>,
    worst: Exit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// On the way.
    Dialling,
    /// It stands.
    Open(CallId),
    /// It was lost, and is dialled again then.
    Pausing(Millis),
    /// All is said.
    Leaving,
    /// It is over.
    Over,
}

impl Errand {
    /// Connects.
    pub fn start(place: Place, password: Secret, wishes: Vec<Wish>) -> (Self, Command) {
        let errand = Self {
            place,
            password,
            wishes,
            settled: 0,
            shelf: Vec::new(),
            stage: Stage::Dialling,
            pause: PAUSE_FIRST,
            lost: None,
            worst: Exit::Done,
        };
        let link = errand.link();
        (errand, link)
    }

    fn link(&self) -> Command {
        Command::Link(Callee {
            label: self.place.to_string(),
            whereabouts: Whereabouts::Place(self.place.clone()),
            identity: None,
            password: self.password.clone(),
        })
    }

    /// The exit code, once it is over.
    pub fn exit(&self) -> Option<Exit> {
        (self.stage == Stage::Over).then_some(self.worst)
    }

    /// When [`Self::tick`] is wanted.
    pub fn deadline(&self) -> Option<Millis> {
        match self.stage {
            Stage::Pausing(until) => Some(until),
            _ => None,
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Millis) -> Vec<Command> {
        match self.stage {
            Stage::Pausing(until) if until <= now => {
                self.stage = Stage::Dialling;
                vec![self.link()]
            }
            _ => Vec::new(),
        }
    }

    /// Something happened at the node.
    pub fn told(&mut self, now: Millis, notice: &Notice) -> Vec<Command> {
        match notice {
            Notice::Linked(id, _) => self.linked(*id),
            Notice::Unlinked(_, _, ended) => {
                self.unlinked(now, *ended);
                Vec::new()
            }
            Notice::Files(news) => self.news(news),
            _ => Vec::new(),
        }
    }

    fn linked(&mut self, id: CallId) -> Vec<Command> {
        let is_first = self.lost.take().is_none();
        self.stage = Stage::Open(id);
        self.pause = PAUSE_FIRST;
        // What was under way goes on by itself.
        let wishes = self.wishes.iter().filter(|_| is_first).cloned();
        let command = |wish| match wish {
            Wish::Send(source) => Files::Send(id.link(), source),
            Wish::Get(wanted, target) => Files::Get(id.link(), wanted, target),
            Wish::List => Files::List(id.link()),
        };
        wishes.map(|wish| Command::Files(command(wish))).collect()
    }

    fn unlinked(&mut self, now: Millis, ended: Ended) {
        let had_begun = matches!(self.stage, Stage::Open(_)) || self.lost.is_some();
        let is_lost = matches!(ended, Ended::Lost(_) | Ended::NotReached(_) | Ended::Busy { .. });
        let since = *self.lost.get_or_insert(now);
        self.stage = match self.stage {
            Stage::Leaving => Stage::Over,
            _ if had_begun && is_lost && now < since + PATIENCE => {
                let until = now + self.pause;
                self.pause = (self.pause + self.pause).min(PAUSE_LONGEST);
                Stage::Pausing(until)
            }
            _ => {
                // A goodbye of theirs in the midst of it is not what was asked for.
                let exit = ended.exit();
                self.fail(if exit == Exit::Done { Exit::Lost } else { exit });
                Stage::Over
            }
        };
    }

    fn news(&mut self, news: &News) -> Vec<Command> {
        match news {
            News::Done(..) | News::HadAlready(..) => {}
            News::Failed(_, failure) => self.fail(exit_of(failure)),
            News::NotThere(_, _, why) => self.fail(exit_of(&Failure::There(*why))),
            News::Listed(_, _, items) => self.shelf.clone_from(items),
            _ => return Vec::new(),
        }
        self.settled += 1;
        match self.stage {
            Stage::Open(id) if self.settled >= self.wishes.len() => {
                self.stage = Stage::Leaving;
                vec![Command::HangUp(id)]
            }
            _ => Vec::new(),
        }
    }

    fn fail(&mut self, exit: Exit) {
        if self.worst == Exit::Done {
            self.worst = exit;
        }
    }
}

fn exit_of(failure: &Failure) -> Exit {
    match failure {
        Failure::There(Why::Denied | Why::Policy | Why::TooLarge | Why::TooMany | Why::Stopped) => {
            Exit::NotLetIn
        }
        Failure::There(Why::Damaged) => Exit::Protocol,
        Failure::There(_) | Failure::Here(_) | Failure::Trouble(_) => Exit::Failed,
    }
}
