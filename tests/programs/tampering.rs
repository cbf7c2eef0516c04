//! Somebody between two real programs changes, drops, repeats, swaps or reflects what they send, or
//! cuts the line: no wrong character is ever shown, and the connection ends with one error.

use std::net::SocketAddr;

use hallway::seeds::Seeds;
use tempfile::TempDir;

use crate::proxy::{Deed, Seen, Way, proxy};
use crate::support::{Launch, Program, echo};

/// What is said in each conversation: long enough for records of a size that nothing else has here.
const LINES: [&str; 3] = [
    "alpha: the first of three lines, each of which is somewhat longer than the others need",
    "bravo: the second of three lines, so that a record with a line is larger than any other",
    "charlie: the third of three lines, after which there is nothing left but the goodbye",
];
/// Records with a line of ours have at least so many bytes; confirmations and closes have fewer.
const LINE_RECORD_BYTES: usize = 150;

/// An echo, and callers that reach it only through a proxy.
struct Bench {
    echo: Program,
    at: SocketAddr,
    /// One folder for all callers: an identity, and the pin of the echo.
    keys: TempDir,
    calls: usize,
}

/// How a conversation went.
struct Outcome {
    exit: i32,
    caller: Program,
    /// What the echo has shown of it.
    shown: Vec<String>,
    connected: bool,
    seen: Seen,
}

impl Bench {
    fn new() -> Self {
        let mut echo = echo("echo", &[]);
        let at = echo.address();
        Self { echo, at, keys: TempDir::new().unwrap(), calls: 0 }
    }

    /// Calls through a proxy that does this, says the lines, and waits until both sides know that
    /// it is over. `in_step` waits for the echo of a line before the next.
    fn call(&mut self, way: Way, deed: Deed, in_step: bool) -> Outcome {
        self.calls += 1;
        let name = format!("caller-{}", self.calls);
        let (at, seen) = proxy(self.at, way, deed);
        let args = ["chat", &at.to_string(), "--name", &name];
        let mut caller = Launch::new("client", &args).data_dir(self.keys.path()).start();
        if caller.wait_for(|event| event["event"] == "connected") {
            if in_step {
                for line in LINES {
                    caller.say(line);
                    if !caller.wait_for(|event| event["text"] == line) {
                        break;
                    }
                }
            } else {
                caller.type_bytes((LINES.join("\n") + "\n").as_bytes());
            }
        }
        caller.end_input();
        let exit = caller.exit();
        let connected = !caller.events_of("connected").is_empty();
        if connected {
            // Then the echo has taken the call; it may hear of the end later.
            assert!(
                self.echo.wait_for(|event| event["event"] == "closed" && event["peer"] == *name)
            );
        }
        let shown = self.echo.heard(&name);
        let seen = seen.lock().unwrap().clone();
        Outcome { exit, caller, shown, connected, seen }
    }
}

/// What holds whatever was done.
fn is_honest(outcome: &Outcome, deed: &str) {
    let Outcome { exit, caller, shown, connected, .. } = outcome;
    let told = format!("{deed}: exit {exit}, {:?}, {shown:?}", caller.events());
    let begins = |lines: &[String]| lines.len() <= LINES.len() && LINES[..lines.len()] == *lines;
    // Nothing but what was said is ever shown, in order, on either side.
    assert!(begins(shown), "{told}");
    let echoed = caller.heard("echo");
    assert!(begins(&echoed) && echoed.len() <= shown.len(), "{told}");
    let reasons: Vec<_> = caller.events_of("closed").iter().map(|e| e["reason"].clone()).collect();
    assert_eq!(reasons.len(), 1, "{told}");
    let errors = caller.events_of("error");
    let unsent = caller.events_of("unsent");
    let unsent: Vec<&str> = unsent.iter().filter_map(|event| event["text"].as_str()).collect();
    if *exit == 0 {
        // Then all was said, heard and confirmed, and only the goodbye was hurt.
        assert!(reasons[0] == "bye" && errors.is_empty() && unsent.is_empty(), "{told}");
        assert_eq!(shown[..], LINES[..], "{told}");
    } else {
        assert!([3, 4, 5].contains(exit) && errors.len() == 1, "{told}");
        assert!(reasons[0] != "bye", "{told}");
        let kind = errors[0]["kind"].as_str().unwrap();
        let fits = match exit {
            3 => ["wrong-password", "busy", "other-identity"].contains(&kind),
            4 => kind == "lost",
            _ => kind == "protocol",
        };
        assert!(fits && reasons[0] == kind, "{told}");
        // The lines that may not have arrived are named: the last ones, none left out.
        let from = LINES.iter().position(|line| unsent.first() == Some(line));
        let named = &LINES[from.unwrap_or(LINES.len())..];
        assert_eq!(unsent[..], named[..unsent.len().min(named.len())], "{told}");
        assert!(*connected || (unsent.is_empty() && shown.is_empty()), "{told}");
    }
}

