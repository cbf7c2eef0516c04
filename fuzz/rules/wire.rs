//! One connection of the strangers, seen from both its ends.

use std::net::SocketAddr;

use hallway::channel::Channel;
use hallway::conn::ConnId;
use hallway::handshake::auth::Me;
use hallway::handshake::dialling::{DialStep, Dialling};
use hallway::handshake::hello::ServerHello;
use hallway::handshake::stretch::{Profile, Stretcher};
use hallway::limits::HELLO_BYTES_MAX;
use hallway::seeds::Seeds;
use hallway::text::Line;
use hallway::time::Millis;

/// One connection, with a real dialler at one end and the listener at the other.
pub(super) struct Wire {
    pub(super) conn: ConnId,
    pub(super) from: SocketAddr,
    pub(super) me: Me,
    pub(super) opened: Millis,
    /// Whether the dialler knows the password and wants what there is.
    pub(super) knows: bool,
    pub(super) dialler: Dialler,
    /// The listener has let go of it.
    pub(super) is_over: bool,
    /// The dialler has.
    pub(super) has_hung_up: bool,
    /// The listener has let the dialler in.
    pub(super) is_in: bool,
    pub(super) to_listener: Vec<u8>,
    pub(super) to_dialler: Vec<u8>,
    /// What each end said, and what the other heard.
    pub(super) said: Vec<u8>,
    pub(super) heard: Vec<u8>,
    pub(super) answered: Vec<u8>,
    pub(super) heard_back: Vec<u8>,
    /// How much of `said` is the handshake, once the proof is made.
    pub(super) proof_ends: Option<usize>,
    /// How much of `answered` is the listener's hello, and how much the handshake.
    pub(super) hello_ends: usize,
    pub(super) auth_ends: usize,
    /// Lines said by the dialler, and how many of them were shown.
    pub(super) lines: Vec<Line>,
    pub(super) shown: usize,
}

pub(super) enum Dialler {
    Waiting(Box<Dialling>),
    Open(Box<Channel>),
    Gone,
}

impl Wire {
    pub(super) fn new(
        conn: ConnId,
        from: SocketAddr,
        me: Me,
        opened: Millis,
        knows: bool,
        dialling: Dialling,
    ) -> Self {
        Self {
            conn,
            from,
            me,
            opened,
            knows,
            dialler: Dialler::Waiting(Box::new(dialling)),
            is_over: false,
            has_hung_up: false,
            is_in: false,
            to_listener: Vec::new(),
            to_dialler: Vec::new(),
            said: Vec::new(),
            heard: Vec::new(),
            answered: Vec::new(),
            heard_back: Vec::new(),
            proof_ends: None,
            hello_ends: 0,
            auth_ends: 0,
            lines: Vec::new(),
            shown: 0,
        }
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        self.said.extend(bytes);
        self.to_listener.extend(bytes);
    }

    /// The listener's first word is its hello; any other means that the dialler is let in, and must
    /// have been preceded by the handshake, whole and unchanged both ways.
    pub(super) fn hears_from_listener(&mut self, bytes: &[u8]) {
        assert!(!self.is_over && !self.has_hung_up, "said after the end");
        self.to_dialler.extend(bytes);
        self.answered.extend(bytes);
        if self.hello_ends == 0 {
            self.hello_ends = bytes.len();
            assert!(bytes.len() <= 6 + HELLO_BYTES_MAX && ServerHello::decode(bytes).is_ok());
            return;
        }
        let proof_ends = self.proof_ends.expect("let in without a proof");
        assert!(self.knows, "let in with a wrong password");
        assert_eq!(
            self.heard.get(..proof_ends),
            self.said.get(..proof_ends),
            "heard what was said"
        );
        let hello = ..self.hello_ends;
        assert_eq!(self.heard_back.get(hello), self.answered.get(hello), "answered to the answer");
        if !self.is_in {
            self.is_in = true;
            self.auth_ends = self.answered.len();
        }
    }

    /// Bytes for the dialler; gives its proof, when it makes one.
    pub(super) fn receive(
        &mut self,
        bytes: &[u8],
        now: Millis,
        seeds: &mut Seeds,
    ) -> Option<Vec<u8>> {
        let dialling = match std::mem::replace(&mut self.dialler, Dialler::Gone) {
            Dialler::Waiting(dialling) => dialling,
            other => {
                self.dialler = other;
                return None;
            }
        };
        match dialling.received(bytes, &self.me, seeds) {
            DialStep::Wait(dialling) => self.dialler = Dialler::Waiting(Box::new(dialling)),
            DialStep::Stretch(dialling, job) => {
                let stretched = STRETCHER.with(|stretcher| job.run(stretcher));
                if let Ok((dialling, proof)) = dialling.stretched(stretched, &self.me, now) {
                    assert!(self.knows, "a proof without the password");
                    self.dialler = Dialler::Waiting(Box::new(dialling));
                    self.say(&proof);
                    self.proof_ends = Some(self.said.len());
                    return Some(proof);
                }
            }
            DialStep::Open(channel, _) => {
                assert!(self.is_in, "it opens before it is let in");
                let auth = ..self.auth_ends;
                assert_eq!(self.heard_back.get(auth), self.answered.get(auth), "heard the answer");
                self.dialler = Dialler::Open(channel);
            }
            DialStep::Failed(_) => {}
        }
        None
    }
}

thread_local! {
    /// Remembers what it has stretched, over all inputs.
    static STRETCHER: Stretcher = Stretcher::new(Profile::Test);
}
