//! What is written: verified before, details kept, nothing overwritten.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use files::disk::{Keep, Part, Piece, Read, Ready, Room, Target, Write, WriteDone};
use files::shell::{Place, Store};
use hallway::message::files::{Chunk, Entry, Kind, Why};
use hallway::text::EntryPath;
use hallway::tree::{ChunkHash, FileHash};

use crate::pipe::{
    CHUNK, Folders, ID, Joiner, abandon, arriving, bytes, finish, finish_as, look, names, open,
    put, send, send_all, stream, tree, wrote,
};

#[test]
fn a_folder_arrives_with_everything_that_was_in_it() {
    let folders = Folders::new();
    let root = folders.from.join("Ordner ü 文件");
    fs::create_dir_all(root.join("empty/also empty")).unwrap();
    fs::create_dir(root.join("sub")).unwrap();
    fs::write(root.join("sub/naïve 🎉.txt"), "words").unwrap();
    fs::write(root.join("sub/none"), "").unwrap();
    fs::write(root.join("large"), bytes(3 * CHUNK + 17)).unwrap();
    fs::write(root.join("run.sh"), "#!/bin/sh").unwrap();
    fs::set_permissions(root.join("run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    for (path, seconds) in [("sub", 1_000_000_000), ("large", 1_234_567_890), ("empty", 86_400)] {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::open(root.join(path)).unwrap().set_modified(time).unwrap();
    }
    let placed = send_all(&folders, &root);
    assert_eq!(placed.name.as_str(), "Ordner ü 文件");
    assert_eq!(placed.path.as_deref(), Some(&*folders.to.join("Ordner ü 文件")));
    assert_eq!(tree(placed.path.as_deref().unwrap()), tree(&root));
    assert_eq!(folders.arrived(), ["Ordner ü 文件"]);
}

#[test]
fn files_of_every_length_around_a_chunk_arrive_as_they_were() {
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
        let folders = Folders::new();
        let path = folders.from.join("file.bin");
        fs::write(&path, bytes(size)).unwrap();
        let placed = send_all(&folders, &path);
        assert_eq!(fs::read(placed.path.unwrap()).unwrap(), bytes(size), "{size} bytes");
        assert_eq!(placed.hash.unwrap().0, *blake3::hash(&bytes(size)).as_bytes());
        assert_eq!(folders.arrived(), ["file.bin"]);
    }
}

#[test]
fn a_name_that_is_taken_gets_a_number_and_nothing_is_overwritten() {
    let folders = Folders::new();
    let path = folders.from.join("name.txt");
    fs::write(&path, "new").unwrap();
    fs::write(folders.to.join("name.txt"), "old").unwrap();
    fs::create_dir(folders.to.join("name (2).txt")).unwrap();
    std::os::unix::fs::symlink("/nowhere", folders.to.join("name (3).txt")).unwrap();
    assert_eq!(send_all(&folders, &path).name.as_str(), "name (4).txt");
    assert_eq!(send_all(&folders, &path).name.as_str(), "name (5).txt");
    assert_eq!(fs::read(folders.to.join("name.txt")).unwrap(), b"old");
    assert_eq!(fs::read(folders.to.join("name (5).txt")).unwrap(), b"new");

    let root = folders.from.join("folder");
    fs::create_dir(&root).unwrap();
    assert_eq!(send_all(&folders, &root).name.as_str(), "folder");
    assert_eq!(send_all(&folders, &root).name.as_str(), "folder (2)");
}

#[test]
fn a_folder_that_is_not_there_is_made_when_something_is_taken() {
    let mut folders = Folders::new();
    folders.to = folders.to.join("deep/down");
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let looked = folders.store().run(Write::Look(ID, arriving, Target::Downloads));
    assert!(matches!(looked, Some(WriteDone::Looked(ID, Ok(Room { free: 1.., here: 0 })))));
    assert!(!folders.to.exists());
    send_all(&folders, &path);
    assert_eq!(folders.arrived(), ["file"]);
}

