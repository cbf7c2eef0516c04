//! Why things end, sorted by guilt, with their words for people, their `--json` kind and their exit
//! code: one place for all three.

use std::time::Duration;

use crate::conn::{ConnectError, Lost};
use crate::identity::Fingerprint;

/// What the closing side says in its last record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Somebody said goodbye.
    Bye,
    /// The person called did not want the call.
    Denied,
    /// Nobody accepted or denied the call in time.
    NoAnswer,
    /// The two called each other at once; the other connection is the conversation.
    Duplicate,
    /// A node called itself.
    Yourself,
    /// The community's operator removed the member.
    Kicked,
    /// The community has as many members as it wants, or the node as many conversations.
    Full,
    /// The same run of the same program came back on a new connection, which replaces this one.
    Replaced,
    /// The closing side could not make sense of what it was sent.
    Confused,
    /// A reason that is newer than this program.
    Other,
}

impl CloseReason {
    /// Every reason with a number of its own.
    pub const ALL: [Self; 9] = [
        Self::Bye,
        Self::Denied,
        Self::NoAnswer,
        Self::Duplicate,
        Self::Yourself,
        Self::Kicked,
        Self::Full,
        Self::Replaced,
        Self::Confused,
    ];

    /// The number it travels as.
    pub fn code(self) -> u8 {
        match self {
            Self::Bye => 0,
            Self::Denied => 1,
            Self::NoAnswer => 2,
            Self::Duplicate => 3,
            Self::Yourself => 4,
            Self::Kicked => 5,
            Self::Full => 6,
            Self::Replaced => 7,
            Self::Confused => 8,
            Self::Other => 255,
        }
    }

    /// The reason behind a number; numbers we do not know are `Other`.
    pub fn from_code(code: u8) -> Self {
        Self::ALL.into_iter().find(|reason| reason.code() == code).unwrap_or(Self::Other)
    }
}

/// What a peer did that the protocol forbids. What the peer is told is less: nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerFault {
    /// Its first bytes are not ours.
    NotHallway,
    /// It speaks another version, suite or service.
    OtherVersion,
    /// Its hello has lengths that cannot be.
    MalformedHello,
    /// It sent more than a log-in needs.
    TooMuchBeforeLogin,
    /// It did not know the password and sent a proof all the same.
    FalseProof,
    /// Its identity signature does not hold.
    FalseSignature,
    /// A record was changed, dropped, repeated or made up.
    ForgedRecord,
    /// A message has another form than it must have.
    MalformedMessage,
    /// A message came that has no place here.
    UnexpectedMessage,
    /// It was silent for longer than the step may take.
    Silent,
}

/// Why a connection ended or never began, seen from one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The other side closed it and said why.
    Closed(CloseReason),
    /// We closed it.
    ByUs(CloseReason),
    /// It stopped without a goodbye.
    Lost(Lost),
    /// It was never made.
    NotReached(ConnectError),
    /// The password did not open it. A listener that is not who we think it is looks the same.
    WrongPassword,
    /// Another identity answered than the one that was listed for this address.
    OtherIdentity {
        /// The one that was listed.
        expected: Fingerprint,
        /// The one that answered.
        found: Fingerprint,
    },
    /// Another identity answered than the one pinned: somebody else, or a machine set up anew.
    PinBroken {
        /// The one that is pinned.
        pinned: Fingerprint,
        /// The one that answered.
        found: Fingerprint,
    },
    /// Too many log-ins at the moment.
    Busy {
        /// When trying again makes sense, in milliseconds.
        wait_ms: u32,
    },
    /// This machine could not do its part (memory for Argon2).
    NoResources,
    /// The other side broke the protocol.
    Fault(PeerFault),
}

/// The programs' exit codes; `docs/EVENTS.md` promises them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for was done.
    Done = 0,
    /// It was not, for a reason on this machine.
    Failed = 1,
    /// The command line does not make sense.
    Usage = 2,
    /// Not let in: password, refusal, changed identity.
    NotLetIn = 3,
    /// Unreachable, not answered, or lost on the way.
    Lost = 4,
    /// The other side broke the protocol.
    Protocol = 5,
}