/// Every line that was said is shown there or named here.
fn names_what_is_lost(outcome: &Outcome, deed: &str) {
    let starts = &outcome.seen.pieces[Way::There as usize];
    let ends = starts.iter().skip(1).chain([&outcome.seen.bytes[Way::There as usize]]);
    // Hello, proof and identity come before the lines.
    let lengths = starts.iter().zip(ends).skip(3).map(|(start, end)| end - start);
    let said = lengths.filter(|length| *length >= LINE_RECORD_BYTES).count();
    let unsent = outcome.caller.events_of("unsent");
    for line in &LINES[..said] {
        let is_shown = outcome.shown.iter().any(|shown| shown == line);
        let is_named = unsent.iter().any(|event| event["text"] == *line);
        assert!(is_shown || is_named, "{deed}: {line:?} is neither shown nor named");
    }
    assert!(said >= outcome.shown.len(), "{deed}: more was shown than was said");
}

/// A conversation that nobody touches: how many bytes go where.
fn untouched(bench: &mut Bench) -> Seen {
    let outcome = bench.call(Way::There, Deed::Watch, true);
    is_honest(&outcome, "watch");
    names_what_is_lost(&outcome, "watch");
    assert_eq!(outcome.exit, 0);
    outcome.seen
}

/// Always the same places and bits.
fn seeds() -> Seeds {
    Seeds::new(*b"thirty-two bytes, always the sam")
}

/// `count` places, spread over the stream, each somewhere in its stretch.
fn places(bytes: usize, count: usize, seeds: &mut Seeds) -> Vec<usize> {
    let stretch = bytes / count;
    (0..count).map(|n| n * stretch + seeds.below(stretch as u64) as usize).collect()
}

#[test]
fn any_flipped_bit_ends_the_connection_and_shows_nothing_wrong() {
    let mut bench = Bench::new();
    let seen = untouched(&mut bench);
    let mut seeds = seeds();
    for way in [Way::There, Way::Back] {
        for at in places(seen.bytes[way as usize], 28, &mut seeds) {
            let deed = Deed::Flip { at, bit: seeds.below(8) as u8 };
            let outcome = bench.call(way, deed, true);
            let told = format!("{way:?} {deed:?}");
            is_honest(&outcome, &told);
            names_what_is_lost(&outcome, &told);
            // Only the last word of the caller can be hurt without the caller noticing.
            let last = seen.pieces[way as usize].last().unwrap();
            assert!(outcome.exit != 0 || (way == Way::There && at >= *last), "{told}");
        }
    }
}

#[test]
fn a_line_that_is_cut_anywhere_is_lost_and_not_a_goodbye() {
    let mut bench = Bench::new();
    let seen = untouched(&mut bench);
    let mut seeds = seeds();
    for way in [Way::There, Way::Back] {
        let (bytes, pieces) = (seen.bytes[way as usize], &seen.pieces[way as usize]);
        // Anywhere, and exactly between two records, where nothing but the goodbye is missing.
        let between = pieces.iter().rev().take(3).copied();
        for after in places(bytes, 9, &mut seeds).into_iter().chain(between) {
            let outcome = bench.call(way, Deed::Cut { after }, true);
            let told = format!("{way:?} cut after {after}");
            is_honest(&outcome, &told);
            names_what_is_lost(&outcome, &told);
            let last = *pieces.last().unwrap();
            match outcome.exit {
                4 => assert_eq!(outcome.caller.events_of("closed")[0]["reason"], "lost", "{told}"),
                exit => assert!(exit == 0 && way == Way::There && after >= last, "{told}: {exit}"),
            }
            let name = format!("caller-{}", bench.calls);
            let closed = bench.echo.events_of("closed").into_iter().find(|e| e["peer"] == *name);
            assert!(closed.is_none_or(|event| event["reason"] == "lost"), "{told}");
        }
    }
}

#[test]
fn a_record_dropped_repeated_swapped_or_reflected_ends_the_connection() {
    let mut bench = Bench::new();
    // Records there: 0 who is calling, 1-3 the lines. Back: 0 who answers, 1 accepted, then the
    // rest.
    let deeds = [
        (Way::There, Deed::Drop(1)),
        (Way::There, Deed::Drop(2)),
        (Way::There, Deed::Repeat(0)),
        (Way::There, Deed::Repeat(1)),
        (Way::There, Deed::Repeat(3)),
        (Way::There, Deed::Swap(1)),
        (Way::There, Deed::Swap(2)),
        (Way::There, Deed::Reflect(0)),
        (Way::There, Deed::Reflect(1)),
        (Way::There, Deed::Reflect(2)),
        (Way::Back, Deed::Drop(0)),
        (Way::Back, Deed::Drop(2)),
        (Way::Back, Deed::Repeat(0)),
        (Way::Back, Deed::Repeat(1)),
        (Way::Back, Deed::Repeat(2)),
        (Way::Back, Deed::Swap(0)),
        (Way::Back, Deed::Swap(2)),
        (Way::Back, Deed::Reflect(0)),
        (Way::Back, Deed::Reflect(1)),
        (Way::Back, Deed::Reflect(2)),
    ];
    for (way, deed) in deeds {
        let outcome = bench.call(way, deed, false);
        let told = format!("{way:?} {deed:?}");
        is_honest(&outcome, &told);
        names_what_is_lost(&outcome, &told);
        assert!([4, 5].contains(&outcome.exit), "{told}: exit {}", outcome.exit);
    }
}
