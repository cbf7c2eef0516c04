//! One who moves files has its turn: wall time, processor time and memory, and whether what came is
//! what was sent.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::kit::Kit;
use crate::movers::{Load, Mover};
use crate::process::{Cores, Process, free_address, is_here};

/// What it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// From the start of who asks to the whole file.
    pub(crate) seconds: f64,
    /// Of both sides with all their children: user and system, in ticks of 10 ms.
    pub(crate) cpu: f64,
    /// Of ours.
    pub(crate) ours: Option<Ours>,
}

/// What is known of our own programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ours {
    /// Seconds from the end of the log-in and the offer.
    pub(crate) moving: f64,
    /// `None` if nobody may look, or it was too soon over.
    pub(crate) peaks: Option<Peaks>,
}

/// The most that was resident, in megabytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peaks {
    /// Of who asks, before anything moves: at the log-in.
    pub(crate) log_in: f64,
    /// Of who asks and who answers, while it moves.
    pub(crate) moving: [f64; 2],
}

/// How long the one who answers may take to be done with its children.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often memory is looked at: rarely enough not to count itself.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Has it move what is in that folder.
pub(crate) fn turn(kit: &Kit, mover: &Mover, load: Load, from: &Path) -> Result<Turn, String> {
    if !mover.programs.iter().all(|program| is_here(program)) {
        return Err(format!("not here: {}", mover.install));
    }
    let new = TempDir::new().unwrap();
    let into = new.path().join("into");
    fs::create_dir(&into).unwrap();
    let from = from.join(load.name());
    let filled = |text: &str| {
        text.replace("FROM", from.to_str().unwrap())
            .replace("INTO", into.to_str().unwrap())
            .replace("NEW", new.path().to_str().unwrap())
            .replace("NAME", load.name())
    };
    touch_memory(&from, new.path());
    let at = free_address();
    let command = |text: &str| kit.command(Cores::Both, &filled(text), at.port());
    if !mover.before.is_empty() {
        assert!(command(mover.before).stdout(Stdio::null()).status().unwrap().success());
    }
    let (answering, _said) = if mover.ready.is_empty() {
        (Process::serve(&mut command(mover.answering), at), None)
    } else {
        let mut command = command(mover.answering);
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process(piped.spawn().unwrap());
        let mut said = BufReader::new(process.0.stdout.take().unwrap());
        assert!(hear(&mut said, mover.ready), "{} is not ready", mover.name);
        (process, Some(said))
    };
    let before = cpu(&answering);
    let complaints = new.path().join("complaints");
    let mut command = command(mover.asking);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(File::create(&complaints).unwrap());
    let begun = Instant::now();
    let mut asking = Process(command.spawn().unwrap());
    let stdout = asking.0.stdout.take().unwrap();
    let watched = if mover.sides[0].is_empty() {
        let _ = BufReader::new(stdout).read_to_end(&mut Vec::new());
        None
    } else {
        Some(watch(&asking, &answering, stdout))
    };
    wait(&asking);
    if mover.ends {
        wait(&answering);
    }
    let over = Instant::now();
    let ours = watched.map(|(at, peaks)| Ours { moving: (over - at).as_secs_f64(), peaks });
    let seconds = (over - begun).as_secs_f64();
    let late = Instant::now() + PATIENCE;
    while !mover.ends && has_children(&answering) {
        assert!(Instant::now() < late, "{} has children for ever", mover.name);
        thread::park_timeout(LOOK_EVERY);
    }
    let cpu = cpu(&asking) + cpu(&answering) - before;
    let status = asking.0.wait().unwrap();
    let complaints = || fs::read_to_string(&complaints).unwrap();
    assert!(status.success(), "{}: {status}\n{}", mover.name, complaints());
    assert!(same(&from, &into.join(load.name())), "{} has changed it", mover.name);
    Ok(Turn { seconds, cpu, ours })
}

/// Has as much memory at hand as the copy takes: the host of a virtual machine takes free memory
/// back, and to have it again is slower than all else here. Nobody is to pay for that.
fn touch_memory(file: &Path, room: &Path) {
    if file.is_file() {
        let copy = room.join("copy");
        fs::copy(file, &copy).unwrap();
        fs::remove_file(copy).unwrap();
    }
}

/// Reads until it says that; `false` when it ends without.
fn hear(from: &mut BufReader<ChildStdout>, what: &str) -> bool {
    let mut line = String::new();
    while from.read_line(&mut line).unwrap() > 0 {
        if line.contains(what) {
            return true;
        }
        line.clear();
    }
    false
}

/// Waits until it has ended, and leaves what the system knows of it.
fn wait(process: &Process) {
    let id = Id::Pid(Pid::from_raw(process.0.id() as i32));
    waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
}

/// Looks at the memory of both until who asks has ended; also says when it began to move. Before
/// it moves, the system is told to forget the most so far: that was stretching the password.
fn watch(asking: &Process, answering: &Process, stdout: ChildStdout) -> (Instant, Option<Peaks>) {
    let mut said = BufReader::new(stdout);
    assert!(hear(&mut said, "\"begun\""), "nothing moves");
    let begun = Instant::now();
    let log_in = peak(asking);
    let both = [asking, answering];
    // Root's right, for programs that let nobody look at their memory.
    let forgets =
        |process: &Process| fs::write(format!("/proc/{}/clear_refs", process.0.id()), "5");
    let may_look = both.iter().all(|process| forgets(process).is_ok());
    let mut moving = [0.0; 2];
    while peak(asking).is_some() {
        for (most, process) in moving.iter_mut().zip(both) {
            *most = peak(process).unwrap_or(0.0).max(*most);
        }
        thread::park_timeout(LOOK_EVERY);
    }
    let is_seen = may_look && moving.iter().all(|most| *most > 0.0);
    (begun, log_in.filter(|_| is_seen).map(|log_in| Peaks { log_in, moving }))
}

/// The most that was resident, in megabytes; `None` when it has ended.
fn peak(process: &Process) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.0.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() * 1024.0 / 1e6)
}

/// Fields of `/proc/PID/stat` from the state on; the name before them may have anything in it.
fn stat(id: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// Seconds of processor time, with those of its children that have ended.
fn cpu(process: &Process) -> f64 {
    let fields = stat(&process.0.id().to_string()).unwrap();
    // utime, stime, cutime, cstime
    fields[11..15].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn has_children(process: &Process) -> bool {
    let parent = process.0.id().to_string();
    let mut all = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    all.any(|id| stat(&id.to_string_lossy()).is_some_and(|fields| fields[1] == parent))
}

/// Whether two files, or all in two folders, are the same.
fn same(one: &Path, other: &Path) -> bool {
    if one.is_file() {
        return same_bytes(one, other);
    }
    let names = |folder: &Path| -> Vec<OsString> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let all = names(one);
    all == names(other) && all.iter().all(|name| same(&one.join(name), &other.join(name)))
}

fn same_bytes(one: &Path, other: &Path) -> bool {
    let (Ok(mut one), Ok(mut other)) = (File::open(one), File::open(other)) else { return false };
    let mut pieces = [vec![0; 1 << 20], vec![0; 1 << 20]];
    loop {
        let [here, there] = &mut pieces;
        let count = one.read(here).unwrap();
        if count == 0 {
            return other.read(there).unwrap() == 0;
        }
        if other.read_exact(&mut there[..count]).is_err() || here[..count] != there[..count] {
            return false;
        }
    }
}
