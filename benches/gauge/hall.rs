//! A community with members: coming in, changes told and read, and nothing at all.

use community_server::community::{Input, Output};
use hallway::channel::{Channel, Incoming};
use hallway::conn::{ConnId, NetInput, NetOutput};
use hallway::limits::{NEWS_PAUSE_MIN, NEWS_PAUSE_PER_THOUSAND};
use hallway::message::{Addresses, Join, Message, State};
use hallway::time::Millis;

use crate::login::Door;
use crate::works::gauged;

const MEMBERS: usize = 100;
const ROUNDS: usize = 20;

/// What a member asks for when it has logged in.
pub(crate) fn wish() -> Message {
    let addresses = Addresses::new(["192.168.1.5".parse().unwrap()]);
    Message::Join(Join { port: 5460, addresses, state: State::Available })
}

fn sealed(channel: &mut Channel, message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    channel.send(Millis(0), message, &mut bytes).unwrap();
    bytes
}

/// A community whose members have all been told of each other.
struct Hall {
    door: Door,
    members: Vec<(ConnId, Box<Channel>)>,
}

impl Hall {
    fn new() -> Self {
        let mut hall = Self { door: Door::new(), members: Vec::new() };
        for _ in 0..MEMBERS {
            let (id, bytes) = hall.come();
            hall.door.handle(Input::Net(id, NetInput::Received(&bytes)));
        }
        hall.settle();
        hall
    }

    /// Somebody logs in; gives their wish for a place, sealed.
    fn come(&mut self) -> (ConnId, Vec<u8>) {
        let (id, mut channel) = self.door.log_in();
        let bytes = sealed(&mut channel, &wish());
        self.members.push((id, channel));
        (id, bytes)
    }

    /// Everybody is told everything, and reads it.
    fn settle(&mut self) {
        self.deliver();
        self.pause();
        while self.door.community.deadline().is_some() {
            self.door.handle(Input::TurnEnd);
            self.deliver();
            self.pause();
        }
    }

    /// So much time passes that the next change is told at once.
    fn pause(&mut self) {
        let tick = &mut self.door.now.tick;
        *tick = *tick + NEWS_PAUSE_MIN + NEWS_PAUSE_PER_THOUSAND;
    }

    /// What the community sent comes to the members.
    fn deliver(&mut self) {
        for output in self.door.outputs.drain(..) {
            let Output::Net(id, NetOutput::Send(bytes)) = output else { continue };
            let (_, channel) = self.members.iter_mut().find(|(member, _)| *member == id).unwrap();
            channel.push(&bytes);
            while channel.poll().unwrap().is_some() {}
        }
    }

    /// The first member has another state; gives that as it travels.
    fn change(&mut self, round: usize) -> Vec<u8> {
        let state = if round.is_multiple_of(2) { State::InChat } else { State::Available };
        sealed(&mut self.members[0].1, &Message::State(state))
    }
}

/// A place on the list is asked for.
pub(crate) fn join() -> usize {
    let mut hall = Hall::new();
    for _ in 0..ROUNDS {
        let (id, bytes) = hall.come();
        gauged(|| hall.door.handle(Input::Net(id, NetInput::Received(&bytes))));
        hall.settle();
    }
    ROUNDS
}

/// A change of one comes, and is told to all.
pub(crate) fn tell() -> usize {
    let mut hall = Hall::new();
    let id = hall.members[0].0;
    for round in 0..ROUNDS {
        let bytes = hall.change(round);
        gauged(|| {
            hall.door.handle(Input::Net(id, NetInput::Received(&bytes)));
            hall.door.handle(Input::TurnEnd);
        });
        let told = hall.door.outputs.iter().filter(|o| matches!(o, Output::Net(..))).count();
        assert_eq!(told, MEMBERS);
        hall.settle();
    }
    ROUNDS * MEMBERS
}

/// The last member reads of the change.
pub(crate) fn told() -> usize {
    let mut hall = Hall::new();
    let id = hall.members[0].0;
    for round in 0..ROUNDS {
        let bytes = hall.change(round);
        hall.door.handle(Input::Net(id, NetInput::Received(&bytes)));
        hall.door.handle(Input::TurnEnd);
        let Some(Output::Net(_, NetOutput::Send(bytes))) = hall.door.outputs.pop() else {
            panic!("the last member is told last")
        };
        let (_, channel) = &mut hall.members[MEMBERS - 1];
        gauged(|| {
            channel.push(&bytes);
            let first = channel.poll().unwrap();
            assert!(matches!(first, Some(Incoming::Message(Message::Changes(_)))));
            assert_eq!(channel.poll(), Ok(None));
        });
        hall.settle();
    }
    ROUNDS
}

/// The loop turns, and there is nothing to do.
pub(crate) fn idle() -> usize {
    let mut hall = Hall::new();
    for _ in 0..ROUNDS {
        gauged(|| {
            hall.door.handle(Input::TurnEnd);
            assert_eq!(hall.door.community.deadline(), None);
        });
        hall.pause();
    }
    ROUNDS
}
