//! Tries whether a connection comes about, on short-lived threads, and closes it at once.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use hallway::place::Place;
use ssdp::target::Udn;

use crate::limits::PROBE_WAIT;
use crate::neighbours::Probed;

/// What is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An address of a neighbour.
    Neighbour(Udn, SocketAddr),
    /// A place that somebody gave; it may have to be looked up first.
    Given(Place),
}

/// Tries; how many at once is up to who asks.
pub struct Prober {
    results: Receiver<(Target, Probed)>,
    done: Sender<(Target, Probed)>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Prober {
    /// `wake` is called when there is a result.
    pub fn new(wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let (done, results) = channel();
        Self { results, done, wake }
    }

    /// Tries this, within [`PROBE_WAIT`] for each address, and without holding up anything.
    pub fn try_now(&self, target: Target) {
        let (done, wake) = (self.done.clone(), Arc::clone(&self.wake));
        let unable = (target.clone(), Probed::Unreachable);
        let tries = move || {
            let probed = match &target {
                Target::Neighbour(_, at) => connect(*at),
                Target::Given(place) => reach(place),
            };
            // It fails when nobody waits for it any more.
            let _ = done.send((target, probed));
            wake();
        };
        if thread::Builder::new().name("probe".into()).spawn(tries).is_err() {
            let _ = self.done.send(unable);
            (self.wake)();
        }
    }

    /// A result, if there is one.
    pub fn try_result(&self) -> Option<(Target, Probed)> {
        self.results.try_recv().ok()
    }
}

/// The best that came of all addresses of a place.
fn reach(place: &Place) -> Probed {
    let found = (place.host.as_str(), place.port).to_socket_addrs();
    let mut best = Probed::Unreachable;
    for at in found.into_iter().flatten() {
        match connect(at) {
            Probed::Connected => return Probed::Connected,
            Probed::Refused => best = Probed::Refused,
            Probed::Silent if best == Probed::Unreachable => best = Probed::Silent,
            Probed::Silent | Probed::Unreachable => {}
        }
    }
    best
}

fn connect(at: SocketAddr) -> Probed {
    let Err(error) = TcpStream::connect_timeout(&at, Duration::from_millis(PROBE_WAIT.0)) else {
        return Probed::Connected;
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign, open list")]
    match error.kind() {
        ErrorKind::ConnectionRefused => Probed::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Probed::Silent,
        _ => Probed::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Tries one after another.
    fn probed(targets: &[Target]) -> Vec<Probed> {
        let (woken, wakes) = channel();
        let prober = Prober::new(Arc::new(move || woken.send(()).unwrap()));
        let one = |target: &Target| {
            prober.try_now(target.clone());
            wakes.recv().unwrap();
            let (of, probed) = prober.try_result().unwrap();
            assert_eq!(of, *target);
            probed
        };
        targets.iter().map(one).collect()
    }

    #[test]
    fn a_listener_is_told_from_a_machine_where_nobody_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let udn = Udn::random([1; 16]);
        let there = Target::Neighbour(udn.clone(), at);
        let given = Target::Given(Place::parse(&format!("localhost:{}", at.port()), 1).unwrap());
        assert_eq!(probed(&[there.clone(), given]), [Probed::Connected; 2]);
        drop(listener);
        assert_eq!(probed(&[there]), [Probed::Refused]);
    }

    #[test]
    fn a_name_that_nobody_has_is_unreachable() {
        let place = Place::parse("nobody.invalid:5460", 1).unwrap();
        assert_eq!(probed(&[Target::Given(place)]), [Probed::Unreachable]);
    }
}
