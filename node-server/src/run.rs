//! `node-server`: questions at the start, then the loop.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::net::SocketAddr;
use std::path::Path;

use discovery::shell::service::Search;
use files::news::{FilePolicy, News};
use files::shell::{Setup as Folders, download_dir};
use files::transfers::Setup;
use hallway::event::Event;
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::limits::NEXT_PORTS;
use hallway::message::Addresses;
use hallway::passphrase;
use hallway::place::Place;
use hallway::reason::Exit;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::home::{Home, user_name};
use hallway::shell::interfaces::usable_addresses;
use hallway::shell::net::ListenAddr;
use hallway::shell::start::{
    Refusal, ask_line, ask_new_password, ask_secret, no_password, reachable,
};
use hallway::shell::terminal::secrets::password_from;
use hallway::shell::terminal::{Ask, Options as TerminalOptions, Terminal, Typed};
use hallway::text::Name;

use crate::calls::CallPolicy;
use crate::machine::{Happening, Machine};
use crate::membership::Listing;
use crate::menu::{Menu, Question};
use crate::node::{Command, Config, Node};
use crate::notice::Notice;
use crate::options::{CallsFlag, FilesFlag, NodeOptions, Options, PORT, community_place};
use crate::talk::Act;
use crate::view;

/// Runs the program to its end.
pub fn run(options: Options) -> Exit {
    let mut terminal = TerminalOptions {
        plain: options.common.plain,
        json: options.common.json,
        history_file: None,
        reads_input: true,
        serves: true,
    };
    let home = Home::of_person(options.common.data_dir.as_deref());
    terminal.history_file = home.as_ref().ok().map(Home::history_file);
    // Without descriptors there is not even a place to say so properly.
    let Ok(base) = Base::start(terminal) else { return Exit::Failed };
    match home.map_err(Refusal::failed) {
        Ok(home) => start(options, base, home),
        Err(refusal) => refusal.tell(base.terminal, options.common.json),
    }
}

fn start(options: Options, mut base: Base, home: Home) -> Exit {
    let json = options.common.json;
    match prepare(&options, &mut base, &home) {
        Err(refusal) => refusal.tell(base.terminal, json),
        Ok((node, at, community)) => {
            introduce(&base.terminal, &node, at, &options);
            let menu = Menu::new(listing(at), base.terminal.is_interactive());
            let searches = base.terminal.is_interactive();
            let folders = folders(&options.node, home.dir());
            let started = Machine::start(base, node, Some(home), folders, Stretcher::default());
            let Ok(mut machine) = started else { return Exit::Failed };
            // Nobody would see what is found.
            let search = if searches { Search::Hallway } else { Search::Nothing };
            machine.discover(&options.common, at, search);
            serve(machine, &options, menu, community)
        }
    }
}

type Prepared = (Node, SocketAddr, Option<(Place, Secret)>);

fn prepare(options: &Options, base: &mut Base, home: &Home) -> Result<Prepared, Refusal> {
    let node = &options.node;
    let mut seeds = Seeds::new(clock::seed());
    let identity = home.identity().map_err(Refusal::failed)?;
    let pins = home.pins().map_err(Refusal::failed)?;
    let mut given = password_from(node.password_file.as_deref(), &["HALLWAY_PASSWORD"])
        .map_err(Refusal::failed)?;
    let asks = base.terminal.is_interactive() && given.is_none();
    let name = match &node.name {
        Some(name) => name.clone(),
        None if asks => ask_name(base)?,
        None => user_name(),
    };
    let listen = match node.listen {
        Some(listen) => listen,
        None if asks => ask_port(base)?,
        None => ListenAddr { ip: None, port: PORT },
    };
    if given.is_none() && asks {
        let offered = passphrase::four_words(&mut seeds);
        let chosen = ask_new_password(base, "Password for people who call you", &offered)?;
        given = Some(chosen.unwrap_or(offered));
    }
    let Some(password) = given else { return Err(no_password("--password-file")) };
    let community = community(options, base, asks)?;

    let tries = if node.listen.is_some() { 0 } else { NEXT_PORTS };
    let at = base
        .net
        .listen(listen, tries)
        .map_err(|error| Refusal::failed(format!("port {}: {error}", listen.port)))?;
    let me = Me { name, identity, instance: Instance(seeds.instance()) };
    let stretcher = Stretcher::default();
    let public = me.identity.public().0;
    let record = PasswordRecord::register(&password, public, &stretcher, &mut seeds)
        .map_err(|_| Refusal::failed("this machine has not the 64 MiB that a password takes"))?;
    let config = Config {
        me,
        record: Some(record),
        profile: stretcher.profile(),
        calls: call_policy(node, base.terminal.is_interactive()),
        echo: options.echo,
        guesses: guess_limits(node),
        pins,
        files: file_setup(node, base.terminal.is_interactive()),
    };
    Ok((Node::new(config, *seeds.draw()), at, community))
}

