//! Who is online: names, identities, addresses and states. Nothing of it ever reaches the disk.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hallway::conn::ConnId;
use hallway::message::{Addresses, Change, Member, State};
use hallway::text::Name;

/// The list of members, each with its connection.
#[derive(Default)]
pub struct Directory {
    listed: BTreeMap<Name, Listed>,
    /// Who has a name that looks like this; see [`Name::look_alikes`].
    look_alikes: BTreeMap<String, Name>,
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
    /// The same run of the same program has it, on this older connection.
    Own(ConnId),
    /// Somebody else has it, or one that looks like it; this one is free.
    Taken(Name),
}

impl Directory {
    /// Whether `member` can have the name it wants.
    pub fn place(&self, member: &Member) -> Place {
        let Some(holder) = self.holder(&member.name) else { return Place::Free };
        let same_run =
            holder.member.identity == member.identity && holder.member.instance == member.instance;
        if same_run {
            return Place::Own(holder.conn);
        }
        // There are fewer members than numbers to try.
        let free = (2..).map(|n| member.name.numbered(n)).find(|name| self.holder(name).is_none());
        Place::Taken(free.unwrap_or_else(|| member.name.clone()))
    }

    fn holder(&self, name: &Name) -> Option<&Listed> {
        let [one, two] = name.look_alikes();
        let name = self.look_alikes.get(&one).or_else(|| self.look_alikes.get(&two))?;
        self.listed.get(name)
    }

    /// Puts a member on the list; its place must be free.
    pub fn insert(&mut self, conn: ConnId, member: Member) -> Change {
        for key in member.name.look_alikes() {
            self.look_alikes.insert(key, member.name.clone());
        }
        let change = Change::Joined(member.clone());
        self.listed.insert(member.name.clone(), Listed { member, conn });
        change
    }

    /// Takes a member off the list.
    pub fn remove(&mut self, name: &Name) -> Option<Change> {
        self.listed.remove(name)?;
        for key in name.look_alikes() {
            self.look_alikes.remove(&key);
        }
        Some(Change::Left(name.clone()))
    }

    /// Notes a member's state; nothing changes when it was so already.
    pub fn set_state(&mut self, name: &Name, state: State) -> Option<Change> {
        let listed = self.listed.get_mut(name)?;
        if listed.member.state == state {
            return None;
        }
        listed.member.state = state;
        Some(Change::State(name.clone(), state))
    }

    /// The member of that name, or of one that looks like it.
    pub fn find(&self, name: &Name) -> Option<&Listed> {
        self.holder(name)
    }

    /// Another member with the same identity: a copied identity file, or one user twice.
    pub fn twin(&self, member: &Member) -> Option<&Member> {
        let is_twin = |listed: &&Listed| {
            listed.member.identity == member.identity && listed.member.name != member.name
        };
        self.listed.values().find(is_twin).map(|listed| &listed.member)
    }

    /// All members, by name.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.listed.values().map(|listed| &listed.member)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.listed.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }
}

/// The addresses others should try: the one we saw, then those of its interfaces. A loopback
/// address is nobody else's way to it, so it stands only when there is no other.
pub fn addresses_for_others(seen: IpAddr, told: &Addresses) -> Addresses {
    let told = told.iter().filter(|address| is_usable(*address));
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
    let link_local = match address {
        IpAddr::V4(_) => false,
        // Worthless without the interface, which differs from machine to machine.
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || link_local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hallway::handshake::auth::Instance;
    use hallway::identity::PublicIdentity;

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
        assert_eq!(directory.twin(&copy).unwrap().name.as_str(), "katie");
    }

    #[test]
    fn who_leaves_gives_the_name_free() {
        let mut directory = Directory::default();
        directory.insert(ConnId(1), member("katie", 1, 1));
        let name = Name::parse("katie").unwrap();
        assert_eq!(directory.remove(&name), Some(Change::Left(name.clone())));
        assert_eq!(directory.remove(&name), None);
        assert_eq!(directory.place(&member("katie", 2, 2)), Place::Free);
        assert!(directory.is_empty());
    }

    #[test]
    fn loopback_is_listed_only_when_there_is_nothing_else() {
        let told = Addresses::new(ips(&["127.0.0.1", "fe80::1", "192.168.1.5", "2001:db8::5"]));
        let local = addresses_for_others("127.0.0.1".parse().unwrap(), &told);
        assert_eq!(local.iter().collect::<Vec<_>>(), ips(&["192.168.1.5", "2001:db8::5"]));
        let lan = addresses_for_others("192.168.1.9".parse().unwrap(), &told);
        assert_eq!(
            lan.iter().collect::<Vec<_>>(),
            ips(&["192.168.1.9", "192.168.1.5", "2001:db8::5"])
        );
        let alone = addresses_for_others("::1".parse().unwrap(), &Addresses::default());
        assert_eq!(alone.iter().collect::<Vec<_>>(), ips(&["::1"]));
    }
}
