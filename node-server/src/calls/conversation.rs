//! One authenticated call: ringing, talking, and what was said and confirmed.

use std::collections::VecDeque;

use files::transfers::Transfers;
use hallway::channel::{Channel, Incoming};
use hallway::conn::{ConnId, NetOutput};
use hallway::handshake::auth::Peer;
use hallway::limits;
use hallway::message::files::Files;
use hallway::message::{Message, Say};
use hallway::reason::{CloseReason, Ended, PeerFault};
use hallway::text::Line;
use hallway::time::Millis;

use crate::desk::Desk;
use crate::notice::{CallId, Who};

/// An authenticated call.
pub(crate) struct Conversation {
    pub(crate) conn: ConnId,
    pub(crate) peer: Peer,
    pub(crate) who: Who,
    pub(crate) stage: Stage,
    /// Whether our side opened the connection; decides which of two crossing calls stays.
    pub(crate) ours: bool,
    channel: Box<Channel>,
    /// Sealed in this turn of the loop, sent at its end in one write.
    out: Vec<u8>,
    /// The number of the last line we said.
    said: u64,
    unconfirmed: VecDeque<Say>,
    /// The number of the last line we heard and showed.
    heard: u64,
    confirmed: u64,
    /// To be said when the call is taken, nothing holds it any more, and not too much is
    /// unconfirmed.
    carried: VecDeque<Line>,
    /// What was said on a connection that this one replaces must come first, and is not known yet.
    pub(crate) held: bool,
    /// Other connections of the same two, of which the other end will close all but one, and until
    /// when that is waited for.
    pub(crate) waits_for: Vec<CallId>,
    pub(crate) held_until: Option<Millis>,
    /// Hang up as soon as everything we said is confirmed, or then without that.
    pub(crate) finishing: Option<Millis>,
    /// Until then the answers of people to offers are waited for, when nothing else is.
    pub(crate) answers_until: Option<Millis>,
    /// Hang up then, unless something about files happens before.
    idle_until: Option<Millis>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It rings at the other end.
    Calling { until: Millis },
    /// It rings here.
    Ringing { until: Millis },
    /// Both may type.
    Talking,
    /// It is for files only: nothing rings, nobody types.
    Exchanging,
}

impl Stage {
    /// Whether files may be exchanged.
    pub(crate) fn has_files(self) -> bool {
        matches!(self, Self::Talking | Self::Exchanging)
    }
}

/// What comes of a message.
pub(crate) enum Heard {
    /// The other side took our call.
    Accepted,
    /// A line to show.
    Line(Line),
}

