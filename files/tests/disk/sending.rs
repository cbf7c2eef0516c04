//! What is read: in which order, what is left out, what has changed.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use files::disk::{Part, Read, ReadDone, Source};
use files::shell::Sources;
use hallway::limits;
use hallway::message::files::{Have, Kind, Why};
use hallway::text::FileName;
use hallway::tree::FileHash;

use crate::pipe::{CHUNK, Folders, ID, begin, bytes, look, next, rest, stream};

/// The stream in short: paths of entries, `!` before what is left out, sizes of bytes.
fn short(parts: &[Part]) -> Vec<String> {
    parts
        .iter()
        .map(|part| match part {
            Part::Passed(bytes) => format!("passed {bytes}"),
            Part::From(entries, chunks) => format!("from {entries} {chunks}"),
            Part::Entry(entry) => entry.path.to_string(),
            Part::Bytes(bytes) => bytes.len().to_string(),
            Part::Chunk(chunk) => if chunk.last { "last" } else { "chunk" }.to_owned(),
            Part::Skipped(skipped) => format!("!{} {:?}", skipped.path, skipped.why),
            Part::End { entries, bytes, .. } => format!("end {entries} {bytes}"),
            Part::Failed(why) => format!("failed {why:?}"),
        })
        .collect()
}

#[test]
fn a_folder_is_one_stream_in_the_order_of_names_without_links_and_devices() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("b/empty")).unwrap();
    fs::write(root.join("b/file"), "12345").unwrap();
    fs::write(root.join("a"), "").unwrap();
    symlink("/etc/passwd", root.join("c-link")).unwrap();
    symlink("/etc", root.join("b/link")).unwrap();
    let pipe = root.join("d-pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("e-socket")).unwrap();
    fs::create_dir(root.join(".x.5EED.hallway-part")).unwrap();

    let looked = look(&mut folders.sources(), &root).unwrap();
    assert_eq!((looked.kind, looked.entries, looked.bytes), (Kind::Folder, 4, Some(5)));
    let expected = [
        "from 0 0",
        "!_x.5EED.hallway-part NotAFile",
        "a",
        "last",
        "b",
        "b/empty",
        "b/file",
        "5",
        "last",
        "!b/link NotAFile",
        "!c-link NotAFile",
        "!d-pipe NotAFile",
        "!e-socket NotAFile",
        "end 4 5",
    ];
    assert_eq!(short(&stream(&folders, &root)), expected);
}

#[test]
fn a_link_a_device_and_what_is_not_there_are_not_offered() {
    let folders = Folders::new();
    fs::write(folders.from.join("file"), "").unwrap();
    symlink(folders.from.join("file"), folders.from.join("link")).unwrap();
    let mut sources = folders.sources();
    assert_eq!(look(&mut sources, &folders.from.join("link")), Err(Why::NotAFile));
    assert_eq!(look(&mut sources, Path::new("/dev/zero")), Err(Why::NotAFile));
    assert_eq!(look(&mut sources, &folders.from.join("none")), Err(Why::Gone));
    assert_eq!(look(&mut sources, &folders.from.join("none/none")), Err(Why::Gone));
    // And a transfer that was never looked for has nothing to say.
    begin(&mut sources, None);
    assert_eq!(next(&mut sources), [Part::Failed(Why::Gone)]);
}

#[test]
fn the_data_directory_with_the_identity_is_never_sent() {
    let folders = Folders::new();
    let key = folders.data.join("identity.key");
    fs::write(&key, "secret").unwrap();
    let mut sources = folders.sources();
    assert_eq!(look(&mut sources, &key), Err(Why::Unreadable));
    assert_eq!(look(&mut sources, &folders.data), Err(Why::Unreadable));
    let parts = short(&stream(&folders, folders.all.path()));
    assert_eq!(parts, ["from 0 0", "!data Unreadable", "from", "to", "end 2 0"]);
}

