//! Shows what the terminal reads, for `tests/terminal.rs`: it has no core and no network, only the
//! few commands that make lines arrive.
#![allow(clippy::disallowed_methods)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use hallway::shell::terminal::{Ask, Options, Terminal, Typed, restore};

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|_| restore()));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (wake, woken) = mpsc::channel();
    let options = Options {
        plain: has("--plain"),
        json: has("--json"),
        history_file: std::env::var_os("HISTORY").map(PathBuf::from),
        reads_input: !has("--no-input"),
    };
    let terminal = Arc::new(Terminal::start(options, move || {
        let _ = wake.send(());
    }));
    terminal.set_completions(vec!["katie".into(), "karl".into(), "/quit".into()]);
    terminal.show(&format!("style {:?}", terminal.style()), false);
    if has("--count") {
        (1..=5000).for_each(|number| terminal.data(&format!("data {number}")));
        terminal.flush();
        if has("--no-input") {
            return end(terminal, 0);
        }
    }
    if has("--late") {
        // Ask only when the other side says that it has typed: by a line on the control file.
        terminal.show("not asking yet", false);
        wait_for_file();
    }
    terminal.ask(Ask::Line { prompt: "> ".into() });
    if has("--end-on-control") {
        wait_for_file();
        terminal.show("goodbye", false);
        return end(terminal, 0);
    }
    while let Ok(()) = woken.recv() {
        while let Some(typed) = terminal.try_typed() {
            match answer(&terminal, typed) {
                Next::Ask(ask) => terminal.ask(ask),
                Next::Same => {}
                Next::Exit(code) => return end(terminal, code),
            }
        }
    }
    ExitCode::FAILURE
}

enum Next {
    Ask(Ask),
    Same,
    Exit(u8),
}

fn answer(terminal: &Arc<Terminal>, typed: Typed) -> Next {
    let line = match typed {
        Typed::Line(line) => line,
        Typed::Secret(secret) => {
            let length = secret.map_or(0, |secret| secret.reveal().chars().count());
            terminal.show(&format!("secret of {length} characters"), false);
            return Next::Ask(Ask::Line { prompt: "> ".into() });
        }
        Typed::Interrupt => {
            terminal.show("interrupt", false);
            return Next::Ask(Ask::Line { prompt: "> ".into() });
        }
        Typed::End => {
            terminal.show("end", false);
            return Next::Exit(0);
        }
        Typed::OutputClosed => {
            terminal.show("output closed", false);
            return Next::Exit(7);
        }
    };
    terminal.show(&format!("line {line:?}"), false);
    let ask = match line.as_str() {
        "secret" => Ask::Secret { prompt: "Password: ".into() },
        "panic" => panic!("as asked"),
        "idle" => Ask::Nothing,
        _ => Ask::Line { prompt: "> ".into() },
    };
    if let Some(count) = line.strip_prefix("flood ").and_then(|count| count.parse().ok()) {
        arrive(terminal, count);
    }
    if line == "secret" || line == "idle" || line == "arrive" {
        let terminal = terminal.clone();
        std::thread::spawn(move || {
            wait_for_file();
            terminal.show("katie: \x1b[31mhello\x1b[0m", true);
        });
    }
    if line == "data" {
        (1..=3).for_each(|number| terminal.data(&format!("data {number}")));
    }
    if line == "idle" { Next::Same } else { Next::Ask(ask) }
}

/// Lines from another thread.
fn arrive(terminal: &Arc<Terminal>, count: usize) {
    let terminal = terminal.clone();
    std::thread::spawn(move || {
        (1..=count).for_each(|number| terminal.show(&format!("arriving {number}"), false));
    });
}

/// Waits until the test writes into the FIFO named by `CONTROL`; without one, for nothing.
fn wait_for_file() {
    if let Some(path) = std::env::var_os("CONTROL") {
        let _ = std::fs::read(path);
    }
}

fn end(terminal: Arc<Terminal>, code: u8) -> ExitCode {
    // Threads of a test may still hold it; what they show no longer matters.
    if let Some(terminal) = Arc::into_inner(terminal) {
        terminal.finish();
    }
    ExitCode::from(code)
}
