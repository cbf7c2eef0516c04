//! `client`: the menu, with a node built in.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::net::SocketAddr;

use discovery::shell::service::Search;
use discovery::view::event;
use files::disk::Index;
use hallway::event::Event;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::limits::NEXT_PORTS;
use hallway::passphrase;
use hallway::reason::Exit;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::home::{Home, user_name};
use hallway::shell::net::ListenAddr;
use hallway::shell::start::{Refusal, ask_new_password, ask_secret, reachable};
use hallway::shell::terminal::secrets::password_from;
use hallway::shell::terminal::{Ask, Options as TerminalOptions, Typed};
use node_server::machine::{Happening, Machine};
use node_server::menu::Question;
use node_server::node::{Config, Node};
use node_server::notice::Notice;
use node_server::options::PORT;
use node_server::run::{call_policy, file_setup, folders, guess_limits, leave, listing};
use node_server::talk::Act;
use node_server::view;

use crate::app::{Answer, App};
use crate::options::{Options, Task};
use crate::{demo, discover, doctor, tasks};

/// Runs the program to its end.
pub fn run(options: &Options) -> Exit {
    let home = Home::of_person(options.common.data_dir.as_deref());
    let terminal = TerminalOptions {
        plain: options.common.plain,
        json: options.common.json,
        history_file: home.as_ref().ok().map(Home::history_file),
        serves: false,
        reads_input: options.task.as_ref().is_none_or(Task::reads_input),
    };
    let Ok(base) = Base::start(terminal) else {
        // Without descriptors there is not even a place to say so properly.
        return Exit::Failed;
    };
    let home = match home.map_err(Refusal::failed) {
        Ok(home) => home,
        Err(refusal) => return refusal.tell(base.terminal, options.common.json),
    };
    match &options.task {
        None => start(options, base, home),
        Some(Task::Demo) => demo::run(options, base),
        Some(Task::List { place, watch }) => tasks::list(options, base, home, place, *watch),
        Some(Task::Chat { place }) => tasks::chat(options, base, home, place),
        Some(Task::Discover { seconds, target }) => {
            discover::run(options, base, &home, *seconds, target.as_ref())
        }
        Some(Task::Doctor { place, seconds }) => {
            doctor::run(options, base, place.as_ref(), *seconds)
        }
        Some(Task::Send { place, paths, named }) => {
            tasks::files::send(options, base, home, place, paths, named.as_deref())
        }
        Some(Task::Get { place, names, output }) => {
            tasks::files::get(options, base, home, place, names, output.as_deref())
        }
        Some(Task::Files { place }) => tasks::files::list(options, base, home, place),
        Some(Task::Share { paths }) => tasks::files::share(options, base, &home, paths),
        Some(Task::Unshare { names }) => tasks::files::unshare(options, base, &home, names),
        Some(Task::Shared) => tasks::files::shares(options, base, &home, vec![Index::Survey]),
        Some(Task::Trust { who, fingerprint }) => {
            tasks::trust(options, base, &home, who, fingerprint)
        }
    }
}

fn start(options: &Options, mut base: Base, home: Home) -> Exit {
    let (node, at, app, first) = match prepare(options, &mut base, &home) {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.tell(base.terminal, options.common.json),
    };
    let folders = folders(&options.node, home.dir());
    let started = Machine::start(base, node, Some(home), folders, Stretcher::default());
    let Ok(mut machine) = started else { return Exit::Failed };
    machine.discover(&options.common, at, Search::Hallway);
    serve(options, machine, app, first)
}

type Prepared = (Node, SocketAddr, App, Vec<Act>);

fn prepare(options: &Options, base: &mut Base, home: &Home) -> Result<Prepared, Refusal> {
    let flags = &options.node;
    let mut seeds = Seeds::new(clock::seed());
    let identity = home.identity().map_err(Refusal::failed)?;
    let pins = home.pins().map_err(Refusal::failed)?;
    let interactive = base.terminal.is_interactive();
    let given = password_from(flags.password_file.as_deref(), &["HALLWAY_PASSWORD"])
        .map_err(Refusal::failed)?;
    let file = flags.community_password_file.as_deref();
    let community_password =
        password_from(file, &["HALLWAY_COMMUNITY_PASSWORD"]).map_err(Refusal::failed)?;
    let offered = passphrase::four_words(&mut seeds);
    let chosen = match given {
        None if interactive => {
            ask_new_password(base, "Password for people who call you", &offered)?
        }
        // Nobody to ask: a good one, which is told.
        given => given,
    };
    let community = given_community(options, base, community_password)?;
    // Not before the last question: whoever comes while it is open would be let in by nobody.
    let listen = flags.listen.unwrap_or(ListenAddr { ip: None, port: PORT });
    let tries = if flags.listen.is_some() { 0 } else { NEXT_PORTS };
    let at = base
        .net
        .listen(listen, tries)
        .map_err(|error| Refusal::failed(format!("port {}: {error}", listen.port)))?;
    let name = flags.name.clone().unwrap_or_else(user_name);
    let me = Me { name, identity, instance: Instance(seeds.instance()) };
    let stretcher = Stretcher::default();
    let public = me.identity.public();
    let password = chosen.as_ref().unwrap_or(&offered);
    let record = PasswordRecord::register(password, public.0, &stretcher, &mut seeds)
        .map_err(|_| Refusal::failed("this machine has not the 64 MiB that a password takes"))?;
    let about = about(&me, at, chosen.is_none().then_some(&offered));
    let introduction = format!("You are {}. {about}", me.name);
    if options.common.json {
        let fingerprint = public.fingerprint().to_string();
        base.terminal.data(&Event::Listening { address: at, fingerprint }.line());
    }
    let config = Config {
        me,
        record: Some(record),
        profile: stretcher.profile(),
        calls: call_policy(flags, interactive),
        echo: false,
        guesses: guess_limits(flags),
        pins,
        files: file_setup(flags, interactive),
    };
    let mut app = App::new(listing(at), about, interactive);
    let mut first = vec![Act::Show(introduction, false)];
    match community {
        Some((place, password)) => first.extend(app.join(place, password)),
        None => first.extend(App::menu()),
    }
    Ok((Node::new(config, *seeds.draw()), at, app, first))
}

