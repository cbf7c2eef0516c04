//! Neighbours in words for people, and as events for scripts. Everything here is safe to show:
//! names, fingerprints and addresses are types that cannot hold anything else.

use std::fmt;

use hallway::event::{Event, NeighbourEvent};
use hallway::text::{columns, padded};

use crate::kind::Kind;
use crate::neighbours::{Change, Neighbour, Reach, Twin};

/// Columns of a name in a list, and of a terminal.
const NAME_COLUMNS: usize = 16;
const COLUMNS: usize = 80;
/// Columns of the word for a kind.
const KIND_COLUMNS: usize = 9;
/// Where the second line of a row begins: under the name.
const INDENT: &str = "      ";

/// One neighbour of a numbered list: one row, more where it does not fit or needs a warning.
///
/// The first groups of the fingerprint stand in every row: names are chosen, and can be alike.
pub fn row(number: usize, one: &Neighbour) -> String {
    let what = match one.kind {
        Kind::Person => one.state.word(),
        Kind::Community => "community",
    };
    let name = padded(one.name.as_str(), NAME_COLUMNS);
    let mut rows = format!("{number:>4}  {name}  {}  {}", one.fingerprint.short(), padded(what, 9));
    for address in one.addresses.iter().take(1) {
        append(&mut rows, &address.socket.to_string());
        append(&mut rows, &address.interface);
    }
    for warning in warnings(one) {
        rows = format!("{rows}\n{INDENT}{warning}");
    }
    rows
}

/// One neighbour in one line, whatever its length, with the same columns for people and
/// communities: for those who look for words in it.
pub fn line(one: &Neighbour) -> String {
    let kind = padded(one.kind.word(), KIND_COLUMNS);
    let name = padded(one.name.as_str(), NAME_COLUMNS);
    let state = match one.kind {
        Kind::Person => one.state.word(),
        Kind::Community => "-",
    };
    let mut line = format!("{kind}  {name}  {}  {}", one.fingerprint.short(), padded(state, 9));
    for best in one.addresses.iter().take(1) {
        line += &format!("  {}  {}", best.socket, best.interface);
    }
    line
}

/// Adds a word to the last row, or begins another.
fn append(rows: &mut String, word: &str) {
    let last = rows.lines().next_back().unwrap_or_default();
    let fits = columns(last) + 2 + columns(word) <= COLUMNS;
    *rows += if fits { "  " } else { "\n      " };
    *rows += word;
}

/// What a status line says of the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Interfaces in use; safe to show.
    pub interfaces: Vec<String>,
    /// Datagrams of others that were heard.
    pub heard: u64,
    /// Another program has port 1900 for itself.
    pub is_degraded: bool,
    /// People who are seen.
    pub people: usize,
    /// Communities that are seen.
    pub communities: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interfaces, heard, people, communities, .. } = self;
        let interfaces = match interfaces.as_slice() {
            [] => "no interface in use".to_owned(),
            [first, second, _, ..] => format!("{first}, {second} and more"),
            few => few.join(", "),
        };
        let port = if self.is_degraded { "; port 1900 is taken" } else { "" };
        let communities = match communities {
            0 => "no community".to_owned(),
            1 => "1 community".to_owned(),
            many => format!("{many} communities"),
        };
        let people = if *people == 1 { "1 person".to_owned() } else { format!("{people} people") };
        write!(f, "{interfaces}: {heard} packets heard; {people}, {communities}{port}")
    }
}

/// What there is to be careful about.
pub fn warnings(one: &Neighbour) -> impl Iterator<Item = &'static str> {
    let reach = match one.reach() {
        Reach::NotReachable => Some("seen, but not reachable: client doctor tells why"),
        Reach::Reachable | Reach::Unknown => None,
    };
    let twin = one.twin.map(|twin| match twin {
        Twin::OfNeighbour => "the same identity is on another machine: is a disk copied?",
        Twin::OfUs => "your own identity, on another machine: is your identity file copied?",
    });
    reach.into_iter().chain(twin)
}

/// The event of a change, for scripts.
pub fn event(change: &Change) -> Event {
    match change {
        Change::Found(one) | Change::Changed(one) => Event::Found(whole(one)),
        Change::Gone(one) => Event::Gone(named(one)),
    }
}

fn named(one: &Neighbour) -> NeighbourEvent {
    NeighbourEvent {
        id: one.udn.bare().to_owned(),
        name: one.name.to_string(),
        kind: one.kind.word(),
        ..NeighbourEvent::default()
    }
}

