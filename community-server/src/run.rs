//! `community-server`: questions at the start, then the loop.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::net::SocketAddr;

use discovery::kind::Kind;
use discovery::shell::program;
use discovery::shell::service::{Discovery, Search, Setup};
use hallway::event::Event;
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::limits::GOODBYE_WAIT;
use hallway::passphrase;
use hallway::reason::Exit;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock;
use hallway::shell::hardening::raise_descriptor_limit;
use hallway::shell::home::{Home, host_name};
use hallway::shell::net::ListenAddr;
use hallway::shell::start::{Refusal, ask_new_password, no_password, reachable};
use hallway::shell::terminal::secrets::password_from;
use hallway::shell::terminal::{Ask, Options as TerminalOptions, Typed};

use crate::community::{Community, Input, Output};
use crate::config::Config;
use crate::menu::{self, Typed as Wish};
use crate::notice::Notice;
use crate::options::{Options, PORT};

/// Runs the program to its end.
pub fn run(options: &Options) -> Exit {
    let home = Home::of_community(options.common.data_dir.as_deref());
    let terminal = TerminalOptions {
        plain: options.common.plain,
        json: options.common.json,
        // What an operator types is not worth keeping.
        history_file: None,
        reads_input: true,
        serves: true,
    };
    let Ok(mut base) = Base::start(terminal) else {
        // Without descriptors there is not even a place to say so properly.
        return Exit::Failed;
    };
    raise_descriptor_limit();
    let prepared = home.map_err(Refusal::failed).and_then(|home| {
        prepare(options, &mut base, &home).map(|(community, at)| (community, at, home))
    });
    match prepared {
        Ok((community, at, home)) => {
            let me = community.me();
            let setup = Setup::of(Kind::Community, me, at, Some(&home), Search::Nothing);
            let discovery = program::start(&options.common, setup, &base);
            let mut server = Server { base, community, discovery, options };
            server.introduce(at);
            server.serve();
            server.finish()
        }
        Err(refusal) => refusal.tell(base.terminal, options.common.json),
    }
}

fn prepare(
    options: &Options,
    base: &mut Base,
    home: &Home,
) -> Result<(Community, SocketAddr), Refusal> {
    let mut seeds = Seeds::new(clock::seed());
    let identity = home.identity().map_err(Refusal::failed)?;
    let names = ["HALLWAY_COMMUNITY_PASSWORD", "HALLWAY_PASSWORD"];
    let given = password_from(options.password_file.as_deref(), &names).map_err(Refusal::failed)?;
    let password = match given {
        Some(password) => password,
        None if base.terminal.is_interactive() => {
            let offered = passphrase::four_words(&mut seeds);
            ask_new_password(base, "Password of the community", &offered)?.unwrap_or(offered)
        }
        None => return Err(no_password("--password-file")),
    };
    let listen = options.listen.unwrap_or(ListenAddr { ip: None, port: PORT });
    let at = base
        .net
        .listen(listen, 0)
        .map_err(|error| Refusal::failed(format!("port {}: {error}", listen.port)))?;
    let name = options.name.clone().unwrap_or_else(host_name);
    let me = Me { name, identity, instance: Instance(seeds.instance()) };
    let stretcher = Stretcher::default();
    let public = me.identity.public().0;
    let record = PasswordRecord::register(&password, public, &stretcher, &mut seeds)
        .map_err(|_| Refusal::failed("this machine has not the 64 MiB that a password takes"))?;
    let config = Config {
        me,
        record,
        profile: stretcher.profile(),
        members_max: options.max_members,
        guesses: GuessLimits { per_source: options.guesses_per_source, ..GuessLimits::default() },
    };
    Ok((Community::new(config, *seeds.draw()), at))
}

/// A community with everything around it.
struct Server<'a> {
    base: Base,
    community: Community,
    /// Where it is announced.
    discovery: Option<Discovery>,
    options: &'a Options,
}

impl Server<'_> {
    fn introduce(&self, at: SocketAddr) {
        let me = self.community.me();
        let fingerprint = me.identity.public().fingerprint();
        if self.options.common.json {
            let event = Event::Listening { address: at, fingerprint: fingerprint.to_string() };
            self.base.terminal.data(&event.line());
        }
        if self.base.terminal.is_interactive() {
            let text = menu::menu_text(&me.name, &reachable(at), fingerprint);
            self.base.terminal.show(&text, false);
        }
    }

    /// Serves until somebody says to stop.
    fn serve(&mut self) {
        self.ask();
        let mut stop = false;
        while !stop {
            let discovered = self.discovery.as_ref().and_then(Discovery::deadline);
            let due = [self.community.deadline(), discovered].into_iter().flatten().min();
            self.base.net.wait(due);
            if let Some(discovery) = &mut self.discovery {
                // It looks for nobody, but follows the interfaces.
                discovery.turn(self.base.clock.now().tick);
            }
            while let Some((id, input)) = self.base.net.next() {
                self.community.handle(self.base.clock.now(), Input::Net(id, input));
                while let Some(output) = self.community.poll() {
                    perform(&mut self.base, output, self.options);
                }
            }
            while let Some(typed) = self.base.terminal.try_typed() {
                stop |= self.typed(typed);
            }
            while self.base.signals.try_next().is_some() {
                stop = true;
            }
            while let Some(trouble) = self.base.net.trouble() {
                self.base.terminal.show(&trouble.to_string(), false);
            }
            self.handle(Input::TurnEnd);
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.community.handle(self.base.clock.now(), input);
        while let Some(output) = self.community.poll() {
            perform(&mut self.base, output, self.options);
        }
    }

    fn ask(&self) {
        self.base.terminal.ask(Ask::Line { prompt: "> ".to_owned() });
    }

    /// Does what the operator wants; `true` to stop.
    fn typed(&mut self, typed: Typed) -> bool {
        let interactive = self.base.terminal.is_interactive();
        let line = match typed {
            Typed::Line(line) => line,
            // Without a terminal the end of input is no reason to stop serving.
            Typed::End => return interactive,
            Typed::Interrupt => return true,
            Typed::Secret(_) | Typed::OutputClosed => return false,
        };
        self.ask();
        match menu::parse(&line) {
            Ok(None) => {}
            Ok(Some(Wish::Command(command))) => self.handle(Input::Operator(command)),
            Ok(Some(Wish::Help)) => self.base.terminal.show(&menu::help(), false),
            Ok(Some(Wish::Quit)) => return true,
            Err(error) => self.base.terminal.show(&error.words(), false),
        }
        false
    }

    /// Goodbye to everybody.
    fn finish(mut self) -> Exit {
        drop(self.discovery);
        self.community.handle(self.base.clock.now(), Input::Stop);
        while let Some(output) = self.community.poll() {
            if let Output::Net(id, output) = output {
                self.base.net.perform(id, output);
            }
        }
        self.base.net.finish(GOODBYE_WAIT);
        self.base.terminal.finish();
        Exit::Done
    }
}

fn perform(base: &mut Base, output: Output, options: &Options) {
    match output {
        Output::Net(id, output) => base.net.perform(id, output),
        Output::Notice(notice) => tell(base, &notice, options),
    }
}

/// A silent daemon without a terminal: only what `--log` asks for, and warnings.
fn tell(base: &Base, notice: &Notice, options: &Options) {
    if options.common.json
        && let Some(event) = notice.event()
    {
        base.terminal.data(&event.line());
    }
    if notice.level() <= options.common.level(base.terminal.is_interactive()) {
        base.terminal.show(&notice.words(), false);
    }
}
