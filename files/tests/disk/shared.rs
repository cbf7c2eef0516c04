//! The index: what is shared, what is known, what has changed.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use files::disk::{Index, IndexDone, Placed, Share, Stamp, Trouble};
use files::shell::Indexer;
use hallway::limits::INDEX_BYTES_MAX;
use hallway::message::files::{Kind, Why};
use hallway::text::FileName;
use hallway::tree::FileHash;

use crate::pipe::{CHUNK, Folders, ID, bytes, look, send_all};

fn hash(bytes: &[u8]) -> FileHash {
    FileHash(*blake3::hash(bytes).as_bytes())
}

fn shares(indexer: &mut Indexer, job: Index) -> (Vec<Share>, Option<Trouble>) {
    match indexer.turn(Some(job)).done {
        Some(IndexDone::Shares(shares, trouble) | IndexDone::Changed(shares, trouble)) => {
            (shares, trouble)
        }
        other => panic!("{other:?}"),
    }
}

/// Turns until there is nothing more to do; what was told last, and how many turns it took.
fn settle(indexer: &mut Indexer) -> (Option<Vec<Share>>, usize) {
    let mut told = None;
    for turns in 1.. {
        let turn = indexer.turn(None);
        if let Some(IndexDone::Hashed(shares, _)) = turn.done {
            told = Some(shares);
        }
        if !turn.more {
            return (told, turns);
        }
    }
    (None, 0)
}

fn share(indexer: &mut Indexer, path: &Path) -> Vec<Share> {
    let (shares, trouble) = shares(indexer, Index::Share(path.to_owned()));
    assert_eq!(trouble, None);
    shares
}

fn find(indexer: &mut Indexer, hash: FileHash) -> Option<PathBuf> {
    match indexer.turn(Some(Index::Find(ID, hash))).done {
        Some(IndexDone::Found(ID, path)) => path,
        other => panic!("{other:?}"),
    }
}

/// Receives a file with that content: where it is, how it was then, and what it comes to.
fn received(folders: &Folders, content: &str) -> (PathBuf, Stamp, FileHash) {
    let from = folders.from.join("sent");
    fs::write(&from, content).unwrap();
    let Placed { path, hash, stamp, .. } = send_all(folders, &from);
    (path.unwrap(), stamp.unwrap(), hash.unwrap())
}

/// The same, and remembers it.
fn receive(indexer: &mut Indexer, folders: &Folders, content: &str) -> PathBuf {
    let (path, stamp, hash) = received(folders, content);
    let turn = indexer.turn(Some(Index::Remember(path.clone(), stamp, hash)));
    assert!(turn.done.is_none() && turn.more);
    path
}

fn names(shares: &[Share]) -> Vec<&str> {
    shares.iter().map(|share| share.item.name.as_str()).collect()
}

#[test]
fn what_is_shared_is_told_at_once_and_again_with_its_hash() {
    let folders = Folders::new();
    let path = folders.from.join("large");
    fs::write(&path, bytes(20 * CHUNK + 1)).unwrap();
    let mut indexer = Indexer::open(&folders.data);
    let told = share(&mut indexer, &path);
    assert_eq!((told[0].item.bytes, told[0].item.hash), (20 * CHUNK as u64 + 1, None));
    assert_eq!(told[0].path, path.canonicalize().unwrap());
    let looked = look(&mut folders.sources(), &path).unwrap();
    assert_eq!(looked.modified, told[0].item.modified);
    let (told, turns) = settle(&mut indexer);
    assert_eq!(told.unwrap()[0].item.hash, Some(hash(&bytes(20 * CHUNK + 1))));
    assert!(turns >= 3, "{turns} turns: not step by step");
    assert_eq!(
        find(&mut indexer, hash(&bytes(20 * CHUNK + 1))),
        Some(path.canonicalize().unwrap())
    );
    assert_eq!(find(&mut indexer, hash(b"other")), None);
}