/// How others reach us, and what they see then; for behind our name.
///
/// A password that the person chose is not shown: they typed it unseen.
pub(crate) fn about(me: &Me, at: SocketAddr, generated: Option<&Secret>) -> String {
    let mut text = "To call you, others need".to_owned();
    for address in reachable(at) {
        text += &format!("\n  address      {address}");
    }
    let password = generated.map_or("the one you chose", Secret::reveal);
    text += &format!("\n  password     {password}");
    text + &format!("\nThey then see\n  fingerprint  {}", me.identity.public().fingerprint())
}

fn given_community(
    options: &Options,
    base: &mut Base,
    password: Option<Secret>,
) -> Result<Option<(hallway::place::Place, Secret)>, Refusal> {
    let Some(place) = &options.node.community else { return Ok(None) };
    let password = match password {
        Some(password) => Some(password),
        None if base.terminal.is_interactive() => {
            ask_secret(base, format!("Password of the community {place} [do not join]: "))?
        }
        None => {
            return Err(Refusal::usage(
                "no community password: give --community-password-file FILE or \
                 HALLWAY_COMMUNITY_PASSWORD",
            ));
        }
    };
    Ok(password.map(|password| (place.clone(), password)))
}

/// The loop of the menu.
pub(crate) fn serve(
    options: &Options,
    mut machine: Machine,
    mut app: App,
    first: Vec<Act>,
) -> Exit {
    let json = options.common.json;
    let level = options.common.level(true);
    let mut asked = false;
    let mut acts = first;
    let mut has_changed = true;
    loop {
        for act in acts.drain(..) {
            if !machine.act(act) {
                return leave(machine, json);
            }
        }
        machine.look(app.looks_at_people());
        // Not in each turn: while a file moves there are thousands a second.
        if std::mem::take(&mut has_changed) {
            machine.terminal().set_completions(app.completions(machine.node()));
        }
        asked = asked || ask(&machine, &mut app);
        let Some(happening) = machine.turn() else { continue };
        has_changed = true;
        acts = match happening {
            Happening::Notice(notice) => {
                tell(&machine, &notice, json);
                app.told(&notice, machine.sight(), view::level(&notice) <= level)
            }
            Happening::Neighbour(change) => {
                if json {
                    machine.terminal().data(&event(&change).line());
                }
                app.neighbour(&change)
            }
            Happening::Typed(Typed::Line(line)) => {
                asked = false;
                app.answered(Answer::Line(line), machine.sight())
            }
            Happening::Typed(Typed::Secret(secret)) => {
                asked = false;
                app.answered(Answer::Secret(secret), machine.sight())
            }
            // `asked` stays: there is nothing more to read.
            Happening::Typed(Typed::End) => app.ended_input(machine.node()),
            Happening::Typed(Typed::Interrupt | Typed::OutputClosed) | Happening::Signal(_) => {
                vec![Act::Quit]
            }
            Happening::Trouble(words) => vec![Act::Show(words, false)],
        };
    }
}

/// Asks for what the screen asks for; `false` when that is nothing.
fn ask(machine: &Machine, app: &mut App) -> bool {
    if !app.takes_lines(machine.node()) {
        return false;
    }
    let ask = match app.question(machine.node()) {
        Question::Nothing => return false,
        Question::Line(prompt) => Ask::Line { prompt },
        Question::Secret(prompt) => Ask::Secret { prompt },
    };
    machine.terminal().ask(ask);
    true
}

/// The event of a notice, for scripts.
pub(crate) fn tell(machine: &Machine, notice: &Notice, json: bool) {
    if json && let Some(event) = notice.event() {
        machine.terminal().data(&event.line());
    }
}
