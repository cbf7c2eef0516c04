//! What people do: they start programs, read what they are asked, and walk the real tables of menus
//! and commands.

use client::app::App;
use client::chat::Chat;
use client::menu::MAIN;
use community_server::community::Community;
use community_server::menu::ENTRIES;
use files::disk::{Index, Job};
use files::transfers::Setup;
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::message::Addresses;
use hallway::place::Place;
use hallway::secret::Secret;
use hallway::text::Name;
use node_server::calls::CallPolicy;
use node_server::membership::Listing;
use node_server::menu::{Menu, Question};
use node_server::node::{Config, Node};
use node_server::talk::{Act, COMMANDS, Entry, FILE_COMMANDS, offers};

use crate::facts::Fact;
use crate::host::{Front, Happening, Host, HostId, Program, Role, Run, Running};
use crate::stretching::{profile, register};
use crate::swarm::Seat;
use crate::world::{Event, Life, World};

/// What every line that is said begins with; nothing else has it.
pub const MARK: &str = "whisper-";

/// Which run of which host's program an instance stands for.
pub fn instance(run: Run) -> Instance {
    let [a, b, c, d] = run.number.to_be_bytes();
    Instance([b'r', u8::try_from(run.host).unwrap(), a, b, c, d, 0, 0])
}

/// The run that this instance stands for, if it is one of ours.
pub fn run_of(instance: Instance) -> Option<Run> {
    let [b'r', host, a, b, c, d, 0, 0] = instance.0 else { return None };
    Some(Run { host: usize::from(host), number: u32::from_be_bytes([a, b, c, d]) })
}

impl World {
    /// Starts a host's program, unless it runs or is to stay dead.
    pub fn start(&mut self, id: HostId) {
        let is_script = self.hosts[id].role == Role::Person(Seat::Script);
        let stays_away = self.gone == Some(id) || (self.healed && is_script);
        if self.hosts[id].running.is_some() || stays_away {
            return;
        }
        let now = self.now;
        let host = &mut self.hosts[id];
        host.runs += 1;
        host.powered = true;
        host.clock.boot = now;
        let run = host.run(id);
        self.facts.push(Fact::Started { at: id });
        self.note_of(id, format_args!("starts, for the {}. time", run.number));
        let (program, acts) = self.program(id, run);
        let discovery = self.discover(id, run);
        self.hosts[id].running = Some(Running::new(program, discovery));
        self.with(id, |world, running| {
            // What was shared in an earlier run is shared from the beginning.
            world.job(id, running, Job::Index(Index::Survey));
            let life = world.perform(id, running, acts);
            if life == Life::Alive {
                world.ask(running);
            }
            life
        });
        let wait = self.dice.below(self.hosts[id].pause.max(1_000));
        self.plan(now + wait, Event::Type(run));
    }

    fn program(&mut self, id: HostId, run: Run) -> (Program, Vec<Act>) {
        let seed = self.dice.seed();
        let guesses = GuessLimits { per_source: self.swarm.guesses, global: 1_024 };
        let host = &self.hosts[id];
        let me = Me {
            name: Name::parse(host.name).unwrap(),
            identity: host.identity(),
            instance: instance(run),
        };
        let record = register(id, &host.password, me.identity.public().0, run.number);
        let Role::Person(seat) = host.role else {
            let members_max = self.swarm.members_max;
            self.hosts[id].members_max = members_max;
            let profile = profile();
            let config =
                community_server::config::Config { me, record, profile, members_max, guesses };
            return (Program::Community(Box::new(Community::new(config, seed))), Vec::new());
        };
        let config = Config {
            me,
            record: (seat != Seat::Script).then_some(record),
            profile: profile(),
            calls: match seat {
                Seat::App | Seat::Console => CallPolicy::Ask,
                Seat::Daemon | Seat::Echo => CallPolicy::All,
                Seat::Script => CallPolicy::None,
            },
            echo: seat == Seat::Echo,
            guesses,
            pins: host.disk.pins(),
            files: Setup { policy: host.takes, bytes_max: None },
        };
        let listing = listing(host);
        let home = &self.hosts[host.home];
        let joins = seat == Seat::Daemon || seat == Seat::Echo || self.dice.chance(600);
        let community = (place(home), secret(&home.password));
        let (front, acts) = match seat {
            Seat::App => {
                let mut app = Box::new(App::new(listing, "here".into(), true));
                let acts = if joins { app.join(community.0, community.1) } else { Vec::new() };
                (Front::App(app), acts)
            }
            Seat::Script => {
                let callee = &self.hosts[self.dice.index(self.hosts.len())];
                let password = secret(&callee.password);
                let (chat, acts) = Chat::start(place(callee), password, false);
                (Front::Chat(Box::new(chat)), acts)
            }
            Seat::Console | Seat::Daemon | Seat::Echo => {
                let mut menu = Box::new(Menu::new(listing, seat == Seat::Console));
                let acts = if joins { menu.join(community.0, community.1) } else { Vec::new() };
                (Front::Menu(menu), acts)
            }
        };
        (Program::Person(Box::new(Node::new(config, seed)), front), acts)
    }

