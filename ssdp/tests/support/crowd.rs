//! Many lamps on one segment, and how much they say.

use std::collections::BTreeMap;
use std::time::Duration;

use ssdp::engine::{Device, Engine, Event, Wanted};
use ssdp::target::{Target, Udn};

use super::{LAMP, Lan, Plug, config, lamp, plug};

/// Ethernet with preamble and gap, IPv4 and UDP, around each datagram.
pub(crate) const OVERHEAD_BYTES: usize = 66;

/// What was on the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Load {
    /// Datagrams in all; a multicast counts once.
    pub(crate) datagrams: u64,
    /// Those that answer a search.
    pub(crate) answers: u64,
    bytes: usize,
    of_second: BTreeMap<u64, usize>,
    of_node: BTreeMap<usize, u64>,
}

impl Load {
    /// Counts what was sent since, and forgets it.
    pub(crate) fn take(&mut self, lan: &mut Lan) {
        for sent in lan.wire.drain(..) {
            let bytes = sent.datagram.bytes.len() + OVERHEAD_BYTES;
            self.datagrams += 1;
            if sent.datagram.bytes.starts_with(b"HTTP") {
                self.answers += 1;
                *self.of_node.entry(sent.node).or_default() += 1;
            }
            self.bytes += bytes;
            *self.of_second.entry(sent.at.as_secs()).or_default() += bytes;
        }
    }

    /// Answers of the node that answers most.
    pub(crate) fn most_answers(&self) -> u64 {
        self.of_node.values().max().copied().unwrap_or_default()
    }

    /// On average over that span.
    pub(crate) fn bits_per_second(&self, span: Duration) -> u64 {
        self.bytes as u64 * 8 / span.as_secs()
    }

    /// In the second that has most.
    pub(crate) fn peak_bits_per_second(&self) -> u64 {
        self.of_second.values().max().map_or(0, |bytes| *bytes as u64 * 8)
    }
}

/// Lamps, and what looks for them.
pub(crate) fn lamps() -> Wanted {
    Wanted::Types(vec![Target::parse(LAMP).unwrap()])
}

/// The name of the lamp with that number, of more than [`lamp`] knows.
pub(crate) fn udn(number: u16) -> Udn {
    let [high, low] = number.to_be_bytes();
    Udn::random([high, low, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
}

/// The interface of that lamp, with IPv4 and, where wanted, link-local IPv6.
pub(crate) fn plug_of(number: u16, has_v6: bool) -> Plug {
    let [high, low] = (number + 1).to_be_bytes();
    let v4 = format!("10.0.{high}.{low}/16");
    let v6 = format!("fe80::{:x}/64", number + 1);
    if has_v6 { plug(0, 1, &[&v4, &v6]) } else { plug(0, 1, &[&v4]) }
}

/// Has a lamp join that looks for lamps, as our programs do.
pub(crate) fn join(lan: &mut Lan, number: u16, has_v6: bool) -> usize {
    let device = Device { udn: udn(number), ..lamp(0) };
    let engine = Engine::new(config(Some(device), lamps()), number.into());
    lan.join(engine, vec![plug_of(number, has_v6)])
}

/// Has so many join within a span.
pub(crate) fn join_all(lan: &mut Lan, count: u16, within: Duration, has_v6: bool) {
    for number in 0..count {
        join(lan, number, has_v6);
        lan.run(within / u32::from(count));
    }
}

/// How many pairs there are of one who runs and one whom he does not list.
pub(crate) fn missing(lan: &Lan) -> usize {
    let running = lan.nodes.iter().filter_map(|node| node.engine.as_ref());
    let listed: Vec<usize> = running.map(|engine| engine.entries().count()).collect();
    let others = listed.len() - 1;
    listed.iter().map(|listed| others - listed).sum()
}

/// How many were told to be gone.
pub(crate) fn gone(lan: &Lan) -> usize {
    let events = lan.nodes.iter().flat_map(|node| &node.events);
    events.filter(|(_, event)| matches!(event, Event::Gone(_))).count()
}
