//! The rules about files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use files::disk::{Source, TransferId};
use files::news::{About, Failure, FilePolicy, News, Way};
use hallway::limits;
use hallway::message::files::{Wanted, Why};
use hallway::reason::Ended;
use hallway::text::FileName;
use node_server::notice::Notice;

use super::{Rules, Verdict, person};
use crate::facts::Fact;
use crate::files::is_same;
use crate::host::{HostId, Run};
use crate::world::World;

/// What these rules remember.
#[derive(Default)]
pub(super) struct Ledger {
    offered: BTreeSet<(Run, PathBuf)>,
    shared: BTreeMap<Run, Vec<PathBuf>>,
    /// What has ever been sent by whom to whom, or shared with everybody.
    given: BTreeSet<(HostId, Option<String>, FileName)>,
    taken: BTreeSet<(Run, TransferId)>,
    /// What was fetched from whom.
    fetched: Vec<(Run, String, Wanted)>,
    stored: Vec<Stored>,
    over: BTreeSet<(Run, TransferId)>,
}

/// Something that was put in its place.
struct Stored {
    at: HostId,
    from: String,
    placed: FileName,
    /// Its sender was told.
    told: bool,
}

impl Ledger {
    pub(super) fn remember(&mut self, fact: &Fact) {
        match fact {
            Fact::Offers { at, to, path } => {
                self.given.insert((at.host, to.clone(), name_of(path)));
                self.offered.insert((*at, path.clone()));
            }
            Fact::Takes { at, transfer } => {
                self.taken.insert((*at, *transfer));
            }
            Fact::Fetches { at, from, what } => {
                self.fetched.push((*at, from.clone(), what.clone()));
            }
            Fact::Shares { at, paths } => {
                self.given.extend(paths.iter().map(|path| (at.host, None, name_of(path))));
                self.shared.insert(*at, paths.clone());
            }
            Fact::Stored { at, arriving, placed } => {
                let (at, from, placed) = (at.host, arriving.from.clone(), placed.clone());
                self.stored.push(Stored { at, from, placed, told: false });
            }
            _ => {}
        }
    }
}

impl Rules {
    /// What is put in its place is, byte for byte, what its sender had under that name.
    pub(super) fn what_is_stored_is_what_was_offered(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::Stored { at, arriving, placed } = fact else { return Ok(()) };
        let sender = world.hosts.iter().find(|host| host.fingerprint.short() == arriving.from);
        let thing = &world.hosts[at.host].files.disk.downloads[placed.as_str()];
        let mut made = sender.into_iter().flat_map(|sender| &sender.files.made);
        let is_it = made.any(|(name, content)| *name == arriving.name && content == thing);
        if is_it { Ok(()) } else { Err(format!("{} from {}", arriving.name, arriving.from)) }
    }

    /// Nothing is looked at to be sent but what somebody there offers, or what is shared there at
    /// that moment.
    pub(super) fn nothing_is_sent_that_nobody_gives(&mut self, _: &World, fact: &Fact) -> Verdict {
        let Fact::Reads { at, source } = fact else { return Ok(()) };
        let is_given = match source {
            Source::Path(path) => self.files.offered.contains(&(*at, path.clone())),
            Source::Shared(path) => {
                self.files.shared.get(at).is_some_and(|paths| paths.contains(path))
            }
            Source::Stdin(_) => false,
        };
        if is_given { Ok(()) } else { Err(format!("{at:?}: {source:?}")) }
    }

    /// Nothing is received but what somebody there has taken or fetched, or takes from everybody.
    pub(super) fn nothing_comes_that_nobody_wants(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::Receives { at, transfer, arriving } = fact else { return Ok(()) };
        let is_fetched = |(run, from, what): &(Run, String, Wanted)| {
            let is_it = match what {
                Wanted::Name(name) => *name == arriving.name,
                Wanted::Hash(_) => true,
            };
            run == at && *from == arriving.from && is_it
        };
        let is_wanted = world.hosts[at.host].takes == FilePolicy::All
            || self.files.taken.contains(&(*at, *transfer))
            || self.files.fetched.iter().any(is_fetched);
        if is_wanted { Ok(()) } else { Err(format!("{at:?}: {arriving:?}")) }
    }

    /// Nothing is received from somebody who has neither sent it to this one nor shared it.
    pub(super) fn nothing_comes_to_whom_it_is_not_for(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::Receives { at, arriving, .. } = fact else { return Ok(()) };
        let from = world.hosts.iter().position(|host| host.fingerprint.short() == arriving.from);
        let Some(from) = from else { return Err(format!("nobody is {}", arriving.from)) };
        let to = world.hosts[at.host].fingerprint.short();
        let is_for = |to| self.files.given.contains(&(from, to, arriving.name.clone()));
        let is_known = is_for(Some(to)) || is_for(None) || world.hosts[from].is_attacker();
        if is_known { Ok(()) } else { Err(format!("{at:?}: {arriving:?}")) }
    }

