//! Looks for devices of any kind, with the names from their descriptions.

use std::io;
use std::sync::Arc;

use hallway::time::Now;
use ssdp::engine::{Config, Event, Wanted};
use ssdp::shell::fetch::{Fetcher, Wish};
use ssdp::shell::service::{Command, Options, Service};
use ssdp::shell::status::Status;
use ssdp::target::Target;

use super::service::interfaces;
use crate::devices::{DeviceChange, Devices, Output};
use crate::hints;

/// A search for devices, running.
pub struct Explorer {
    service: Service,
    fetcher: Fetcher,
    devices: Devices,
}

impl Explorer {
    /// Looks for devices and services of one type ([`Target::All`] for all), through `only` these
    /// interfaces or, where that is empty, those that are fit. `wake` is called on other threads
    /// when [`Explorer::turn`] has something to do.
    ///
    /// # Errors
    /// When there is no thread or no descriptor to have.
    pub fn start(
        target: Target,
        only: Vec<String>,
        now: Now,
        seed: u64,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let config = Config {
            wanted: if target == Target::All {
                Wanted::Everything
            } else {
                Wanted::Types(vec![target])
            },
            ..hints::config(now)
        };
        let wake = Arc::new(wake);
        let wakes = Arc::clone(&wake);
        Ok(Self {
            service: Service::start(config, seed, Options { only }, move || wakes())?,
            fetcher: Fetcher::start(move || wake())?,
            devices: Devices::default(),
        })
    }

    /// Does what there is to do, and gives what has changed since.
    pub fn turn(&mut self) -> Vec<DeviceChange> {
        // Before the status: an interface is in there before anything can be heard on it.
        let events: Vec<Event> = std::iter::from_fn(|| self.service.try_event()).collect();
        self.devices.interfaces(interfaces(&self.service.status()));
        events.into_iter().for_each(|event| self.devices.heard(event));
        while let Some(fetched) = self.fetcher.next() {
            self.devices.fetched(&fetched.wish.udn, fetched.outcome.as_ref().ok());
        }
        let mut changes = Vec::new();
        while let Some(output) = self.devices.poll() {
            match output {
                Output::Change(change) => changes.push(change),
                Output::Fetch(udn, location) => {
                    if !self.fetcher.ask(Wish { udn: udn.clone(), location }) {
                        self.devices.fetched(&udn, None);
                    }
                }
            }
        }
        changes
    }

    /// Searches now.
    pub fn search(&self) {
        self.service.tell(Command::Search(None));
    }

    /// How it goes.
    pub fn status(&self) -> Status {
        self.service.status()
    }
}
