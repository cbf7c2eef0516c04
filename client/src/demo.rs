//! `client demo`: a community, an echo node and you, all in this process.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;

use community_server::community::{Community, Input as CommunityInput, Output as CommunityOutput};
use community_server::config::Config as CommunityConfig;
use hallway::guess::GuessLimits;
use hallway::handshake::auth::{Instance, Me};
use hallway::handshake::opaque::PasswordRecord;
use hallway::handshake::stretch::Stretcher;
use hallway::identity::{Fingerprint, Identity};
use hallway::limits::MEMBERS_DEFAULT;
use hallway::passphrase;
use hallway::pins::Pins;
use hallway::place::Place;
use hallway::reason::Exit;
use hallway::secret::Secret;
use hallway::seeds::Seeds;
use hallway::shell::base::Base;
use hallway::shell::clock::{self, Clock};
use hallway::shell::home::user_name;
use hallway::shell::net::{ListenAddr, Net};
use hallway::shell::start::Refusal;
use hallway::text::Name;
use node_server::calls::CallPolicy;
use node_server::machine::Machine;
use node_server::membership::Wish;
use node_server::node::{Command, Config, Input, Node, Output};
use node_server::run::{call_policy, file_setup, folders, listing};
use node_server::talk::Act;

use crate::app::App;
use crate::options::Options;
use crate::run::{about, serve};

/// What is told before the first list.
const STORY: &str = "A community, with an echo in it, runs inside this program.\n\
    Nothing leaves this machine.\n\
    Choose the echo by its number, say something, and leave it with q.";

/// Starts all three and shows the list; the two others end with the program.
pub(crate) fn run(options: &Options, mut base: Base) -> Exit {
    let prepared = prepare(options, &mut base);
    // Where what is shared is kept for as long as the demo lasts.
    let own = std::env::temp_dir().join(format!("hallway-demo-{}", std::process::id()));
    let made = prepared.and_then(|prepared| std::fs::create_dir(&own).map(|()| prepared));
    let (node, app, first) = match made {
        Ok(made) => made,
        Err(error) => return Refusal::failed(error).tell(base.terminal, options.common.json),
    };
    let folders = folders(&options.node, &own);
    let exit = match Machine::start(base, node, None, folders, Stretcher::default()) {
        Ok(machine) => serve(options, machine, app, first),
        Err(_) => Exit::Failed,
    };
    // What cannot be removed is in the folder for such things.
    let _ = std::fs::remove_dir_all(&own);
    exit
}

fn prepare(options: &Options, base: &mut Base) -> io::Result<(Node, App, Vec<Act>)> {
    let mut seeds = Seeds::new(clock::seed());
    let (place, community, (fingerprint, echo)) = start_others(&mut seeds)?;
    let at = listen(&mut base.net)?;
    let name = options.node.name.clone().unwrap_or_else(user_name);
    let me = new_me(name, &mut seeds);
    let password = passphrase::four_words(&mut seeds);
    let record = register(&password, &me, &mut seeds)?;
    let about = about(&me, at, Some(&password));
    let interactive = base.terminal.is_interactive();
    let config = Config {
        me,
        record: Some(record),
        profile: Stretcher::default().profile(),
        calls: call_policy(&options.node, interactive),
        echo: false,
        guesses: GuessLimits::default(),
        pins: Pins::default(),
        files: file_setup(&options.node, interactive),
    };
    let mut app = App::new(listing(at), about, interactive);
    app.know_password(fingerprint, echo);
    let mut first = vec![Act::Show(STORY.to_owned(), false)];
    first.extend(app.join(place, community));
    Ok((Node::new(config, *seeds.draw()), app, first))
}

