//! Cut anywhere, damaged anyhow: it goes on, and what arrives is the same byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use files::disk::Arriving;
use files::shell::Sources;
use hallway::message::files::Why;
use proptest::prelude::*;

use crate::pipe::{CHUNK, Folders, arriving, bytes, look, open, send, tree};

type Sending = (Folders, PathBuf, Sources, Arriving);

/// A folder with some of everything, and its transfer.
fn folder() -> Sending {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("b/empty")).unwrap();
    for number in 0..5 {
        fs::write(root.join(format!("a{number}")), bytes(number * 10)).unwrap();
    }
    fs::write(root.join("b/large"), bytes(3 * CHUNK + 17)).unwrap();
    fs::write(root.join("c"), bytes(CHUNK)).unwrap();
    with_sources(folders, root)
}

fn file() -> Sending {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(3 * CHUNK + 17)).unwrap();
    with_sources(folders, path)
}

fn with_sources(folders: Folders, path: PathBuf) -> Sending {
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    (folders, path, sources, arriving)
}

/// Whether what arrived is what was sent, and nothing else is there.
fn same(folders: &Folders, path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let arrived = folders.to.join(name);
    let same = if path.is_dir() {
        tree(path) == tree(&arrived)
    } else {
        fs::read(path).unwrap() == fs::read(arrived).unwrap()
    };
    same && folders.arrived() == [name]
}

#[test]
fn a_transfer_cut_after_any_piece_goes_on_and_sends_no_chunk_twice() {
    for (make, pieces) in [(folder as fn() -> Sending, 20), (file, 5)] {
        for cut in 0..=pieces {
            let (folders, path, mut sources, arriving) = make();
            let first = send(&mut sources, &mut folders.store(), &arriving, cut);
            let chunks = if path.ends_with("root") { 9 } else { 4 };
            if first.placed.is_none() {
                // Another store, as after an end of the program.
                let second = send(&mut sources, &mut folders.store(), &arriving, usize::MAX);
                assert!(second.placed.is_some());
                assert_eq!(first.chunks + second.chunks, chunks, "cut after {cut}");
            }
            assert!(same(&folders, &path), "cut after {cut}");
        }
    }
}

#[test]
fn a_sender_that_was_started_anew_goes_on_as_well() {
    let (folders, path, mut sources, arriving) = folder();
    send(&mut sources, &mut folders.store(), &arriving, 13);
    let mut again = folders.sources();
    look(&mut again, &path).unwrap();
    let ended = send(&mut again, &mut folders.store(), &arriving, usize::MAX);
    assert!(ended.from > (6, 0), "{:?}", ended.from);
    assert!(same(&folders, &path));
}

#[test]
fn what_changed_at_the_sender_in_between_is_sent_from_the_beginning() {
    let (folders, path, mut sources, arriving) = folder();
    send(&mut sources, &mut folders.store(), &arriving, 15);
    fs::write(path.join("a3"), "as long as 30 bytes, but new..").unwrap();
    let ended = send(&mut sources, &mut folders.store(), &arriving, usize::MAX);
    assert_eq!(ended.from, (0, 0));
    assert!(same(&folders, &path));
}

#[test]
fn another_length_or_another_sender_is_another_transfer() {
    let (folders, _, mut sources, arriving) = file();
    send(&mut sources, &mut folders.store(), &arriving, 3);
    let others = [
        Arriving { from: "0DD".to_owned(), ..arriving.clone() },
        Arriving { bytes: Some(5), ..arriving.clone() },
        Arriving { entries: 2, ..arriving.clone() },
    ];
    for other in others {
        assert_eq!(open(&mut folders.store(), &other), Ok(None), "{other:?}");
    }
    assert!(open(&mut folders.store(), &arriving).unwrap().is_some());
}

/// The part of the only transfer.
fn part(folders: &Folders) -> PathBuf {
    folders.to.join(&folders.arrived()[0])
}

/// Files of a part that a damage can hit.
const VICTIMS: [&str; 4] = ["state", "data", "data/a4", "data/b/large"];

/// What can be wrong with a file after a crash.
#[derive(Clone, Debug)]
enum Damage {
    Cut(f64),
    Grown(Vec<u8>),
    Overwritten(f64, Vec<u8>),
    Removed,
    Linked,
}

fn damage() -> impl Strategy<Value = Damage> {
    let garbage = || proptest::collection::vec(any::<u8>(), 1..200);
    prop_oneof![
        3 => (0.0..1.0).prop_map(Damage::Cut),
        2 => garbage().prop_map(Damage::Grown),
        2 => (0.0..1.0, garbage()).prop_map(|(at, bytes)| Damage::Overwritten(at, bytes)),
        1 => Just(Damage::Removed),
        1 => Just(Damage::Linked),
    ]
}

