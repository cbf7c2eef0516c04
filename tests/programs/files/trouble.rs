//! A full disk, a pulled cable, a class that gets one file at once, and chat in the midst of it.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use super::{Taker, bytes, file, send};
use crate::lan::{Lan, is_everything_required};
use crate::support::{Launch, Program, node};

/// A disk of 8 MB, while it lives.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mount = ["-t", "tmpfs", "-o", "size=8m", "tmpfs"];
        let made = Command::new("mount").args(mount).arg(folder.path()).status();
        if made.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        assert!(!is_everything_required(), "a small disk is required here");
        println!("skipped: needs root to mount a small disk");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_fills_up_stops_it_with_a_reason_and_it_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new() else { return };
    let path = disk.0.path();
    let here = TempDir::new().unwrap();
    let mut katie = node("katie", &["--files", "all", "--download-dir", path.to_str().unwrap()]);
    let at = katie.address();
    // More than there is: refused at once.
    let large = file(here.path(), "large.bin", 1, 9 << 20);
    let mut bob = send(at, &[&large]);
    assert_eq!(bob.exit(), 1);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "no-room");
    // Of a size that nobody knows before: stopped when the disk is full.
    let data = TempDir::new().unwrap();
    let stream = |count: usize| {
        let launch = super::task("send", at, &["-", "--as", "stream.bin"]).piped();
        let mut bob = launch.data_dir(data.path()).start();
        bob.type_bytes(&bytes(2, count));
        bob.end_input();
        bob
    };
    let mut bob = stream(9 << 20);
    assert_eq!(bob.exit(), 1);
    assert_eq!(bob.events_of("file-failed")[0]["reason"], "no-room");
    assert!(fs::metadata(path.join("stream.bin")).is_err());
    let failed = katie.event("file-failed");
    assert!(failed["text"].as_str().unwrap().contains("no room"), "{failed}");
    // It still serves what fits.
    let small = file(here.path(), "small.bin", 3, 1_000);
    assert_eq!(send(at, &[&small]).exit(), 0);
}

#[test]
fn twenty_who_get_one_file_at_once_all_have_it() {
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "handout.pdf", 9, 2_000_000);
    let mut teacher = Taker::with("teacher", &[]);
    teacher.program.say(&format!("/share '{}'", path.to_str().unwrap()));
    teacher.program.says("handout.pdf");
    let folders: Vec<TempDir> = (0..20).map(|_| TempDir::new().unwrap()).collect();
    let at = teacher.at.to_string();
    let mut class: Vec<Program> = folders
        .iter()
        .enumerate()
        .map(|(number, folder)| {
            let into = folder.path().to_str().unwrap();
            let name = format!("student-{number}");
            let args = ["get", &at, "handout.pdf", "-o", into, "--name", &name];
            Launch::new("client", &args).without_input().start()
        })
        .collect();
    for (student, folder) in class.iter_mut().zip(&folders) {
        assert_eq!(student.exit(), 0, "{}", student.stderr());
        assert!(fs::read(folder.path().join("handout.pdf")).unwrap() == bytes(9, 2_000_000));
    }
}

#[test]
fn a_cable_that_is_pulled_in_the_midst_and_plugged_in_again_only_delays_it() {
    let Some(lan) = Lan::new(2) else { return };
    let (here, there) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let path = file(here.path(), "large.bin", 8, 24 << 20);
    let folder = there.path().to_str().unwrap();
    let args = ["--name", "katie", "--files", "all", "--download-dir", folder];
    let mut katie = lan.start(0, "node-server", &args);
    katie.event("listening");
    // So that it is not over before the cable is out.
    lan.slow_down(1, "100mbit");
    let args = ["send", "10.77.0.1", path.to_str().unwrap(), "--name", "bob"];
    let mut bob = lan.start(1, "client", &args);
    katie.event_that("file-progress", |event| event["done"].as_u64() > Some(1 << 20));
    lan.ip(1, "link set eth0 down");
    bob.event_that("file-progress", |event| event["state"] == "stalled");
    lan.ip(1, "link set eth0 up");
    assert_eq!(bob.exit(), 0, "{}", bob.stderr());
    assert!(fs::read(there.path().join("large.bin")).unwrap() == bytes(8, 24 << 20));
}

#[test]
fn lines_are_said_and_files_are_sent_in_one_conversation() {
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "large.bin", 1, 8 << 20);
    let mut katie = Taker::with("katie", &["--files", "all", "--echo"]);
    let mut bob = node("bob", &["--calls", "all"]);
    bob.address();
    let data = TempDir::new().unwrap();
    let args = ["--listen", "127.0.0.1:0", "--name", "ann", "--plain"];
    let mut ann = Launch::new("client", &args).data_dir(data.path()).start();
    ann.address();
    // Private chat, by the menu.
    ann.say("3");
    ann.say(&katie.at.to_string());
    ann.say(crate::support::NODE_PASSWORD);
    ann.event("connected");
    ann.say(&format!("/send '{}'", path.to_str().unwrap()));
    for number in 0..20 {
        let line = format!("line {number}");
        ann.say(&line);
        ann.hears(&line);
    }
    let done = ann.event("file-done");
    assert_eq!((&done["name"], &done["peer"]), (&"large.bin".into(), &"katie".into()));
    katie.program.event("file-done");
    assert!(katie.read("large.bin") == bytes(1, 8 << 20));
}
