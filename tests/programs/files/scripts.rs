//! Sending by scripts: what arrives, what is said, and how it ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, UNIX_EPOCH};

use tempfile::TempDir;

use super::{Taker, bytes, file, names, send, task};

#[test]
fn a_file_is_there_verified_and_told_of_at_both_ends() {
    let mut katie = Taker::new("katie");
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "notes.bin", 1, 3_000_000);
    let mut bob = send(katie.at, &[&path]);
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert_eq!(katie.read("notes.bin"), bytes(1, 3_000_000));
    assert_eq!(katie.names(), ["notes.bin"], "nothing else is left there");
    let sent = &bob.events_of("file-done")[0];
    assert_eq!((&sent["peer"], &sent["stored"]), (&"katie".into(), &"notes.bin".into()));
    let came = katie.program.event("file-done");
    let hash = blake3::hash(&bytes(1, 3_000_000)).to_string();
    assert_eq!((&came["hash"], &sent["hash"]), (&hash.as_str().into(), &hash.as_str().into()));
    let path = katie.folder.path().join("notes.bin");
    assert_eq!(came["path"], path.to_str().unwrap());
}

#[test]
fn a_folder_keeps_its_shape_its_times_and_what_may_be_run() {
    let katie = Taker::new("katie");
    let here = TempDir::new().unwrap();
    let top = here.path().join("Übung 3");
    fs::create_dir_all(top.join("a/b/empty")).unwrap();
    fs::write(top.join("a/run.sh"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(top.join("a/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(top.join("中文.txt"), "").unwrap();
    let when = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    fs::File::options().write(true).open(top.join("中文.txt")).unwrap().set_modified(when).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", top.join("link")).unwrap();
    let mut bob = send(katie.at, &[&top]);
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    let there = katie.folder.path().join("Übung 3");
    assert_eq!(names(&there), ["a", "中文.txt"]);
    assert!(names(&there.join("a/b/empty")).is_empty());
    let mode = |path: &str| fs::metadata(there.join(path)).unwrap().permissions().mode() & 0o111;
    assert!(mode("a/run.sh") & 0o100 != 0 && mode("中文.txt") == 0);
    assert_eq!(fs::metadata(there.join("中文.txt")).unwrap().modified().unwrap(), when);
    let skipped = bob.texts("warning");
    assert!(skipped.iter().any(|text| text.contains("left out link")), "{skipped:?}");
}

#[test]
fn several_things_go_over_one_connection_and_a_taken_name_is_numbered() {
    let katie = Taker::new("katie");
    let here = TempDir::new().unwrap();
    let one = file(here.path(), "one.txt", 1, 10);
    let two = file(here.path(), "two.txt", 2, 0);
    assert_eq!(send(katie.at, &[&one, &two]).exit(), 0);
    file(here.path(), "one.txt", 3, 20);
    let mut again = send(katie.at, &[&one]);
    assert_eq!(again.exit(), 0);
    assert_eq!(again.events_of("file-done")[0]["stored"], "one (2).txt");
    assert_eq!(katie.names(), ["one (2).txt", "one.txt", "two.txt"]);
    assert_eq!((katie.read("one.txt"), katie.read("one (2).txt")), (bytes(1, 10), bytes(3, 20)));
}

#[test]
fn standard_input_is_sent_under_a_name() {
    let katie = Taker::new("katie");
    let mut bob = task("send", katie.at, &["-", "--as", "dump.sql"]).piped().start();
    bob.type_bytes(&bytes(4, 2_500_000));
    bob.end_input();
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert_eq!(katie.read("dump.sql"), bytes(4, 2_500_000));
}

#[test]
fn a_node_takes_nothing_unless_it_is_told_to() {
    let katie = Taker::with("katie", &[]);
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "unasked.bin", 1, 100);
    let mut bob = send(katie.at, &[&path]);
    assert_eq!(bob.exit(), 3);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "policy");
    assert!(katie.names().is_empty());
}

#[test]
fn what_is_too_large_is_refused_before_it_is_sent() {
    let katie = Taker::with("katie", &["--files", "all", "--files-max", "1kB"]);
    let here = TempDir::new().unwrap();
    let (small, large) =
        (file(here.path(), "small", 1, 1_000), file(here.path(), "large", 2, 1_001));
    let mut bob = send(katie.at, &[&small, &large]);
    assert_eq!(bob.exit(), 3);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "too-large");
    assert_eq!(katie.names(), ["small"]);
}

#[test]
fn somebody_is_asked_and_may_choose_a_folder_or_deny() {
    let mut katie = Taker::with("katie", &["--files", "ask"]);
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "asked.bin", 1, 100);
    let mut bob = send(katie.at, &[&path]);
    let offer = katie.program.event("file-offer");
    assert_eq!((&offer["name"], &offer["bytes"]), (&"asked.bin".into(), &100.into()));
    assert!(offer["free"].as_u64().unwrap() > 0);
    // A place that will not do is no answer.
    katie.program.say(&format!("/accept {} /dev/null/x", offer["id"]));
    let again = katie.program.event("file-offer");
    assert_eq!((&again["id"], &again["reason"]), (&offer["id"], &"trouble".into()));
    let elsewhere = here.path().join("else where");
    katie.program.say(&format!("/accept {} '{}'", offer["id"], elsewhere.to_str().unwrap()));
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert_eq!(fs::read(elsewhere.join("asked.bin")).unwrap(), bytes(1, 100));

    let mut bob = send(katie.at, &[&path]);
    let offer = katie.program.event("file-offer");
    katie.program.say(&format!("/deny {}", offer["id"]));
    assert_eq!(bob.exit(), 3);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "denied");
    assert!(katie.names().is_empty());
}

#[test]
fn what_is_not_there_or_makes_no_sense_is_told_and_nothing_is_left() {
    let katie = Taker::new("katie");
    let nowhere = std::path::Path::new("/nowhere/at/all");
    let mut bob = send(katie.at, &[nowhere]);
    assert_eq!(bob.exit(), 1);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "not-there");
    let mut bob = send(katie.at, &[std::path::Path::new("/dev/null")]);
    assert_eq!(bob.exit(), 1);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "not-a-file");
    assert_eq!(task("send", katie.at, &["-"]).start().exit(), 2);
    assert_eq!(task("send", katie.at, &[]).start().exit(), 2);
    assert_eq!(task("get", katie.at, &["a", "b", "-o", "-"]).start().exit(), 2);
    assert!(katie.names().is_empty());
}
