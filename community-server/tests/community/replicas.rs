//! However people come and go: when it is quiet, everybody sees the list that the community keeps.

use community_server::community::Command;
use community_server::notice::Notice;
use hallway::conn::ConnId;
use hallway::message::{Message, State};
use hallway::reason::CloseReason;
use hallway::time::Millis;

use crate::support::{Guest, Person, World};

#[test]
fn five_hundred_come_and_go_in_any_order_and_every_survivor_knows_who_is_left() {
    let mut world = World::new(50, 1000);
    let (mut waiting, mut here): (Vec<usize>, Vec<ConnId>) = ((0..500).collect(), Vec::new());
    let mut most = 0;
    while !waiting.is_empty() || here.len() > 20 {
        // More come than go until all have come.
        if !waiting.is_empty() && (here.is_empty() || world.below(3) != 0) {
            let number = waiting.swap_remove(world.below(waiting.len()));
            here.push(world.join(&Person::called(&format!("member{number}"))));
        } else {
            let id = here.swap_remove(world.below(here.len()));
            world.leave(id);
        }
        most = most.max(here.len());
        if world.below(25) == 0 {
            world.turn();
        }
    }
    world.turn();
    assert!(most > 200, "{most}: a list of several pages");
    assert_eq!(world.community.load().members, 20);
    world.check_replicas();
    for id in here {
        world.die(id);
    }
    world.turn();
    assert!(world.community.is_quiet());
}

/// One random thing that may happen.
fn step(world: &mut World, people: &[Person], here: &mut Vec<ConnId>) {
    here.retain(|id| world.guest(*id).end.is_none());
    let person = &people[world.below(people.len())];
    let somebody = (!here.is_empty()).then(|| here[world.below(here.len())]);
    let is_member = |world: &World, id: ConnId| {
        let guest = world.guest(id);
        guest.has_list && guest.sees().contains(&guest.name())
    };
    match (world.below(12), somebody) {
        (0..=4, _) => here.push(world.join(person)),
        (5, _) => here.push(world.watch(person)),
        (6, _) => here.push(world.log_in(person)),
        (7, Some(id)) => world.leave(id),
        (8, Some(id)) => world.die(id),
        (9, _) => world.operate(Command::Kick(person.name.clone())),
        (10, Some(id)) if is_member(world, id) => {
            let state = [State::Available, State::InChat][world.below(2)];
            world.say(id, &Message::State(state));
        }
        (11, Some(id)) => world.say(id, &Message::Shown(1)),
        _ => world.turn(),
    }
}

#[test]
fn whatever_happens_all_see_the_same_list_once_it_is_quiet() {
    let mut seen = [false; 4];
    for seed in 100..130 {
        let mut world = World::new(seed, 4);
        // Few names and few identities, so that they meet: look-alikes, twins, second runs.
        let people: Vec<Person> = (0..24_u8)
            .map(|number| {
                let names =
                    ["ann", "ANN", "Bob", "B0b", "bob", "paul", "PauI", "paui", "eve", "gus"];
                let mut person = Person::called(names[usize::from(number) % names.len()]);
                person.identity = [number % 5; 32];
                person.instance = [number % 3; 8];
                person.from = ([10, 0, 0, number], 1).into();
                person
            })
            .collect();
        let mut here = Vec::new();
        for _ in 0..120 {
            step(&mut world, &people, &mut here);
            if world.below(6) == 0 {
                world.pass(Millis(200));
                world.check_replicas();
            }
        }
        world.turn();
        world.check_replicas();
        for id in here {
            world.die(id);
        }
        world.turn();
        assert!(world.community.is_quiet(), "seed {seed}");
        let replaced = |guest: &Guest| guest.last_word() == Some(CloseReason::Replaced);
        seen[0] |= world.guests.values().any(replaced);
        seen[1] |= world.notices.iter().any(|notice| matches!(notice, Notice::NameTaken(..)));
        seen[2] |= world.notices.iter().any(|notice| matches!(notice, Notice::Twin(..)));
        seen[3] |= world.notices.iter().any(|notice| matches!(notice, Notice::Full(_)));
    }
    assert_eq!(seen, [true; 4], "the seeds have come across everything");
}
