//! What a node tells, in words for people. Everything here is safe to show: labels, names and lines
//! passed the filter when they became what they are.

use discovery::view::Summary;
use hallway::handshake::lobby::Turned;
use hallway::log::Level;
use hallway::message::Member;
use hallway::reason::{CloseReason, Ended};
use hallway::text::{Line, padded};

use crate::file_words;
use crate::notice::{Notice, Standing, Who};

/// Columns of a name in a list.
const NAME_COLUMNS: usize = 16;

/// How much a notice matters to somebody who only reads a log.
pub fn level(notice: &Notice) -> Level {
    match notice {
        Notice::Turned(_, turned) => turned.level(),
        Notice::ListWhole | Notice::Linked(..) | Notice::Unlinked(..) => Level::Debug,
        Notice::Files(news) => file_words::level(news),
        Notice::MemberJoined(_) | Notice::MemberLeft(_) | Notice::MemberChanged(..) => Level::Info,
        Notice::Connected(..) | Notice::Calling(..) | Notice::CommunityJoined(_) => Level::Info,
        Notice::CommunityLeft(_) | Notice::Ended(..) => Level::Info,
        Notice::Ringing(..)
        | Notice::Heard(..)
        | Notice::CommunityLost(_)
        | Notice::CommunityFailed(..)
        | Notice::NameTaken(..)
        | Notice::CommunitySays(_)
        | Notice::CommunityTwin(_) => Level::Warn,
    }
}

/// The words for a notice; `None` when there is nothing to say.
pub fn words(notice: &Notice) -> Option<String> {
    let text = match notice {
        Notice::Calling(_, who) => {
            format!("{} is there, at {}; it rings …", who.label, who.at)
        }
        Notice::Ringing(_, who) => {
            format!("{} calls from {}{}\n  accept or deny?", who.label, who.at.ip(), standing(who))
        }
        Notice::Connected(_, who) => connected(who) + &standing(who),
        Notice::Heard(_, label, line) => line.shown_after(&format!("{label}: ")),
        // The other connection has said so.
        Notice::Ended(_, _, ended, unsent) if is_double(ended) && unsent.is_empty() => return None,
        Notice::Ended(_, label, ended, unsent) => ended_words(label, ended) + &unsent_words(unsent),
        Notice::CommunityJoined(place) => format!("you are on the list of {place}"),
        Notice::CommunityLost(place) => {
            format!("no connection to the community {place}; trying again by itself")
        }
        Notice::CommunityFailed(place, ended) => ended.words(place),
        Notice::CommunityLeft(place) => format!("you have left the community {place}"),
        Notice::NameTaken(place, free) => {
            format!("another member of {place} has your name; {free} is free")
        }
        Notice::Linked(_, who) => format!("{} is connected for files", who.label),
        Notice::Unlinked(_, label, Ended::ByUs(CloseReason::Bye)) => {
            format!("the connection with {label} is over")
        }
        Notice::Unlinked(_, label, ended) => ended_words(label, ended),
        Notice::Files(news) => return file_words::words(news),
        Notice::ListWhole => return None,
        Notice::MemberJoined(member) => format!("* {} is here", member.name),
        Notice::MemberLeft(name) => format!("* {name} is gone"),
        Notice::MemberChanged(name, state) => format!("* {name} is {}", state.word()),
        Notice::CommunitySays(line) => line.shown_after("* the community says: "),
        Notice::CommunityTwin(name) => format!(
            "warning: {name} in the community has your identity. Either you are there twice, or \
             your identity file was copied: delete it on one machine to get a new one"
        ),
        Notice::Turned(from, Turned::NotCompleted) => {
            format!("call from {} was not completed: a wrong password, most likely", from.ip())
        }
        Notice::Turned(from, Turned::Refused) => {
            format!("call from {} refused: too many tries, or another version", from.ip())
        }
        Notice::Turned(from, Turned::Fault(fault)) => {
            format!("connection from {} was no call: {fault:?}", from.ip())
        }
    };
    Some(text)
}

/// A conversation began with somebody who was introduced before.
pub fn connected(who: &Who) -> String {
    format!("talking with {} (direct, {})", who.label, who.at)
}

/// Whether the call ended because another connection is the conversation.
pub fn is_double(ended: &Ended) -> bool {
    matches!(ended, Ended::ByUs(CloseReason::Duplicate) | Ended::Closed(CloseReason::Duplicate))
}

