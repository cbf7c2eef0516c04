//! Anything a peer could say, in any order.

use files::disk::Target;
use files::news::Command;
use hallway::limits::CHUNK_BYTES;
use hallway::message::files::{
    Chunk, Entry, Files, From, Get, Have, Kind, List, Listing, NotThere, Offer, Refuse, Sent,
    Stored, Take, Wanted, Why, Withdraw,
};
use hallway::text::FileName;
use hallway::tree::{ChunkHash, FileHash};
use proptest::prelude::*;

use super::{BORIS, offer};
use crate::disk::{self, Thing};
use crate::world::{World, all, path, source};

/// Anything a peer could say, from few numbers, so that much of it fits together.
fn some_message() -> impl Strategy<Value = Files> {
    let number = 0_u64..4;
    let count = prop_oneof![Just(0_u64), Just(1), Just(2), Just(u64::MAX)];
    let size = prop_oneof![Just(None), count.clone().prop_map(Some)];
    let kind = prop_oneof![Just(Kind::File), Just(Kind::Folder)];
    let hash = prop_oneof![Just(None), Just(Some(FileHash([1; 32])))];
    let have = prop_oneof![
        Just(None),
        (count.clone(), count.clone()).prop_map(|(entries, chunks)| {
            Some(Have { entries, chunks, digest: FileHash([0; 32]) })
        }),
    ];
    let name = || FileName::of("thing");
    let request = prop_oneof![Just(None), (0_u64..3).prop_map(Some)];
    prop_oneof![
        4 => (number.clone(), kind.clone(), count.clone(), size.clone(), hash, request).prop_map(
            |(number, kind, entries, bytes, hash, request)| {
                Files::Offer(Offer { hash, request, ..offer(number, kind, entries, bytes) })
            }
        ),
        3 => (number.clone(), have)
            .prop_map(|(number, have)| Files::Take(Take { number, have })),
        3 => (number.clone(), count.clone(), count.clone())
            .prop_map(|(number, entries, chunks)| Files::From(From { number, entries, chunks })),
        3 => (number.clone(), kind, size).prop_map(|(number, kind, bytes)| {
            Files::Entry(Entry { number, ..disk::thing::entry("a", kind, bytes) })
        }),
        3 => (number.clone(), any::<bool>()).prop_map(|(number, last)| {
            Files::Chunk(Chunk { number, hash: ChunkHash::of(0, b"a", true), last })
        }),
        2 => (number.clone(), count.clone(), count.clone())
            .prop_map(|(number, entries, bytes)| Files::Sent(Sent { number, entries, bytes })),
        1 => number.clone().prop_map(|number| {
            Files::Stored(Stored { number, name: FileName::of("x"), hash: None })
        }),
        1 => number.clone().prop_map(|number| Files::Refuse(Refuse { number, why: Why::Have })),
        1 => number.clone().prop_map(|number| {
            Files::Withdraw(Withdraw { number, why: Why::Stopped })
        }),
        1 => count.prop_map(Files::Got),
        1 => number.clone().prop_map(|request| Files::List(List { request, after: None })),
        1 => number.clone().prop_map(move |request| {
            Files::Get(Get { request, what: Wanted::Name(name()) })
        }),
        1 => number.clone().prop_map(|request| {
            Files::Listing(Listing { request, items: Vec::new(), last: true })
        }),
        1 => number.prop_map(|request| Files::NotThere(NotThere { request, why: Why::Gone })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_a_peer_says_costs_it_no_more_than_the_connection(
        connections in proptest::collection::vec(
            proptest::collection::vec((some_message(), any::<bool>()), 1..12), 1..6),
    ) {
        let mut world = World::default();
        world.join("boris", all());
        let thing = Thing::file("thing", vec![1; CHUNK_BYTES + 5]);
        world.hosts[BORIS].disk.sources.insert(path("thing"), thing.clone());
        world.command(BORIS, Command::Share(path("thing")));
        for messages in connections {
            let link = world.stranger(BORIS);
            world.command(BORIS, Command::Send(link, source("thing")));
            let wanted = Wanted::Name(FileName::of("thing"));
            world.command(BORIS, Command::Get(link, wanted, Target::Downloads));
            for (message, has_bytes) in messages {
                let result = world.say(link, message);
                if result.is_err() || (has_bytes && world.bulk(link, 1, b"a").is_err()) {
                    break;
                }
                world.tick(BORIS);
            }
            world.close(BORIS, link);
            world.settle(&mut crate::world::Chance(1));
            // Nothing stays open, and what it did not get wrong goes on with the next.
            prop_assert!(world.hosts[BORIS].disk.is_at_rest());
            prop_assert!(world.hosts[BORIS].transfers.is_idle(link));
        }
        let honest = world.join("anna", all());
        let link = world.connect(BORIS, honest);
        world.command(BORIS, Command::Send(link, source("thing")));
        world.settle(&mut crate::world::Chance(1));
        prop_assert_eq!(world.received(honest, "thing"), Some(&thing));
    }
}