impl Ended {
    /// The `kind` or `reason` of a `--json` event.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Closed(reason) | Self::ByUs(reason) => match reason {
                CloseReason::Bye => "bye",
                CloseReason::Denied => "denied",
                CloseReason::NoAnswer => "no-answer",
                CloseReason::Duplicate => "duplicate",
                CloseReason::Yourself => "yourself",
                CloseReason::Kicked => "kicked",
                CloseReason::Full => "full",
                CloseReason::Replaced => "replaced",
                CloseReason::Confused => "protocol",
                CloseReason::Other => "other",
            },
            Self::Lost(Lost::TooSlow) => "too-slow",
            Self::Lost(Lost::Ended | Lost::Broken) => "lost",
            Self::NotReached(_) => "unreachable",
            Self::WrongPassword => "wrong-password",
            Self::OtherIdentity { .. } => "other-identity",
            Self::PinBroken { .. } => "identity-changed",
            Self::Busy { .. } => "busy",
            Self::NoResources => "no-resources",
            Self::Fault(PeerFault::Silent) => "no-answer",
            Self::Fault(_) => "protocol",
        }
    }

    /// What a program that did nothing but this exits with.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Closed(reason) | Self::ByUs(reason) => match reason {
                CloseReason::Bye | CloseReason::Duplicate | CloseReason::Replaced => Exit::Done,
                CloseReason::Denied
                | CloseReason::Yourself
                | CloseReason::Kicked
                | CloseReason::Full => Exit::NotLetIn,
                // A reason newer than this program is no fault.
                CloseReason::NoAnswer | CloseReason::Other => Exit::Lost,
                CloseReason::Confused => Exit::Protocol,
            },
            // A line that is cut looks the same as a program that keeps silent.
            Self::Lost(_) | Self::NotReached(_) | Self::Fault(PeerFault::Silent) => Exit::Lost,
            Self::WrongPassword
            | Self::OtherIdentity { .. }
            | Self::PinBroken { .. }
            | Self::Busy { .. } => Exit::NotLetIn,
            Self::NoResources => Exit::Failed,
            Self::Fault(_) => Exit::Protocol,
        }
    }

    /// One sentence: what happened to `who`, and what to try. `who` is safe to show: a `Name`, an
    /// address, or both.
    pub fn words(&self, who: &str) -> String {
        match self {
            Self::Closed(reason) => closed_words(*reason, who),
            Self::ByUs(CloseReason::NoAnswer) => {
                format!("{who} did not answer the call; try again later")
            }
            Self::ByUs(CloseReason::Yourself) => {
                format!("{who} is your own node: call somebody else")
            }
            Self::ByUs(_) => format!("goodbye to {who}"),
            Self::Lost(Lost::TooSlow) => {
                format!("connection to {who} lost: it did not read what was sent")
            }
            Self::Lost(Lost::Ended | Lost::Broken) => format!("connection to {who} lost"),
            Self::NotReached(error) => unreached_words(*error, who),
            Self::WrongPassword => {
                format!("wrong password for {who} (or it is not the one you think)")
            }
            Self::OtherIdentity { expected, found } => format!(
                "somebody else answers for {who}: listed is {expected}, there is {found}; \
                 look at the list again"
            ),
            Self::PinBroken { pinned, found } => format!(
                "{who} has another identity than before, so it may be somebody else.\n  \
                 known: {pinned}\n  now:   {found}\n  If you have asked in person and it is \
                 right (in a menu, /trust):\n  client trust {} {found}",
                for_shell(who)
            ),
            Self::Busy { wait_ms } => {
                let wait = Duration::from_millis(u64::from(*wait_ms)).as_secs() + 1;
                format!("{who} has too many log-ins or wrong passwords just now: try in {wait} s")
            }
            Self::NoResources => {
                "this machine has not the 64 MiB of memory that a log-in takes".to_owned()
            }
            Self::Fault(fault) => fault_words(*fault, who),
        }
    }
}

