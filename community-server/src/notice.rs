//! What a community tells its operator, its log and whoever reads its `--json`.

use std::net::SocketAddr;

use hallway::event::{Event, MemberEvent};
use hallway::handshake::lobby::Turned;
use hallway::log::Level;
use hallway::message::{Member, State};
use hallway::text::{Name, padded};

/// Something happened that somebody may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A member came.
    Joined(Name, SocketAddr),
    /// A member left, or died.
    Left(Name),
    /// A member can, or cannot, be called now.
    Changed(Name, State),
    /// Somebody wanted a name that another has.
    NameTaken(Name, SocketAddr),
    /// Two members have one identity: a copied identity file, or one user twice.
    Twin(Name, Name),
    /// There was no place for a member.
    Full(Name),
    /// Somebody was not let in.
    Turned(SocketAddr, Turned),
    /// The answer to "who is here".
    Who(Vec<Member>),
    /// The operator removed a member.
    Kicked(Name),
    /// The operator named nobody who is here.
    NobodyCalled(Name),
    /// The operator said something to so many.
    Said(usize),
}

impl Notice {
    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Self::Turned(_, turned) => turned.level(),
            Self::Twin(..) => Level::Warn,
            Self::Changed(..) => Level::Debug,
            Self::Joined(..) | Self::Left(_) | Self::NameTaken(..) | Self::Full(_) => Level::Info,
            // Answers to the operator are always shown.
            Self::Who(_) | Self::Kicked(_) | Self::NobodyCalled(_) | Self::Said(_) => Level::Error,
        }
    }

    /// The words for people. Several lines only for the list.
    pub fn words(&self) -> String {
        match self {
            Self::Joined(name, from) => format!("{name} joined from {}", from.ip()),
            Self::Left(name) => format!("{name} left"),
            Self::Changed(name, state) => format!("{name} is {}", state.word()),
            Self::NameTaken(name, from) => {
                format!("{} wanted the name {name}, which another member has", from.ip())
            }
            Self::Twin(name, twin) => format!(
                "{name} has the same identity as {twin}: one user twice, or a copied identity file"
            ),
            Self::Full(name) => format!("no place left for {name}: see --max-members"),
            Self::Turned(from, Turned::NotCompleted) => {
                format!(
                    "log-in from {} was not completed: a wrong password, most likely",
                    from.ip()
                )
            }
            Self::Turned(from, Turned::Refused) => {
                format!(
                    "{} was refused: too many log-ins from there, or another version",
                    from.ip()
                )
            }
            Self::Turned(from, Turned::Fault(fault)) => {
                format!("{} broke the protocol: {fault:?}", from.ip())
            }
            Self::Who(members) => who_words(members),
            Self::Kicked(name) => format!("removed {name}, who may come back"),
            Self::NobodyCalled(name) => format!("nobody called {name} is here"),
            Self::Said(count) => format!("said to {count}"),
        }
    }

    /// The event for `--json`, where there is one.
    pub fn event(&self) -> Option<Event> {
        match self {
            Self::Joined(name, _) => Some(Event::Joined(MemberEvent::named(name))),
            Self::Left(name) => Some(Event::Left(MemberEvent::named(name))),
            Self::Changed(name, state) => {
                let state = Some(state.word());
                Some(Event::Changed(MemberEvent { state, ..MemberEvent::named(name) }))
            }
            Self::NameTaken(..)
            | Self::Twin(..)
            | Self::Full(_)
            | Self::Turned(..)
            | Self::Who(_)
            | Self::Kicked(_)
            | Self::NobodyCalled(_)
            | Self::Said(_) => None,
        }
    }
}