#[test]
fn a_name_of_any_bytes_becomes_a_legal_one() {
    use std::os::unix::ffi::OsStrExt as _;
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir(&root).unwrap();
    for name in [&b"bad\xffutf8"[..], b"a:b", b"new\nline", b"\x1b[31mred", b"-rf"] {
        fs::write(root.join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let parts = stream(&folders, &root);
    let names: Vec<_> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Entry(entry) => Some(entry.path.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(names.len(), 5);
    for name in names {
        assert_eq!(FileName::of(&name).as_str(), name);
        assert!(!name.starts_with('-') && name.chars().all(|c| !c.is_control()), "{name}");
    }
}

#[test]
fn a_file_of_a_time_that_cannot_be_is_sent_nevertheless() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir_all(root.join("folder")).unwrap();
    fs::write(root.join("file"), "x").unwrap();
    for name in ["file", "folder"] {
        for seconds in [i64::MIN, i64::MAX] {
            let time = rustix::fs::Timespec { tv_sec: seconds, tv_nsec: 0 };
            let times = rustix::fs::Timestamps { last_access: time, last_modification: time };
            let file = fs::File::open(root.join(name)).unwrap();
            rustix::fs::futimens(&file, &times).unwrap();
            assert_eq!(look(&mut folders.sources(), &root).unwrap().entries, 2);
            assert_eq!(short(&stream(&folders, &root)).last().unwrap(), "end 2 1");
        }
    }
}

#[test]
fn what_lies_too_deep_is_left_out_and_named() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    let deep: std::path::PathBuf = vec!["d"; limits::DEPTH_MAX + 1].iter().collect();
    fs::create_dir_all(root.join(deep)).unwrap();
    let parts = stream(&folders, &root);
    let deepest = vec!["d"; limits::DEPTH_MAX].join("/");
    assert_eq!(
        short(&parts)[limits::DEPTH_MAX..],
        [deepest.clone(), format!("!{deepest} TooDeep"), format!("end {} 0", limits::DEPTH_MAX)]
    );
}

#[test]
fn small_files_come_many_at_a_time_and_a_large_one_in_turns() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir(&root).unwrap();
    for number in 0..300 {
        fs::write(root.join(format!("{number:03}")), bytes(100)).unwrap();
    }
    fs::write(root.join("large"), bytes(CHUNK)).unwrap();
    let mut sources = folders.sources();
    look(&mut sources, &root).unwrap();
    begin(&mut sources, None);
    let mut turns = 0;
    loop {
        let parts = next(&mut sources);
        turns += 1;
        let taken: usize =
            parts.iter().map(|part| if let Part::Bytes(b) = part { b.len() } else { 0 }).sum();
        assert!(taken <= limits::FILE_READ_BYTES + limits::FILE_RECORD_BYTES);
        if matches!(parts.last(), Some(Part::End { .. })) {
            break;
        }
    }
    assert!(turns <= 2 + CHUNK / limits::FILE_READ_BYTES + 2, "{turns} turns");
}

#[test]
fn a_single_file_ends_with_its_hash() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
        fs::write(&path, bytes(size)).unwrap();
        let parts = stream(&folders, &path);
        let hash = FileHash(*blake3::hash(&bytes(size)).as_bytes());
        let last = Part::End { entries: 1, bytes: size as u64, hash: Some(hash) };
        assert_eq!(parts.last(), Some(&last), "{size} bytes");
        let chunks = parts.iter().filter(|part| matches!(part, Part::Chunk(_))).count();
        assert_eq!(chunks, size.div_ceil(CHUNK).max(1), "{size} bytes");
    }
}

/// What happens to a file while it is read.
const CHANGES: [fn(&Path); 4] = [
    |path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(10).unwrap(),
    |path| fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap(),
    |path| {
        let file = fs::OpenOptions::new().write(true).open(path).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, b"other", 5).unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    },
    |path| {
        // Of the same size and time, and yet another.
        let about = fs::metadata(path).unwrap();
        let other = path.with_extension("new");
        fs::write(&other, vec![7; usize::try_from(about.len()).unwrap()]).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&other).unwrap();
        file.set_modified(about.modified().unwrap()).unwrap();
        fs::rename(&other, path).unwrap();
    },
];

