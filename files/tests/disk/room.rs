//! A full disk, a read-only one: said in words, nothing half in its place, and it goes on.

use std::fs;
use std::path::Path;
use std::process::Command;

use files::disk::{Arriving, Keep, Part, Target, Write, WriteDone};
use hallway::message::files::Why;

use crate::pipe::{
    CHUNK, Folders, ID, Joiner, abandon, arriving, bytes, finish, look, open, put, send, stream,
};

/// A file system in memory, gone at the end.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    /// Nothing where that is not allowed.
    fn new(path: &'a Path, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "hallway-test"]).arg(path);
        let done = mount.output().is_ok_and(|output| output.status.success());
        if !done {
            println!("skipped: needs root to mount a small file system");
        }
        done.then_some(Self(path))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("--lazy").arg(self.0).status();
        assert!(done.unwrap().success());
    }
}

#[test]
fn a_full_disk_is_said_so_keeps_the_part_and_goes_on_when_there_is_room() {
    let folders = Folders::new();
    let Some(_mount) = Mount::new(&folders.to, "size=8m") else { return };
    let path = folders.from.join("file");
    fs::write(&path, bytes(5 * CHUNK)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    let mut store = folders.store();
    open(&mut store, &arriving).unwrap();
    let ballast = folders.to.join("ballast");
    fs::write(&ballast, bytes(5 * CHUNK)).unwrap();
    let looked = folders.store().run(Write::Look(ID, arriving.clone(), Target::Downloads));
    let Some(WriteDone::Looked(ID, Ok(room))) = looked else { panic!("{looked:?}") };
    assert!(room.free <= 3 * CHUNK as u64, "{} free", room.free);

    let mut pieces = Joiner::pieces(stream(&folders, &path)).into_iter();
    let done = pieces.try_for_each(|piece| put(&mut store, piece));
    let trouble = done.unwrap_err();
    assert_eq!(trouble.why, Why::NoRoom);
    let words = format!("file was not written to {}: the disk is full", folders.to.display());
    assert_eq!(trouble.words, words);
    abandon(&mut store, Keep::Part);
    assert_eq!(folders.arrived(), [".file.5EED.hallway-part", "ballast"]);

    fs::remove_file(&ballast).unwrap();
    let ended = send(&mut sources, &mut store, &arriving, usize::MAX);
    assert_eq!(ended.from, (0, 2));
    assert_eq!(fs::read(folders.to.join("file")).unwrap(), bytes(5 * CHUNK));
    assert_eq!(folders.arrived(), ["file"]);
}

#[test]
fn a_disk_without_room_for_one_more_file_is_said_so_too() {
    let folders = Folders::new();
    let Some(_mount) = Mount::new(&folders.to, "size=8m,nr_inodes=8") else { return };
    let root = folders.from.join("root");
    fs::create_dir(&root).unwrap();
    for number in 0..20 {
        fs::write(root.join(number.to_string()), "").unwrap();
    }
    let arriving = arriving(&look(&mut folders.sources(), &root).unwrap());
    let mut store = folders.store();
    open(&mut store, &arriving).unwrap();
    let mut pieces = Joiner::pieces(stream(&folders, &root)).into_iter();
    let done = pieces.try_for_each(|piece| put(&mut store, piece));
    assert_eq!(done.unwrap_err().why, Why::NoRoom);
    assert!(finish(&mut store).is_err());
    abandon(&mut store, Keep::Nothing);
    assert!(folders.arrived().is_empty());
}

#[test]
fn a_disk_that_cannot_be_written_to_is_said_so() {
    let folders = Folders::new();
    let Some(_mount) = Mount::new(&folders.to, "ro") else { return };
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let trouble = open(&mut folders.store(), &arriving).unwrap_err();
    assert_eq!(trouble.why, Why::Disk);
    assert!(trouble.words.ends_with(": this disk cannot be written to"), "{}", trouble.words);
    assert!(matches!(stream(&folders, &path).last(), Some(Part::End { .. })));
}

#[test]
fn what_is_larger_than_the_disk_is_not_begun() {
    let mut folders = Folders::new();
    folders.to = folders.to.join("new");
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let large = Arriving { bytes: Some(u64::MAX), ..arriving.clone() };
    let trouble = open(&mut folders.store(), &large).unwrap_err();
    let words = format!("file was not written to {}: only ", folders.to.display());
    assert!(trouble.words.starts_with(&words), "{}", trouble.words);
    assert!(trouble.words.ends_with(" MB are free there"), "{}", trouble.words);
    assert!(trouble.why == Why::NoRoom && !folders.to.exists());
    open(&mut folders.store(), &arriving).unwrap();
}