    /// Of what either end is told that it is stored, it is there; and a sender is told once of each
    /// time.
    pub(super) fn what_is_told_to_be_stored_is_there(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::Told { at, notice: Notice::Files(news) } = fact else { return Ok(()) };
        let host = &world.hosts[at.host];
        let is_there = match news {
            News::Done(About { way: Way::In, .. }, name, ..) => {
                host.files.disk.downloads.contains_key(name.as_str())
            }
            News::Done(_, name, ..) => {
                let from = host.fingerprint.short();
                let is_it = |stored: &&mut Stored| {
                    !stored.told && stored.from == from && stored.placed == *name
                };
                let found = self.files.stored.iter_mut().find(is_it);
                found.map(|stored| stored.told = true).is_some()
            }
            News::HadAlready(About { way: Way::Out, name, .. }, _) => {
                let others = self.files.stored.iter().filter(|stored| stored.at != at.host);
                let mut things = others.map(|stored| {
                    &world.hosts[stored.at].files.disk.downloads[stored.placed.as_str()]
                });
                let made = || host.files.made.iter().filter(|(made, _)| made == name);
                things.any(|thing| made().any(|(_, content)| is_same(content, thing)))
            }
            _ => true,
        };
        if is_there { Ok(()) } else { Err(format!("{at:?}: {news:?}")) }
    }

    /// Of a transfer that is over nothing is told any more.
    pub(super) fn nothing_is_told_of_what_is_over(&mut self, _: &World, fact: &Fact) -> Verdict {
        let Fact::Told { at, notice: Notice::Files(news) } = fact else { return Ok(()) };
        let (about, is_last) = match news {
            News::Done(about, ..) | News::HadAlready(about, _) | News::Failed(about, _) => {
                (about, true)
            }
            News::Offered(about, ..)
            | News::Asked(about)
            | News::Begun(about, _)
            | News::Moved(about, ..)
            | News::Interrupted(about, _)
            | News::Skipped(about, ..)
            | News::SkippedMore(about, _) => (about, false),
            News::Listed(..) | News::NotThere(..) | News::Looking(..) | News::Shares(..) => {
                return Ok(());
            }
        };
        let key = (*at, about.id);
        if self.files.over.contains(&key) {
            return Err(format!("{at:?}: {news:?}"));
        }
        if is_last {
            self.files.over.insert(key);
        }
        Ok(())
    }

    /// Transfers, and bytes under way on a connection, stay within their limits.
    pub(super) fn transfers_are_within_their_limits(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::TurnEnd { at, .. } = fact else { return Ok(()) };
        let host = &world.hosts[at.host];
        let Some(node) = host.node() else { return Ok(()) };
        let transfers = node.files().list().count();
        let ends = world.ends_of(at.host).into_iter();
        let under_way = ends.map(|(pipe, side)| world.pipes[pipe].ends[1 - side].inbound.len());
        let under_way = under_way.max().unwrap_or_default();
        self.tally.fill("transfers", transfers);
        self.tally.fill("bytes under way", under_way);
        if transfers > limits::TRANSFERS_MAX || under_way > UNDER_WAY_MAX {
            return Err(format!("{transfers}, {under_way} bytes"));
        }
        Ok(())
    }

    /// Where nobody changes bytes on the way, no program of ours is found to break the protocol.
    pub(super) fn nobody_honest_is_found_at_fault(
        &mut self,
        world: &World,
        fact: &Fact,
    ) -> Verdict {
        let Fact::Told { at, notice } = fact else { return Ok(()) };
        let (Notice::Ended(call, _, Ended::Fault(fault), _)
        | Notice::Unlinked(call, _, Ended::Fault(fault))) = notice
        else {
            return Ok(());
        };
        let partner = self.partners.get(&(*at, *call)).and_then(|who| person(world, *who));
        let is_ours = partner.is_some_and(|who| !world.hosts[who].is_attacker());
        if is_ours && !world.swarm.faults.tampering {
            return Err(format!("{at:?} of host {partner:?}: {fault:?}"));
        }
        Ok(())
    }

    /// While nothing goes wrong, no transfer fails, but for a policy, and no wish.
    pub(super) fn no_transfer_fails_in_calm(&mut self, _: &World, fact: &Fact) -> Verdict {
        let Fact::Told { at, notice: Notice::Files(news) } = fact else { return Ok(()) };
        let fails = match news {
            News::Failed(_, failure) => *failure != Failure::There(Why::Policy),
            News::NotThere(..) => true,
            _ => false,
        };
        if self.calm && fails { Err(format!("{at:?}: {news:?}")) } else { Ok(()) }
    }
}

/// The largest window, and what is said beside files.
const UNDER_WAY_MAX: usize = limits::FILE_WINDOW_MAX as usize + (1 << 20);

fn name_of(path: &Path) -> FileName {
    FileName::of(path.file_name().unwrap().to_str().unwrap())
}