#[test]
fn a_file_that_changed_after_it_was_offered_is_not_sent_as_the_one_that_was() {
    for (at, change) in CHANGES.iter().enumerate() {
        let folders = Folders::new();
        let path = folders.from.join("file");
        fs::write(&path, bytes(1000)).unwrap();
        let mut sources = folders.sources();
        look(&mut sources, &path).unwrap();
        change(&path);
        begin(&mut sources, None);
        let last = rest(&mut sources).pop();
        assert_eq!(last, Some(Part::Failed(Why::Changed)), "change {at}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_fails_and_does_not_end() {
    // The last change is to another file of that name: what is open is still whole.
    for (at, change) in CHANGES.iter().take(3).enumerate() {
        for (folder, after) in [(false, 1), (false, 3), (true, 1), (true, 3)] {
            let folders = Folders::new();
            let root = folders.from.join("root");
            fs::create_dir(&root).unwrap();
            let path = root.join("file");
            fs::write(&path, bytes(2 * CHUNK)).unwrap();
            let mut sources = folders.sources();
            look(&mut sources, if folder { &root } else { &path }).unwrap();
            begin(&mut sources, None);
            for _ in 0..after {
                next(&mut sources);
            }
            change(&path);
            let last = rest(&mut sources).pop();
            assert_eq!(last, Some(Part::Failed(Why::Changed)), "change {at}, {folder} {after}");
        }
    }
}

#[test]
fn a_folder_that_grew_after_it_was_offered_stays_within_the_offer() {
    let folders = Folders::new();
    let root = folders.from.join("root");
    fs::create_dir(&root).unwrap();
    for name in ["a", "b"] {
        fs::write(root.join(name), "12345").unwrap();
    }
    let mut sources = folders.sources();
    look(&mut sources, &root).unwrap();
    fs::write(root.join("a"), bytes(11)).unwrap();
    fs::create_dir(root.join("d")).unwrap();
    for name in ["c", "d/e", "f"] {
        fs::write(root.join(name), "1").unwrap();
    }
    let expected = [
        "from 0 0",
        "!a Changed",
        "b",
        "5",
        "last",
        "c",
        "1",
        "last",
        "!d Changed",
        "!d/e Changed",
        "!f Changed",
        "end 2 6",
    ];
    begin(&mut sources, None);
    assert_eq!(short(&rest(&mut sources)), expected);
}

#[test]
fn a_folder_on_the_way_that_becomes_a_link_after_the_offer_leads_nowhere() {
    let folders = Folders::new();
    for path in ["a/box", "b/box"] {
        fs::create_dir_all(folders.from.join(path)).unwrap();
    }
    fs::write(folders.from.join("a/box/file"), "offered").unwrap();
    fs::write(folders.from.join("b/box/file"), "secret!").unwrap();
    let mut sources = folders.sources();
    look(&mut sources, &folders.from.join("a/box")).unwrap();
    fs::rename(folders.from.join("a"), folders.from.join("c")).unwrap();
    symlink(folders.from.join("b"), folders.from.join("a")).unwrap();
    begin(&mut sources, None);
    assert_eq!(short(&rest(&mut sources)), ["failed Unreadable"]);
}

#[test]
fn what_is_shared_is_not_offered_when_a_link_is_on_the_way_there() {
    let folders = Folders::new();
    let from = folders.from.canonicalize().unwrap();
    fs::create_dir(from.join("a")).unwrap();
    fs::write(from.join("a/file"), "shared").unwrap();
    symlink(from.join("a"), from.join("b")).unwrap();
    let mut sources = folders.sources();
    let mut look = |source| match sources.run(Read::Look(ID, source)) {
        Some(ReadDone::Looked(ID, looked)) => looked.map(|looked| looked.entries),
        other => panic!("{other:?}"),
    };
    assert_eq!(look(Source::Shared(from.join("a/file"))), Ok(1));
    assert_eq!(look(Source::Shared(from.join("b/file"))), Err(Why::Gone));
    assert_eq!(look(Source::Path(from.join("b/file"))), Ok(1));
}

#[test]
fn a_vanished_file_fails_alone_and_is_left_out_of_a_folder() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let mut sources = folders.sources();
    look(&mut sources, &path).unwrap();
    fs::remove_file(&path).unwrap();
    begin(&mut sources, None);
    assert_eq!(short(&rest(&mut sources)), ["from 0 0", "failed Gone"]);

    // So many that the walk has listed the folder before the last is gone.
    let root = folders.from.join("root");
    fs::create_dir(&root).unwrap();
    for name in ["a", "b", "c"] {
        fs::write(root.join(name), bytes(limits::FILE_READ_BYTES)).unwrap();
    }
    look(&mut sources, &root).unwrap();
    begin(&mut sources, None);
    let mut parts = next(&mut sources);
    fs::remove_file(root.join("b")).unwrap();
    fs::remove_file(root.join("c")).unwrap();
    symlink("/etc/passwd", root.join("c")).unwrap();
    parts.extend(rest(&mut sources));
    let parts = short(&parts);
    assert!(parts.contains(&"!b Gone".to_owned()), "{parts:?}");
    assert!(parts.contains(&"!c NotAFile".to_owned()), "{parts:?}");
    assert_eq!(parts.last().unwrap(), &format!("end 1 {}", limits::FILE_READ_BYTES));

    look(&mut sources, &root).unwrap();
    fs::remove_dir_all(&root).unwrap();
    begin(&mut sources, None);
    assert_eq!(short(&rest(&mut sources)), ["failed Gone"]);
}

#[test]
fn standard_input_is_sent_once_and_knows_its_last_chunk() {
    for size in [0, 5, CHUNK, CHUNK + 1] {
        let folders = Folders::new();
        let input = Box::new(std::io::Cursor::new(bytes(size)));
        let mut sources = Sources::with_stdin(folders.data.clone(), input);
        let source = Source::Stdin(FileName::of("talk.txt"));
        let Some(ReadDone::Looked(_, Ok(looked))) = sources.run(Read::Look(ID, source)) else {
            panic!("not looked")
        };
        assert_eq!((looked.name.as_str(), looked.bytes), ("talk.txt", None));
        begin(&mut sources, None);
        let parts = rest(&mut sources);
        let hash = Some(FileHash(*blake3::hash(&bytes(size)).as_bytes()));
        assert_eq!(parts.last(), Some(&Part::End { entries: 1, bytes: size as u64, hash }));
        begin(&mut sources, None);
        assert_eq!(next(&mut sources), [Part::Failed(Why::Gone)]);
    }
}

/// So many zeros, and how often they were asked for.
struct Zeros {
    left: usize,
    reads: Arc<AtomicUsize>,
}

impl std::io::Read for Zeros {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let count = bytes.len().min(self.left);
        bytes[..count].fill(0);
        self.left -= count;
        Ok(count)
    }
}