fn whole(one: &Neighbour) -> NeighbourEvent {
    NeighbourEvent {
        address: one.socket(),
        addresses: one.addresses.iter().map(|address| address.socket).collect(),
        interface: one.addresses.first().map(|best| best.interface.clone()),
        fingerprint: Some(one.fingerprint.to_string()),
        state: (one.kind == Kind::Person).then(|| one.state.word()),
        reachable: match one.reach() {
            Reach::Reachable => Some(true),
            Reach::NotReachable => Some(false),
            Reach::Unknown => None,
        },
        twin: one.twin.is_some(),
        ..named(one)
    }
}

#[cfg(test)]
mod tests {
    use hallway::identity::PublicIdentity;
    use hallway::message::State;
    use hallway::text::Name;
    use ssdp::target::Udn;

    use super::*;
    use crate::neighbours::{Address, Probed};

    fn neighbour(name: &str, address: &str) -> Neighbour {
        let socket = address.parse().unwrap();
        Neighbour {
            udn: Udn::random([7; 16]),
            kind: Kind::Person,
            name: Name::parse(name).unwrap(),
            fingerprint: PublicIdentity([7; 32]).fingerprint(),
            state: State::Available,
            addresses: vec![Address { socket, interface: "eth0".into(), probed: None }],
            twin: None,
        }
    }

    #[test]
    fn a_row_says_who_where_and_through_which_interface() {
        let one = neighbour("katie", "10.0.0.7:5460");
        let short = one.fingerprint.short();
        let expected = format!("   1  katie             {short}  available  10.0.0.7:5460  eth0");
        assert_eq!(row(1, &one), expected);
        let community = Neighbour { kind: Kind::Community, ..one };
        assert!(row(2, &community).contains("  community  10.0.0.7:5460"));
    }

    #[test]
    fn a_line_has_the_same_columns_for_people_and_communities() {
        let one = neighbour("katie", "10.0.0.7:5460");
        let short = one.fingerprint.short();
        let expected =
            format!("node       katie             {short}  available  10.0.0.7:5460  eth0");
        assert_eq!(line(&one), expected);
        let community = line(&Neighbour { kind: Kind::Community, ..one });
        assert!(community.starts_with("community  katie  "), "{community}");
        let columns = |line: &str| line.split_whitespace().count();
        assert_eq!((columns(&expected), columns(&community)), (6, 6));
    }

    #[test]
    fn the_longest_row_fits_the_terminal_and_warns() {
        let longest = "[fe80:1234:5678:9abc:def0:1234:5678:9abc%1000]:65535";
        let mut one = neighbour(&"李".repeat(20), longest);
        one.addresses[0].probed = Some(Probed::Silent);
        one.addresses[0].interface = "enx0123456789ab".into();
        for twin in [Twin::OfNeighbour, Twin::OfUs] {
            one.twin = Some(twin);
            let rows = row(9999, &one);
            assert!(rows.lines().all(|row| columns(row) <= COLUMNS), "{rows}");
            assert!(rows.contains("not reachable") && rows.contains("identity"));
            assert!(rows.contains(longest) && rows.contains("enx0123456789ab"));
        }
    }

    #[test]
    fn the_status_line_is_one_row() {
        let mut summary = Summary { interfaces: vec!["eth0".into()], ..Summary::default() };
        let expected = "eth0: 0 packets heard; 0 people, no community";
        assert_eq!(summary.to_string(), expected);
        (summary.people, summary.communities, summary.heard) = (1, 1, 12);
        assert!(summary.to_string().ends_with("12 packets heard; 1 person, 1 community"));
        let interfaces = vec!["enx0123456789ab".into(); 4];
        summary = Summary { interfaces, people: 512, is_degraded: true, ..summary };
        assert!(columns(&summary.to_string()) <= 2 * COLUMNS, "{summary}");
        assert!(summary.to_string().contains("port 1900 is taken"));
        assert!(Summary::default().to_string().starts_with("no interface in use"));
    }

    #[test]
    fn an_event_has_what_a_script_needs_and_nothing_unknown() {
        let mut one = neighbour("katie", "10.0.0.7:5460");
        let Event::Found(found) = event(&Change::Found(one.clone())) else { panic!() };
        assert_eq!((found.address, found.reachable, found.twin), (one.socket(), None, false));
        assert_eq!((found.kind, found.state), ("node", Some("available")));
        one.kind = Kind::Community;
        one.addresses[0].probed = Some(Probed::Silent);
        let Event::Found(changed) = event(&Change::Changed(one.clone())) else { panic!() };
        assert_eq!((changed.id, changed.state, changed.reachable), (found.id, None, Some(false)));
        let gone = event(&Change::Gone(one)).line();
        let id = "07070707-0707-4707-8707-070707070707";
        assert_eq!(
            gone,
            format!(r#"{{"event":"gone","id":"{id}","name":"katie","kind":"community"}}"#)
        );
    }
}
