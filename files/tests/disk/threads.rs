//! The threads: everything at once, woken by what comes back.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use files::disk::{
    Arriving, Index, IndexDone, Keep, Part, Read, ReadDone, Ready, Room, Source, Target,
    TransferId, Write, WriteDone,
};
use files::shell::{Disk, Place, Sandbox, Setup, Store, probe};
use hallway::message::files::Why;
use mio::{Events, Poll, Token, Waker};

use crate::pipe::{CHUNK, Folders, ID, Joiner, abandon, arriving, bytes, look, send};

/// A loop with nothing but the disk.
struct Loop {
    poll: Poll,
    disk: Disk,
}

impl Loop {
    fn new(folders: &Folders) -> Self {
        let poll = Poll::new().unwrap();
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let setup = Setup { download_dir: folders.to.clone(), data_dir: folders.data.clone() };
        Self { poll, disk: Disk::start(waker, setup).unwrap() }
    }

    /// What comes next; sleeps until it is there.
    fn next<T>(&mut self, ask: fn(&mut Disk) -> Option<T>) -> T {
        let mut events = Events::with_capacity(4);
        loop {
            if let Some(done) = ask(&mut self.disk) {
                return done;
            }
            self.poll.poll(&mut events, Some(Duration::from_secs(60))).unwrap();
            assert!(!events.is_empty(), "nothing came back");
        }
    }

    fn write(&mut self, job: Write) -> WriteDone {
        self.disk.submit_write(job);
        self.next(Disk::try_write)
    }
}

#[test]
fn files_go_from_disk_to_disk_into_several_folders_at_once() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(2 * CHUNK + 1)).unwrap();
    let elsewhere = folders.all.path().join("else/where");
    let mut turns = Loop::new(&folders);
    let targets = [Target::Downloads, Target::Folder(elsewhere.clone()), Target::Downloads];
    let ids: Vec<_> = (0..3).map(TransferId).collect();
    for (id, target) in ids.iter().zip(targets) {
        turns.disk.submit_read(Read::Look(*id, Source::Path(path.clone())));
        let ReadDone::Looked(_, Ok(looked)) = turns.next(Disk::try_read) else { panic!("look") };
        turns.disk.submit_read(Read::Begin(*id, None));
        let ready = turns.write(Write::Open(*id, arriving(&looked), target));
        assert_eq!(ready, WriteDone::Ready(*id, Ok(Ready::Here(None, 0))));
    }
    let mut joiners = [Joiner::default(), Joiner::default(), Joiner::default()];
    let mut open = ids.len();
    ids.iter().for_each(|id| turns.disk.submit_read(Read::Next(*id)));
    while open > 0 {
        let ReadDone::Parts(id, parts) = turns.next(Disk::try_read) else { panic!("parts") };
        let is_end = matches!(parts.last(), Some(Part::End { .. }));
        let joiner = &mut joiners[usize::try_from(id.0).unwrap()];
        let pieces = parts.into_iter().filter_map(|part| joiner.piece(part)).collect();
        let wrote = turns.write(Write::Put(id, pieces));
        assert!(matches!(wrote, WriteDone::Wrote(wrote, Ok(()), _) if wrote == id));
        if is_end {
            open -= 1;
            let stored = turns.write(Write::Store(id, None));
            let WriteDone::Stored(_, Ok(placed)) = stored else { panic!("{stored:?}") };
            assert_eq!(fs::read(placed.path.unwrap()).unwrap(), bytes(2 * CHUNK + 1));
        } else {
            turns.disk.submit_read(Read::Next(id));
        }
    }
    assert_eq!(folders.arrived(), ["file", "file (2)"]);
    assert_eq!(crate::pipe::names(&elsewhere), ["file"]);
    assert_eq!(turns.disk.sandbox(), Some(probe()));
    if probe() == Sandbox::NotThere {
        println!("skipped: this kernel has no Landlock");
    }
}

#[test]
fn room_is_looked_for_where_it_will_go() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, bytes(CHUNK + 1)).unwrap();
    let mut sources = folders.sources();
    let arriving = arriving(&look(&mut sources, &path).unwrap());
    // A part tells one folder from the other.
    let elsewhere = folders.all.path().join("elsewhere");
    let mut store = Store::at(Place::Folder(elsewhere.clone()));
    send(&mut sources, &mut store, &arriving, 2);
    abandon(&mut store, Keep::Part);
    let mut turns = Loop::new(&folders);
    let mut room = |target| match turns.write(Write::Look(ID, arriving.clone(), target)) {
        WriteDone::Looked(ID, Ok(room)) => room,
        other => panic!("{other:?}"),
    };
    assert_eq!(room(Target::Folder(elsewhere)).here, CHUNK as u64);
    assert_eq!(room(Target::Downloads).here, 0);
    assert_eq!(room(Target::Stdout), Room { free: u64::MAX, here: 0 });
}

#[test]
fn no_folder_is_made_for_what_has_no_room_and_the_thread_that_makes_one_is_confined() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let fits = arriving(&look(&mut folders.sources(), &path).unwrap());
    let large = Arriving { bytes: Some(u64::MAX), ..fits.clone() };
    let elsewhere = folders.all.path().join("else/where");
    let mut turns = Loop::new(&folders);
    let mut open = |arriving| {
        let done = turns.write(Write::Open(ID, arriving, Target::Folder(elsewhere.clone())));
        let WriteDone::Ready(ID, ready) = done else { panic!("{done:?}") };
        (ready.map_err(|trouble| trouble.why), turns.disk.sandbox())
    };
    assert_eq!(open(large), (Err(Why::NoRoom), None));
    assert!(!folders.all.path().join("else").exists());
    assert_eq!(open(fits), (Ok(Ready::Here(None, 0)), Some(probe())));
    assert!(elsewhere.exists());
}

#[test]
fn more_jobs_than_a_thread_takes_wait_and_none_is_lost() {
    let folders = Folders::new();
    let path = folders.from.join("file");
    fs::write(&path, "x").unwrap();
    let mut turns = Loop::new(&folders);
    let count = 5 * hallway::limits::WORKER_JOBS_MAX as u64;
    for id in (0..count).map(TransferId) {
        turns.disk.submit_read(Read::Look(id, Source::Path(path.clone())));
        turns.disk.submit_read(Read::Forget(id));
    }
    for id in (0..count).map(TransferId) {
        assert!(
            matches!(turns.next(Disk::try_read), ReadDone::Looked(looked, Ok(_)) if looked == id)
        );
    }
    assert_eq!(turns.disk.try_read(), None);
}

#[test]
fn the_index_goes_on_by_itself_until_all_is_hashed() {
    let folders = Folders::new();
    let mut turns = Loop::new(&folders);
    for number in 0..3 {
        let path = folders.from.join(format!("file{number}"));
        fs::write(&path, bytes(10 * CHUNK)).unwrap();
        turns.disk.submit_index(Index::Share(path));
    }
    loop {
        let (IndexDone::Changed(shares, trouble) | IndexDone::Hashed(shares, trouble)) =
            turns.next(Disk::try_index)
        else {
            panic!("?")
        };
        assert_eq!(trouble, None);
        if shares.len() == 3 && shares.iter().all(|share| share.item.hash.is_some()) {
            return;
        }
    }
}