#[test]
fn a_folder_is_shared_with_what_is_in_it() {
    let folders = Folders::new();
    fs::create_dir(folders.from.join("sub")).unwrap();
    fs::write(folders.from.join("sub/file"), "12345").unwrap();
    symlink("/etc/passwd", folders.from.join("link")).unwrap();
    let mut indexer = Indexer::open(&folders.data);
    let told = share(&mut indexer, &folders.from);
    let item = &told[0].item;
    assert_eq!(
        (item.name.as_str(), item.kind, item.entries, item.bytes),
        ("from", Kind::Folder, 2, 5)
    );
    assert_eq!(settle(&mut indexer).0, None);
    fs::write(folders.from.join("more"), "1").unwrap();
    let (told, _) = shares(&mut indexer, Index::Survey);
    assert_eq!((told[0].item.entries, told[0].item.bytes), (3, 6));
}

#[test]
fn the_index_survives_a_restart_and_hashes_nothing_again() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "content").unwrap();
    let mut indexer = Indexer::open(&folders.data);
    share(&mut indexer, &path);
    settle(&mut indexer);
    let mut indexer = Indexer::open(&folders.data);
    let (told, trouble) = shares(&mut indexer, Index::Survey);
    assert_eq!((told[0].item.hash, trouble), (Some(hash(b"content")), None));
    assert!(!indexer.turn(Some(Index::Survey)).more);
}

#[test]
fn what_another_program_of_the_same_person_shares_is_shared_here_and_not_lost() {
    let folders = Folders::new();
    let [one, two] = ["one", "two"].map(|name| folders.from.join(name));
    fs::write(&one, "1").unwrap();
    fs::write(&two, "2").unwrap();
    let mut node = Indexer::open(&folders.data);
    share(&mut node, &one);
    settle(&mut node);
    let mut task = Indexer::open(&folders.data);
    share(&mut task, &two);
    settle(&mut task);
    assert_eq!(names(&shares(&mut node, Index::Survey).0), ["one", "two"]);
    shares(&mut task, Index::Unshare(None));
    assert!(shares(&mut node, Index::Survey).0.is_empty());
    // What was received by the one is known to the other.
    let path = receive(&mut task, &folders, "received");
    settle(&mut task);
    assert_eq!(find(&mut node, hash(b"received")), Some(path));
}

#[test]
fn what_another_program_shares_while_this_one_hashes_is_not_lost() {
    let folders = Folders::new();
    let [one, two] = ["one", "two"].map(|name| folders.from.join(name));
    fs::write(&one, bytes(20 * CHUNK)).unwrap();
    fs::write(&two, "2").unwrap();
    let mut node = Indexer::open(&folders.data);
    share(&mut node, &one);
    assert!(node.turn(None).more);
    let mut task = Indexer::open(&folders.data);
    // What was shared before is told, too, though nobody has asked for a survey.
    assert_eq!(names(&share(&mut task, &two)), ["one", "two"]);
    let told = settle(&mut node).0.unwrap();
    assert_eq!(names(&told), ["one", "two"]);
    assert_eq!(told[0].item.hash, Some(hash(&bytes(20 * CHUNK))));
    let mut after = Indexer::open(&folders.data);
    assert_eq!(names(&shares(&mut after, Index::Survey).0), ["one", "two"]);
}

#[test]
fn what_another_program_shares_leaves_the_rest_of_the_list_as_it_was() {
    let folders = Folders::new();
    let paths = ["one", "two", "three"].map(|name| folders.from.join(name));
    paths.iter().for_each(|path| fs::write(path, "x").unwrap());
    let mut node = Indexer::open(&folders.data);
    share(&mut node, &paths[0]);
    settle(&mut node);
    share(&mut Indexer::open(&folders.data), &paths[1]);
    assert_eq!(names(&share(&mut node, &paths[2])), ["one", "three", "two"]);
}