    /// A person does something, if they are asked for anything.
    pub fn person_types(&mut self, run: Run) {
        let id = run.host;
        if self.healed || self.hosts[id].runs != run.number {
            return;
        }
        let wait = 1 + self.dice.below(2 * self.hosts[id].pause.max(3_000));
        self.plan(self.now + wait, Event::Type(run));
        let Some(running) = &self.hosts[id].running else { return };
        let happening = match (self.hosts[id].role, running.prompt.clone()) {
            (Role::Community, _) => Happening::Line(self.operator_line()),
            (Role::Person(Seat::Daemon | Seat::Echo), _) | (_, None) => return,
            (_, Some(_)) if self.dice.chance(8) => Happening::End,
            (Role::Person(Seat::Script), _) if self.dice.chance(200) => Happening::End,
            (Role::Person(Seat::Script), _) => Happening::Line(self.text(id)),
            (_, Some(Question::Secret(prompt))) => Happening::Secret(self.password_for(&prompt)),
            (_, Some(Question::Line(prompt))) => Happening::Line(self.line_for(id, &prompt)),
            (_, Some(Question::Nothing)) => return,
        };
        let typed = match &happening {
            Happening::Line(line) => format!("types {line}"),
            Happening::Secret(word) => {
                format!("types {}", word.as_ref().map_or("nothing", Secret::reveal))
            }
            Happening::End | Happening::Notice(_) | Happening::Neighbour(_) => {
                "ends the input".to_owned()
            }
        };
        self.note_of(id, format_args!("{typed}"));
        if let Some(running) = &mut self.hosts[id].running {
            running.happenings.push_back(happening);
            running.dirty = true;
        }
    }

    /// The password of whom the prompt names; sometimes a wrong one, or none.
    fn password_for(&mut self, prompt: &str) -> Option<Secret> {
        let named = |host: &&Host| {
            host.sockets().iter().any(|socket| prompt.contains(&socket.to_string()))
                || prompt.starts_with(&format!("Password of {} ", host.name))
        };
        let all: Vec<&str> =
            self.hosts.iter().filter(named).map(|host| host.password.as_str()).collect();
        let right = if all.is_empty() { "?" } else { all[self.dice.index(all.len())] };
        match self.dice.below(20) {
            0 => None,
            1 => Some(secret("accept")),
            2 | 3 => Some(secret("wrong")),
            _ => Some(secret(right)),
        }
    }

    fn line_for(&mut self, id: HostId, prompt: &str) -> String {
        if self.dice.chance(30) {
            return self.nonsense();
        }
        if prompt.starts_with("Community, HOST") {
            let any = self.dice.index(self.swarm.communities);
            let home = if self.dice.chance(800) { self.hosts[id].home } else { any };
            let place = self.hosts[home].socket().to_string();
            return (*self.dice.pick(&[place.as_str(), place.as_str(), "", "b"])).to_owned();
        }
        if prompt.starts_with("Whom to call") {
            let host = &self.hosts[self.dice.index(self.hosts.len())];
            let (socket, label) = (host.socket().to_string(), host.label.clone());
            let choices = [socket.as_str(), socket.as_str(), socket.as_str(), &label, "", "0"];
            return (*self.dice.pick(&choices)).to_owned();
        }
        if prompt.starts_with("Name to use") {
            let own = format!("guest-{}", self.dice.below(5));
            return (*self.dice.pick(&["", "", own.as_str()])).to_owned();
        }
        let Some(node) = self.hosts[id].node() else { return String::new() };
        let (rings, talks) = (node.ringing().next().is_some(), node.talking().next().is_some());
        let is_offered = offers(node).next().is_some();
        match self.dice.below(20) {
            0..=4 if is_offered => {
                let answers = ["accept all", "accept all", "accept", "deny", "/accept 3"];
                (*self.dice.pick(&answers)).to_owned()
            }
            0..=8 if rings => (*self.dice.pick(&["accept", "accept", "accept", "deny"])).to_owned(),
            0..=11 if talks => self.text(id),
            12..=13 if talks => self.slash_command(id, &FILE_COMMANDS),
            14..=15 => self.slash_command(id, &COMMANDS),
            16 if self.dice.chance(300) => "q".to_owned(),
            17 => "/menu".to_owned(),
            18 => String::new(),
            _ => self.menu_choice(id),
        }
    }