#[test]
fn a_stream_is_read_once_for_each_record_and_never_after_its_end() {
    // The last read finds the end. A terminal would go on after that.
    for (more, expected) in [(0, 9), (5, 10)] {
        let folders = Folders::new();
        let reads = Arc::new(AtomicUsize::new(0));
        let left = 8 * limits::FILE_RECORD_BYTES + more;
        let input = Zeros { left, reads: Arc::clone(&reads) };
        let mut sources = Sources::with_stdin(folders.data.clone(), Box::new(input));
        sources.run(Read::Look(ID, Source::Stdin(FileName::of("zeros"))));
        begin(&mut sources, None);
        rest(&mut sources);
        assert_eq!(reads.load(Ordering::Relaxed), expected);
    }
}

#[test]
fn a_digest_of_something_else_means_from_the_beginning() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(2 * CHUNK)).unwrap();
    for (entries, chunks) in [(0, 1), (1, 0), (0, 2), (0, 9), (5, 0), (u64::MAX, u64::MAX)] {
        let mut sources = folders.sources();
        look(&mut sources, &path).unwrap();
        begin(&mut sources, Some(Have { entries, chunks, digest: FileHash([1; 32]) }));
        let parts = short(&rest(&mut sources));
        assert!(parts[0].starts_with("passed ") && parts[1] == "from 0 0", "{parts:?}");
    }
}

#[test]
fn a_file_of_holes_is_read_like_any_other() {
    let folders = Folders::new();
    let path = folders.from.join("holes");
    let size = 40 * CHUNK as u64 + 3;
    fs::File::create(&path).unwrap().set_len(size).unwrap();
    let mut sources = folders.sources();
    look(&mut sources, &path).unwrap();
    begin(&mut sources, None);
    let mut read = 0;
    loop {
        let parts = next(&mut sources);
        read += parts
            .iter()
            .map(|part| if let Part::Bytes(b) = part { b.len() } else { 0 })
            .sum::<usize>();
        if let Some(Part::End { bytes, .. }) = parts.last() {
            assert_eq!((*bytes, read as u64), (size, size));
            return;
        }
    }
}