#[test]
fn files_with_holes_that_say_more_bytes_than_can_be_counted_are_not_shared() {
    let folders = Folders::new();
    for name in ["a", "b", "c"] {
        let file = fs::File::create(folders.from.join(name)).unwrap();
        if file.set_len(7 << 60).is_err() {
            println!("skipped: no file can be that long here");
            return;
        }
    }
    let mut indexer = Indexer::open(&folders.data);
    let (told, trouble) = shares(&mut indexer, Index::Share(folders.from.clone()));
    assert_eq!((told, trouble.unwrap().why), (vec![], Why::TooDeep));
    assert_eq!(look(&mut folders.sources(), &folders.from), Err(Why::TooDeep));
}

#[test]
fn what_changed_vanished_and_came_back_is_noticed() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "before").unwrap();
    let mut indexer = Indexer::open(&folders.data);
    share(&mut indexer, &path);
    settle(&mut indexer);

    fs::write(&path, "after!").unwrap();
    fs::File::open(&path).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(find(&mut indexer, hash(b"before")), None);
    let (told, _) = shares(&mut indexer, Index::Survey);
    assert_eq!((told[0].item.hash, told[0].item.modified), (None, 0));
    assert_eq!(settle(&mut indexer).0.unwrap()[0].item.hash, Some(hash(b"after!")));

    fs::rename(&path, folders.from.join("away")).unwrap();
    assert_eq!(shares(&mut indexer, Index::Survey).0, []);
    assert_eq!(find(&mut indexer, hash(b"after!")), None);
    fs::rename(folders.from.join("away"), &path).unwrap();
    let (told, _) = shares(&mut indexer, Index::Survey);
    assert_eq!(names(&told), ["file"]);

    // A link in its place is not what was shared.
    fs::remove_file(&path).unwrap();
    symlink("/etc/passwd", &path).unwrap();
    assert_eq!(shares(&mut indexer, Index::Survey).0, []);
    assert_eq!(settle(&mut indexer).0, None);
    assert_eq!(find(&mut indexer, hash(&fs::read("/etc/passwd").unwrap())), None);
}

#[test]
fn a_folder_on_the_way_that_becomes_a_link_hides_what_was_shared() {
    let folders = Folders::new();
    fs::create_dir(folders.from.join("a")).unwrap();
    fs::create_dir(folders.from.join("b")).unwrap();
    fs::write(folders.from.join("a/file"), "shared").unwrap();
    fs::write(folders.from.join("b/file"), "secret").unwrap();
    let mut indexer = Indexer::open(&folders.data);
    share(&mut indexer, &folders.from.join("a/file"));
    fs::rename(folders.from.join("a"), folders.from.join("c")).unwrap();
    symlink(folders.from.join("b"), folders.from.join("a")).unwrap();
    assert_eq!(shares(&mut indexer, Index::Survey).0, []);
}

#[test]
fn names_are_unique_and_sharing_twice_is_sharing_once() {
    let folders = Folders::new();
    let paths = ["a/same.txt", "b/same.txt", "c/same.txt"].map(|path| folders.from.join(path));
    let mut indexer = Indexer::open(&folders.data);
    for path in &paths {
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
        share(&mut indexer, path);
    }
    let told = share(&mut indexer, &paths[1]);
    assert_eq!(names(&told), ["same (2).txt", "same (3).txt", "same.txt"]);

    let (told, _) = shares(&mut indexer, Index::Unshare(Some(FileName::of("same (2).txt"))));
    assert_eq!(names(&told), ["same (3).txt", "same.txt"]);
    let (_, trouble) = shares(&mut indexer, Index::Unshare(Some(FileName::of("none"))));
    assert_eq!(trouble.unwrap().words, "none is not shared");
    assert_eq!(shares(&mut indexer, Index::Unshare(None)), (vec![], None));
    let mut indexer = Indexer::open(&folders.data);
    assert_eq!(shares(&mut indexer, Index::Survey), (vec![], None));
}