#[test]
fn a_chunk_that_is_not_what_its_hash_says_is_never_written() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(2 * CHUNK + 9)).unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let change: [fn(&mut Vec<u8>, &mut Chunk); 5] = [
        |bytes, _| bytes[5] ^= 1,
        |bytes, _| bytes.truncate(CHUNK - 1),
        |bytes, _| bytes.clear(),
        |_, chunk| chunk.hash.0[31] ^= 0x80,
        |_, chunk| chunk.last = true,
    ];
    for (at, change) in change.iter().enumerate() {
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        wrote(&mut store, Write::From(ID, 0, 0)).unwrap();
        let mut pieces = Joiner::pieces(stream(&folders, &path)).into_iter();
        put(&mut store, pieces.next().unwrap()).unwrap();
        let Some(Piece::Chunk(mut bytes, mut chunk)) = pieces.next() else { panic!("no chunk") };
        change(&mut bytes, &mut chunk);
        let trouble = put(&mut store, Piece::Chunk(bytes, chunk)).unwrap_err();
        assert_eq!(trouble.why, Why::Damaged, "change {at}");
        // It has failed for good: nothing that comes after it counts.
        assert_eq!(put(&mut store, pieces.next().unwrap()), Err(trouble.clone()));
        assert_eq!(finish(&mut store), Err(trouble));
        let part = folders.to.join(&folders.arrived()[0]);
        assert_eq!(fs::metadata(part.join("data")).unwrap().len(), 0);
        fs::remove_dir_all(part).unwrap();
    }
}

#[test]
fn more_or_less_than_was_said_is_no_file() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(CHUNK + 9)).unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let declared = |said: u64| {
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        let pieces = Joiner::pieces(stream(&folders, &path)).into_iter();
        let done = pieces.map(|piece| match piece {
            Piece::Entry(entry) => {
                put(&mut store, Piece::Entry(Entry { bytes: Some(said), ..entry }))
            }
            chunk => put(&mut store, chunk),
        });
        let done: Result<(), _> = done.collect();
        let done = done.and_then(|()| finish(&mut store).map(|_| ()));
        abandon(&mut store, Keep::Nothing);
        done
    };
    let size = CHUNK as u64 + 9;
    for wrong in [0, 1, CHUNK as u64, size - 1, size + 1, 1 << 50] {
        assert_eq!(declared(wrong).unwrap_err().why, Why::Damaged, "{wrong}");
    }
    assert_eq!(declared(size), Ok(()));
    assert_eq!(folders.arrived(), ["file"]);
}

#[test]
fn a_file_that_has_not_come_to_its_end_is_not_put_into_place() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(2 * CHUNK)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    for cut in 0..3 {
        let mut store = folders.store();
        assert!(send(&mut sources, &mut store, &arriving, cut).placed.is_none());
        assert_eq!(finish(&mut store).unwrap_err().why, Why::Damaged, "{cut} pieces");
        assert!(!folders.to.join("file").exists());
    }
}

#[test]
fn what_is_not_what_was_promised_is_not_put_into_place() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(CHUNK + 1)).unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let hash = FileHash(*blake3::hash(&bytes(CHUNK + 1)).as_bytes());
    for (promised, is_it) in [(FileHash([7; 32]), false), (hash, true)] {
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        let pieces = Joiner::pieces(stream(&folders, &path));
        pieces.into_iter().for_each(|piece| put(&mut store, piece).unwrap());
        let placed = finish_as(&mut store, Some(promised));
        assert_eq!(placed.is_ok(), is_it, "{placed:?}");
        abandon(&mut store, Keep::Nothing);
        assert_eq!(folders.arrived().len(), usize::from(is_it));
    }
}

#[test]
fn what_is_here_is_counted_to_the_byte() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a"), bytes(5)).unwrap();
    fs::write(root.join("b"), bytes(2 * CHUNK)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &root).unwrap());
    for (cut, expected) in [(2, 5), (3, 5), (4, 5 + CHUNK as u64), (5, 5 + 2 * CHUNK as u64)] {
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        wrote(&mut store, Write::From(ID, 0, 0)).unwrap();
        let pieces = Joiner::pieces(stream(&folders, &root)).into_iter().take(cut);
        pieces.for_each(|piece| put(&mut store, piece).unwrap());
        drop(store);
        let opened = folders.store().run(Write::Open(ID, arriving.clone(), Target::Downloads));
        let Some(WriteDone::Ready(ID, Ok(Ready::Here(Some(_), here)))) = opened else {
            panic!("{opened:?}")
        };
        assert_eq!(here, expected, "after {cut} pieces");
    }
}

