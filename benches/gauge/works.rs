//! The pieces of work that are counted.

use std::hint::black_box;

use hallway::reason::Exit;

use crate::{announcing, hall, list, login, moving, talk};

/// A piece of work.
pub(crate) struct Work {
    /// One word, in `counts.txt`.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// Does it so many times inside [`gauged`], with all that has to be there before outside of
    /// it.
    run: fn() -> usize,
}

/// All of them.
pub(crate) const WORKS: [Work; 18] = [
    Work { name: "say", what: "a line said: sealed, ready to send", run: talk::say },
    Work { name: "hear", what: "a line heard, its confirmation sealed", run: talk::hear },
    Work { name: "confirm", what: "the confirmation read", run: talk::confirm },
    Work { name: "file-out", what: "1 MiB of a file sent, by the core", run: moving::send },
    Work { name: "file-in", what: "1 MiB of a file received, by the core", run: moving::receive },
    Work { name: "dial", what: "a log-in, the dialler without Argon2", run: login::dial },
    Work { name: "answer", what: "a log-in, the community", run: login::answer },
    Work { name: "join", what: "a place on the list of 100, before it is told", run: hall::join },
    Work { name: "tell", what: "a change, for each of 100 members told", run: hall::tell },
    Work { name: "told", what: "the change read by a member", run: hall::told },
    Work { name: "list-write", what: "a list of 1,000 encoded, once for all", run: list::write },
    Work { name: "list-seal", what: "the list sealed for one asker", run: list::seal },
    Work { name: "list-read", what: "the list opened and read by the asker", run: list::read },
    Work { name: "ssdp-known", what: "an SSDP announcement, again", run: announcing::known },
    Work { name: "ssdp-new", what: "an SSDP announcement of a new device", run: announcing::new },
    Work { name: "turn-talk", what: "an empty turn, in a conversation", run: talk::idle },
    Work { name: "turn-hall", what: "an empty turn, a community of 100", run: hall::idle },
    Work { name: "ssdp-idle", what: "a minute of SSDP, nobody new", run: announcing::idle },
];

/// The only function in which instructions are counted; valgrind knows it by its name.
#[inline(never)]
pub(crate) fn gauged<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

/// Stretches a password once.
pub(crate) fn stretch() -> Exit {
    black_box(login::Door::new());
    println!("1");
    Exit::Done
}

/// Runs a work that is told by its name, in a process of its own.
pub(crate) fn run(name: &str) -> Exit {
    let work = WORKS.iter().find(|work| work.name == name);
    println!("{}", (work.unwrap_or_else(|| panic!("no work {name}")).run)());
    Exit::Done
}

/// Says which instructions the cryptography finds here.
pub(crate) fn say_features() -> Exit {
    #[cfg(target_arch = "x86_64")]
    println!(
        "SSE4.1 {}, AVX2 {}, AVX-512 {}, SHA {}",
        is_x86_feature_detected!("sse4.1"),
        is_x86_feature_detected!("avx2"),
        is_x86_feature_detected!("avx512f"),
        is_x86_feature_detected!("sha"),
    );
    Exit::Done
}