/// What to do with callers: people are asked, machines take every call.
pub fn call_policy(options: &NodeOptions, interactive: bool) -> CallPolicy {
    match options.calls {
        Some(CallsFlag::Ask) => CallPolicy::Ask,
        Some(CallsFlag::All) => CallPolicy::All,
        Some(CallsFlag::None) => CallPolicy::None,
        None if interactive => CallPolicy::Ask,
        None => CallPolicy::All,
    }
}

/// What to do with files: people are asked, machines take none unless told to.
pub fn file_setup(options: &NodeOptions, interactive: bool) -> Setup {
    let policy = match options.files {
        Some(FilesFlag::Ask) => FilePolicy::Ask,
        Some(FilesFlag::All) => FilePolicy::All,
        Some(FilesFlag::None) => FilePolicy::None,
        None if interactive => FilePolicy::Ask,
        None => FilePolicy::None,
    };
    Setup { policy, bytes_max: options.files_max }
}

/// Where files go, and where it is kept which are shared.
pub fn folders(options: &NodeOptions, data_dir: &Path) -> Folders {
    let download_dir = options.download_dir.clone().unwrap_or_else(|| download_dir(data_dir));
    Folders { download_dir, data_dir: data_dir.to_owned() }
}

/// The limits on guessing, as far as flags say.
pub fn guess_limits(options: &NodeOptions) -> GuessLimits {
    GuessLimits { per_source: options.guesses_per_source, ..GuessLimits::default() }
}

/// How a node that listens at `at` is listed.
pub fn listing(at: SocketAddr) -> Listing {
    let addresses = if at.ip().is_unspecified() { usable_addresses() } else { vec![at.ip()] };
    Listing { port: at.port(), addresses: Addresses::new(addresses) }
}

fn community(
    options: &Options,
    base: &mut Base,
    asks: bool,
) -> Result<Option<(Place, Secret)>, Refusal> {
    let file = options.node.community_password_file.as_deref();
    let given = password_from(file, &["HALLWAY_COMMUNITY_PASSWORD"]).map_err(Refusal::failed)?;
    let place = match &options.node.community {
        Some(place) => place.clone(),
        None if asks => match ask_community(base)? {
            Some(place) => place,
            None => return Ok(None),
        },
        None => return Ok(None),
    };
    match given {
        Some(password) => Ok(Some((place, password))),
        None if base.terminal.is_interactive() => {
            let prompt = format!("Password of the community {place} [do not join]: ");
            ask_secret(base, prompt)?.map_or(Ok(None), |password| Ok(Some((place, password))))
        }
        None => Err(Refusal::usage(
            "no community password: give --community-password-file FILE or \
             HALLWAY_COMMUNITY_PASSWORD",
        )),
    }
}

fn ask_name(base: &mut Base) -> Result<Name, Refusal> {
    let default = user_name();
    loop {
        let Some(typed) = ask_line(base, format!("Your name [{default}]: "))? else {
            return Ok(default);
        };
        match Name::parse(&typed) {
            Ok(name) => return Ok(name),
            Err(error) => base.terminal.show(&format!("  {error}"), false),
        }
    }
}

fn ask_port(base: &mut Base) -> Result<ListenAddr, Refusal> {
    loop {
        let prompt = format!("Port to listen on [{PORT}, or the next free one]: ");
        let Some(typed) = ask_line(base, prompt)? else {
            return Ok(ListenAddr { ip: None, port: PORT });
        };
        match typed.parse() {
            Ok(port) => return Ok(ListenAddr { ip: None, port }),
            Err(_) => base.terminal.show("  a port is a number from 1 to 65535", false),
        }
    }
}