#[test]
fn two_transfers_of_the_same_at_once_do_not_meet() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(CHUNK + 1)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    let mut stores = [folders.store(), folders.store()];
    for store in &mut stores {
        assert!(send(&mut sources, store, &arriving, 2).placed.is_none());
    }
    assert_eq!(folders.arrived(), [".file.5EED-2.hallway-part", ".file.5EED.hallway-part"]);
    drop(stores);
    // Of two that could be gone on with, one is.
    let ended = send(&mut sources, &mut folders.store(), &arriving, usize::MAX);
    assert_eq!((ended.from, ended.chunks), ((0, 1), 1));
    assert_eq!(fs::read(folders.to.join("file")).unwrap(), bytes(CHUNK + 1));
}

#[test]
fn an_abandoned_part_stays_or_goes_as_it_was_said() {
    for (pieces, keep, stays) in
        [(2, Keep::Part, true), (2, Keep::Nothing, false), (0, Keep::Part, false)]
    {
        let folders = Folders::new();
        let path = folders.from.join("file");
        fs::write(&path, bytes(CHUNK + 1)).unwrap();
        let mut sources = folders.sources();
        let arriving = arriving(&look(&mut sources, &path).unwrap());
        let mut store = folders.store();
        send(&mut sources, &mut store, &arriving, pieces);
        abandon(&mut store, keep);
        assert_eq!(folders.arrived().len(), usize::from(stays), "{keep:?} after {pieces}");
        let here = if stays { CHUNK as u64 } else { 0 };
        let looked = store.run(Write::Look(ID, arriving, Target::Downloads));
        assert!(matches!(looked, Some(WriteDone::Looked(ID, Ok(room))) if room.here == here));
    }
}

#[test]
fn a_part_that_nobody_came_back_for_goes_after_its_time() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(CHUNK + 1)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    send(&mut sources, &mut folders.store(), &arriving, 2);
    let part = folders.to.join(&folders.arrived()[0]);
    let age = |days: u64| {
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400);
        for path in [part.join("data"), part.join("state"), part.clone()] {
            fs::File::open(path).unwrap().set_modified(time).unwrap();
        }
        folders.store().run(Write::Look(ID, arriving.clone(), Target::Downloads));
        part.exists()
    };
    assert!(age(hallway::limits::PART_DAYS_MAX - 1));
    assert!(!age(hallway::limits::PART_DAYS_MAX + 1));
}

#[test]
fn standard_output_gets_what_is_verified_and_nothing_of_it_goes_on() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(3 * CHUNK + 1)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    let output = folders.all.path().join("output");
    let mut store = Store::into_output(Box::new(fs::File::create(&output).unwrap()));
    let ended = send(&mut sources, &mut store, &arriving, usize::MAX);
    assert_eq!(ended.placed.unwrap().path, None);
    assert_eq!(fs::read(&output).unwrap(), bytes(3 * CHUNK + 1));

    // What is written cannot be taken back.
    send(&mut sources, &mut store, &arriving, 2);
    for (entries, chunks) in [(0, 0), (0, 1)] {
        let begun = wrote(&mut store, Write::From(ID, entries, chunks));
        assert_eq!(begun.unwrap_err().why, Why::Changed);
    }
    abandon(&mut store, Keep::Part);
    assert_eq!(open(&mut store, &arriving).unwrap(), None);
    let folder = files::disk::Arriving { kind: Kind::Folder, ..arriving };
    assert!(open(&mut store, &folder).is_err());
}

