//! Who is online: names, identities, addresses and states. Nothing of it ever reaches the disk.
//!
//! Three indexes, so that nothing that a member does makes us look at all of them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use hallway::conn::ConnId;
use hallway::handshake::auth::Instance;
use hallway::identity::PublicIdentity;
use hallway::limits::OFFERED_NAMES_MAX;
use hallway::message::{Addresses, Member, State};
use hallway::text::Name;

/// The list of members, each with its connection.
#[derive(Default)]
pub struct Directory {
    listed: BTreeMap<Name, Listed>,
    /// Who has a name that looks like this; see [`Name::look_alikes`].
    look_alikes: BTreeMap<String, Name>,
    /// Which name each run of a program has.
    runs: BTreeMap<Run, Name>,
    /// Names that were wanted lately by people who could not have them, and the last number that
    /// each was offered with: not offered to the next one too, and not looked for from the start.
    offered: VecDeque<(Name, u32)>,
}

/// One run of one program: a person's key, and which of the programs that use it.
type Run = (PublicIdentity, Instance);

fn run(member: &Member) -> Run {
    (member.identity, member.instance)
}

/// One entry.
pub struct Listed {
    /// What others see.
    pub member: Member,
    /// Where to reach it.
    pub conn: ConnId,
}

/// What comes of wanting a place on the list.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// The name is free.
    Free,
    /// The name is free, and the same run of the same program is on the list by this older
    /// connection, under this name or another: it has to go first.
    Own(ConnId),
    /// Somebody else has it, or one that looks like it; this one is free.
    Taken(Name),
}

impl Directory {
    /// Whether `member` can have the name it wants.
    pub fn place(&mut self, member: &Member) -> Place {
        let own = self.runs.get(&run(member));
        let is_free = |name: &Name| self.holders(name).all(|holder| Some(holder) == own);
        if !is_free(&member.name) {
            let is_wanted = |offered: &&(Name, u32)| offered.0 == member.name;
            let last = self.offered.iter().find(is_wanted).map_or(1, |(_, number)| *number);
            // A class of which everybody is called `student` comes at once.
            let number = (last.saturating_add(1)..).find(|n| is_free(&member.name.numbered(*n)));
            let number = number.unwrap_or(u32::MAX);
            self.offered.retain(|offered| offered.0 != member.name);
            if self.offered.len() >= OFFERED_NAMES_MAX {
                self.offered.pop_front();
            }
            self.offered.push_back((member.name.clone(), number));
            return Place::Taken(member.name.numbered(number));
        }
        match own.and_then(|name| self.listed.get(name)) {
            Some(older) => Place::Own(older.conn),
            None => Place::Free,
        }
    }

    /// Who has this name, or one that looks like it: two, when it is like one by its case and like
    /// another by its letters.
    fn holders(&self, name: &Name) -> impl Iterator<Item = &Name> {
        name.look_alikes().into_iter().filter_map(|key| self.look_alikes.get(&key))
    }

    /// Puts a member on the list; its place must be free.
    pub fn insert(&mut self, conn: ConnId, member: Member) {
        for key in member.name.look_alikes() {
            self.look_alikes.insert(key, member.name.clone());
        }
        self.runs.insert(run(&member), member.name.clone());
        // Whoever wants this name next begins to count anew.
        self.offered.retain(|offered| offered.0 != member.name);
        self.listed.insert(member.name.clone(), Listed { member, conn });
    }

    /// Takes a member off the list; gives its entry.
    pub fn remove(&mut self, name: &Name) -> Option<Member> {
        let listed = self.listed.remove(name)?;
        self.runs.remove(&run(&listed.member));
        for key in name.look_alikes() {
            self.look_alikes.remove(&key);
        }
        Some(listed.member)
    }

    /// Notes a member's state, if that is news; gives the entry as it was.
    pub fn set_state(&mut self, name: &Name, state: State) -> Option<Member> {
        let listed = self.listed.get_mut(name)?;
        if listed.member.state == state {
            return None;
        }
        let before = listed.member.clone();
        listed.member.state = state;
        Some(before)
    }

    /// The member of exactly that name.
    pub fn get(&self, name: &Name) -> Option<&Member> {
        self.listed.get(name).map(|listed| &listed.member)
    }

    /// The member of that name, or of one that looks like it.
    pub fn find(&self, name: &Name) -> Option<&Listed> {
        self.holders(name).find_map(|name| self.listed.get(name))
    }