fn ask_community(base: &mut Base) -> Result<Option<Place>, Refusal> {
    loop {
        let prompt = "Community to join, HOST:PORT [none]: ".to_owned();
        let Some(typed) = ask_line(base, prompt)? else { return Ok(None) };
        match community_place(&typed) {
            Ok(place) => return Ok(Some(place)),
            Err(error) => base.terminal.show(&format!("  {error}"), false),
        }
    }
}

/// Says who and where we are.
fn introduce(terminal: &Terminal, node: &Node, at: SocketAddr, options: &Options) {
    let fingerprint = node.me().identity.public().fingerprint();
    if options.common.json {
        let event = Event::Listening { address: at, fingerprint: fingerprint.to_string() };
        terminal.data(&event.line());
    }
    let name = &node.me().name;
    terminal.show(&format!("node {name} listens; others reach it at"), false);
    for address in reachable(at) {
        terminal.show(&format!("  {address}"), false);
    }
    terminal.show(&format!("fingerprint {fingerprint}"), false);
    if terminal.is_interactive() {
        terminal.show(&Menu::text(), false);
    }
}

fn serve(
    mut machine: Machine,
    options: &Options,
    mut menu: Menu,
    community: Option<(Place, Secret)>,
) -> Exit {
    let mut asked = false;
    let mut acts = community.map_or_else(Vec::new, |(place, password)| menu.join(place, password));
    let mut has_changed = true;
    loop {
        for act in acts.drain(..) {
            if !machine.act(act) {
                return leave(machine, options.common.json);
            }
        }
        // Not in each turn: while a file moves there are thousands a second.
        if std::mem::take(&mut has_changed) {
            machine.terminal().set_completions(menu.completions(machine.node()));
        }
        asked = asked || ask(&machine, &mut menu);
        let Some(happening) = machine.turn() else { continue };
        has_changed = true;
        acts = match happening {
            Happening::Notice(notice) => told(&machine, &mut menu, &notice, options),
            Happening::Typed(Typed::Line(line)) => {
                asked = false;
                menu.typed(&line, machine.sight())
            }
            // Who wants to know asks.
            Happening::Neighbour(_) => vec![],
            Happening::Typed(Typed::Secret(secret)) => {
                asked = false;
                menu.secret(secret, machine.node())
            }
            // Without a terminal the end of input is no reason to stop serving. `asked` stays:
            // there is nothing more to read.
            Happening::Typed(Typed::End) if !machine.terminal().is_interactive() => vec![],
            Happening::Typed(Typed::OutputClosed) => vec![],
            Happening::Typed(Typed::End | Typed::Interrupt) | Happening::Signal(_) => {
                vec![Act::Quit]
            }
            Happening::Trouble(words) => vec![Act::Show(words, false)],
        };
    }
}

/// Asks for what the menu wants; `false` when that is nothing.
fn ask(machine: &Machine, menu: &mut Menu) -> bool {
    let ask = match menu.question(machine.node()) {
        Question::Nothing => return false,
        Question::Line(prompt) => Ask::Line { prompt },
        Question::Secret(prompt) => Ask::Secret { prompt },
    };
    machine.terminal().ask(ask);
    true
}

fn told(machine: &Machine, menu: &mut Menu, notice: &Notice, options: &Options) -> Vec<Act> {
    if options.common.json
        && let Some(event) = notice.event()
    {
        machine.terminal().data(&event.line());
    }
    let interactive = machine.terminal().is_interactive();
    let mut acts = menu.told(notice, machine.node());
    if let (Notice::NameTaken(_, free), None) = (notice, &options.node.name)
        && !interactive
    {
        // Nobody chose the name, nobody can be asked: the next best is as good.
        acts.push(Act::Do(Command::Rename(free.clone())));
    }
    let is_shown = view::level(notice) <= options.common.level(interactive);
    acts.retain(|act| is_shown || !matches!(act, Act::Show(..)));
    acts
}

/// Goodbye to everybody; what is left to say is said, and to a script what of files is cut off.
pub fn leave(machine: Machine, json: bool) -> Exit {
    let (notices, terminal) = machine.stop();
    for notice in notices {
        if json && let Some(event) = notice.event() {
            terminal.data(&event.line());
        }
        let is_cut = matches!(notice, Notice::Files(News::Failed(..) | News::NotThere(..)));
        if let Some(words) = view::words(&notice).filter(|_| is_cut || terminal.is_interactive()) {
            terminal.show(&words, false);
        }
    }
    terminal.finish();
    Exit::Done
}