#[test]
fn names_that_become_the_same_are_numbered_and_again_after_a_break() {
    let folders = Folders::new();
    let entry = |path: &[&str], kind, bytes| Entry {
        number: 3,
        path: EntryPath::of(path.iter().copied()).unwrap(),
        kind,
        bytes,
        modified: 0,
        executable: false,
    };
    let file = |path: &[&str], text: &str| {
        let hash = ChunkHash::of(0, text.as_bytes(), true);
        let chunk = Chunk { number: 3, hash, last: true };
        let length = text.len() as u64;
        [Piece::Entry(entry(path, Kind::File, Some(length))), Piece::Chunk(text.into(), chunk)]
    };
    let folder = |path: &[&str]| [Piece::Entry(entry(path, Kind::Folder, None))];
    let pieces = || -> Vec<Piece> {
        let mut all = Vec::new();
        all.extend(folder(&["d:"]));
        all.extend(file(&["d:", "f?"], "1"));
        all.extend(folder(&["d?"]));
        all.extend(file(&["d?", "f?"], "2"));
        all.extend(file(&["d?", "f*"], "3"));
        all
    };
    let arriving = files::disk::Arriving {
        from: "a".to_owned(),
        name: hallway::text::FileName::of("all"),
        kind: Kind::Folder,
        entries: 5,
        bytes: Some(3),
    };
    for cut in 0..=pieces().len() {
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        pieces().into_iter().take(cut).for_each(|piece| put(&mut store, piece).unwrap());
        drop(store);
        let mut store = folders.store();
        let whole = open(&mut store, &arriving).unwrap().map_or(0, |have| have.entries);
        // Folders have one piece, files two.
        let skipped = [0, 1, 3, 4, 6, 8][usize::try_from(whole).unwrap()];
        assert!(skipped <= cut && cut - skipped < 2, "{whole} of {cut}");
        pieces().into_iter().skip(skipped).for_each(|piece| put(&mut store, piece).unwrap());
        let placed = finish(&mut store).unwrap();
        let root = placed.path.unwrap();
        assert_eq!(names(&root), ["d_", "d_ (2)"]);
        assert_eq!(fs::read(root.join("d_/f_")).unwrap(), b"1");
        assert_eq!(fs::read(root.join("d_ (2)/f_")).unwrap(), b"2");
        assert_eq!(fs::read(root.join("d_ (2)/f_ (2)")).unwrap(), b"3");
    }
}

#[test]
fn numbers_of_one_name_are_counted_on_and_not_tried_anew() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("d")).unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &root).unwrap());
    let mut store = folders.store();
    open(&mut store, &arriving).unwrap();
    let folder = || Joiner::pieces(stream(&folders, &root)).remove(0);
    (1..=20).for_each(|_| put(&mut store, folder()).unwrap());
    // A number that was given is not looked for again.
    let part = folders.to.join(&folders.arrived()[0]);
    fs::remove_dir(part.join("data/d (19)")).unwrap();
    put(&mut store, folder()).unwrap();
    let placed = finish(&mut store).unwrap();
    let names = names(&placed.path.unwrap());
    assert!(names.contains(&"d (21)".to_owned()), "{names:?}");
    assert_eq!(names.len(), 20);
}

#[test]
fn an_entry_whose_folder_has_not_come_is_refused() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/b/c"), "x").unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &root).unwrap());
    for left_out in 0..2 {
        let mut store = folders.store();
        open(&mut store, &arriving).unwrap();
        let mut pieces = Joiner::pieces(stream(&folders, &root));
        pieces.remove(left_out);
        let done = pieces.into_iter().try_for_each(|piece| put(&mut store, piece));
        assert_eq!(done.unwrap_err().why, Why::Damaged);
        abandon(&mut store, Keep::Nothing);
    }
    assert_eq!(sources.run(Read::Forget(ID)), None);
}

#[test]
fn a_place_that_is_no_folder_is_said_so() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let arriving = arriving(&look(&mut folders.sources(), &path).unwrap());
    let mut store = Store::at(Place::Folder(path.clone()));
    let job = Write::Open(ID, arriving, Target::Folder(path.clone()));
    let Some(WriteDone::Ready(ID, Err(trouble))) = store.run(job) else { panic!("opened") };
    assert_eq!(trouble.why, Why::Disk);
    assert!(trouble.words.starts_with("file was not written to "), "{}", trouble.words);
    assert!(matches!(stream(&folders, &path).last(), Some(Part::End { .. })));
}