/// A community and an echo node that is in it, each in a thread of its own: where the community is,
/// its password, and the echo's with its fingerprint.
fn start_others(seeds: &mut Seeds) -> io::Result<(Place, Secret, (Fingerprint, Secret))> {
    let community_password = passphrase::four_words(seeds);
    let mut net = Net::new(Clock::new())?;
    let at = listen(&mut net)?;
    let me = new_me(Name::suggest("demo"), seeds);
    let community = Community::new(
        CommunityConfig {
            record: register(&community_password, &me, seeds)?,
            me,
            profile: Stretcher::default().profile(),
            members_max: MEMBERS_DEFAULT,
            guesses: GuessLimits::default(),
        },
        *seeds.draw(),
    );
    thread::spawn(move || serve_community(net, community));
    let place = Place { host: at.ip().to_string(), port: at.port() };

    let echo_password = passphrase::four_words(seeds);
    let mut net = Net::new(Clock::new())?;
    let at = listen(&mut net)?;
    let me = new_me(Name::suggest("echo"), seeds);
    let fingerprint = me.identity.public().fingerprint();
    let record = register(&echo_password, &me, seeds)?;
    let echo = Config {
        me,
        record: Some(record),
        profile: Stretcher::default().profile(),
        calls: CallPolicy::All,
        echo: true,
        guesses: GuessLimits::default(),
        pins: Pins::default(),
        files: files::transfers::Setup::default(),
    };
    let echo = Node::new(echo, *seeds.draw());
    let wish = Wish {
        place: place.clone(),
        password: community_password.clone(),
        listed: Some(listing(at)),
        persist: true,
    };
    thread::spawn(move || serve_echo(net, echo, wish));
    Ok((place, community_password, (fingerprint, echo_password)))
}

fn listen(net: &mut Net) -> io::Result<SocketAddr> {
    let here = ListenAddr { ip: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)), port: 0 };
    net.listen(here, 0).map_err(io::Error::other)
}

/// Somebody for as long as the program runs.
fn new_me(name: Name, seeds: &mut Seeds) -> Me {
    let identity = Identity::from_seed(&seeds.draw());
    Me { name, identity, instance: Instance(seeds.instance()) }
}

fn register(password: &Secret, me: &Me, seeds: &mut Seeds) -> io::Result<PasswordRecord> {
    let public = me.identity.public().0;
    PasswordRecord::register(password, public, &Stretcher::default(), seeds)
        .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))
}

fn serve_community(mut net: Net, mut community: Community) {
    let clock = Clock::new();
    loop {
        net.wait(community.deadline());
        while let Some((id, input)) = net.next() {
            community.handle(clock.now(), CommunityInput::Net(id, input));
            answer(&mut net, &mut community);
        }
        community.handle(clock.now(), CommunityInput::TurnEnd);
        answer(&mut net, &mut community);
    }
}

fn answer(net: &mut Net, community: &mut Community) {
    while let Some(output) = community.poll() {
        if let CommunityOutput::Net(id, output) = output {
            net.perform(id, output);
        }
    }
}

fn serve_echo(mut net: Net, mut node: Node, wish: Wish) {
    let clock = Clock::new();
    let stretcher = Stretcher::default();
    node.handle(clock.now(), Input::Command(Command::Join(wish)));
    loop {
        perform(&mut net, &mut node, &stretcher, clock);
        net.wait(node.deadline());
        while let Some((id, input)) = net.next() {
            node.handle(clock.now(), Input::Net(id, input));
            perform(&mut net, &mut node, &stretcher, clock);
        }
        node.handle(clock.now(), Input::TurnEnd);
    }
}

/// The echo has time: it stretches in its own loop.
fn perform(net: &mut Net, node: &mut Node, stretcher: &Stretcher, clock: Clock) {
    while let Some(output) = node.poll() {
        match output {
            Output::Net(id, output) => net.perform(id, output),
            Output::Stretch(id, job) => {
                let result = job.run(stretcher);
                node.handle(clock.now(), Input::Stretched(id, result));
            }
            Output::LookUp(..) | Output::Disk(_) | Output::Remember(_) | Output::Notice(_) => {}
        }
    }
}
