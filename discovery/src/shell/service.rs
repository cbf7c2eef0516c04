//! Discovery as a program has it: it announces the program, keeps the table of neighbours, tries
//! them, and serves the pages of the announcement. Sockets and threads are behind it; the program
//! calls [`Discovery::turn`] in its own loop whenever it has been woken.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hallway::identity::Fingerprint;
use hallway::message::State;
use hallway::place::Place;
use hallway::seeds::Seeds;
use hallway::shell::start::reachable;
use hallway::text::Name;
use hallway::time::{Millis, Now};
use ssdp::candidates::Verdict;
use ssdp::engine::{Config, Device, Event, Wanted};
use ssdp::shell::server::Server;
use ssdp::shell::service::{Command, Options, Service};
use ssdp::shell::status::Status;
use ssdp::target::Udn;

use super::checkup;
use super::prober::{self, Prober};
use super::runs::{self, Run};
use crate::doctor::Findings;
use crate::hints::{self, Hints};
use crate::kind::Kind;
use crate::limits::DESCRIPTION_PORTS;
use crate::neighbours::{Change, Input, Neighbours, Output, Probed, Us};
use crate::page::{self, Card};
use crate::view::Summary;

/// What a program wants of discovery.
#[derive(Debug, Default)]
pub struct Setup {
    /// What is announced, if anything.
    pub announce: Option<Announce>,
    /// Our identity, to notice copies of it.
    pub fingerprint: Option<Fingerprint>,
    /// What is searched for.
    pub search: Search,
    /// Names of the interfaces to use; empty for those that are fit.
    pub interfaces: Vec<String>,
    /// Where announced runs are noted; see `hallway::shell::home::Home::announced_dir`.
    pub runs: Option<PathBuf>,
}

impl Setup {
    /// Who listens on the loopback alone is nothing to others.
    fn is_for_others(&self, announce: &Announce) -> bool {
        !announce.at.ip().is_loopback() || !self.interfaces.is_empty()
    }

    /// Whether there is nothing to announce and nobody to look for.
    pub(super) fn is_nothing(&self) -> bool {
        let is_silent = self.announce.as_ref().is_none_or(|it| !self.is_for_others(it));
        is_silent && self.search == Search::Nothing
    }
}

/// What is said of a program.
#[derive(Clone, Debug)]
pub struct Announce {
    /// A person's node or a community.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// Its identity.
    pub fingerprint: Fingerprint,
    /// Where calls come in. Who listens at one address is announced, and looks for others, on the
    /// network of that address alone; on the loopback, only if interfaces are given.
    pub at: SocketAddr,
    /// Whether it can be called.
    pub state: State,
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Search {
    /// Nothing: there will be no neighbours.
    Nothing,
    /// People and communities.
    #[default]
    Hallway,
    /// All devices; neighbours are still people and communities alone.
    Everything,
}

/// Why there is no discovery. A program goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no port for the description.
    #[error("not announced, for its description has no port: {0}")]
    Description(io::Error),
    /// No thread, or no descriptor.
    #[error("nobody can be found: {0}")]
    Service(io::Error),
}

/// Discovery, running. Dropping it says goodbye to the network.
pub struct Discovery {
    // Dropped in this order: the run is forgotten when its goodbye is said.
    service: Service,
    announced: Option<Announced>,
    neighbours: Neighbours,
    prober: Prober,
    changes: VecDeque<Change>,
    /// On which interfaces each neighbour has heard us, as it says.
    echoes: BTreeMap<Udn, Vec<(u32, bool)>>,
    peer: Option<(Place, Probed)>,
    woken: Arc<AtomicBool>,
}

/// What was announced, and what goes with it.
struct Announced {
    as_what: Announce,
    card: Card,
    server: Server,
    _run: Option<Run>,
}

