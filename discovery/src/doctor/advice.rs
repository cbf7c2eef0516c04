//! What is said about each cause: a sentence, and steps to take.

use super::{Cause, Findings};

/// The likely cause in one sentence.
pub(super) fn sentence(cause: &Cause, findings: &Findings) -> String {
    let peer = findings.peer.as_ref().map(|(place, _)| place.to_string()).unwrap_or_default();
    let words = match cause {
        Cause::NoNetwork => "This machine is in no network, so only programs on it are found.",
        Cause::AllLeftOut(names) => {
            let verb = if names.len() == 1 { "is" } else { "are" };
            let names = names.join(", ");
            return format!("No interface is used: {names} {verb} left out by rule.");
        }
        Cause::PeerRefuses => {
            return format!("The machine of {peer} answers, but nobody listens at that port.");
        }
        Cause::PeerSilent => {
            return format!("{peer} gives no sign: a firewall there, or nobody has that address.");
        }
        Cause::PeerUnreachable => {
            return format!("There is no way from here to {peer}: it is in another network.");
        }
        Cause::NotPermitted => "This machine's firewall does not let us send to or hear the group.",
        Cause::PortTaken => {
            "Another program has UDP port 1900 for itself, so we hear no announcements."
        }
        Cause::Trouble(trouble) => return format!("The system refuses something: {trouble}."),
        Cause::Deaf => {
            "Not even our own multicasts come back: this machine's firewall, most likely."
        }
        Cause::Nobody => "This machine is in order, but nobody else is heard.",
        Cause::MulticastsLost => {
            return format!("{peer} can be called, but what is sent to all does not come through.");
        }
        Cause::NoHallway => {
            "This machine and the network are in order, but no Hallway runs here now."
        }
        Cause::NoAnswers => {
            "Announcements come in, answers do not: this machine's firewall drops them."
        }
        Cause::AnswersToSsdpOnly => {
            "All is well, but this machine's firewall lets answers in at port 1900 only."
        }
        Cause::NotHeard => {
            "We hear the others, they do not hear us: our multicasts do not reach them."
        }
        Cause::NeighboursSilent => {
            "Others are seen, but give no sign when called: firewalls there, most likely."
        }
        Cause::NeighboursRefuse => "Others are seen, but nobody listens there any more.",
        Cause::Well => "All is well: others are heard and reached, and they hear us.",
    };
    words.to_owned()
}

/// What to do about it, step by step.
pub(super) fn steps(cause: &Cause) -> Vec<String> {
    let steps: &[&str] = match cause {
        Cause::NoNetwork => {
            &["Plug in a cable or join a wireless network; Hallway notices by itself."]
        }
        Cause::AllLeftOut(names) => {
            let names = names.join(" or ");
            return vec![format!("Add --interface {names} if your neighbours are there.")];
        }
        Cause::PeerRefuses => &["Is the program still running there? Does it show that port?"],
        Cause::PeerSilent => {
            &["Open the firewall of the other machine with the lines below.", KEPT_APART]
        }
        Cause::PeerUnreachable => &["Compare both machines' addresses; join the same network."],
        Cause::NotPermitted | Cause::Deaf => &["Open it with the lines below."],
        Cause::PortTaken => &[
            "Find it: sudo ss -ulpn 'sport = 1900'. End it, or have it share the port.",
            "Until then Hallway finds others by its own searches, which takes longer.",
        ],
        Cause::Trouble(_) => &["Try another interface with --interface NAME."],
        Cause::Nobody => &NOBODY,
        Cause::MulticastsLost => &[
            "Open UDP port 1900 in the firewalls of both machines with the lines below.",
            "If they are open, it is the switch (IGMP snooping without a querier) or the access \
             point (it may drop multicasts): the administrator can change that.",
            "Until then call by address.",
        ],
        Cause::NoHallway => &[
            "Devices of others are heard, and answer. Who should be seen has to start Hallway on \
             this network, without --no-discovery; client doctor HOST:PORT tries them.",
        ],
        Cause::NoAnswers => &[
            "Open it with the lines below.",
            "Until then, who starts after you is seen, who was there before is not.",
        ],
        Cause::AnswersToSsdpOnly => &["Nothing has to be done: Hallway searches from there, too."],
        Cause::NotHeard => &[
            "Open UDP port 1900 in their firewalls with the lines below.",
            "Wireless? Its access point may drop what is sent to all.",
            "They can call you all the same: give them your address.",
        ],
        Cause::NeighboursSilent => &["Open their firewalls with the lines below.", KEPT_APART],
        Cause::NeighboursRefuse => {
            &["Their programs have ended without a goodbye; start them again."]
        }
        Cause::Well => &["Whoever is missing nevertheless: client doctor HOST:PORT tries them."],
    };
    steps.iter().map(|step| (*step).to_owned()).collect()
}

const KEPT_APART: &str = "Wireless? Its access point may keep machines apart (client isolation).";

/// The tests that tell the possible causes apart.
const NOBODY: [&str; 5] = [
    "Does Hallway run on another machine of this network? Without one this is right.",
    "Is its network the same? Compare the addresses above with those that it shows.",
    "Try client doctor HOST:PORT with its address. If it is reached, only multicasts are lost: \
     open both firewalls for UDP 1900; then it is the switch (IGMP snooping without a querier) or \
     the access point. You can call by address.",
    "If it is not reached either, it is a firewall, or the access point keeps machines apart \
     (client isolation, usual in guest networks). With a cable there is no such thing.",
    "No gateway and no internet is needed for any of this. The lines below are for both machines.",
];