impl Damage {
    fn hit(&self, path: &Path, outside: &Path) {
        let Ok(about) = path.symlink_metadata() else { return };
        if !about.is_file() {
            return;
        }
        let mut content = fs::read(path).unwrap();
        let place = |part: f64| (content.len() as f64 * part) as usize;
        match self {
            Self::Cut(part) => content.truncate(place(*part)),
            Self::Grown(bytes) => content.extend(bytes),
            Self::Overwritten(part, bytes) => {
                let at = place(*part);
                let end = (at + bytes.len()).min(content.len());
                content.splice(at..end, bytes.iter().copied());
            }
            Self::Removed => return fs::remove_file(path).unwrap(),
            Self::Linked => {
                fs::remove_file(path).unwrap();
                return std::os::unix::fs::symlink(outside, path).unwrap();
            }
        }
        fs::write(path, content).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_is_wrong_with_a_part_what_arrives_is_the_same(
        is_folder: bool,
        cut in 1_usize..19,
        damages in proptest::collection::vec((0..VICTIMS.len(), damage()), 1..3),
    ) {
        let (folders, path, mut sources, arriving) = if is_folder { folder() } else { file() };
        let outside = folders.all.path().join("outside");
        fs::write(&outside, "untouched").unwrap();
        let cut = if is_folder { cut } else { cut % 5 };
        prop_assert!(send(&mut sources, &mut folders.store(), &arriving, cut).placed.is_none());
        let part = part(&folders);
        for (victim, damage) in &damages {
            damage.hit(&part.join(VICTIMS[*victim]), &outside);
        }
        let ended = send(&mut sources, &mut folders.store(), &arriving, usize::MAX);
        prop_assert!(ended.placed.is_some());
        prop_assert_eq!(fs::read(&outside).unwrap(), b"untouched");
        if folders.arrived().len() > 1 {
            // Its state told of something else, so it was nobody's: it stays for its time.
            prop_assert!(part.exists());
            fs::remove_dir_all(&part).unwrap();
        }
        prop_assert!(same(&folders, &path));
    }

    #[test]
    fn cuts_of_state_and_data_at_any_byte_cost_what_they_cut_and_no_more(
        state in 0.0..1.0_f64,
        data in 0_usize..3 * CHUNK,
    ) {
        let (folders, path, mut sources, arriving) = file();
        send(&mut sources, &mut folders.store(), &arriving, 4);
        let part = part(&folders);
        let length = fs::metadata(part.join("state")).unwrap().len();
        let open = |name| fs::OpenOptions::new().write(true).open(part.join(name)).unwrap();
        open("data").set_len(data as u64).unwrap();
        let is_torn = state < 0.5;
        if is_torn {
            open("state").set_len((length as f64 * state * 2.0) as u64).unwrap();
        }
        let ended = send(&mut sources, &mut folders.store(), &arriving, usize::MAX);
        let kept = if is_torn { 0 } else { (data / CHUNK) as u64 };
        prop_assert_eq!(ended.from, (0, kept));
        prop_assert!(same(&folders, &path));
    }
}

#[test]
fn a_file_that_is_missing_in_a_part_costs_itself_and_what_came_behind_it() {
    let (folders, path, mut sources, arriving) = folder();
    send(&mut sources, &mut folders.store(), &arriving, 18);
    fs::remove_file(part(&folders).join("data/b/large")).unwrap();
    let ended = send(&mut sources, &mut folders.store(), &arriving, usize::MAX);
    assert_eq!((ended.from, ended.chunks), ((7, 0), 5));
    assert!(same(&folders, &path));
}

#[test]
fn a_source_that_shrank_below_what_was_received_is_not_resumed_past_its_end() {
    let (folders, path, mut sources, arriving) = file();
    send(&mut sources, &mut folders.store(), &arriving, 4);
    fs::write(&path, bytes(CHUNK)).unwrap();
    let have = open(&mut folders.store(), &arriving).unwrap();
    assert_eq!(have.map(|have| (have.entries, have.chunks)), Some((0, 3)));
    crate::pipe::begin(&mut sources, have);
    let parts = crate::pipe::rest(&mut sources);
    assert!(matches!(parts.last(), Some(files::disk::Part::Failed(Why::Changed))), "{parts:?}");
    assert_eq!(folders.arrived(), [".file.5EED.hallway-part"]);
}
