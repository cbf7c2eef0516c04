//! Soak: the real programs on a switch of a test's own, while people come, talk, go, are killed,
//! frozen and cut off at random. What must be left of them is nothing: no entry in a list, no
//! descriptor, no thread, no memory, no file, no work; and every line came or was named.
//!
//! In a round all visitors arrive, act at random for a while ([`visitors`]), and leave or die. Then
//! there is quiet, in which everything must become as it was before ([`world`]). `SOAK_SECONDS`
//! says how long (default 60, the long one is 1800), `SEED` which deeds are drawn (default 1).
//!
//! Does it notice? These were put in on purpose, and the short one said:
//!
//! * 1,880 bytes, those of a member, are kept of each connection to a community: `hall grows:
//!   [1064, 1136, 1184, 1212, 1240] KiB`. Otherwise it grows by 8 to 28 KiB in that time; 64 are
//!   allowed. A round has a dozen arrivals and some ten other connections.
//! * Whoever dies stays on the list: `the watched list is {…, "visitor-4-0": "available", …}`.
//! * The socket is kept of a connection that the other side ended: `hall is Figures { descriptors:
//!   58, … }, not Figures { descriptors: 35, … }`.

mod calls;
mod figures;
mod scene;
mod visitors;
mod world;

use std::thread;
use std::time::{Duration, Instant};

use self::scene::Scene;
use self::visitors::Visitors;
use self::world::World;
use crate::lan::Lan;

/// Machines: one for the community and those who look, one for two nodes, and those of visitors.
const MACHINES: usize = 6;
/// The first machine of visitors.
const VISITORS: usize = 2;
/// Rounds at least, however slow the machine is: the first is for warming up.
const ROUNDS_MIN: usize = 4;

#[test]
fn people_come_and_go_at_random_and_nothing_of_them_is_left() {
    let Some(lan) = Lan::new(MACHINES) else { return };
    let (seconds, seed) = (number("SOAK_SECONDS", 60), number("SEED", 1));
    println!("SOAK_SECONDS={seconds} SEED={seed}");
    let begun = Instant::now();
    let length = Duration::from_secs(seconds);
    // Five seconds in the short one, a minute in the long one; coming, going and quiet are more.
    let disorder = (length / 12).min(Duration::from_secs(60));
    let mut world = World::new(&lan);
    let scene = Scene::new(&lan, world.doors());
    let mut hosts: Vec<Visitors<'_>> =
        (VISITORS..MACHINES).map(|leaf| Visitors::new(&scene, leaf, seed)).collect();
    world.lists_agree(&scene, Vec::new());
    world.is_as_at_the_beginning(&hosts);
    while begun.elapsed() < length || world.samples() <= ROUNDS_MIN {
        together(&scene, &mut hosts, Visitors::arrive);
        scene.begin(disorder);
        together(&scene, &mut hosts, Visitors::live);
        let residents = hosts.iter_mut().flat_map(Visitors::residents).collect();
        world.lists_agree(&scene, residents);
        together(&scene, &mut hosts, Visitors::leave);
        world.lists_agree(&scene, Vec::new());
        scene.calls_are_right(|calls| world.note(calls));
        world.is_as_at_the_beginning(&hosts);
    }
    world.tell(&hosts, begun.elapsed());
    world.has_not_grown();
    world.end();
}

/// All machines at once do the same.
fn together<'a>(scene: &Scene<'_>, hosts: &mut [Visitors<'a>], deed: fn(&mut Visitors<'a>)) {
    thread::scope(|scope| {
        for host in hosts {
            scope.spawn(|| {
                let _stop_all = scene.stop_all_on_failure();
                deed(host);
            });
        }
    });
}

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}
