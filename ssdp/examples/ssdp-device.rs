//! A lamp that announces itself, until its input ends:
//!
//! ```text
//! cargo run -p ssdp --example ssdp-device -- [--interface NAME]...
//! ```
//!
//! Nobody answers at its LOCATION: to serve a description is not part of SSDP.
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "an example is a program")]

mod common;

use ssdp::engine::{Config, Device, Wanted};
use ssdp::limits::MAX_AGE;
use ssdp::target::{Target, Type, Udn};

fn main() -> std::io::Result<()> {
    let options = common::options(|_| false)?;
    let mut bytes = [0; 16];
    let (one, other) = (common::random().to_le_bytes(), common::random().to_le_bytes());
    bytes.iter_mut().zip(one.into_iter().chain(other)).for_each(|(to, from)| *to = from);
    let udn = Udn::random(bytes);
    println!("lamp {udn}");
    common::run(lamp(udn), options, |_| {})
}

/// A device without parts and services.
fn lamp(udn: Udn) -> Config {
    let kind = Type { domain: "example-org".into(), kind: "Lamp".into(), version: 1 };
    let unix = common::unix();
    Config {
        device: Some(Device {
            udn,
            kind: Target::DeviceType(kind),
            services: Vec::new(),
            embedded: Vec::new(),
            location: (8080, "/description.xml".into()),
            config_id: 1,
            max_age: MAX_AGE,
            extra: Vec::new(),
            earlier: Vec::new(),
        }),
        wanted: Wanted::Nothing,
        product: "example/1.0 UPnP/2.0 lamp/1.0".into(),
        friendly_name: "lamp".into(),
        echo: None,
        boot_id: u32::try_from(unix & 0x7fff_ffff).unwrap_or_default(),
        unix,
    }
}
