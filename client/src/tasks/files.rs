//! The tasks about files: `send`, `get`, `files`, `share`, `unshare`, `shared`.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::path::{Path, PathBuf};

use ::files::disk::{Index, IndexDone, Share, Source, Target};
use ::files::news::News;
use ::files::shell::Indexer;
use hallway::message::files::Item;
use hallway::place::Place;
use hallway::reason::Exit;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::home::Home;
use hallway::shell::start::Refusal;
use hallway::shell::terminal::Typed;
use hallway::shell::terminal::secrets::password_from;
use hallway::text::FileName;
use node_server::file_events;
use node_server::file_words;
use node_server::machine::{Happening, Machine};
use node_server::notice::Notice;
use node_server::run::leave;
use node_server::talk::{Act, quoted, wanted};
use node_server::view;

use super::{dialler, machine, password};
use crate::bars::Bars;
use crate::errand::{Errand, Wish};
use crate::options::Options;
use crate::run::tell;

/// `client send HOST:PORT PATH…`.
pub(crate) fn send(
    options: &Options,
    base: Base,
    home: Home,
    place: &Place,
    paths: &[PathBuf],
    name: Option<&str>,
) -> Exit {
    let sources: Result<Vec<Wish>, Refusal> =
        paths.iter().map(|path| source(path, name, paths.len()).map(Wish::Send)).collect();
    run(options, base, home, place, sources)
}

/// What a path on the command line stands for.
fn source(path: &Path, name: Option<&str>, count: usize) -> Result<Source, Refusal> {
    match (path == Path::new("-"), name) {
        (true, Some(name)) if count == 1 => Ok(Source::Stdin(FileName::of(name))),
        (true, None) => Err(Refusal::usage("standard input has no name: --as NAME gives it one")),
        (_, Some(_)) => Err(Refusal::usage(
            "--as names standard input, alone: client send HOST:PORT - --as NAME",
        )),
        (false, None) => Ok(Source::Path(path.to_owned())),
    }
}

/// `client get HOST:PORT FILE…`.
pub(crate) fn get(
    options: &Options,
    base: Base,
    home: Home,
    place: &Place,
    names: &[String],
    output: Option<&Path>,
) -> Exit {
    let target = match output {
        None => Target::Downloads,
        Some(path) if path == Path::new("-") => Target::Stdout,
        Some(path) => Target::Folder(path.to_owned()),
    };
    let wish = |name: &String| match wanted(name) {
        Some(wanted) => Ok(Wish::Get(wanted, target.clone())),
        None => {
            Err(Refusal::usage(format!("{}: what is shared has a name, not a path", quoted(name))))
        }
    };
    let wishes = if target == Target::Stdout && (options.common.json || names.len() > 1) {
        Err(Refusal::usage("standard output takes one file, and no --json with it"))
    } else {
        names.iter().map(wish).collect()
    };
    run(options, base, home, place, wishes)
}

/// `client files HOST:PORT`.
pub(crate) fn list(options: &Options, base: Base, home: Home, place: &Place) -> Exit {
    run(options, base, home, place, Ok(vec![Wish::List]))
}

fn run(
    options: &Options,
    mut base: Base,
    home: Home,
    place: &Place,
    wishes: Result<Vec<Wish>, Refusal>,
) -> Exit {
    let prepared = wishes.and_then(|wishes| {
        let file = options.node.password_file.as_deref();
        let given = password_from(file, &["HALLWAY_PASSWORD"]);
        let password = password(&mut base, given, format!("Password of {place} [leave]: "))?;
        Ok((wishes, password, dialler(options, &home)?))
    });
    let (wishes, password, node) = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.tell(base.terminal, options.common.json),
    };
    let Ok(machine) = machine(options, base, node, home) else { return Exit::Failed };
    do_errand(options, machine, place, password, wishes)
}

