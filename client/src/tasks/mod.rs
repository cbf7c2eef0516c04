//! The tasks for scripts: `list`, `chat`, `trust`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a screen answers what concerns it; the protocol is answered in the node"
)]

pub(crate) mod files;

use std::io;

use ::files::transfers::Setup;
use hallway::event::{Event, MemberEvent};
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::stretch::Stretcher;
use hallway::message::Member;
use hallway::place::Place;
use hallway::reason::Exit;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::home::{Home, user_name};
use hallway::shell::start::{Refusal, ask_secret, no_password};
use hallway::shell::terminal::secrets::password_from;
use hallway::shell::terminal::{Ask, Typed};
use hallway::text::padded;
use node_server::calls::CallPolicy;
use node_server::machine::{Happening, Machine};
use node_server::membership::Wish;
use node_server::node::{Command, Config, Node};
use node_server::notice::Notice;
use node_server::run::{folders, leave};
use node_server::talk::{Act, parse_trust};

use crate::chat::{Chat, Wants};
use crate::options::Options;
use crate::run::tell;

/// A node that only dials.
fn dialler(options: &Options, home: &Home) -> Result<Node, Refusal> {
    let mut seeds = Seeds::new(clock::seed());
    let me = Me {
        name: options.node.name.clone().unwrap_or_else(user_name),
        identity: home.identity().map_err(Refusal::failed)?,
        instance: Instance(seeds.instance()),
    };
    let config = Config {
        me,
        record: None,
        profile: Stretcher::default().profile(),
        calls: CallPolicy::None,
        echo: false,
        guesses: GuessLimits::default(),
        pins: home.pins().map_err(Refusal::failed)?,
        files: Setup::default(),
    };
    Ok(Node::new(config, *seeds.draw()))
}

/// The node with everything around it.
fn machine(options: &Options, base: Base, node: Node, home: Home) -> io::Result<Machine> {
    let folders = folders(&options.node, home.dir());
    Machine::start(base, node, Some(home), folders, Stretcher::default())
}

/// A password from a file, the environment or the person.
fn password(
    base: &mut Base,
    given: Result<Option<Secret>, impl std::fmt::Display>,
    prompt: String,
) -> Result<Secret, Refusal> {
    if let Some(password) = given.map_err(Refusal::failed)? {
        return Ok(password);
    }
    if !base.terminal.is_interactive() {
        return Err(no_password("--password-file"));
    }
    // Just Enter: the person does not want to, after all.
    ask_secret(base, prompt)?.ok_or_else(Refusal::left)
}

/// `client chat HOST:PORT`.
pub(crate) fn chat(options: &Options, mut base: Base, home: Home, place: &Place) -> Exit {
    let json = options.common.json;
    let file = options.node.password_file.as_deref();
    let given = password_from(file, &["HALLWAY_PASSWORD"]);
    let prepared = password(&mut base, given, format!("Password of {place} [leave]: "))
        .and_then(|password| Ok((password, dialler(options, &home)?)));
    let (password, node) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.tell(base.terminal, json),
    };
    let interactive = base.terminal.is_interactive();
    let Ok(mut machine) = machine(options, base, node, home) else {
        return Exit::Failed;
    };
    let (mut chat, mut acts) = Chat::start(place.clone(), password, interactive);
    let mut asked = false;
    let mut has_changed = true;
    loop {
        for act in acts.drain(..) {
            if !machine.act(act) {
                return leave(machine, json);
            }
        }
        if let Some(exit) = chat.exit() {
            // A reader may be slower than a goodbye may take.
            machine.terminal().flush();
            leave(machine, json);
            return exit;
        }
        // Not in each turn: while a file moves there are thousands a second.
        if std::mem::take(&mut has_changed) {
            machine.terminal().set_completions(chat.completions(machine.node()));
        }
        asked = asked || ask(&machine, &mut chat, place);
        let Some(happening) = machine.turn() else { continue };
        has_changed = true;
        acts = match happening {
            Happening::Notice(notice) => heard(&machine, &mut chat, &notice, json),
            Happening::Typed(Typed::OutputClosed | Typed::Interrupt) | Happening::Signal(_) => {
                vec![Act::Quit]
            }
            Happening::Typed(Typed::Line(line)) => {
                asked = false;
                chat.line(&line, machine.node())
            }
            Happening::Typed(Typed::Secret(secret)) => {
                asked = false;
                chat.password(secret)
            }
            // `asked` stays: there is nothing more to read.
            Happening::Typed(Typed::End) => chat.end(machine.node()),
            Happening::Neighbour(_) => vec![],
            Happening::Trouble(words) => vec![Act::Show(words, false)],
        };
    }
}

