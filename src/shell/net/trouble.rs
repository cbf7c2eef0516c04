//! What can go wrong with sockets, sorted into what a program can say or do about it.

use std::io;

use crate::conn::ConnectError;

/// Why a port could not be listened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListenError {
    /// Another program has the port, and the following ones that were allowed.
    #[error("the port is taken: is the program running already? try another port")]
    InUse,
    /// The system keeps this port to itself.
    #[error("this port is not permitted: take one above 1023")]
    NotPermitted,
    /// No interface of this machine has the address.
    #[error("this machine does not have that address")]
    NotHere,
    /// Anything else.
    #[error("cannot listen: {0}")]
    Other(io::ErrorKind),
}

impl From<io::Error> for ListenError {
    fn from(error: io::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, open list")]
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse,
            io::ErrorKind::PermissionDenied => Self::NotPermitted,
            io::ErrorKind::AddrNotAvailable => Self::NotHere,
            other => Self::Other(other),
        }
    }
}

/// What the loop itself has to say; each is said once until the next replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No newcomer can be let in for want of descriptors or memory; the others are served.
    #[error("no descriptors left: newcomers must wait (raise `ulimit -n`)")]
    NoDescriptors,
    /// No newcomer can be let in, for another reason of this machine.
    #[error("newcomers cannot be accepted: {0}")]
    AcceptFails(io::ErrorKind),
    /// The end of one of the above: all who waited are in.
    #[error("newcomers are accepted again")]
    AcceptingAgain,
}

/// Sorts what a failed attempt to connect says.
pub(super) fn connect_error(error: &io::Error) -> ConnectError {
    if is_shortage(error) {
        return ConnectError::NoResources;
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, open list")]
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => ConnectError::Refused,
        io::ErrorKind::PermissionDenied => ConnectError::NotPermitted,
        _ => ConnectError::Unreachable,
    }
}

/// Whether descriptors or memory of this process or machine have run out.
#[cfg(unix)]
pub(super) fn is_shortage(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let short = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::ENOBUFS];
    error.raw_os_error().is_some_and(|code| short.contains(&Errno::from_raw(code)))
}

/// Whether descriptors or memory of this process or machine have run out.
#[cfg(not(unix))]
pub(super) fn is_shortage(error: &io::Error) -> bool {
    // WSAEMFILE, WSAENOBUFS
    matches!(error.raw_os_error(), Some(10_024 | 10_055))
}
