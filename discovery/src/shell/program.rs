//! Discovery as every program starts it: by the flags that all share, and so that a program goes on
//! where there can be none.

use std::net::SocketAddr;

use hallway::handshake::auth::Me;
use hallway::message::State;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::home::Home;
use hallway::shell::options::Common;
use hallway::text::shown;

use super::service::{Announce, Discovery, Search, Setup};
use crate::kind::Kind;

impl Setup {
    /// Announces `me`, who takes calls at `at`, and searches. Without a `home` nothing is noted on
    /// the disk.
    pub fn of(kind: Kind, me: &Me, at: SocketAddr, home: Option<&Home>, search: Search) -> Self {
        let fingerprint = me.identity.public().fingerprint();
        let (name, state) = (me.name.clone(), State::Available);
        Self {
            announce: Some(Announce { kind, name, fingerprint, at, state }),
            fingerprint: Some(fingerprint),
            search,
            interfaces: Vec::new(),
            runs: home.map(Home::announced_dir),
        }
    }
}

/// Starts what `setup` says, as far as the flags allow. What stands in the way is said once, and is
/// no reason not to go on.
pub fn start(common: &Common, mut setup: Setup, base: &Base) -> Option<Discovery> {
    setup.interfaces.clone_from(&common.interface);
    if common.no_discovery || setup.is_nothing() {
        return None;
    }
    let waker = base.net.waker();
    let wake = move || {
        // It fails only when the loop is gone, and then nobody is to be woken.
        let _ = waker.wake();
    };
    let mut seeds = Seeds::new(clock::seed());
    let started = Discovery::start(setup, base.clock.now(), &mut seeds, wake);
    let discovery = started
        .map_err(|error| base.terminal.show(&format!("no discovery: {error}"), false))
        .ok()?;
    let status = discovery.status();
    let here = |name: &str| status.interfaces.iter().any(|state| state.candidate.name == name);
    for name in common.interface.iter().filter(|name| !here(name)) {
        // It may be plugged in later.
        let words = format!("there is no interface {} at the moment", shown(name));
        base.terminal.show(&words, false);
    }
    Some(discovery)
}