fn who_words(members: &[Member]) -> String {
    let count = match members.len() {
        0 => return "nobody is here".to_owned(),
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    };
    let lines = members.iter().map(|member| {
        let address = member.sockets().first().map(ToString::to_string).unwrap_or_default();
        let state = member.state.word();
        let short = member.identity.fingerprint().short();
        format!("\n  {}  {address}  {state}  {short}", padded(member.name.as_str(), 16))
    });
    count + &lines.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::handshake::auth::Instance;
    use hallway::identity::PublicIdentity;
    use hallway::message::Addresses;
    use hallway::reason::PeerFault;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn member(text: &str) -> Member {
        Member {
            name: name(text),
            identity: PublicIdentity([1; 32]),
            instance: Instance([1; 8]),
            port: 5460,
            addresses: Addresses::new(["192.168.178.222".parse().unwrap()]),
            state: State::InChat,
        }
    }

    fn every_notice() -> Vec<Notice> {
        let from = "[2001:db8::5]:40000".parse().unwrap();
        let katie = name("katie");
        vec![
            Notice::Joined(katie.clone(), from),
            Notice::Left(katie.clone()),
            Notice::Changed(katie.clone(), State::InChat),
            Notice::NameTaken(katie.clone(), from),
            Notice::Twin(katie.clone(), name("bob")),
            Notice::Full(katie.clone()),
            Notice::Turned(from, Turned::NotCompleted),
            Notice::Turned(from, Turned::Refused),
            Notice::Turned(from, Turned::Fault(PeerFault::NotHallway)),
            Notice::Turned(from, Turned::Fault(PeerFault::FalseProof)),
            Notice::Who(vec![]),
            Notice::Who(vec![member("katie")]),
            Notice::Who(vec![member("katie"), member("bob")]),
            Notice::Kicked(katie.clone()),
            Notice::NobodyCalled(katie),
            Notice::Said(3),
        ]
    }

    #[test]
    fn every_notice_has_words_without_control_characters() {
        for notice in every_notice() {
            let words = notice.words();
            assert!(!words.is_empty());
            let is_list = matches!(notice, Notice::Who(_));
            let rows: Vec<&str> = words.split('\n').collect();
            assert!(is_list || rows.len() == 1, "{words}");
            for row in rows {
                assert!(!row.contains(char::is_control), "{row:?}");
                assert!(row.chars().count() <= 100, "{row}");
            }
        }
    }

    #[test]
    fn whoever_reads_events_is_told_who_joined_left_and_changed() {
        let lines: Vec<String> =
            every_notice().iter().filter_map(Notice::event).map(|event| event.line()).collect();
        assert_eq!(
            lines,
            [
                r#"{"event":"joined","name":"katie"}"#,
                r#"{"event":"left","name":"katie"}"#,
                r#"{"event":"changed","name":"katie","state":"in-chat"}"#,
            ]
        );
    }

    #[test]
    fn a_wrong_password_is_a_warning_and_a_stranger_is_not() {
        let level = |turned| Notice::Turned("10.0.0.7:1".parse().unwrap(), turned).level();
        assert_eq!(level(Turned::NotCompleted), Level::Warn);
        assert_eq!(level(Turned::Fault(PeerFault::FalseProof)), Level::Warn);
        assert_eq!(level(Turned::Fault(PeerFault::NotHallway)), Level::Debug);
        assert_eq!(level(Turned::Refused), Level::Debug);
        assert_eq!(Notice::Changed(name("katie"), State::InChat).level(), Level::Debug);
        assert_eq!(Notice::Who(vec![]).level(), Level::Error, "answers are always shown");
    }

    #[test]
    fn the_list_for_the_operator_has_a_line_for_each() {
        assert_eq!(Notice::Who(vec![]).words(), "nobody is here");
        let words = Notice::Who(vec![member("katie"), member("bob")]).words();
        let short = PublicIdentity([1; 32]).fingerprint().short();
        let state = format!("192.168.178.222:5460  in-chat  {short}");
        let katie = format!("  katie             {state}");
        let bob = format!("  bob               {state}");
        assert_eq!(words, format!("2 members\n{katie}\n{bob}"));
    }
}
