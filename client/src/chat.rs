//! `client chat`: one conversation with one node, by a person or by a script. Pure.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

use hallway::place::Place;
use hallway::reason::{Ended, Exit};
use hallway::secret::Secret;
use node_server::calls::Callee;
use node_server::node::{Command, Node};
use node_server::notice::{CallId, Notice};
use node_server::outbound::Whereabouts;
use node_server::talk::{Act, Talk};

/// One conversation.
pub struct Chat {
    place: Place,
    stage: Stage,
    talk: Talk,
    /// A person is there, who can be asked for the password again.
    interactive: bool,
}

enum Stage {
    /// On the way.
    Dialling,
    /// The password was wrong; another is wanted.
    ExpectPassword,
    /// It rings there.
    Calling,
    /// Both may speak.
    Talking(CallId),
    /// Nothing more will be said from here; the rest is still to be confirmed.
    Finishing,
    /// It is over.
    Over(Exit),
}

/// What to read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Nothing at the moment.
    Nothing,
    /// A line to say.
    Line,
    /// The password, again.
    Password,
}

impl Chat {
    /// Calls.
    pub fn start(place: Place, password: Secret, interactive: bool) -> (Self, Command) {
        let command = call(&place, password);
        let chat = Self { place, stage: Stage::Dialling, talk: Talk::with_anybody(), interactive };
        (chat, command)
    }

    /// The exit code, once it is over.
    pub fn exit(&self) -> Option<Exit> {
        match self.stage {
            Stage::Over(exit) => Some(exit),
            _ => None,
        }
    }

    /// What to read next: a script's next line only when the last ones have found their way.
    pub fn wants(&self, node: &Node) -> Wants {
        match self.stage {
            Stage::ExpectPassword => Wants::Password,
            Stage::Talking(id) if node.can_say(id) => Wants::Line,
            // A person may give up while it rings.
            Stage::Calling if self.interactive => Wants::Line,
            _ => Wants::Nothing,
        }
    }

    /// Words for Tab.
    pub fn completions(&self, node: &Node) -> Vec<String> {
        self.talk.completions(node)
    }

    /// A line was typed, or read from a pipe.
    pub fn line(&mut self, line: &str, node: &Node) -> Vec<Act> {
        if !self.interactive {
            // A script says what it says: nothing in it is a command.
            let Stage::Talking(id) = self.stage else { return Vec::new() };
            let lines = hallway::text::Line::split(line).into_iter();
            return lines.map(|line| Act::Do(Command::Say(id, line))).collect();
        }
        match self.talk.typed(line, node) {
            Some(acts) => acts,
            None => vec![Act::Show("it rings; /quit gives up".into(), false)],
        }
    }

    /// The password, once more; `None` gives up.
    pub fn password(&mut self, password: Option<Secret>) -> Vec<Act> {
        match password {
            Some(password) => {
                self.stage = Stage::Dialling;
                vec![Act::Do(call(&self.place, password))]
            }
            None => {
                self.stage = Stage::Over(Exit::NotLetIn);
                Vec::new()
            }
        }
    }

    /// The end of input: goodbye after everything has been said.
    pub fn end(&mut self) -> Vec<Act> {
        match self.stage {
            Stage::Talking(id) => {
                self.stage = Stage::Finishing;
                vec![Act::Do(Command::Finish(id))]
            }
            _ => vec![Act::Quit],
        }
    }

    /// Something happened at the node.
    pub fn told(&mut self, notice: &Notice, node: &Node) -> Vec<Act> {
        let acts = self.talk.told(notice, node);
        match notice {
            Notice::Calling(..) => self.stage = Stage::Calling,
            Notice::Connected(id, _) => self.stage = Stage::Talking(*id),
            Notice::Ended(_, _, Ended::WrongPassword, _) if self.interactive => {
                self.stage = Stage::ExpectPassword;
            }
            Notice::Ended(_, _, ended, unsent) => {
                let exit = ended.exit();
                // A goodbye of theirs that came before ours were shown is not what was asked for.
                let cut = exit == Exit::Done && !unsent.is_empty();
                self.stage = Stage::Over(if cut { Exit::Lost } else { exit });
            }
            _ => {}
        }
        acts
    }
}

fn call(place: &Place, password: Secret) -> Command {
    let whereabouts = Whereabouts::Place(place.clone());
    let label = place.to_string();
    Command::Call(Callee { label, whereabouts, identity: None, password })
}
