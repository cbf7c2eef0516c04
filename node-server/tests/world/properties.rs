//! What must hold for any weather and anything people do.

use std::collections::BTreeSet;

use community_server::community;
use hallway::message::Member;
use node_server::calls::CallPolicy;
use node_server::membership::Wish;
use node_server::node::Command;
use node_server::notice::{CallId, Notice};

use crate::host::Core;
use crate::people::{Person, line, person};
use crate::world::{HostId, Weather, World};

/// Two people who call, talk, hang up and lose each other, as the seed says.
struct Two {
    world: World,
    hosts: [HostId; 2],
    said: [Vec<String>; 2],
    /// Whether somebody has a call of their own under way.
    calling: [usize; 2],
}

impl Two {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [delay, piece, resets] = [60, 600, 30].map(|most| world.dice.below(most));
        world.weather = Weather { delay: delay + 1, piece: piece + 1, resets };
        let hosts = ["ann", "bob"].map(|name| {
            let ask = world.dice.below(2) == 0;
            let policy = if ask { CallPolicy::Ask } else { CallPolicy::All };
            world.join(&person(name).calls(policy))
        });
        Self { world, hosts, said: [vec![], vec![]], calling: [0; 2] }
    }

    fn ended(&self, who: usize) -> usize {
        self.world.host(self.hosts[who]).ended().len()
    }

    /// Every call that this host has heard of.
    fn known(&self, who: usize) -> usize {
        let calls =
            self.world.host(self.hosts[who]).notices.iter().filter_map(|notice| match notice {
                Notice::Calling(id, _) | Notice::Ringing(id, _) | Notice::Connected(id, _) => {
                    Some(*id)
                }
                Notice::Ended(id, ..) => Some(*id),
                _ => None,
            });
        calls.collect::<BTreeSet<CallId>>().len()
    }

    fn step(&mut self, who: usize) {
        let (host, other) = (self.hosts[who], self.hosts[1 - who]);
        let talking = self.world.talking(host).last().copied();
        let ringing = self.world.node(host).ringing().next().map(|(call, _)| call);
        match (self.world.dice.below(20), talking, ringing) {
            (0..=14, Some(call), _) => {
                for _ in 0..self.world.dice.below(5) {
                    if self.world.node(host).can_say(call) {
                        let text = format!("{who} {}", self.said[who].len());
                        self.said[who].push(text.clone());
                        self.world.command(host, Command::Say(call, vec![line(&text)]));
                    }
                }
            }
            (15, Some(call), _) => self.world.command(host, Command::HangUp(call)),
            (16, Some(call), _) => self.world.command(host, Command::Finish(call)),
            (17, ..) => self.world.cut(|_| true, 0),
            (0..=10, None, Some(call)) => self.world.command(host, Command::Accept(call)),
            (11, None, Some(call)) => self.world.command(host, Command::Deny(call)),
            (0..=9, None, None) if self.known(who) == self.ended(who) && self.calling[who] == 0 => {
                let call = self.world.call(&[other]);
                self.world.command(host, call);
                self.calling[who] = 4;
            }
            _ => {}
        }
        self.calling[who] = self.calling[who].saturating_sub(1);
        let pause = self.world.dice.below(100);
        self.world.run(pause);
    }

    /// The weather clears up, and everybody goes home.
    fn finish(&mut self) {
        self.world.weather.resets = 0;
        for _ in 0..3 {
            self.world.run(20_000);
            for host in self.hosts {
                for call in self.world.talking(host) {
                    self.world.command(host, Command::Finish(call));
                }
            }
        }
        self.world.run(120_000);
    }

    fn judge(&self, seed: u64) {
        let story = || format!("seed {seed}: {}", self.world.story());
        assert!(self.world.is_quiet(), "{}", story());
        for who in 0..2 {
            let (speaker, hearer) = (self.hosts[who], self.hosts[1 - who]);
            let heard = self.world.host(hearer).heard();
            let number = |text: &String| -> usize {
                text.strip_prefix(&format!("{who} ")).unwrap().parse().unwrap()
            };
            let numbers: Vec<usize> = heard.iter().map(number).collect();
            assert!(
                numbers.is_sorted_by(|one, next| one < next),
                "twice, or out of order: {}",
                story()
            );
            let lost: BTreeSet<String> = self
                .world
                .host(speaker)
                .ended()
                .iter()
                .flat_map(|(_, _, lines)| lines)
                .map(|line| line.as_str().to_owned())
                .collect();
            for text in &self.said[who] {
                assert!(heard.contains(text) || lost.contains(text), "{text} is gone: {}", story());
            }
            let proved = person(["bob", "ann"][who]).fingerprint();
            for notice in &self.world.host(speaker).notices {
                if let Notice::Connected(_, other) = notice {
                    assert_eq!(other.fingerprint, proved);
                }
            }
        }
    }
}