/// A name or an address as a word of a command line: names have no quotes, but may have anything
/// else that a shell acts on, and the command is there to be copied.
fn for_shell(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-._:".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

fn closed_words(reason: CloseReason, who: &str) -> String {
    match reason {
        CloseReason::Bye => format!("{who} said goodbye"),
        CloseReason::Denied => format!("{who} does not take the call"),
        CloseReason::NoAnswer => format!("{who} did not answer the call; try again later"),
        CloseReason::Duplicate => format!("{who} is connected to you already"),
        CloseReason::Yourself => format!("{who} is your own node: call somebody else"),
        CloseReason::Kicked => format!("the operator of {who} has removed you"),
        CloseReason::Full => format!("{who} has no place left; try again later"),
        CloseReason::Replaced => format!("{who} sees you on a newer connection"),
        CloseReason::Confused => {
            format!("{who} could not make sense of what we sent: are both of one version?")
        }
        CloseReason::Other => format!("{who} closed the connection"),
    }
}

fn unreached_words(error: ConnectError, who: &str) -> String {
    match error {
        ConnectError::Refused => {
            format!("{who} refuses the connection: is the program running, is this its port?")
        }
        ConnectError::NoSuchHost => {
            format!("{who}: no host of that name is known here: try its address")
        }
        ConnectError::Unreachable => {
            format!("{who} does not answer: is it running, is its TCP port open in its firewall?")
        }
        ConnectError::NotPermitted => {
            format!("this machine does not let us connect to {who}: a local firewall or sandbox")
        }
        ConnectError::NoResources => {
            format!("no connection to {who}: this machine has no descriptor or port left")
        }
    }
}

fn fault_words(fault: PeerFault, who: &str) -> String {
    match fault {
        PeerFault::NotHallway => {
            format!("{who} does not speak Hallway's protocol: is the port right?")
        }
        PeerFault::OtherVersion => {
            format!(
                "{who} speaks another version, or is another kind of program: is the port right?"
            )
        }
        PeerFault::Silent => format!("{who} took too long to answer; try again"),
        PeerFault::MalformedHello
        | PeerFault::TooMuchBeforeLogin
        | PeerFault::FalseProof
        | PeerFault::FalseSignature
        | PeerFault::ForgedRecord
        | PeerFault::MalformedMessage
        | PeerFault::UnexpectedMessage => {
            format!("{who} broke the protocol ({fault:?}): the connection was ended")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_reason_survives_the_way_through_its_number() {
        for reason in CloseReason::ALL {
            assert_eq!(CloseReason::from_code(reason.code()), reason);
        }
        assert_eq!(CloseReason::from_code(200), CloseReason::Other);
    }

    #[test]
    fn silence_is_not_called_a_breach_of_the_protocol() {
        let silent = Ended::Fault(PeerFault::Silent);
        assert_eq!((silent.kind(), silent.exit()), ("no-answer", Exit::Lost));
        let forged = Ended::Fault(PeerFault::ForgedRecord);
        assert_eq!((forged.kind(), forged.exit()), ("protocol", Exit::Protocol));
    }

    #[test]
    fn the_command_that_trusts_does_nothing_else_when_it_is_copied_to_a_shell() {
        let found = Fingerprint::parse(&"0g7k".repeat(8)).unwrap();
        let ended = Ended::PinBroken { pinned: found, found };
        for plain in ["katie", "\u{5DB}\u{5EA}\u{5D9}", "10.0.0.7:5000", "lab-3.local:5000"] {
            assert!(ended.words(plain).ends_with(&format!("client trust {plain} {found}")));
        }
        for acted_on in ["k;reboot", "$(reboot)", "k|sh", "k&", "*", "[fd00::7]:5000", "k>x"] {
            assert!(ended.words(acted_on).ends_with(&format!("client trust '{acted_on}' {found}")));
        }
    }
}
