//! When nothing goes wrong any more, what was sent arrives: what waited until two met again, and
//! what is sent then.

use std::collections::BTreeMap;

use files::disk::{Source, Target, TransferId};
use files::news::{Command as Files, Stage, Way};
use hallway::identity::Fingerprint;
use hallway::message::files::Wanted;
use hallway::text::FileName;
use node_server::node::Command;
use node_server::notice::CallId;

use crate::files::is_same;
use crate::host::HostId;
use crate::liveness::broken;
use crate::rules::{Broken, Verdict};
use crate::world::World;

/// So often people look whether something is offered.
const ROUNDS: usize = 60;
/// Milliseconds between two looks: longer than a transfer in good times.
const LOOK: u64 = 3_000;
/// What nobody has had before: what changes while it is sent would rightly fail.
const FAREWELL: &str = "farewell";

impl World {
    /// Everybody sends or shares something; those who are connected with them take or fetch it, and
    /// all of it is there in the end, with all that waited.
    pub fn everybody_sends_something(&mut self) -> Result<(), Broken> {
        let people = self.people();
        let mut sharing = Vec::new();
        for id in people.iter().copied() {
            let is_folder = self.dice.chance(500);
            let path = self.make(id, FAREWELL, is_folder);
            if self.dice.chance(500) {
                self.order(id, Command::Files(Files::Share(path)));
                sharing.push(id);
                continue;
            }
            for call in self.calls(id) {
                let source = Source::Path(path.clone());
                self.order(id, Command::Files(Files::Send(call.link(), source)));
            }
        }
        self.run_until(self.now + LOOK)?;
        let pairs = people.iter().flat_map(|to| sharing.iter().map(|from| (*from, *to)));
        let mut fetched = Vec::new();
        for (from, to) in pairs {
            if let Some(call) = self.call_with(to, from) {
                let what = Wanted::Name(FileName::of(FAREWELL));
                self.order(to, Command::Files(Files::Get(call.link(), what, Target::Downloads)));
                fetched.push((from, to));
            }
        }
        for _ in 0..ROUNDS {
            self.run_until(self.now + LOOK)?;
            if all_has_arrived(self).is_ok() {
                break;
            }
            people.iter().for_each(|id| self.take_offers(*id));
        }
        broken("all that is sent arrives", all_has_arrived(self))?;
        let missing = fetched.iter().find(|(from, to)| !self.has_what_is_shared(*from, *to));
        let verdict = missing.map_or(Ok(()), |pair| Err(format!("{pair:?}")));
        broken("all that is fetched arrives", verdict)
    }

    fn call_with(&self, id: HostId, other: HostId) -> Option<CallId> {
        let other = self.hosts[other].fingerprint;
        let mut talking = self.hosts[id].node()?.talking();
        talking.find(|(_, who)| who.fingerprint == other).map(|(call, _)| call)
    }

    fn has_what_is_shared(&self, from: HostId, to: HostId) -> bool {
        let shared = &self.hosts[from].files.made.last().unwrap().1;
        self.hosts[to].files.disk.downloads.values().any(|thing| is_same(thing, shared))
    }

    /// Whom this one is connected with.
    fn partners(&self, id: HostId) -> Vec<Fingerprint> {
        let node = self.hosts[id].node();
        let talking = node.into_iter().flat_map(|node| node.talking());
        talking.map(|(_, who)| who.fingerprint).collect()
    }
}

/// Nothing is left of what is sent to somebody who is there; and of what is received only what its
/// sender, who has been killed, knows nothing of.
fn all_has_arrived(world: &World) -> Verdict {
    for id in world.people() {
        let host = &world.hosts[id];
        let Some((node, running)) = host.node().zip(host.running.as_ref()) else { continue };
        let sent: &BTreeMap<TransferId, Fingerprint> = &running.threads.sent;
        let partners = world.partners(id);
        if !host.files.disk.is_at_rest() {
            return Err(format!("{} has a part open", host.label));
        }
        for (about, progress, stage) in node.files().list() {
            let to = sent.get(&about.id);
            let is_here = to.is_some_and(|to| partners.contains(to));
            if stage != Stage::Waiting || (about.way == Way::Out && is_here) {
                return Err(format!("{}: {about:?}, {progress:?}, {stage:?}", host.label));
            }
        }
    }
    Ok(())
}