#[test]
fn what_cannot_be_shared_is_said_so() {
    let folders = Folders::new();
    symlink("/etc/passwd", folders.from.join("link")).unwrap();
    fs::write(folders.data.join("identity.key"), "secret").unwrap();
    let mut indexer = Indexer::open(&folders.data);
    for (path, why) in [
        (folders.from.join("none"), Why::Gone),
        (folders.from.join("link"), Why::NotAFile),
        (PathBuf::from("/dev/null"), Why::NotAFile),
        (folders.data.join("identity.key"), Why::Unreadable),
        (folders.data.clone(), Why::Unreadable),
    ] {
        let (told, trouble) = shares(&mut indexer, Index::Share(path.clone()));
        assert_eq!((told, trouble.map(|trouble| trouble.why)), (vec![], Some(why)), "{path:?}");
    }
}

#[test]
fn a_received_file_is_known_until_it_changes() {
    let folders = Folders::new();
    let mut indexer = Indexer::open(&folders.data);
    let path = receive(&mut indexer, &folders, "content");
    settle(&mut indexer);
    let mut indexer = Indexer::open(&folders.data);
    assert_eq!(find(&mut indexer, hash(b"content")), Some(path.clone()));
    fs::write(&path, "longer content").unwrap();
    assert_eq!(find(&mut indexer, hash(b"content")), None);
    assert_eq!(shares(&mut indexer, Index::Survey).0, []);
}

#[test]
fn a_received_file_that_changes_before_it_is_remembered_is_not_known_as_what_was_received() {
    let folders = Folders::new();
    let (path, stamp, hash) = received(&folders, "content");
    fs::write(&path, "changed").unwrap();
    let mut indexer = Indexer::open(&folders.data);
    indexer.turn(Some(Index::Remember(path.clone(), stamp, hash)));
    settle(&mut indexer);
    assert_eq!(find(&mut indexer, hash), None);
    assert_eq!(share(&mut indexer, &path)[0].item.hash, None);
}

#[test]
fn of_very_many_long_paths_the_oldest_are_forgotten_and_what_is_shared_is_kept() {
    let folders = Folders::new();
    let mut indexer = Indexer::open(&folders.data);
    receive(&mut indexer, &folders, "oldest");
    let (_, stamp, _) = received(&folders, "any");
    let long = "x".repeat(4_000);
    for number in 0..INDEX_BYTES_MAX / 4_000 {
        let path = PathBuf::from(format!("/{number}{long}"));
        indexer.turn(Some(Index::Remember(path, stamp, hash(long.as_bytes()))));
    }
    let newest = receive(&mut indexer, &folders, "newest");
    share(&mut indexer, &newest);
    settle(&mut indexer);
    assert!(fs::metadata(folders.data.join("shared-files")).unwrap().len() <= INDEX_BYTES_MAX);

    let mut indexer = Indexer::open(&folders.data);
    let (told, trouble) = shares(&mut indexer, Index::Survey);
    assert_eq!((names(&told), trouble), (vec!["sent (3)"], None));
    assert_eq!(find(&mut indexer, hash(b"newest")), Some(newest));
    assert_eq!(find(&mut indexer, hash(b"oldest")), None);
}

#[test]
fn a_damaged_index_is_begun_anew_and_said_so() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let mut indexer = Indexer::open(&folders.data);
    share(&mut indexer, &path);
    let index = folders.data.join("shared-files");
    let whole = fs::read(&index).unwrap();
    for length in 0..whole.len() {
        fs::write(&index, &whole[..length]).unwrap();
        let mut indexer = Indexer::open(&folders.data);
        let (told, trouble) = shares(&mut indexer, Index::Survey);
        assert_eq!(told, []);
        assert!(trouble.unwrap().words.contains("damaged"), "{length} bytes");
        assert_eq!(shares(&mut indexer, Index::Survey).1, None);
    }
    fs::write(&index, &whole).unwrap();
    assert_eq!(names(&shares(&mut Indexer::open(&folders.data), Index::Survey).0), ["file"]);
}
