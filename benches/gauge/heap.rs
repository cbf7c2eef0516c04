//! Who holds the memory of idle members: valgrind's DHAT, which knows the stack of every block that
//! is still there at the end.

use std::collections::BTreeMap;
use std::fs;
use std::process::{self, Stdio};

use community_server::community::Input;
use hallway::conn::NetInput;
use hallway::limits::NEWS_PAUSE_MIN;
use hallway::message::Message;
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
        channel.send(Millis(0), &Message::clone(&wish()), &mut bytes).unwrap();
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

/// The blocks that the community has at the end, by the innermost line of ours that took them.
fn owners(found: &Value) -> BTreeMap<String, Held> {
    let frames = found["ftbl"].as_array().unwrap();
    let mut owners = BTreeMap::<String, Held>::new();
    for point in found["pps"].as_array().unwrap() {
        let frame = |at: &Value| frames[at.as_u64().unwrap() as usize].as_str().unwrap();
        let stack: Vec<&str> = point["fs"].as_array().unwrap().iter().map(frame).collect();
        if !stack.iter().any(|frame| frame.contains("community_server::")) {
            continue;
        }
        let ours =
            stack.iter().find(|f| f.contains(" hallway::") || f.contains(" community_server::"));
        let held = owners.entry(readable(ours.unwrap_or(&stack[0]))).or_default();
        held.bytes += point["eb"].as_u64().unwrap();
        held.blocks += point["ebk"].as_u64().unwrap();
    }
    owners
}

/// `0x1234: a::b::c (file.rs:56)` without the address.
fn readable(frame: &str) -> String {
    frame.split_once(": ").map_or(frame, |(_, rest)| rest).to_owned()
}
