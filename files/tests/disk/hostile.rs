//! Names and links that want out of the folder: nothing outside is touched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use files::disk::{Arriving, Part, Piece};
use hallway::message::files::{Chunk, Entry, Kind};
use hallway::text::{EntryPath, FileName};
use hallway::tree::ChunkHash;

use crate::pipe::{CHUNK, Folders, arriving, bytes, finish, look, open, put, send};

/// What senders have tried with other programs, and then some.
const NAMES: [&str; 26] = [
    "../../outside/planted",
    "..",
    ".",
    "",
    "/etc/passwd",
    "//",
    "..\\..\\outside\\planted",
    "C:\\Windows\\x",
    "a/../../../outside/planted",
    ".ssh",
    ".bashrc",
    "-rf",
    "--help",
    "nul",
    "COM1.txt",
    "name:stream",
    "line\nend",
    "\u{1b}]0;title\u{7}",
    "\u{202e}gpj.exe",
    "zero\u{200b}width",
    "nul\0byte",
    "trailing. . ",
    "   ",
    "\u{feff}mark",
    ".file.5EED.hallway-part",
    "~/.profile",
];

fn one_file(name: &str) -> (Arriving, [Piece; 2]) {
    let name = FileName::of(name);
    let arriving = Arriving {
        from: "../..".to_owned(),
        name: name.clone(),
        kind: Kind::File,
        entries: 1,
        bytes: Some(4),
    };
    (arriving, pieces(EntryPath::of([name.as_str()]).unwrap()))
}

fn pieces(path: EntryPath) -> [Piece; 2] {
    let entry = Entry {
        number: 1,
        path,
        kind: Kind::File,
        bytes: Some(4),
        modified: i64::MIN,
        executable: false,
    };
    let chunk = Chunk { number: 1, hash: ChunkHash::of(0, b"evil", true), last: true };
    [Piece::Entry(entry), Piece::Chunk(b"evil".to_vec(), chunk)]
}

/// A folder beside the download folder that must stay as it is.
fn outside(folders: &Folders) -> PathBuf {
    let outside = folders.all.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("precious"), "precious").unwrap();
    outside
}

fn is_untouched(outside: &Path) -> bool {
    crate::pipe::names(outside) == ["precious"]
        && fs::read(outside.join("precious")).unwrap() == b"precious"
}

#[test]
fn no_name_of_a_file_leads_out_of_the_folder() {
    let folders = Folders::new();
    let outside = outside(&folders);
    for (at, name) in NAMES.iter().enumerate() {
        let (arriving, pieces) = one_file(name);
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        pieces.into_iter().for_each(|piece| put(&mut store, piece).unwrap());
        let placed = finish(&mut store).unwrap();
        let path = placed.path.unwrap();
        assert_eq!(path.parent(), Some(&*folders.to), "{name:?}");
        assert_eq!(fs::read(path).unwrap(), b"evil", "{name:?}");
        assert_eq!(folders.arrived().len(), at + 1, "{name:?}");
    }
    assert!(folders.arrived().iter().all(|name| !name.starts_with(['.', '-'])));
    assert!(is_untouched(&outside));
    assert_eq!(crate::pipe::names(folders.all.path()), ["data", "from", "outside", "to"]);
}

#[test]
fn no_path_in_a_folder_leads_out_of_it() {
    let folders = Folders::new();
    let outside = outside(&folders);
    let arriving = Arriving {
        from: "5EED".to_owned(),
        name: FileName::of("all"),
        kind: Kind::Folder,
        entries: NAMES.len() as u64,
        bytes: Some(4 * NAMES.len() as u64),
    };
    let mut store = folders.store();
    open(&mut store, &arriving).unwrap();
    for name in NAMES {
        let path = EntryPath::of([name]).unwrap();
        pieces(path).into_iter().for_each(|piece| put(&mut store, piece).unwrap());
    }
    let root = finish(&mut store).unwrap().path.unwrap();
    assert_eq!(crate::pipe::names(&root).len(), NAMES.len());
    assert!(
        fs::read_dir(&root).unwrap().all(|entry| entry.unwrap().file_type().unwrap().is_file())
    );
    assert_eq!(folders.arrived(), ["all"]);
    assert!(is_untouched(&outside));
}