fn ended_words(label: &str, ended: &Ended) -> String {
    if is_double(ended) {
        return format!("one of two connections with {label} is over");
    }
    let Ended::ByUs(reason) = ended else { return ended.words(label) };
    match reason {
        CloseReason::Bye => format!("your conversation with {label} is over"),
        CloseReason::Denied => format!("you did not take the call of {label}"),
        CloseReason::Full => {
            format!("{label} was not called: you have as many conversations as there can be")
        }
        CloseReason::NoAnswer
        | CloseReason::Duplicate
        | CloseReason::Yourself
        | CloseReason::Kicked
        | CloseReason::Replaced
        | CloseReason::Confused
        | CloseReason::Other => ended.words(label),
    }
}

/// A call that ended before anybody took it.
pub fn missed(label: &str, ended: &Ended) -> String {
    if *ended == Ended::ByUs(CloseReason::Denied) {
        format!("you did not take the call of {label}")
    } else {
        format!("missed a call of {label}")
    }
}

/// The lines that were said and not confirmed.
pub fn unsent_words(unsent: &[Line]) -> String {
    let shown = unsent.iter().take(10).map(|line| format!("\n{}", line.shown_after("  | ")));
    let rest = unsent.len().saturating_sub(10);
    let mut text = String::new();
    if !unsent.is_empty() {
        text += "\n  not confirmed, so perhaps never shown there:";
        text.extend(shown);
    }
    if rest > 0 {
        text += &format!("\n  … and {rest} more");
    }
    text
}

fn standing(who: &Who) -> String {
    let fingerprint = &who.fingerprint;
    match who.standing {
        Standing::New => format!("\n  not met before; fingerprint {fingerprint}"),
        Standing::Known => String::new(),
        Standing::Twin => format!(
            "\n  warning: this is your own identity, {fingerprint}, on another machine or in \
             another program:\n  a copied identity file? delete it on one of them to get a new one"
        ),
        Standing::Impostor(pinned) => format!(
            "\n  WARNING: not the one you know by this name, or that machine was set up anew\n  \
             known: {pinned}\n  now:   {fingerprint}\n  if you have asked in person and it is \
             right:\n  /trust {} {fingerprint}",
            who.label.split('~').next().unwrap_or_default()
        ),
    }
}

/// How it goes with the network, in one line.
pub fn network(summary: &Summary) -> String {
    if summary.interfaces.is_empty() {
        return "Network: no usable interface; client doctor tells why".into();
    }
    format!("Network {summary}")
}

/// One member of a list, as a row.
pub fn member_row(number: usize, member: &Member) -> String {
    let address = member.sockets().first().map(ToString::to_string).unwrap_or_default();
    let name = padded(member.name.as_str(), NAME_COLUMNS);
    format!("{number:>4}  {name}  {}  {address}", padded(member.state.word(), 9))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::CallId;
    use hallway::conn::Lost;
    use hallway::identity::PublicIdentity;

    fn who(standing: Standing) -> Who {
        Who {
            label: "katie~0g7k-9x2m".into(),
            fingerprint: PublicIdentity([7; 32]).fingerprint(),
            standing,
            at: "10.0.0.7:5460".parse().unwrap(),
        }
    }

    #[test]
    fn an_impostor_is_announced_with_both_fingerprints_and_the_way_to_trust_it() {
        let pinned = PublicIdentity([8; 32]).fingerprint();
        let who = who(Standing::Impostor(pinned));
        let text = words(&Notice::Ringing(CallId(1), who.clone())).unwrap();
        assert!(text.contains(&pinned.to_string()));
        assert!(text.contains(&format!("/trust katie {}", who.fingerprint)));
    }

    #[test]
    fn a_connection_for_files_alone_is_no_conversation() {
        let over = Notice::Unlinked(CallId(1), "katie".into(), Ended::ByUs(CloseReason::Bye));
        assert_eq!(words(&over).unwrap(), "the connection with katie is over");
    }

    #[test]
    fn unconfirmed_lines_are_named_and_many_are_counted() {
        let lines: Vec<Line> = (0..12).flat_map(|n| Line::split(&format!("line {n}"))).collect();
        let ended = Ended::Lost(Lost::Broken);
        let text = words(&Notice::Ended(CallId(1), "bob".into(), ended, lines)).unwrap();
        assert!(text.contains("lost") && text.contains("  | line 9") && text.contains("2 more"));
        assert!(!text.contains("line 10"));
    }

    #[test]
    fn a_connection_that_another_replaced_is_told_of_only_when_lines_are_lost_with_it() {
        let told = |text| {
            let ended = Ended::Closed(CloseReason::Duplicate);
            words(&Notice::Ended(CallId(1), "bob".into(), ended, Line::split(text)))
        };
        assert_eq!(told(""), None);
        assert!(told("hello").unwrap().contains("  | hello"));
    }
}
