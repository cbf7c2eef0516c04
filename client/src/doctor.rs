//! `client doctor`: why others are not seen.

use discovery::doctor::{Diagnosis, Findings, report};
use discovery::limits::{CHECKUP_ASKS, LOOK_SECONDS};
use discovery::neighbours::{Change, Probed};
use discovery::shell::service::{Discovery, Search, Setup};
use discovery::view;
use files::shell::{Sandbox, probe};
use hallway::event::Event;
use hallway::place::Place;
use hallway::reason::Exit;
use hallway::shell::base::Base;
use hallway::shell::start::Refusal;
use hallway::time::Millis;
use node_server::options::PORT;

use crate::discover::{Over, start, wait};
use crate::options::Options;

/// How long to listen, unless it is said.
pub(crate) const SECONDS: u32 = LOOK_SECONDS;

/// `client doctor`.
pub(crate) fn run(options: &Options, mut base: Base, place: Option<&Place>, seconds: u32) -> Exit {
    let json = options.common.json;
    let findings = match examine(options, &mut base, place, seconds) {
        Ok(Some(findings)) => findings,
        Ok(None) => {
            base.terminal.finish();
            return Exit::Done;
        }
        Err(refusal) => return refusal.tell(base.terminal, json),
    };
    let diagnosis = Diagnosis::of(&findings);
    let sandbox = probe();
    if json {
        let sandbox = Event::Sandbox { state: sandbox_state(sandbox) };
        for event in findings.events().into_iter().chain([sandbox]) {
            base.terminal.data(&event.line());
        }
        base.terminal.data(&diagnosis.event().line());
    } else {
        base.terminal.data(sandbox_words(sandbox));
        for row in report(&findings, &diagnosis) {
            base.terminal.data(&row);
        }
    }
    base.terminal.flush();
    base.terminal.finish();
    if diagnosis.is_well() { Exit::Done } else { Exit::Failed }
}

/// Tries all there is to try; `None` where the person has left.
fn examine(
    options: &Options,
    base: &mut Base,
    place: Option<&Place>,
    seconds: u32,
) -> Result<Option<Findings>, Refusal> {
    // Nothing is announced: a search that comes back shows as much. All devices are searched for,
    // since those of others, too, show whether answers get through.
    let setup = Setup { search: Search::Everything, ..Setup::default() };
    let mut discovery = start(options, base, setup)?;
    if let Some(place) = place {
        base.terminal.show(&format!("calling {place}"), false);
        discovery.try_peer(place.clone());
    }
    base.terminal.show(&format!("listening and searching for {seconds} s"), false);
    let asks = base.clock.now().tick + Millis(u64::from(seconds) * 1000);
    if follow(base, &mut discovery, asks) == Over::Interest {
        return Ok(None);
    }
    if !discovery.neighbours().all().is_empty() {
        base.terminal.show("asking them whether they hear us", false);
    }
    discovery.ask_all();
    if follow(base, &mut discovery, asks + CHECKUP_ASKS) == Over::Interest {
        return Ok(None);
    }
    let calls = options.node.listen.map_or(PORT, |listen| listen.port);
    let mut findings = discovery.findings(calls);
    if let Some(place) = place {
        // What has given no sign by now gives none.
        findings.peer.get_or_insert_with(|| (place.clone(), Probed::Silent));
    }
    Ok(Some(findings))
}

/// Shows whom it finds, until then.
fn follow(base: &mut Base, discovery: &mut Discovery, end: Millis) -> Over {
    loop {
        for change in discovery.turn(base.clock.now().tick) {
            if let Change::Found(one) = change {
                base.terminal.show(&format!("heard: {}", view::line(&one)), false);
            }
        }
        if let Some(over) = wait(base, discovery.deadline(), Some(end)) {
            return over;
        }
    }
}

/// How well this system confines who writes what is received; the words scripts may rely on.
fn sandbox_state(sandbox: Sandbox) -> &'static str {
    match sandbox {
        Sandbox::Enforced => "enforced",
        Sandbox::Partly => "partly",
        Sandbox::NotThere => "none",
    }
}

fn sandbox_words(sandbox: Sandbox) -> &'static str {
    match sandbox {
        Sandbox::Enforced => "files: what comes can be written into its folder only (Landlock)",
        Sandbox::Partly => "files: what comes can be written into its folder only (old Landlock)",
        Sandbox::NotThere => "files: no Landlock on this system; names are checked all the same",
    }
}
