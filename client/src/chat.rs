//! `client chat`: one conversation with one node, by a person or by a script. Pure.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

use files::news::{News, Stage as Moving};
use hallway::complete::Words;
use hallway::place::Place;
use hallway::reason::{Ended, Exit};
use hallway::secret::Secret;
use hallway::text::Line;
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
    pub fn start(place: Place, password: Secret, interactive: bool) -> (Self, Vec<Act>) {
        let talk = Talk::with_anybody();
        let mut chat = Self { place, stage: Stage::Dialling, talk, interactive };
        let acts = chat.call(password);
        (chat, acts)
    }

    fn call(&mut self, password: Secret) -> Vec<Act> {
        self.stage = Stage::Dialling;
        let whereabouts = Whereabouts::Place(self.place.clone());
        let label = self.place.to_string();
        let calling = format!("calling {label} …");
        let call = Command::Call(Callee { label, whereabouts, identity: None, password });
        let told = self.interactive.then_some(Act::Show(calling, false));
        told.into_iter().chain([Act::Do(call)]).collect()
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
    pub fn completions(&self, node: &Node) -> Words {
        self.talk.completions(node)
    }

    /// A line was typed, or read from a pipe.
    pub fn line(&mut self, line: &str, node: &Node) -> Vec<Act> {
        if !self.interactive {
            // A script says what it says: nothing in it is a command.
            let Stage::Talking(id) = self.stage else { return Vec::new() };
            return vec![Act::Do(Command::Say(id, Line::split(line)))];
        }
        match (&self.stage, line.trim()) {
            (Stage::Calling, "" | "q" | "/bye" | "/quit") => vec![Act::Quit],
            (Stage::Calling, _) => vec![show("not said: it still rings there; Enter gives up")],
            (_, "/menu") => vec![show("there is no menu here; client without chat has one")],
            (_, _) => self.talk.typed(line, node).unwrap_or_default(),
        }
    }

    /// The password, once more; `None` gives up.
    pub fn password(&mut self, password: Option<Secret>) -> Vec<Act> {
        match password {
            Some(password) => self.call(password),
            None => {
                self.stage = Stage::Over(Exit::NotLetIn);
                Vec::new()
            }
        }
    }

    /// The end of input: goodbye after everything has been said, and all files are there.
    pub fn end(&mut self, node: &Node) -> Vec<Act> {
        match self.stage {
            Stage::Talking(id) => {
                self.stage = Stage::Finishing;
                let waits = waits(node).filter(|_| self.interactive);
                waits.into_iter().chain([Act::Do(Command::Finish(id))]).collect()
            }
            _ => vec![Act::Quit],
        }
    }

    /// Something happened at the node.
    pub fn told(&mut self, notice: &Notice, node: &Node) -> Vec<Act> {
        let mut acts = self.talk.told(notice, node);
        if let Notice::Files(News::Interrupted(..)) = notice {
            // The program ends with this conversation, and says then what becomes of it.
            acts.clear();
        }
        match notice {
            Notice::Calling(..) => self.stage = Stage::Calling,
            Notice::Connected(id, _) => {
                self.stage = Stage::Talking(*id);
                if self.interactive {
                    acts.push(show(
                        "  what you type is said; q or Ctrl-D ends it, /help tells more",
                    ));
                }
            }
            Notice::Ended(_, _, Ended::WrongPassword, _) if self.interactive => {
                self.stage = Stage::ExpectPassword;
                acts.push(show("  once more, or Enter to give up"));
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

/// What an end of input waits for, for a person who sees no prompt any more.
fn waits(node: &Node) -> Option<Act> {
    let mut all = node.files().list();
    let (about, _, stage) = all.next()?;
    let is_asked = stage == Moving::Asking && all.all(|(.., stage)| stage == Moving::Asking);
    let what = if is_asked { "an answer of" } else { "the files of you and" };
    Some(show(&format!("waiting for {what} {}; Ctrl-C leaves at once", about.peer)))
}

fn show(text: &str) -> Act {
    Act::Show(text.to_owned(), false)
}
