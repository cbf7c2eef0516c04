//! IRC as far as the load speaks it: members of one channel. A change of state is a change of nick,
//! which every server tells all who share the channel.

use hallway::message::{Message, State};

/// The first words of a member.
pub(crate) fn hello(number: usize) -> Vec<u8> {
    format!("NICK member-{number:05}\r\nUSER member 0 * :member\r\n").into_bytes()
}

/// What a member of a community would say, on IRC.
pub(crate) fn line(number: usize, message: &Message) -> Vec<u8> {
    let line = match message {
        Message::Join(_) => format!("JOIN {CHANNEL}\r\n"),
        Message::Watch => format!("NAMES {CHANNEL}\r\n"),
        Message::State(State::Available) => format!("NICK member-{number:05}\r\n"),
        Message::State(State::InChat) => format!("NICK inchat-{number:05}\r\n"),
        message => unreachable!("no member says {message:?}"),
    };
    line.into_bytes()
}

/// The first whole line, and what follows it.
pub(crate) fn split(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = str::from_utf8(&bytes[..end]).unwrap();
    Some((line.trim_end(), &bytes[end + 1..]))
}

/// What a server says.
pub(crate) enum Said {
    Welcome,
    /// So many names of the list.
    Names(usize),
    EndOfNames,
    Joined,
    Left,
    Other,
}

impl Said {
    pub(crate) fn parse(line: &str) -> Self {
        match line.split(' ').nth(1) {
            Some("001") => Self::Welcome,
            // :server 353 nick = #all :name name name
            Some("353") => {
                let names = line.splitn(3, ':').nth(2).unwrap();
                Self::Names(names.split_whitespace().count())
            }
            Some("366") => Self::EndOfNames,
            Some("JOIN") => Self::Joined,
            Some("QUIT" | "PART") => Self::Left,
            Some("NICK") => Self::Other,
            // Only numbers of the welcome follow; anything else is a refusal.
            Some(number) if line.starts_with(':') && number.starts_with(['0', '2', '3']) => {
                Self::Other
            }
            Some("422" | "MODE") => Self::Other,
            _ if line.contains(" NOTICE ") => Self::Other,
            _ => panic!("{line}"),
        }
    }
}

/// The channel that all are in.
const CHANNEL: &str = "#all";
