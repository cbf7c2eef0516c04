//! What the system knows of a program, and of the files that it keeps.

use std::fs;
use std::path::Path;

/// What the system knows of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    /// Our programs start no others: a child would be a mistake, a zombie another.
    pub(crate) children: usize,
}

/// The figures of a program.
pub(crate) fn of(pid: u32) -> Figures {
    let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).unwrap().count();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    Figures {
        descriptors: count("fd"),
        threads: count("task"),
        // Not every kernel tells.
        children: children.map_or(0, |pids| pids.split_whitespace().count()),
    }
}

/// Kibibytes of memory that are its own: no file can be dropped for them.
pub(crate) fn own_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Processor time that it has used so far, in ticks of 10 ms.
pub(crate) fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // The name, in parentheses, may hold spaces. After it comes field 3; these are 14 and 15.
    let (_, rest) = stat.rsplit_once(')').unwrap();
    rest.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum()
}

/// Whether a data directory holds only what belongs there, and not too much of it.
pub(crate) fn is_tidy(folder: &Path) -> Result<(), String> {
    /// An identity has 200 bytes, a pin 100: all who were met here, and none twice.
    const BYTES_MAX: u64 = 16 * 1024;
    /// A program that runs, and one that was killed and not started again.
    const RUNS_MAX: usize = 2;
    let mut bytes = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match name.as_str() {
            "identity.key" | "community.key" | "known-peers" => {
                bytes += entry.metadata().unwrap().len();
            }
            "announced" => {
                let runs = fs::read_dir(entry.path()).unwrap().count();
                if runs > RUNS_MAX {
                    return Err(format!("{runs} runs are noted in {}", folder.display()));
                }
            }
            _ => return Err(format!("{name} is left in {}", folder.display())),
        }
    }
    if bytes > BYTES_MAX { Err(format!("{} has {bytes} bytes", folder.display())) } else { Ok(()) }
}
