//! What both examples do alike.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use ssdp::candidates::Verdict;
use ssdp::engine::Config;
use ssdp::shell::service::{Options, Service};
use ssdp::shell::status::{State, Status};

/// What the main thread waits for.
enum News {
    /// The service may have some.
    Service,
    /// Nobody types any more.
    EndOfInput,
}

/// Runs a service until the end of the input. Its state is said when it changes; `each` is called
/// whenever there may be news.
pub(crate) fn run(config: Config, options: Options, each: impl Fn(&Service)) -> io::Result<()> {
    let (sender, news) = channel();
    let wake = sender.clone();
    let wake = move || drop(wake.send(News::Service));
    let service = Service::start(config, random(), options, wake)?;
    thread::spawn(|| wait_for_the_end(sender));
    follow(&service, &news, each);
    service.stop();
    Ok(())
}

fn follow(service: &Service, news: &Receiver<News>, each: impl Fn(&Service)) {
    let mut said = Vec::new();
    loop {
        let lines = lines(&service.status());
        for line in lines.iter().filter(|line| !said.contains(*line)) {
            println!("{line}");
        }
        said = lines;
        each(service);
        if !matches!(news.recv(), Ok(News::Service)) {
            return;
        }
    }
}

fn wait_for_the_end(sender: Sender<News>) {
    let mut ignored = [0; 64];
    while io::stdin().read(&mut ignored).is_ok_and(|length| length > 0) {}
    // Nobody listens where it has ended already.
    let _ = sender.send(News::EndOfInput);
}

fn lines(status: &Status) -> Vec<String> {
    let shared = status.troubles.iter().map(|trouble| format!("trouble: {trouble}"));
    status.interfaces.iter().flat_map(of_interface).chain(shared).collect()
}

fn of_interface(state: &State) -> Vec<String> {
    let name = &state.candidate.name;
    let head = match state.verdict {
        Verdict::NotUsed(why) => format!("interface {name}: not used: {why}"),
        Verdict::Used => {
            let ips = state.candidate.addresses.iter().map(|address| address.ip.to_string());
            let ips: Vec<String> = ips.collect();
            format!("interface {name}: port {} at {}", state.traffic.own_port, ips.join(", "))
        }
    };
    let troubles = state.traffic.troubles.iter();
    [head]
        .into_iter()
        .chain(troubles.map(|trouble| format!("trouble on {name}: {trouble}")))
        .collect()
}

/// Reads `--interface NAME`, as often as it is there; the rest goes to `other`.
pub(crate) fn options(mut other: impl FnMut(String) -> bool) -> io::Result<Options> {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match (argument.as_str(), &mut arguments) {
            ("--interface", rest) => options.only.extend(rest.next()),
            _ if other(argument.clone()) => {}
            _ => return Err(io::Error::other(format!("what is {argument}?"))),
        }
    }
    Ok(options)
}

/// Seconds since 1970.
pub(crate) fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Good enough for names and delays, not for secrets: std has no other randomness.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