fn do_errand(
    options: &Options,
    mut machine: Machine,
    place: &Place,
    password: Secret,
    wishes: Vec<Wish>,
) -> Exit {
    let json = options.common.json;
    let mut bars = Bars::new(&options.common);
    let (mut errand, link) =
        Errand::start(place.clone(), password, wishes, Seeds::new(clock::seed()));
    machine.command(link);
    loop {
        if let Some(exit) = errand.exit() {
            bars.finish();
            for item in &errand.shelf {
                machine.terminal().data(&item_line(Some(&place.to_string()), item, json));
            }
            // A reader may be slower than a goodbye may take.
            machine.terminal().flush();
            leave(machine, false);
            return exit;
        }
        let happening = machine.turn_until(errand.deadline());
        let now = machine.now();
        let commands = match happening {
            Some(Happening::Notice(notice)) => {
                told(&machine, &mut bars, &notice, options);
                let commands = errand.told(now, &notice);
                if let Notice::Unlinked(_, label, ended) = &notice
                    && let Some(words) = errand.unlinked_words(label, *ended)
                {
                    bars.say(machine.terminal(), &words);
                }
                commands
            }
            Some(Happening::Signal(_) | Happening::Typed(Typed::Interrupt)) => {
                bars.finish();
                leave(machine, json);
                // That is not what was asked for.
                return Exit::Failed;
            }
            Some(Happening::Trouble(words)) => {
                bars.say(machine.terminal(), &words);
                Vec::new()
            }
            Some(Happening::Typed(_) | Happening::Neighbour(_)) | None => Vec::new(),
        };
        for command in commands.into_iter().chain(errand.tick(now)) {
            machine.act(Act::Do(command));
        }
    }
}

/// What a person, or a script, is told.
fn told(machine: &Machine, bars: &mut Bars, notice: &Notice, options: &Options) {
    tell(machine, notice, options.common.json);
    if let Notice::Files(news) = notice {
        bars.news(news);
        // The list is data.
        if matches!(news, News::Listed(..)) {
            return;
        }
    }
    let level = options.common.level(machine.terminal().is_interactive());
    if let Some(words) = view::words(notice).filter(|_| view::level(notice) <= level) {
        bars.say(machine.terminal(), &words);
    }
}

fn item_line(peer: Option<&str>, item: &Item, json: bool) -> String {
    if json {
        return file_events::item(peer, item).line();
    }
    file_words::item_row(item).trim_start().to_owned()
}

/// `client share PATH…`.
pub(crate) fn share(options: &Options, base: Base, home: &Home, paths: &[PathBuf]) -> Exit {
    // Whoever serves them may have been started elsewhere.
    let whole = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
    let jobs = paths.iter().map(whole).map(Index::Share).collect();
    shares(options, base, home, jobs)
}

/// `client unshare NAME…|all`.
pub(crate) fn unshare(options: &Options, base: Base, home: &Home, names: &[String]) -> Exit {
    let name = |name: &String| (name != "all").then(|| FileName::of(name));
    shares(options, base, home, names.iter().map(name).map(Index::Unshare).collect())
}

/// `client shared`, and what the others end with: the list that the node of this data directory
/// shares.
pub(crate) fn shares(options: &Options, base: Base, home: &Home, jobs: Vec<Index>) -> Exit {
    let json = options.common.json;
    let mut indexer = Indexer::open(home.dir());
    let mut exit = Exit::Done;
    let mut shares: Vec<Share> = Vec::new();
    for job in jobs {
        // Hashes are found out by whoever serves the files.
        let done = indexer.turn(Some(job)).done;
        if let Some(IndexDone::Shares(all, trouble) | IndexDone::Changed(all, trouble)) = done {
            shares = all;
            if let Some(trouble) = trouble {
                base.terminal.show(&trouble.words, false);
                exit = Exit::Failed;
            }
        }
    }
    for share in &shares {
        base.terminal.data(&item_line(None, &share.item, json));
    }
    base.terminal.flush();
    base.terminal.finish();
    exit
}
