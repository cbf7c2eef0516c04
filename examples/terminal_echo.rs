//! Shows what the terminal reads, for `tests/terminal*.rs`: it has no core and no network, only the
//! few commands that make lines arrive.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};

use hallway::complete::Words;
use hallway::shell::terminal::{Ask, Options, Terminal, Typed, restore};

/// What wakes the loop, as in the programs.
enum Event {
    Typed,
    Arrived(String),
}

enum Next {
    Ask(Ask),
    Nothing,
    Exit(u8),
}

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| restore()));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (sender, events) = mpsc::channel();
    let options = Options {
        plain: has("--plain"),
        json: has("--json"),
        history_file: std::env::var_os("HISTORY").map(PathBuf::from),
        serves: false,
        reads_input: !has("--no-input"),
    };
    let waker = sender.clone();
    let terminal = Terminal::start(options, move || {
        let _ = waker.send(Event::Typed);
    });
    let anywhere = vec!["katie".into(), "karl".into(), "/quit".into()];
    terminal.set_completions(Words { anywhere, behind: Vec::new() });
    terminal.show(&format!("style {:?}", terminal.style()), false);
    if has("--count") || has("--leave") {
        // Far more than a pipe holds; for `--leave`, no more than the queue.
        let count = if has("--count") { 5000 } else { 1000 };
        (1..=count).for_each(|number| terminal.data(&format!("data {number:0>200}")));
        if has("--count") {
            terminal.flush();
        }
        terminal.finish();
        return ExitCode::SUCCESS;
    }
    if has("--late") {
        terminal.show("not asking yet", false);
        wait_for_control();
    }
    terminal.ask(Ask::Line { prompt: "> ".into() });
    if has("--end-on-control") {
        wait_for_control();
        terminal.show("goodbye", false);
        terminal.finish();
        return ExitCode::SUCCESS;
    }
    let code = run(&terminal, &sender, events);
    terminal.finish();
    ExitCode::from(code)
}

fn run(terminal: &Terminal, sender: &Sender<Event>, events: mpsc::Receiver<Event>) -> u8 {
    for event in events {
        match event {
            Event::Arrived(line) => terminal.show(&line, line.starts_with("katie")),
            Event::Typed => {
                while let Some(typed) = terminal.try_typed() {
                    match answer(terminal, sender, typed) {
                        Next::Ask(ask) => terminal.ask(ask),
                        Next::Nothing => {}
                        Next::Exit(code) => return code,
                    }
                }
            }
        }
    }
    1
}

fn answer(terminal: &Terminal, sender: &Sender<Event>, typed: Typed) -> Next {
    let (said, next) = match typed {
        Typed::Line(line) => {
            terminal.show(&format!("line {line:?}"), false);
            return command(terminal, sender, &line);
        }
        Typed::Secret(secret) => {
            let length = secret.map_or(0, |secret| secret.reveal().chars().count());
            (format!("secret of {length} characters"), None)
        }
        Typed::Interrupt => ("interrupt".to_owned(), None),
        Typed::End => ("end".to_owned(), Some(0)),
        Typed::OutputClosed => ("output closed".to_owned(), Some(7)),
    };
    terminal.show(&said, false);
    next.map_or(Next::Ask(Ask::Line { prompt: "> ".into() }), Next::Exit)
}

fn command(terminal: &Terminal, sender: &Sender<Event>, line: &str) -> Next {
    if let Some(count) = line.strip_prefix("flood ").and_then(|count| count.parse().ok()) {
        let sender = sender.clone();
        std::thread::spawn(move || {
            (1..=count).for_each(|number: usize| arrive(&sender, format!("arriving {number}")));
        });
    }
    if matches!(line, "secret" | "idle" | "arrive") && std::env::var_os("CONTROL").is_some() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            wait_for_control();
            arrive(&sender, "katie: \x1b[31mhello\x1b[0m".into());
        });
    }
    match line {
        "data" => (1..=3).for_each(|number| terminal.data(&format!("data {number}"))),
        "panic" => panic!("as asked"),
        _ => {}
    }
    match line {
        "secret" => Next::Ask(Ask::Secret { prompt: "Password: ".into() }),
        "idle" => Next::Nothing,
        _ => Next::Ask(Ask::Line { prompt: "> ".into() }),
    }
}

fn arrive(sender: &Sender<Event>, line: String) {
    let _ = sender.send(Event::Arrived(line));
}

/// Waits until the test writes into the FIFO named by `CONTROL`.
fn wait_for_control() {
    if let Some(path) = std::env::var_os("CONTROL") {
        let _ = std::fs::read(path);
    }
}