impl Conversation {
    pub(crate) fn new(
        conn: ConnId,
        channel: Box<Channel>,
        peer: Peer,
        who: Who,
        stage: Stage,
        ours: bool,
    ) -> Self {
        Self {
            conn,
            peer,
            who,
            stage,
            ours,
            channel,
            out: Vec::new(),
            said: 0,
            unconfirmed: VecDeque::new(),
            heard: 0,
            confirmed: 0,
            carried: VecDeque::new(),
            held: false,
            waits_for: Vec::new(),
            held_until: None,
            finishing: None,
            answers_until: None,
            idle_until: None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Millis> {
        match self.stage {
            Stage::Calling { until } | Stage::Ringing { until } => Some(until),
            Stage::Talking => self.finishing.into_iter().chain(self.answers_until).min(),
            Stage::Exchanging => self.idle_until.into_iter().chain(self.answers_until).min(),
        }
    }

    /// Whether anything is going on about files, on a connection that is for nothing else.
    pub(crate) fn idle(&mut self, now: Millis, is_idle: bool) {
        let until = now + limits::VISIT_IDLE_WAIT;
        self.idle_until = is_idle.then(|| self.idle_until.unwrap_or(until));
    }

    /// Our side takes the call.
    pub(crate) fn accept(&mut self, now: Millis) {
        self.send(now, &Message::Accepted);
        self.begin(now);
    }

    fn begin(&mut self, now: Millis) {
        self.stage = Stage::Talking;
        self.say_carried(now);
    }

    fn say_carried(&mut self, now: Millis) {
        if self.stage == Stage::Talking && !self.held {
            while self.unconfirmed.len() < limits::UNCONFIRMED_LINES_MAX
                && let Some(line) = self.carried.pop_front()
            {
                self.utter(now, line);
            }
        }
    }

    /// Whether another text can be said now.
    pub(crate) fn can_say(&self) -> bool {
        self.stage == Stage::Talking
            && self.finishing.is_none()
            && self.unconfirmed.len() + self.carried.len() < limits::UNCONFIRMED_LINES_MAX
    }

    /// Says all lines of one text, or none when it cannot be said now.
    pub(crate) fn say(&mut self, now: Millis, text: impl IntoIterator<Item = Line>) {
        if self.can_say() {
            self.carried.extend(text);
            self.say_carried(now);
        }
    }

    fn utter(&mut self, now: Millis, line: Line) {
        self.said += 1;
        let say = Say { number: self.said, line };
        self.send(now, &Message::Say(say.clone()));
        self.unconfirmed.push_back(say);
    }

    /// Lines that were said on a connection which this one replaces, and not shown there.
    pub(crate) fn carry(&mut self, lines: Vec<Line>, finishing: Option<Millis>) {
        let later = std::mem::replace(&mut self.carried, lines.into());
        self.carried.extend(later);
        self.finishing = self.finishing.or(finishing);
    }

    /// What was said on an older connection comes first, when that has ended.
    pub(crate) fn wait_for(&mut self, older: CallId, until: Millis) {
        self.held = true;
        self.waits_for.push(older);
        self.held_until = Some(until);
    }

    /// Nothing more is to be carried here.
    pub(crate) fn release(&mut self, now: Millis) {
        self.held = false;
        self.waits_for.clear();
        self.held_until = None;
        self.say_carried(now);
    }

    /// Hang up once everything is confirmed.
    pub(crate) fn finish(&mut self, now: Millis) {
        self.finishing = Some(now + limits::CONFIRM_WAIT);
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finishing.is_some()
            && !self.held
            && self.unconfirmed.is_empty()
            && self.carried.is_empty()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.channel.push(bytes);
    }

    /// The next thing that has come in whole; what is about files goes to `files`, as coming
    /// from `id`.
    pub(crate) fn poll(
        &mut self,
        now: Millis,
        id: CallId,
        files: &mut Transfers,
    ) -> Result<Option<Heard>, Ended> {
        let has_files = self.stage.has_files();
        loop {
            let heard = match self.channel.poll().map_err(Ended::Fault)? {
                None => return Ok(None),
                Some(Incoming::Closed(reason)) => return Err(Ended::Closed(reason)),
                Some(Incoming::Bulk(number, bytes)) if has_files => {
                    files.bulk(now, id.link(), number, bytes).map(|()| None)
                }
                Some(Incoming::Bulk(..)) => Err(PeerFault::UnexpectedMessage),
                Some(Incoming::Message(Message::Files(message))) if has_files => {
                    files.message(now, id.link(), message).map(|()| None)
                }
                Some(Incoming::Message(message)) => self.hear(now, message),
            };
            if let Some(heard) = heard.map_err(Ended::Fault)? {
                return Ok(Some(heard));
            }
        }
    }

    fn hear(&mut self, now: Millis, message: Message) -> Result<Option<Heard>, PeerFault> {
        match (self.stage, message) {
            (_, Message::Skipped) => Ok(None),
            (Stage::Calling { .. }, Message::Accepted) => {
                self.begin(now);
                Ok(Some(Heard::Accepted))
            }
            (Stage::Talking, Message::Say(say)) if say.number == self.heard + 1 => {
                self.heard = say.number;
                Ok(Some(Heard::Line(say.line)))
            }
            (Stage::Talking, Message::Shown(number)) if number <= self.said => {
                self.shown(number);
                self.say_carried(now);
                // Slow is not dead: the wait begins anew with each confirmation.
                self.finishing = self.finishing.map(|_| now + limits::CONFIRM_WAIT);
                Ok(None)
            }
            _ => Err(PeerFault::UnexpectedMessage),
        }
    }

    fn shown(&mut self, number: u64) {
        while self.unconfirmed.front().is_some_and(|say| say.number <= number) {
            self.unconfirmed.pop_front();
        }
    }

    /// Reads on after our own last word, when only what was shown still counts. `true` when the
    /// other end has said its last word too.
    pub(crate) fn drain(&mut self) -> Result<bool, PeerFault> {
        loop {
            match self.channel.poll()? {
                None => return Ok(false),
                Some(Incoming::Closed(_)) => return Ok(true),
                Some(Incoming::Message(Message::Shown(number))) if number <= self.said => {
                    self.shown(number);
                }
                // Said before it heard our last word; it will say so again elsewhere.
                Some(
                    Incoming::Message(
                        Message::Say(_) | Message::Accepted | Message::Files(_) | Message::Skipped,
                    )
                    | Incoming::Bulk(..),
                ) => {}
                Some(Incoming::Message(_)) => return Err(PeerFault::UnexpectedMessage),
            }
        }
    }

    /// Says something about files, behind the lines of this turn.
    pub(crate) fn send_files(&mut self, now: Millis, message: Files) {
        if self.stage.has_files() {
            self.send(now, &Message::Files(message));
        }
    }

    /// Sends bytes of a file.
    pub(crate) fn send_bulk(&mut self, now: Millis, number: u64, bytes: &[u8]) {
        if self.stage.has_files() {
            // As below; the receiver finds that bytes are missing.
            let _ = self.channel.send_bulk(now, number, bytes, &mut self.out);
        }
    }

    fn send(&mut self, now: Millis, message: &Message) {
        // A line fits a record by its type; the count of records outlasts any conversation. Should
        // it not, the line stays unconfirmed and is named when the conversation ends.
        let _ = self.channel.send(now, message, &mut self.out);
    }

    /// Confirms what was shown.
    pub(crate) fn confirm(&mut self, now: Millis) {
        if self.confirmed < self.heard {
            self.confirmed = self.heard;
            self.send(now, &Message::Shown(self.heard));
        }
    }

    /// Sends what this turn has gathered, with a confirmation of what it has shown.
    pub(crate) fn flush(&mut self, now: Millis, desk: &mut Desk) {
        self.confirm(now);
        desk.send(self.conn, std::mem::take(&mut self.out));
    }

    /// The last word.
    pub(crate) fn say_goodbye(&mut self, now: Millis, reason: CloseReason, desk: &mut Desk) {
        self.flush(now, desk);
        let mut bytes = Vec::new();
        self.channel.close(now, reason, &mut bytes);
        desk.send(self.conn, bytes);
    }

    /// The last word, and the end.
    pub(crate) fn hang_up(&mut self, now: Millis, reason: CloseReason, desk: &mut Desk) {
        self.say_goodbye(now, reason, desk);
        desk.net(self.conn, NetOutput::Close);
    }

    /// What we said and nobody confirmed.
    pub(crate) fn unsent(&mut self) -> Vec<Line> {
        let said = std::mem::take(&mut self.unconfirmed).into_iter().map(|say| say.line);
        said.chain(std::mem::take(&mut self.carried)).collect()
    }
}
