//! Says who is there, comes and goes, until its input ends:
//!
//! ```text
//! cargo run -p ssdp --example ssdp-search -- [--interface NAME]... [TYPE]
//! ```
//!
//! TYPE is such as `urn:example-org:device:Lamp:1`; without one every device is meant.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "an example is a program")]

mod common;

use ssdp::engine::{Config, Entry, Event, Place, Wanted};
use ssdp::shell::service::Service;
use ssdp::target::Target;

fn main() -> std::io::Result<()> {
    let mut types = Vec::new();
    let options = common::options(|argument| {
        let target = Target::parse(&argument);
        let is_target = target.is_some();
        types.extend(target);
        is_target
    })?;
    let config = Config {
        device: None,
        wanted: if types.is_empty() { Wanted::Everything } else { Wanted::Types(types) },
        product: "example/1.0 UPnP/2.0 search/1.0".into(),
        friendly_name: "search".into(),
        echo: None,
        boot_id: 1,
        unix: common::unix(),
    };
    common::run(config, options, say_all)
}

fn say_all(service: &Service) {
    while let Some(event) = service.try_event() {
        match event {
            Event::Found(entry) => say("found", &entry),
            Event::Changed(entry) => say("changed", &entry),
            Event::Gone(udn) => println!("gone {udn}"),
        }
    }
}

fn say(what: &str, entry: &Entry) {
    let place = |place: &Place| {
        let location = place.location.as_deref().unwrap_or("nowhere");
        format!("{} on interface {} ({location})", place.source, place.interface)
    };
    let places: Vec<String> = entry.places.iter().map(place).collect();
    println!("{what} {} at {}", entry.udn, places.join(", "));
}