impl Discovery {
    /// Starts. `wake` is called on other threads when [`Discovery::turn`] has something to do.
    ///
    /// # Errors
    /// See [`StartError`]. What the system refuses of interfaces is none: see
    /// [`Discovery::status`].
    pub fn start(
        setup: Setup,
        now: Now,
        seeds: &mut Seeds,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        let woken = Arc::new(AtomicBool::new(true));
        let wakes = Arc::clone(&woken);
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(move || {
            wakes.store(true, Ordering::Release);
            wake();
        });
        let mut udn = [0; 16];
        udn.copy_from_slice(seeds.draw().split_at(16).0);
        let udn = Udn::random(udn);
        let as_what = setup.announce.clone().filter(|as_what| setup.is_for_others(as_what));
        let address = as_what.as_ref().and_then(Announce::address);
        let (announced, device) = match as_what {
            Some(as_what) => {
                let (announced, device) = announce(as_what, &udn, setup.runs)?;
                (Some(announced), Some(device))
            }
            None => (None, None),
        };
        let wanted = match setup.search {
            Search::Nothing => Wanted::Nothing,
            Search::Hallway => Wanted::Types(Kind::ALL.map(Kind::device_type).to_vec()),
            Search::Everything => Wanted::Everything,
        };
        let config = Config { device, wanted, ..hints::config(now) };
        let options = Options { only: setup.interfaces, address };
        let wakes = Arc::clone(&wake);
        let service = Service::start(config, seeds.below(u64::MAX), options, move || wakes())
            .map_err(StartError::Service)?;
        let us = Us { udn: Some(udn), fingerprint: setup.fingerprint };
        Ok(Self {
            service,
            announced,
            neighbours: Neighbours::new(us, *seeds.draw()),
            prober: Prober::new(wake),
            changes: VecDeque::new(),
            echoes: BTreeMap::new(),
            peer: None,
            woken,
        })
    }

    /// Does what there is to do, and gives what has changed since.
    pub fn turn(&mut self, now: Millis) -> Vec<Change> {
        if self.woken.swap(false, Ordering::AcqRel) {
            self.gather(now);
        }
        if self.deadline().is_some_and(|due| due <= now) {
            self.handle(now, Input::Timer);
        }
        self.changes.drain(..).collect()
    }

    /// When to call [`Discovery::turn`] at the latest.
    pub fn deadline(&self) -> Option<Millis> {
        self.neighbours.deadline()
    }

    /// Everybody who is here.
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// From now on we can be called, or are in a conversation.
    pub fn set_state(&mut self, state: State) {
        let Some(announced) = &mut self.announced else { return };
        if announced.as_what.state != state {
            announced.as_what.state = state;
            self.service.tell(Command::Extra(vec![announced.as_what.hints().field()]));
        }
    }

    /// Somebody begins, or stops, to look at the list.
    pub fn look(&mut self, now: Millis, is_looked_at: bool) {
        self.handle(now, Input::Look(is_looked_at));
    }

    /// Searches now.
    pub fn search(&self) {
        self.service.tell(Command::Search(None));
    }

    /// Tries now whether this neighbour can be reached.
    pub fn try_neighbour(&mut self, now: Millis, udn: &Udn) {
        self.handle(now, Input::Probe(udn.clone()));
    }

    /// Somebody proved to have this identity, from this address.
    pub fn verified(&mut self, now: Millis, fingerprint: Fingerprint, from: IpAddr) {
        self.handle(now, Input::Verified(fingerprint, from));
    }

    /// Asks all neighbours whether they are there, and whether they hear us.
    pub fn ask_all(&self) {
        for one in self.neighbours.all() {
            self.service.tell(Command::Check(one.udn.clone()));
        }
    }

    /// Tries whether a peer can be reached; [`Discovery::findings`] has the result.
    pub fn try_peer(&self, place: Place) {
        self.prober.try_now(prober::Target::Given(place));
    }

    /// How it goes: interfaces, why each is used or not, counts.
    pub fn status(&self) -> Status {
        self.service.status()
    }

    /// The same in one line.
    pub fn summary(&self) -> Summary {
        checkup::summary(&self.service.status(), &self.neighbours)
    }

    /// All that is known about why somebody is not seen; `calls` is where calls come in, or would.
    pub fn findings(&self, calls: u16) -> Findings {
        let description = self.announced.as_ref().map(|announced| announced.server.port());
        let mut findings =
            checkup::findings(&self.service.status(), &self.neighbours, &self.echoes);
        findings.ports = crate::doctor::Ports { calls, description };
        findings.peer.clone_from(&self.peer);
        findings
    }

    /// Says goodbye to the network, and ends.
    pub fn stop(self) {
        drop(self);
    }