#[test]
fn a_link_where_a_part_would_be_is_not_followed() {
    let folders = Folders::new();
    let outside = outside(&folders);
    let (arriving, pieces) = one_file("file");
    symlink(&outside, folders.to.join(".file..hallway-part")).unwrap();
    let mut store = folders.store();
    open(&mut store, &arriving).unwrap();
    pieces.into_iter().for_each(|piece| put(&mut store, piece).unwrap());
    assert_eq!(finish(&mut store).unwrap().name.as_str(), "file");
    assert!(is_untouched(&outside));
}

#[test]
fn a_link_where_the_file_would_be_is_neither_followed_nor_replaced() {
    let folders = Folders::new();
    let outside = outside(&folders);
    let (arriving, pieces) = one_file("file");
    let link = folders.to.join("file");
    symlink(outside.join("precious"), &link).unwrap();
    let mut store = folders.store();
    open(&mut store, &arriving).unwrap();
    pieces.into_iter().for_each(|piece| put(&mut store, piece).unwrap());
    assert_eq!(finish(&mut store).unwrap().name.as_str(), "file (2)");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert!(is_untouched(&outside));
}

/// Puts a link in the place of something.
fn replace(path: &Path, target: &Path) {
    let about = path.symlink_metadata().unwrap();
    if about.is_dir() {
        fs::remove_dir_all(path).unwrap();
    } else {
        fs::remove_file(path).unwrap();
    }
    symlink(target, path).unwrap();
}

#[test]
fn a_link_planted_in_a_part_is_thrown_away_when_it_is_taken_up() {
    for (victim, is_folder) in
        [("state", false), ("data", false), ("data", true), ("data/a", true), ("data/a/file", true)]
    {
        let folders = Folders::new();
        let outside = outside(&folders);
        let root = folders.from.join("root");
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/file"), bytes(2 * CHUNK)).unwrap();
        let path = if is_folder { root.clone() } else { root.join("a/file") };
        let mut sources = folders.sources();
        let arriving = arriving(&look(&mut sources, &path).unwrap());
        let cut = if is_folder { 3 } else { 2 };
        assert!(send(&mut sources, &mut folders.store(), &arriving, cut).placed.is_none());
        let part = folders.to.join(&folders.arrived()[0]);
        let target = if victim.ends_with('a') { outside.clone() } else { outside.join("precious") };
        replace(&part.join(victim), &target);
        let placed = send(&mut sources, &mut folders.store(), &arriving, usize::MAX).placed;
        let placed = placed.unwrap().path.unwrap();
        assert!(is_untouched(&outside), "{victim}");
        if is_folder {
            assert_eq!(crate::pipe::tree(&placed), crate::pipe::tree(&root), "{victim}");
        } else {
            assert_eq!(fs::read(&placed).unwrap(), bytes(2 * CHUNK), "{victim}");
        }
    }
}

#[test]
fn a_link_planted_while_it_is_written_leads_nowhere() {
    let folders = Folders::new();
    let outside = outside(&folders);
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("a")).unwrap();
    fs::write(root.join("a/file"), "x").unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &root).unwrap());
    let mut store = folders.store();
    // The folder has come, and its file has not.
    assert!(send(&mut sources, &mut store, &arriving, 1).placed.is_none());
    let part = folders.to.join(&folders.arrived()[0]);
    replace(&part.join("data/a"), &outside);
    let mut pieces = crate::pipe::Joiner::pieces(crate::pipe::stream(&folders, &root));
    assert!(put(&mut store, pieces.remove(1)).is_err());
    assert!(is_untouched(&outside));
}

#[test]
fn a_folder_that_becomes_a_link_while_it_is_sent_leads_nowhere() {
    let folders = Folders::new();
    let outside = outside(&folders);
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("b")).unwrap();
    fs::write(root.join("a"), bytes(CHUNK)).unwrap();
    fs::write(root.join("b/file"), "x").unwrap();
    let mut sources = folders.sources();
    look(&mut sources, &root).unwrap();
    crate::pipe::begin(&mut sources, None);
    crate::pipe::next(&mut sources);
    replace(&root.join("b"), &outside);
    let parts = crate::pipe::rest(&mut sources);
    let told = parts.iter().filter_map(|part| match part {
        Part::Entry(entry) => Some(entry.path.to_string()),
        Part::Skipped(skipped) => Some(format!("!{}", skipped.path)),
        _ => None,
    });
    assert_eq!(told.collect::<Vec<_>>(), ["!b"]);
}
