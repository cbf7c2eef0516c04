//! What people and policies decide, and what they are told.

mod answers;
mod course;

use files::news::Command;
use files::transfers::Setup;

use crate::disk::Thing;
use crate::world::{Chance, World, source};

const ANNA: usize = 0;
const BORIS: usize = 1;

/// Anna sends Boris a file of so many bytes.
fn offered(setup: Setup, bytes: usize) -> (World, Chance) {
    let mut chance = Chance(bytes as u64);
    let thing = Thing::file("thing", chance.bytes(bytes));
    let mut world = World::of_two(setup, vec![("thing", thing)]);
    let link = world.connect(ANNA, BORIS);
    world.command(ANNA, Command::Send(link, source("thing")));
    (world, chance)
}