    /// A number of the menu, or of the list that is looked at.
    fn menu_choice(&mut self, id: HostId) -> String {
        let home = self.hosts[self.hosts[id].home].socket();
        if matches!(self.hosts[id].role, Role::Person(Seat::App)) {
            // Leaving is last, and rare.
            let choices = MAIN.len() - usize::from(self.dice.chance(950));
            return (1 + self.dice.index(choices)).to_string();
        }
        match self.dice.below(4) {
            0 => format!("6 {home}"),
            1 => "6".to_owned(),
            2 => format!("4 {}", self.somebody(id)),
            _ => self.dice.between(1, 8).to_string(),
        }
    }

    /// A row of a table of commands, with what belongs behind it.
    fn slash_command(&mut self, id: HostId, table: &[Entry]) -> String {
        let entry = &table[self.dice.index(table.len())];
        if entry.word == "quit" && self.dice.chance(900) {
            return "/help".to_owned();
        }
        let argument = match entry.argument {
            "NAME [TEXT]" if self.dice.chance(500) => {
                format!("{} {}", self.somebody(id), self.text(id))
            }
            "NAME [TEXT]" | "[NAME]" | "NAME" => self.somebody(id),
            "TEXT" => self.text(id),
            "NAME FINGERPRINT" => {
                let host = &self.hosts[self.dice.index(self.hosts.len())];
                format!("{} {}", host.name, host.fingerprint)
            }
            "[@NAME|@all] PATH …" => {
                let to = format!("@{}", self.somebody(id));
                let to = (*self.dice.pick(&["", "@all", to.as_str()])).to_owned();
                format!("{to} {}", self.typed_path(id))
            }
            "PATH …" => self.typed_path(id),
            "[@NAME] FILE …" => self.typed_name(),
            "NAME|all" if self.dice.chance(500) => "all".to_owned(),
            "NAME|all" => self.typed_name(),
            "N" => self.dice.below(9).to_string(),
            "off|mention|all" => (*self.dice.pick(&["off", "mention", "all"])).to_owned(),
            _ => String::new(),
        };
        format!("/{} {argument}", entry.word)
    }

    /// How a person here would name somebody.
    fn somebody(&mut self, id: HostId) -> String {
        let node = self.hosts[id].node();
        let open = node.into_iter().flat_map(|node| node.talking().chain(node.ringing()));
        let mut names: Vec<String> = open.map(|(_, who)| who.label.clone()).collect();
        names.push(self.hosts[self.dice.index(self.hosts.len())].name.to_owned());
        names.swap_remove(self.dice.index(names.len()))
    }

    /// Something to say, never said before: plain, pasted, long, or hostile to a terminal.
    pub fn text(&mut self, id: HostId) -> String {
        let host = &mut self.hosts[id];
        host.said += 1;
        let tag = format!("{MARK}{id}-{}", host.said);
        match self.dice.below(24) {
            0 => (0..700).map(|n| format!("{tag}.{n}: ")).collect(),
            1 => format!("{tag}: one\ntwo\n  three"),
            2 => format!("{tag}: \u{1b}[2J\u{7}\u{202e}gnorts\u{2066} \u{200b}\u{9b}31m"),
            3 => format!("{tag}: ¿qué? 你好 👩‍👩‍👧 ann"),
            _ => format!("{tag}: hello"),
        }
    }

    /// The next of many short lines.
    pub fn short_text(&mut self, id: HostId) -> String {
        self.hosts[id].said += 1;
        format!("{MARK}{id}-{}: and", self.hosts[id].said)
    }

    fn operator_line(&mut self) -> String {
        if !self.dice.chance(250) {
            return String::new();
        }
        let entry = &ENTRIES[self.dice.index(ENTRIES.len() - 1)];
        let somebody = self.hosts[self.dice.index(self.hosts.len())].name;
        match entry.argument {
            "NAME" => format!("{} {somebody}", entry.word),
            "TEXT" => format!("{} \u{1b}[31mgood \u{202e}morning", entry.word),
            _ => entry.word.to_owned(),
        }
    }

    fn nonsense(&mut self) -> String {
        let words =
            ["\u{1b}[2J", "/frob", "99", "//x", "10.0.0.250:1", "nobody.local", "\u{0}", "3"];
        (*self.dice.pick(&words)).to_owned()
    }
}

pub fn place(host: &Host) -> Place {
    Place::parse(&host.socket().to_string(), 1).unwrap()
}

pub fn secret(word: &str) -> Secret {
    Secret::new(word).unwrap()
}

pub fn listing(host: &Host) -> Listing {
    Listing { port: host.port, addresses: Addresses::new([host.ip]) }
}