    fn gather(&mut self, now: Millis) {
        // Before the status: an interface is in there before anything can be heard on it.
        let events: Vec<Event> = std::iter::from_fn(|| self.service.try_event()).collect();
        let ours = interfaces(&self.service.status());
        if ours != self.neighbours.interfaces() {
            self.handle(now, Input::Interfaces(ours));
            if let Some(announced) = &self.announced {
                announced.server.set_pages(announced.pages());
            }
        }
        for event in events {
            self.note_echo(&event);
            self.handle(now, Input::Heard(event));
        }
        while let Some((target, probed)) = self.prober.try_result() {
            match target {
                prober::Target::Neighbour(udn, at) => {
                    self.handle(now, Input::Probed(udn, at, probed));
                }
                prober::Target::Given(place) => self.peer = Some((place, probed)),
            }
        }
    }

    fn note_echo(&mut self, event: &Event) {
        match event {
            Event::Found(entry) | Event::Changed(entry) => {
                let said = |place: &ssdp::engine::Place| Some((place.interface, place.hears_us?));
                let echoes = entry.places.iter().filter_map(said).collect();
                self.echoes.insert(entry.udn.clone(), echoes);
            }
            Event::Gone(udn) => {
                self.echoes.remove(udn);
            }
        }
    }

    fn handle(&mut self, now: Millis, input: Input) {
        self.neighbours.handle(now, input);
        while let Some(output) = self.neighbours.poll() {
            match output {
                Output::Change(change) => self.changes.push_back(change),
                Output::Probe(udn, at) => self.prober.try_now(prober::Target::Neighbour(udn, at)),
                Output::Check(udn) => {
                    self.service.tell(Command::Check(udn));
                }
                Output::Verified(udn) => {
                    self.service.tell(Command::Verified(udn));
                }
            }
        }
    }
}

/// The interfaces in use.
pub(super) fn interfaces(status: &Status) -> Vec<ssdp::interface::Interface> {
    let used = status.interfaces.iter().filter(|state| state.verdict == Verdict::Used);
    used.map(|state| state.candidate.interface(state.traffic.own_port)).collect()
}

impl Announce {
    /// The only address that calls reach us at, where it is not any.
    fn address(&self) -> Option<IpAddr> {
        // ::ffff:0.0.0.0 is any, too.
        let ip = self.at.ip().to_canonical();
        (!ip.is_unspecified()).then_some(ip)
    }

    fn hints(&self) -> Hints {
        Hints {
            port: self.at.port(),
            state: self.state,
            fingerprint: self.fingerprint,
            name: self.name.clone(),
        }
    }
}

impl Announced {
    fn pages(&self) -> Vec<ssdp::http::Page> {
        page::pages(&self.card, &reachable(self.as_what.at))
    }
}

/// Serves the pages, notes the run, and says what is to be announced.
fn announce(
    as_what: Announce,
    udn: &Udn,
    runs: Option<PathBuf>,
) -> Result<(Announced, Device), StartError> {
    let Announce { kind, ref name, fingerprint, at, .. } = as_what;
    let card = Card { kind, name: name.clone(), fingerprint, udn: udn.clone() };
    let server = serve(at.ip()).map_err(StartError::Description)?;
    let runs = runs.as_deref();
    let earlier = runs.map(runs::take_ended).unwrap_or_default();
    // A disk that cannot be written is no reason not to be found.
    let run = runs.and_then(|folder| Run::begin(folder, udn).ok());
    let device = hints::device(kind, udn.clone(), &as_what.hints(), server.port(), earlier);
    let announced = Announced { as_what, card, server, _run: run };
    announced.server.set_pages(announced.pages());
    Ok((announced, device))
}

/// A server for the pages, at one of our ports, or at any.
fn serve(at: IpAddr) -> io::Result<Server> {
    let (first, more) = DESCRIPTION_PORTS;
    let start = |ip, port| Server::start(SocketAddr::new(ip, port), Vec::new(), hints::product());
    let both = [IpAddr::V6(Ipv6Addr::UNSPECIFIED), IpAddr::V4(Ipv4Addr::UNSPECIFIED)];
    let ips = if at.is_unspecified() { &both[..] } else { &[at] };
    for port in (first..=first.saturating_add(more)).chain([0]) {
        for ip in ips {
            match start(*ip, port) {
                Ok(server) => return Ok(server),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => break,
                // No IPv6 here.
                Err(_) => {}
            }
        }
    }
    Err(io::ErrorKind::AddrNotAvailable.into())
}
