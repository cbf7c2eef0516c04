//! An errand about files with one node, for a script or a person in a hurry: connect, send or
//! fetch, come back after an interruption, leave when all is done. Pure.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an errand answers what concerns it; the protocol is answered in the node"
)]

use std::collections::VecDeque;

use files::disk::{Source, Target};
use files::news::{Command as Files, Failure, News};
use hallway::limits;
use hallway::message::files::{Item, Wanted, Why};
use hallway::place::Place;
use hallway::reason::{Ended, Exit};
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::time::Millis;
use node_server::calls::Callee;
use node_server::node::Command;
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;
use node_server::rejoin::pause;

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
    /// What is not asked for yet.
    wishes: VecDeque<Wish>,
    under_way: usize,
    /// What is shared there, once asked for.
    pub shelf: Vec<Item>,
    stage: Stage,
    /// How often it was lost or not reached since it stood.
    failures: u32,
    /// When the connection was lost; `None` while it stands, and before the first.
    lost: Option<Millis>,
    worst: Exit,
    seeds: Seeds,
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
    /// Connects. `seeds` keep a class from coming back all at once.
    pub fn start(
        place: Place,
        password: Secret,
        wishes: Vec<Wish>,
        seeds: Seeds,
    ) -> (Self, Command) {
        let errand = Self {
            place,
            password,
            wishes: wishes.into(),
            under_way: 0,
            shelf: Vec::new(),
            stage: Stage::Dialling,
            failures: 0,
            lost: None,
            worst: Exit::Done,
            seeds,
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
        self.lost = None;
        self.stage = Stage::Open(id);
        self.failures = 0;
        // What was under way goes on by itself.
        self.ask(id)
    }

    /// Asks for what is next; when there is nothing any more, says goodbye.
    fn ask(&mut self, id: CallId) -> Vec<Command> {
        let count = (limits::OFFERS_MAX - self.under_way).min(self.wishes.len());
        self.under_way += count;
        let command = |wish| match wish {
            Wish::Send(source) => Files::Send(id.link(), source),
            Wish::Get(wanted, target) => Files::Get(id.link(), wanted, target),
            Wish::List => Files::List(id.link()),
        };
        let wishes = self.wishes.drain(..count);
        let mut commands: Vec<Command> = wishes.map(|wish| Command::Files(command(wish))).collect();
        if self.under_way == 0 {
            self.stage = Stage::Leaving;
            commands.push(Command::HangUp(id));
        }
        commands
    }

    /// What a person is told of a connection that has ended, after [`Self::told`].
    pub fn unlinked_words(&self, label: &str, ended: Ended) -> Option<String> {
        match self.stage {
            Stage::Over if ended.exit() == Exit::Done => {
                (self.worst == Exit::Lost).then(|| format!("{label} has gone in the midst of it"))
            }
            Stage::Over => Some(ended.words(label)),
            // Once, and not for each attempt.
            Stage::Pausing(_) if self.failures == 1 => {
                Some(format!("{}; trying again by itself", ended.words(label)))
            }
            _ => None,
        }
    }

    fn unlinked(&mut self, now: Millis, ended: Ended) {
        let had_begun = matches!(self.stage, Stage::Open(_)) || self.lost.is_some();
        let is_lost = matches!(ended, Ended::Lost(_) | Ended::NotReached(_) | Ended::Busy { .. });
        let since = *self.lost.get_or_insert(now);
        self.stage = match self.stage {
            Stage::Leaving => Stage::Over,
            _ if had_begun && is_lost && now < since + limits::ERRAND_PATIENCE => {
                let until = now + pause(&ended, self.failures, &mut self.seeds);
                self.failures += 1;
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
            // On the next connection it is asked again.
            News::NotThere(_, _, None, Failure::Left) => self.wishes.push_front(Wish::List),
            News::NotThere(.., failure) => self.fail(exit_of(failure)),
            News::Listed(_, _, items) => self.shelf.clone_from(items),
            _ => return Vec::new(),
        }
        self.under_way = self.under_way.saturating_sub(1);
        match self.stage {
            Stage::Open(id) => self.ask(id),
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
        Failure::NoFile => Exit::Usage,
        Failure::Left => Exit::Lost,
        Failure::There(_)
        | Failure::Here(_)
        | Failure::Trouble(_)
        | Failure::Unanswered
        | Failure::Withdrawn
        | Failure::Ended(_) => Exit::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use files::disk::TransferId;
    use files::news::{About, LinkId, Way};
    use hallway::conn::{ConnectError, Lost};
    use hallway::identity::PublicIdentity;
    use hallway::message::files::Kind;
    use hallway::text::FileName;
    use node_server::notice::{Standing, Who};

    fn errand(count: u64) -> Errand {
        let source = |number| Source::Stdin(FileName::of(&format!("{number}")));
        let wishes = (0..count).map(|number| Wish::Send(source(number))).collect();
        let place = Place::parse("127.0.0.1:1", 0).unwrap();
        Errand::start(place, Secret::new("secret").unwrap(), wishes, Seeds::new([1; 32])).0
    }

    fn linked(errand: &mut Errand, number: u64) -> Vec<Command> {
        let who = Who {
            label: "katie".into(),
            fingerprint: PublicIdentity([7; 32]).fingerprint(),
            standing: Standing::Known,
            at: "127.0.0.1:1".parse().unwrap(),
        };
        errand.told(Millis(0), &Notice::Linked(CallId(number), who))
    }

    fn unlinked(errand: &mut Errand, now: u64, ended: Ended) {
        errand.told(Millis(now), &Notice::Unlinked(CallId(1), "katie".into(), ended));
    }

    fn done(errand: &mut Errand, failure: Option<Failure>) -> Vec<Command> {
        let name = FileName::of("x");
        let about = About {
            id: TransferId(1),
            way: Way::Out,
            peer: "katie".into(),
            name: name.clone(),
            kind: Kind::File,
            entries: 1,
            bytes: None,
        };
        let news = match failure {
            None => News::Done(about, name, None, None),
            Some(failure) => News::Failed(about, failure),
        };
        errand.told(Millis(0), &Notice::Files(news))
    }

    #[test]
    fn many_wishes_are_asked_for_a_few_at_a_time_and_the_last_one_ends_it() {
        let mut errand = errand(100);
        assert_eq!(linked(&mut errand, 1).len(), limits::OFFERS_MAX);
        for settled in 1..=100 {
            let commands = done(&mut errand, None);
            let left = 100 - limits::OFFERS_MAX;
            let expected = usize::from(settled <= left || settled == 100);
            assert_eq!(commands.len(), expected, "after {settled}");
        }
        unlinked(&mut errand, 0, Ended::ByUs(hallway::reason::CloseReason::Bye));
        assert_eq!(errand.exit(), Some(Exit::Done));
    }

    #[test]
    fn a_lost_connection_is_made_anew_and_nothing_is_asked_for_twice() {
        let mut errand = errand(2);
        assert_eq!(linked(&mut errand, 1).len(), 2);
        unlinked(&mut errand, 1_000, Ended::Lost(Lost::Broken));
        let due = errand.deadline().unwrap();
        assert!(errand.tick(due - Millis(1)).is_empty());
        assert!(matches!(errand.tick(due)[..], [Command::Link(_)]));
        for _ in 0..4 {
            unlinked(&mut errand, due.0, Ended::NotReached(ConnectError::Refused));
        }
        assert!(errand.deadline().unwrap() - due > due - Millis(1_000), "longer pauses");
        assert!(linked(&mut errand, 2).is_empty());
        unlinked(&mut errand, 5_000, Ended::Lost(Lost::Broken));
        unlinked(
            &mut errand,
            5_000 + limits::ERRAND_PATIENCE.0,
            Ended::NotReached(ConnectError::Refused),
        );
        assert_eq!(errand.exit(), Some(Exit::Lost));
    }

    #[test]
    fn a_list_that_was_not_answered_is_asked_for_again_and_one_that_stays_away_is_lost() {
        for is_back in [true, false] {
            let mut errand = errand(0);
            errand.wishes = [Wish::List].into();
            assert_eq!(linked(&mut errand, 1).len(), 1);
            unlinked(&mut errand, 0, Ended::Lost(Lost::Broken));
            let left = News::NotThere(LinkId(1), "katie".into(), None, Failure::Left);
            assert!(errand.told(Millis(0), &Notice::Files(left)).is_empty());
            if is_back {
                let asked = linked(&mut errand, 2);
                assert!(matches!(asked[..], [Command::Files(Files::List(LinkId(2)))]));
                let listed = News::Listed(LinkId(2), "katie".into(), Vec::new());
                let over = errand.told(Millis(0), &Notice::Files(listed));
                assert!(matches!(over[..], [Command::HangUp(CallId(2))]));
                unlinked(&mut errand, 0, Ended::ByUs(hallway::reason::CloseReason::Bye));
                assert_eq!(errand.exit(), Some(Exit::Done));
            } else {
                let refused = Ended::NotReached(ConnectError::Refused);
                unlinked(&mut errand, limits::ERRAND_PATIENCE.0, refused);
                assert_eq!(errand.exit(), Some(Exit::Lost));
            }
        }
    }

    #[test]
    fn who_is_never_reached_is_not_tried_again_and_the_first_failure_counts() {
        let mut errand = errand(1);
        unlinked(&mut errand, 0, Ended::WrongPassword);
        assert_eq!(errand.exit(), Some(Exit::NotLetIn));
        let mut errand = self::errand(3);
        linked(&mut errand, 1);
        done(&mut errand, Some(Failure::There(Why::NoRoom)));
        done(&mut errand, Some(Failure::There(Why::Denied)));
        done(&mut errand, None);
        unlinked(&mut errand, 0, Ended::ByUs(hallway::reason::CloseReason::Bye));
        assert_eq!(errand.exit(), Some(Exit::Failed));
    }
}
