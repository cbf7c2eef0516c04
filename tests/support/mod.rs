//! Helpers of the integration tests. Each test program uses some of them.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod echo;
pub mod pty;

use std::sync::mpsc;
use std::time::Duration;

/// How long a test waits for what must come: far longer than any machine needs, because only a
/// failing test ever waits so long.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Does `work`, which may wait for another program; fails when it has not ended by the deadline.
pub fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, ended) = mpsc::channel();
    std::thread::spawn(move || sender.send(work()));
    ended.recv_timeout(DEADLINE).expect("it ends, and without a panic")
}
