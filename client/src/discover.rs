//! `client discover`: who, or with `--type` what, is on this network.

use std::collections::BTreeSet;

use discovery::limits::LOOK_SECONDS;
use discovery::neighbours::Change;
use discovery::shell::devices::Devices;
use discovery::shell::program;
use discovery::shell::service::{Discovery, Setup};
use discovery::view;
use hallway::event::{DeviceEvent, Event};
use hallway::reason::Exit;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::home::Home;
use hallway::shell::start::Refusal;
use hallway::shell::terminal::{Terminal, Typed};
use hallway::time::Millis;
use ssdp::target::Target;

use crate::options::Options;

/// How long to look, unless it is said.
pub(crate) const SECONDS: u32 = LOOK_SECONDS;

/// `client discover`.
pub(crate) fn run(
    options: &Options,
    mut base: Base,
    home: &Home,
    seconds: u32,
    target: Option<&Target>,
) -> Exit {
    let end = (seconds > 0).then(|| base.clock.now().tick + Millis(u64::from(seconds) * 1000));
    let looked = match target {
        None => neighbours(options, &mut base, home, end),
        Some(target) => devices(options, &mut base, target, end),
    };
    match looked {
        // A reader may be slower than a goodbye may take.
        Ok(Over::Time) => base.terminal.flush(),
        Ok(Over::Interest) => {}
        Err(refusal) => return refusal.tell(base.terminal, options.common.json),
    }
    base.terminal.finish();
    Exit::Done
}

/// Starts to look for neighbours.
pub(crate) fn start(options: &Options, base: &Base, setup: Setup) -> Result<Discovery, Refusal> {
    needs_discovery(options)?;
    let started = program::start(&options.common, setup, base);
    // It has said why not.
    let mut discovery = started.ok_or(Refusal(Exit::Failed, String::new()))?;
    discovery.look(base.clock.now().tick, true);
    Ok(discovery)
}

/// Refuses a task that is all about discovery where that is switched off.
fn needs_discovery(options: &Options) -> Result<(), Refusal> {
    if options.common.no_discovery {
        return Err(Refusal::usage("--no-discovery switches off what this task is for"));
    }
    Ok(())
}

/// Why a task ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// It has lasted as long as it should.
    Time,
    /// The person, or whoever reads the output, has had enough.
    Interest,
}

/// Waits for what happens next, but neither beyond `due` nor beyond `end`; says whether that is
/// all.
pub(crate) fn wait(base: &mut Base, due: Option<Millis>, end: Option<Millis>) -> Option<Over> {
    base.net.wait([due, end].into_iter().flatten().min());
    while base.net.next().is_some() {}
    let closed = matches!(base.terminal.try_typed(), Some(Typed::OutputClosed | Typed::Interrupt));
    if closed || base.signals.try_next().is_some() {
        return Some(Over::Interest);
    }
    end.filter(|end| *end <= base.clock.now().tick).map(|_| Over::Time)
}

/// People and communities. Nothing is announced: who looks is not listed.
fn neighbours(
    options: &Options,
    base: &mut Base,
    home: &Home,
    end: Option<Millis>,
) -> Result<Over, Refusal> {
    let json = options.common.json;
    // Only to notice copies of it: whoever cannot read it can look all the same.
    let fingerprint = home.identity().ok().map(|identity| identity.public().fingerprint());
    let mut discovery = start(options, base, Setup { fingerprint, ..Setup::default() })?;
    let mut warned = BTreeSet::new();
    loop {
        for change in discovery.turn(base.clock.now().tick) {
            if json {
                base.terminal.data(&view::event(&change).line());
            } else {
                tell(&base.terminal, &change, &mut warned);
            }
        }
        if let Some(over) = wait(base, discovery.deadline(), end) {
            base.terminal.show(&discovery.summary().to_string(), false);
            return Ok(over);
        }
    }
}

/// Each neighbour is data once; what else happens to them is talk.
fn tell(terminal: &Terminal, change: &Change, warned: &mut BTreeSet<String>) {
    let one = match change {
        Change::Found(one) => {
            terminal.data(&view::line(one));
            one
        }
        Change::Changed(one) => one,
        Change::Gone(one) => return terminal.show(&format!("{} is gone", one.name), false),
    };
    for warning in view::warnings(one) {
        let warning = format!("{}: {warning}", one.name);
        if warned.insert(format!("{} {warning}", one.udn)) {
            terminal.show(&warning, false);
        }
    }
}

/// Devices that announce such a type, whoever made them.
fn devices(
    options: &Options,
    base: &mut Base,
    target: &Target,
    end: Option<Millis>,
) -> Result<Over, Refusal> {
    needs_discovery(options)?;
    let mut seeds = Seeds::new(clock::seed());
    let only = options.common.interface.clone();
    let waker = base.net.waker();
    let wake = move || {
        // It fails only when the loop is gone, and then nobody is to be woken.
        let _ = waker.wake();
    };
    let mut devices = Devices::start(target.clone(), only, base.clock.now(), &mut seeds, wake)
        .map_err(Refusal::failed)?;
    let mut listed = BTreeSet::new();
    let mut tell = |terminal: &Terminal, events: Vec<Event>| {
        for event in events {
            if options.common.json {
                terminal.data(&event.line());
            } else if let Event::Device(device) = event
                && listed.insert(device.id.clone())
            {
                terminal.data(&line(&device));
            }
        }
    };
    loop {
        tell(&base.terminal, devices.turn());
        let due = devices.deadline(base.clock.now().tick);
        if let Some(over) = wait(base, due, end) {
            tell(&base.terminal, devices.rest());
            return Ok(over);
        }
    }
}

/// A device in one line.
fn line(device: &DeviceEvent) -> String {
    let or_dash = |text: Option<&String>| text.map_or("-", String::as_str).to_owned();
    let best = or_dash(device.types.first());
    let name = or_dash(device.name.as_ref());
    let location = or_dash(device.location.as_ref());
    format!("{best}  {name}  {location}  {}  {}", device.address, device.interface)
}