/// Returns how many lines were heard, and how many calls were lost on the way.
fn run(seed: u64) -> (usize, usize) {
    let mut two = Two::new(seed);
    for _ in 0..40 {
        two.step(0);
        two.step(1);
    }
    two.finish();
    two.judge(seed);
    let hosts = two.hosts.map(|host| two.world.host(host));
    let lost = hosts.iter().flat_map(|host| host.ended()).filter(|(.., lines)| !lines.is_empty());
    (hosts.iter().map(|host| host.heard().len()).sum(), lost.count())
}

#[test]
fn no_line_is_shown_twice_or_out_of_order_and_what_was_confirmed_was_shown() {
    let (mut heard, mut lost) = (0, 0);
    for seed in 0..300 {
        let (more, worse) = run(seed);
        heard += more;
        lost += worse;
    }
    assert!(heard > 3_000 && lost > 50, "a test of nothing: {heard} heard, {lost} lost");
}

/// Two call each other at once and talk, and in the middle of it everything breaks or one goes.
fn broken_crossing(seed: u64) {
    let mut two = Two::new(seed);
    two.world.weather.resets = 0;
    let [ann, bob] = two.hosts;
    let (to_bob, to_ann) = (two.world.call(&[bob]), two.world.call(&[ann]));
    let apart = two.world.dice.below(1 + 2 * two.world.weather.delay);
    two.world.later(1, ann, to_bob);
    two.world.later(1 + apart, bob, to_ann);
    let end = two.world.now + two.world.dice.below(12 * two.world.weather.delay);
    while two.world.now < end {
        for who in 0..2 {
            let host = two.hosts[who];
            let open = two.world.talking(host).last().copied();
            if let Some(call) = open.filter(|call| two.world.node(host).can_say(*call)) {
                let text = format!("{who} {}", two.said[who].len());
                two.said[who].push(text.clone());
                two.world.command(host, Command::Say(call, vec![line(&text)]));
            }
        }
        two.world.run(1);
    }
    if seed.is_multiple_of(2) {
        two.world.cut(|_| true, 0);
    } else {
        for call in two.world.talking(ann) {
            two.world.command(ann, Command::HangUp(call));
        }
    }
    two.finish();
    two.judge(seed);
}

#[test]
fn no_line_is_lost_unnamed_when_a_crossing_breaks() {
    for seed in 0..300 {
        broken_crossing(seed);
    }
}

fn members(world: &World, host: HostId) -> Vec<Member> {
    let mut members: Vec<Member> = world.node(host).members().cloned().collect();
    members.sort_by(|one, other| one.name.cmp(&other.name));
    members
}

#[test]
fn whatever_happened_all_have_the_communitys_list_in_the_end() {
    for seed in 0..60 {
        let mut world = World::new(seed);
        world.weather = Weather { delay: 40, piece: 300, resets: 20 };
        let class = world.community();
        let hosts: Vec<HostId> = (0..5)
            .map(|key| {
                let name = ["ann", "bob", "eve", "katie", "zoe"][usize::from(key)];
                world.join(&Person { key: 10 + key, instance: key, ..person(name) })
            })
            .collect();
        for _ in 0..40 {
            let host = hosts[usize::try_from(world.dice.below(5)).unwrap()];
            let other = hosts[usize::try_from(world.dice.below(5)).unwrap()];
            match world.dice.below(8) {
                0..=2 => {
                    let wish = Wish { persist: true, ..world.wish(class, true) };
                    world.command(host, Command::Join(wish));
                }
                3 => world.command(host, Command::Leave),
                4 => world.cut(|ends| ends.contains(&host), 0),
                5 => {
                    world.operate(class, community::Input::Stop);
                    let core = world.new_community(200, 100, 1_000);
                    world.restart(class, core);
                }
                _ => {
                    let call = world.call(&[other]);
                    world.command(host, call);
                }
            }
            let pause = world.dice.below(1_000);
            world.run(pause);
        }
        world.weather.resets = 0;
        world.run(120_000);
        let Core::Community(core) = &world.host(class).core else { panic!("no community") };
        let listed: Vec<Member> = core.members().cloned().collect();
        let mut count = 0;
        for host in hosts {
            let node = world.node(host);
            assert_eq!(node.is_in_community(), node.community().is_some(), "seed {seed}");
            if node.is_in_community() {
                count += 1;
                let others = listed.iter().filter(|member| member.instance != node.me().instance);
                assert_eq!(members(&world, host), others.cloned().collect::<Vec<_>>());
                let us = listed.iter().find(|member| member.instance == node.me().instance);
                let in_chat = node.talking().next().is_some();
                assert_eq!(us.unwrap().state.word() == "in-chat", in_chat);
            }
        }
        assert_eq!(count, listed.len(), "seed {seed}: {}", world.story());
    }
}