    /// The name of another run with the same identity: a copied identity file, or one user twice.
    pub fn twin(&self, member: &Member) -> Option<&Name> {
        let (first, last) = (Instance([0; 8]), Instance([0xff; 8]));
        self.runs
            .range((member.identity, first)..=(member.identity, last))
            .find(|((_, instance), _)| *instance != member.instance)
            .map(|(_, name)| name)
    }

    /// All members, by name.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.listed.values().map(|listed| &listed.member)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.listed.len()
    }

    /// Whether nobody is there, in no index.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty() && self.look_alikes.is_empty() && self.runs.is_empty()
    }
}

/// The addresses others should try: the one we saw, then those of its interfaces. A loopback
/// address is nobody else's way to it, so it stands only when there is no other.
pub fn addresses_for_others(seen: IpAddr, told: &Addresses) -> Addresses {
    // `::ffff:127.0.0.1` is a loopback address too.
    let seen = seen.to_canonical();
    let told = told.iter().map(|address| address.to_canonical()).filter(|a| is_usable(*a));
    let seen_first = Some(seen).filter(|address| is_usable(*address));
    let mut all: Vec<IpAddr> = seen_first.into_iter().collect();
    for address in told {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    if all.is_empty() {
        all.push(seen);
    }
    Addresses::new(all)
}

fn is_usable(address: IpAddr) -> bool {
    let nobodys = match address {
        // Link-local is good enough on a subnet where nobody hands out addresses.
        IpAddr::V4(v4) => v4.is_broadcast(),
        // Worthless without the interface, which differs from machine to machine.
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || nobodys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::limits;

    fn member(name: &str, identity: u8, instance: u8) -> Member {
        Member {
            name: Name::parse(name).unwrap(),
            identity: PublicIdentity([identity; 32]),
            instance: Instance([instance; 8]),
            port: 5460,
            addresses: Addresses::default(),
            state: State::Available,
        }
    }

    fn ips(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|ip| ip.parse().unwrap()).collect()
    }

    #[test]
    fn a_taken_name_comes_with_a_free_one() {
        let mut directory = Directory::default();
        directory.insert(ConnId(1), member("katie", 1, 1));
        let other = member("katie", 2, 2);
        let free = Name::parse("katie-2").unwrap();
        assert_eq!(directory.place(&other), Place::Taken(free));
        directory.insert(ConnId(2), member("katie-2", 2, 2));
        let free = Name::parse("KATIE-3").unwrap();
        assert_eq!(directory.place(&member("KATIE", 3, 3)), Place::Taken(free));
    }

    #[test]
    fn the_same_run_gets_its_own_place_back_and_a_copy_of_its_identity_does_not() {
        let mut directory = Directory::default();
        directory.insert(ConnId(1), member("katie", 1, 1));
        assert_eq!(directory.place(&member("katie", 1, 1)), Place::Own(ConnId(1)));
        assert!(matches!(directory.place(&member("katie", 1, 2)), Place::Taken(_)));
        let copy = member("bob", 1, 2);
        assert_eq!(directory.twin(&copy).unwrap().as_str(), "katie");
        assert_eq!(directory.twin(&member("katie", 1, 1)), None, "its own run is no twin");
        assert_eq!(directory.twin(&member("bob", 2, 2)), None);
    }

    #[test]
    fn the_same_run_replaces_itself_under_another_name_too() {
        let mut directory = Directory::default();
        directory.insert(ConnId(1), member("katie-2", 1, 1));
        assert_eq!(directory.place(&member("katie", 1, 1)), Place::Own(ConnId(1)));
        directory.insert(ConnId(2), member("katie", 2, 2));
        let own = Name::parse("katie-2").unwrap();
        assert_eq!(directory.place(&member("katie", 1, 1)), Place::Taken(own));
    }

    #[test]
    fn a_name_like_our_own_and_like_another_is_taken() {
        let mut directory = Directory::default();
        directory.insert(ConnId(1), member("paui", 1, 1));
        directory.insert(ConnId(2), member("paul", 2, 2));
        // In capitals it reads like the second, in lower case it is the first.
        assert!(matches!(directory.place(&member("PauI", 1, 1)), Place::Taken(_)));
        assert!(matches!(directory.place(&member("PauI", 2, 2)), Place::Taken(_)));
        for name in ["paui", "paul"] {
            directory.remove(&Name::parse(name).unwrap());
        }
        assert!(directory.is_empty());
    }

    #[test]
    fn a_class_of_one_name_is_offered_a_different_one_each() {
        let mut directory = Directory::default();
        directory.insert(ConnId(0), member("student", 0, 0));
        let offers: Vec<Place> =
            (1..30).map(|n| directory.place(&member("student", n, n))).collect();
        for (at, offer) in offers.iter().enumerate() {
            assert_eq!(offers.iter().position(|other| other == offer), Some(at));
        }
        let first = directory.place(&member("student", 99, 99));
        assert_eq!(first, Place::Taken(Name::parse("student-31").unwrap()));
    }

    #[test]
    fn numbers_are_counted_anew_once_the_name_was_free() {
        let mut directory = Directory::default();
        directory.insert(ConnId(0), member("student", 0, 0));
        let offers = |directory: &mut Directory| directory.place(&member("student", 1, 1));
        let second = Name::parse("student-2").unwrap();
        assert_eq!(offers(&mut directory), Place::Taken(second.clone()));
        assert_ne!(offers(&mut directory), Place::Taken(second.clone()));
        directory.remove(&Name::parse("student").unwrap());
        directory.insert(ConnId(1), member("student", 2, 2));
        assert_eq!(offers(&mut directory), Place::Taken(second));
    }

    #[test]
    fn ten_thousand_namesakes_are_told_apart_in_one_look_each() {
        let mut directory = Directory::default();
        directory.insert(ConnId(0), member("student", 0, 0));
        for number in 2..10_000 {
            let free = Name::parse(&format!("student-{number}")).unwrap();
            // Looking from the start each time would take fifty million looks.
            assert_eq!(directory.place(&member("student", 1, 1)), Place::Taken(free.clone()));
            let mut taken = member(free.as_str(), 0, 0);
            taken.instance = Instance(u64::to_be_bytes(number));
            directory.insert(ConnId(number), taken);
        }
    }

    #[test]
    fn who_leaves_gives_the_name_free() {
        let mut directory = Directory::default();
        directory.insert(ConnId(1), member("katie", 1, 1));
        let name = Name::parse("katie").unwrap();
        assert_eq!(directory.remove(&name), Some(member("katie", 1, 1)));
        assert_eq!(directory.remove(&name), None);
        assert_eq!(directory.place(&member("katie", 2, 2)), Place::Free);
        assert!(directory.is_empty());
    }

    #[test]
    fn others_are_told_the_address_we_saw_and_then_those_they_could_use() {
        let table: [(&str, &[&str], &[&str]); 9] = [
            // Seen, told by the member, told to others.
            ("192.168.1.9", &[], &["192.168.1.9"]),
            ("192.168.1.9", &["192.168.1.5", "192.168.1.9"], &["192.168.1.9", "192.168.1.5"]),
            ("10.0.0.7", &["127.0.0.1", "fe80::1", "2001:db8::5"], &["10.0.0.7", "2001:db8::5"]),
            ("10.0.0.7", &["0.0.0.0", "::", "224.0.0.1", "ff02::1"], &["10.0.0.7"]),
            ("10.0.0.7", &["255.255.255.255", "::ffff:127.0.0.1"], &["10.0.0.7"]),
            ("::ffff:10.0.0.7", &["10.0.0.7"], &["10.0.0.7"]),
            ("127.0.0.1", &["192.168.1.5", "169.254.3.4"], &["192.168.1.5", "169.254.3.4"]),
            ("::1", &["127.0.0.1", "::1"], &["::1"]),
            ("fe80::9", &["fe80::9", "2001:db8::5"], &["2001:db8::5"]),
        ];
        for (seen, told, expected) in table {
            let found = addresses_for_others(seen.parse().unwrap(), &Addresses::new(ips(told)));
            assert_eq!(found.iter().collect::<Vec<_>>(), ips(expected), "{seen} {told:?}");
        }
        let many = (1..=20).map(|last| IpAddr::from([10, 0, 0, last]));
        let found = addresses_for_others("10.9.9.9".parse().unwrap(), &Addresses::new(many));
        assert_eq!(found.iter().count(), limits::ADDRESSES_MAX);
        assert_eq!(found.iter().next(), "10.9.9.9".parse().ok());
    }
}
