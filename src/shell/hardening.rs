//! What a process does to itself at its start: keeps secrets out of core dumps, makes room.

/// Asks the system never to write this process's memory to a disk, and not to let other processes
/// of the same user read it.
///
/// Failures are ignored: a sandbox may forbid to ask, and then the program is no less safe than
/// every other one there; to refuse service for it would help nobody.
pub fn protect_memory() {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, setrlimit};
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    }
    // Debuggers of the same user are kept out, too. `/dev/stdin` and `/dev/fd/N` still open.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Raises the number of descriptors that this process may have to what the system allows, and
/// returns it, if it is known: a connection takes one.
///
/// Failures are ignored: with fewer descriptors newcomers wait, which [`Net`] reports when it
/// happens.
///
/// [`Net`]: crate::shell::net::Net
#[cfg(unix)]
pub fn raise_descriptor_limit() -> Option<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    /// What macOS really gives when its hard limit says "unlimited" (`OPEN_MAX`).
    const APPLE_MAX: u64 = 10_240;

    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let wanted = if cfg!(target_vendor = "apple") { hard.min(APPLE_MAX) } else { hard };
    if soft < wanted {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, wanted, hard);
    }
    getrlimit(Resource::RLIMIT_NOFILE).ok().map(|(soft, _)| soft)
}

/// Windows knows no such limit.
#[cfg(not(unix))]
pub fn raise_descriptor_limit() -> Option<u64> {
    None
}