/// Asks for what the chat wants; `false` when that is nothing.
fn ask(machine: &Machine, chat: &mut Chat, place: &Place) -> bool {
    let ask = match chat.wants(machine.node()) {
        Wants::Nothing => return false,
        Wants::Line => Ask::Line { prompt: "> ".to_owned() },
        Wants::Password => Ask::Secret { prompt: format!("Password of {place} [leave]: ") },
    };
    machine.terminal().ask(ask);
    true
}

fn heard(machine: &Machine, chat: &mut Chat, notice: &Notice, json: bool) -> Vec<Act> {
    tell(machine, notice, json);
    let mut acts = chat.told(notice, machine.node());
    let spoken = match notice {
        Notice::Heard(_, _, line) => Some(line),
        _ => None,
    };
    if let Some(line) = spoken.filter(|_| !machine.terminal().is_interactive()) {
        // What they say is data.
        acts.clear();
        if !json {
            machine.terminal().data(line.as_str());
        }
    }
    if json && let Notice::Ended(_, label, ended, unsent) = notice {
        for line in unsent {
            let event = Event::Unsent { peer: label.clone(), text: line.as_str().to_owned() };
            machine.terminal().data(&event.line());
        }
        if ended.exit() != Exit::Done {
            machine.terminal().data(&Event::failed(ended, label).line());
        }
    }
    acts
}

/// `client list HOST:PORT`.
pub(crate) fn list(
    options: &Options,
    mut base: Base,
    home: Home,
    place: &Place,
    watch: bool,
) -> Exit {
    let json = options.common.json;
    let flags = &options.node;
    let file = flags.community_password_file.as_deref().or(flags.password_file.as_deref());
    let given = password_from(file, &["HALLWAY_COMMUNITY_PASSWORD", "HALLWAY_PASSWORD"]);
    let prepared =
        password(&mut base, given, format!("Password of the community {place} [leave]: "))
            .and_then(|password| Ok((password, dialler(options, &home)?)));
    let (password, node) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.tell(base.terminal, json),
    };
    let Ok(mut machine) = machine(options, base, node, home) else {
        return Exit::Failed;
    };
    let wish = Wish { place: place.clone(), password, listed: None, persist: false };
    machine.command(Command::Join(wish));
    loop {
        let Some(happening) = machine.turn() else { continue };
        let exit = match happening {
            Happening::Notice(Notice::ListWhole) => {
                for member in machine.node().members() {
                    machine.terminal().data(&member_line(member, json));
                }
                (!watch).then_some(Exit::Done)
            }
            Happening::Notice(notice) => listed(&machine, &notice, json),
            Happening::Signal(_) | Happening::Typed(_) => Some(Exit::Done),
            Happening::Neighbour(_) => None,
            Happening::Trouble(words) => {
                machine.terminal().show(&words, false);
                None
            }
        };
        if let Some(exit) = exit {
            // A reader may be slower than a goodbye may take.
            machine.terminal().flush();
            leave(machine, false);
            return exit;
        }
    }
}

fn listed(machine: &Machine, notice: &Notice, json: bool) -> Option<Exit> {
    // What the list begins with, not an event of ours.
    if matches!(notice, Notice::CommunityJoined(_)) {
        return None;
    }
    tell(machine, notice, json);
    let words = node_server::view::words(notice);
    match notice {
        Notice::CommunityFailed(_, ended) => {
            machine.terminal().show(&words.unwrap_or_default(), false);
            Some(ended.exit())
        }
        Notice::MemberJoined(_) | Notice::MemberLeft(_) | Notice::MemberChanged(..) if !json => {
            machine.terminal().data(&words.unwrap_or_default());
            None
        }
        _ => {
            let words = words.filter(|_| !json);
            words.into_iter().for_each(|words| machine.terminal().show(&words, false));
            None
        }
    }
}

fn member_line(member: &Member, json: bool) -> String {
    if json {
        return Event::Member(MemberEvent::whole(member)).line();
    }
    let address = member.sockets().first().map(ToString::to_string).unwrap_or_default();
    let name = padded(member.name.as_str(), 16);
    format!("{name}  {}  {address}", padded(member.state.word(), 9))
}

/// `client trust NAME FINGERPRINT`.
pub(crate) fn trust(
    options: &Options,
    base: Base,
    home: &Home,
    who: &str,
    fingerprint: &str,
) -> Exit {
    let now = base.clock.now();
    let trusted = home.pins().map_err(Refusal::failed).and_then(|mut pins| {
        let (subject, fingerprint) = parse_trust(who, fingerprint).ok_or_else(|| {
            Refusal::usage("a NAME or HOST:PORT, and a fingerprint as it was shown: 8 x 4 letters")
        })?;
        let line = pins.pin(&subject, fingerprint, now.unix);
        home.remember(&line).map_err(Refusal::failed)
    });
    match trusted {
        Ok(()) => {
            base.terminal.show("trusted from now on", false);
            base.terminal.finish();
            Exit::Done
        }
        Err(refusal) => refusal.tell(base.terminal, options.common.json),
    }
}
