//! What people and policies decide.

use files::disk::Target;
use files::news::{Command, Failure, FilePolicy, News, Stage};
use files::transfers::Setup;
use hallway::limits::{CHUNK_BYTES, STALL_WAIT};
use hallway::message::files::Why;

use crate::disk::Thing;
use crate::world::{Chance, World, all, ask, source};

const ANNA: usize = 0;
const BORIS: usize = 1;

fn offered(setup: Setup, bytes: usize) -> (World, Chance) {
    let mut chance = Chance(bytes as u64);
    let thing = Thing::file("thing", chance.bytes(bytes));
    let mut world = World::of_two(setup, vec![("thing", thing)]);
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    (world, chance)
}

#[test]
fn who_is_asked_says_yes_and_it_comes() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered"]);
    assert!(world.received(BORIS, "thing").is_none());
    world.accept(BORIS);
    world.settle(&mut chance);
    assert_eq!(world.told(BORIS), ["Offered", "Begun", "Done"]);
    assert_eq!(world.told(ANNA), ["Begun", "Done"]);
}

#[test]
fn who_is_asked_says_no_and_nothing_comes() {
    let (mut world, mut chance) = offered(ask(), 5_000);
    world.settle(&mut chance);
    let id = world.only(BORIS);
    world.command(BORIS, Command::Deny(id));
    world.settle(&mut chance);
    assert_eq!(world.told(ANNA), ["Failed There(Denied)"]);
    assert_eq!(world.arrived, 0);
}
