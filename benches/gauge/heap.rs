//! Who holds the memory of idle members: valgrind's DHAT, which knows the stack of every block that
//! is still there at the end.

use std::collections::BTreeMap;
use std::fs;
use std::process::{self, Stdio};

use community_server::community::Input;
use hallway::conn::NetInput;
use hallway::limits::NEWS_PAUSE_MIN;
use hallway::reason::Exit;
use hallway::time::Millis;
use serde_json::Value;
use tempfile::TempDir;

use crate::hall::wish;
use crate::in_role;
use crate::login::Door;

/// Lets so many in, and ends while they are there.
pub(crate) fn fill(members: usize) -> Exit {
    let mut door = Door::new();
    for _ in 0..members {
        let (id, mut channel) = door.log_in();
        let mut bytes = Vec::new();
        channel.send(Millis(0), &wish(), &mut bytes).unwrap();
        door.handle(Input::Net(id, NetInput::Received(&bytes)));
        door.outputs.clear();
    }
    door.now.tick = NEWS_PAUSE_MIN;
    while door.community.deadline().is_some() {
        door.handle(Input::TurnEnd);
        door.outputs.clear();
    }
    // Nothing is dropped.
    process::exit(0)
}

/// Blocks of one owner.
#[derive(Clone, Copy, Default)]
struct Held {
    bytes: u64,
    blocks: u64,
}

/// Prints what a community of so many holds, by owner.
pub(crate) fn show(members: usize) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("blocks");
    let out = format!("--dhat-out-file={}", file.display());
    let around = ["valgrind", "-q", "--tool=dhat", "--num-callers=40", &out];
    let mut filling = in_role("heap", &around);
    let done = filling.arg(members.to_string()).stderr(Stdio::inherit()).status();
    assert!(done.expect("valgrind: install the package of that name").success());
    let found: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let mut all: Vec<(String, Held)> = owners(&found).into_iter().collect();
    all.sort_by_key(|(_, held)| std::cmp::Reverse(held.bytes));

    println!("{members} idle members, for each:\n{:>9} {:>8}", "bytes", "blocks");
    let each = |count: u64| count as f64 / members as f64;
    let sum = all.iter().fold(Held::default(), |sum, (_, held)| Held {
        bytes: sum.bytes + held.bytes,
        blocks: sum.blocks + held.blocks,
    });
    for (owner, held) in all.iter().filter(|(_, held)| each(held.bytes) >= 0.5) {
        println!("{:9.1} {:8.2}  {owner}", each(held.bytes), each(held.blocks));
    }
    println!("{:9.1} {:8.2}  in all", each(sum.bytes), each(sum.blocks));
}

/// The blocks that the community has at the end, by what they are part of.
fn owners(found: &Value) -> BTreeMap<String, Held> {
    let frames = found["ftbl"].as_array().unwrap();
    let mut owners = BTreeMap::<String, Held>::new();
    for point in found["pps"].as_array().unwrap() {
        let frame = |at: &Value| frames[at.as_u64().unwrap() as usize].as_str().unwrap();
        let stack: Vec<&str> = point["fs"].as_array().unwrap().iter().map(frame).collect();
        if stack.iter().any(|frame| frame.contains(" community_server::community::Community::")) {
            let held = owners.entry(owner(&stack)).or_default();
            held.bytes += point["eb"].as_u64().unwrap();
            held.blocks += point["ebk"].as_u64().unwrap();
        }
    }
    owners
}

/// A map by what it maps; everything else by the innermost line of ours that took it. A frame is
/// `0x1234: a::b::c (file.rs:56)`.
fn owner(stack: &[&str]) -> String {
    let map = stack.iter().filter(|frame| frame.contains("/btree/")).find_map(|frame| {
        let (_, types) = frame.split_once('<')?;
        let (types, _) = types.split_once(", alloc::alloc::Global>")?;
        Some(format!("BTreeMap<{types}>"))
    });
    let ours =
        |frame: &&&str| frame.contains(": hallway::") || frame.contains(": community_server::");
    let line = || stack.iter().find(ours).and_then(|frame| frame.split_once(": "));
    map.unwrap_or_else(|| line().map_or_else(String::new, |(_, line)| line.to_owned()))
}
