//! Plays a transcript. Each line of one is a step:
//!
//! * `# …` says something to the reader;
//! * `@katie: TERM=dumb client --name katie` starts a program for katie, who has a data directory
//!   of her own; from here on the steps are hers, and again after `@katie`; with `lan` before the
//!   program it runs on a network of this transcript alone, and others there can be found;
//! * `> text` types a line, `>> text` leaves out the Enter;
//! * `< text` waits for the text, behind what earlier steps have found on the screen; spaces at its
//!   end count when there is a `|` behind them;
//! * `<key> Ctrl-C` types a key; `<paste> one|two` pastes two lines; `<signal> TERM` sends a
//!   signal;
//! * `<keep> NAME text` waits for the text and keeps the word behind it as `{NAME}`;
//! * `<not> text` fails if the text has ever been written; `<plain>` if an escape sequence has;
//! * `<bells> 2` fails unless it has rung so often;
//! * `<file> NAME = text` makes a file in the folder of this transcript, `{folder}`;
//! * `<holds> NAME = text` fails unless there is one, with this text;
//! * `<exit> 0` waits for the end: the exit code, and the terminal's modes as they were before.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::binaries::binary;
use crate::support::pty::Pty;

/// How long a whole transcript may take: only one that fails takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Columns of a terminal. No line that a program makes may be longer.
const COLUMNS: u16 = 80;
/// So many rows that nothing scrolls away.
const ROWS: u16 = 250;

/// Somebody at a terminal.
struct Actor {
    name: String,
    pty: Pty,
    /// Of the screen's text, what was found already.
    found: usize,
}

struct Stage {
    actors: Vec<Actor>,
    current: usize,
    kept: BTreeMap<String, String>,
    folder: tempfile::TempDir,
    end: Instant,
}

/// Plays `transcripts/NAME.txt`.
pub(crate) fn play(name: &str) {
    play_with(name, &[]);
}

/// The same with words for placeholders.
pub(crate) fn play_with(name: &str, words: &[(&str, &str)]) {
    let text = std::fs::read_to_string(folder().join(format!("{name}.txt"))).unwrap();
    play_text(&format!("{name}.txt"), &text, words);
}

/// The same for a transcript that is in hand; `name` is for whoever reads of a failure.
pub(crate) fn play_text(name: &str, text: &str, words: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let root = ("folder", folder.path().to_str().unwrap());
    let kept = words.iter().chain([&root]);
    let kept = kept.map(|(name, word)| ((*name).to_owned(), (*word).to_owned())).collect();
    let mut stage =
        Stage { actors: Vec::new(), current: 0, kept, folder, end: Instant::now() + PATIENCE };
    for (number, line) in text.lines().enumerate() {
        let step = stage.filled(line);
        if let Err(why) = stage.step(&step) {
            panic!("{name}:{}: {step}\n{why}\n{:?}\n{}", number + 1, stage.kept, stage.screens());
        }
    }
    for actor in &stage.actors {
        let text = actor.pty.screen();
        let wide = text.lines().find(|line| line.chars().count() > COLUMNS.into());
        assert!(wide.is_none(), "{name}: too wide for {}: {wide:?}", actor.name);
    }
}

/// The names of all transcripts.
pub(crate) fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/menus/transcripts")
}

impl Stage {
    /// The line with its placeholders filled.
    fn filled(&self, line: &str) -> String {
        self.kept
            .iter()
            .fold(line.to_owned(), |line, (name, word)| line.replace(&format!("{{{name}}}"), word))
    }

    fn step(&mut self, step: &str) -> Result<(), String> {
        if step.is_empty() || step.starts_with('#') {
            return Ok(());
        }
        if let Some(actor) = step.strip_prefix('@') {
            return self.turn_to(actor);
        }
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        match word {
            ">" => self.type_in(&format!("{rest}\r")),
            ">>" => self.type_in(rest),
            "<key>" => self.type_in(key(rest)?),
            "<paste>" => self.type_in(&format!("\x1b[200~{}\x1b[201~", rest.replace('|', "\r"))),
            "<" => self.find(rest, |_| true).map(|_| ()),
            "<keep>" => {
                let (name, text) = rest.split_once(' ').ok_or("keep what?")?;
                let behind = self.find(text, |behind| first_word(behind).is_some())?;
                let word = first_word(&behind).ok_or("no word behind it")?;
                self.kept.insert(name.to_owned(), word);
                Ok(())
            }
            "<not>" => holds(!self.output().contains(rest)),
            "<plain>" => holds(!self.output().contains('\x1b')),
            "<bells>" => holds(self.output().matches('\x07').count().to_string() == rest),
            "<signal>" => {
                let signal = format!("SIG{rest}").parse::<Signal>().map_err(|e| e.to_string())?;
                self.actor().pty.signal(signal);
                Ok(())
            }
            "<file>" => {
                let (path, text) = self.file(rest)?;
                std::fs::write(path, text).map_err(|error| error.to_string())
            }
            "<holds>" => {
                let (path, text) = self.file(rest)?;
                let found = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
                holds(found == text)
            }
            "<exit>" => self.exit(rest),
            _ => Err("no such step".into()),
        }
    }

    fn file<'a>(&self, step: &'a str) -> Result<(PathBuf, &'a str), String> {
        let (name, text) = step.split_once(" = ").ok_or("which text?")?;
        Ok((self.folder.path().join(name), text))
    }

    fn turn_to(&mut self, actor: &str) -> Result<(), String> {
        let Some((name, command)) = actor.split_once(':') else {
            let known = self.actors.iter().rposition(|known| known.name == actor);
            self.current = known.ok_or("nobody of that name has started anything")?;
            return Ok(());
        };
        let mut words = command.split_whitespace().peekable();
        let mut env = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| word.split_once('=')) {
            env.push((name, value));
            words.next();
        }
        let lan = words.next_if_eq(&"lan").map(|_| self.kept.get("lan").ok_or("there is no lan"));
        let mut program = binary(words.next().ok_or("which program?")?);
        let own = program.to_str().unwrap().to_owned();
        let data = self.folder.path().join(name);
        let mut args: Vec<&str> = Vec::new();
        if let Some(lan) = lan {
            program = "ip".into();
            args.extend(["netns", "exec", lan?, &own]);
        }
        args.extend(words);
        args.extend(["--data-dir", data.to_str().unwrap()]);
        if lan.is_none() {
            // Who is on the network of this machine, other tests among them, belongs to no
            // transcript.
            args.push("--no-discovery");
        }
        let pty = Pty::spawn_sized(program, &args, &env, ROWS, COLUMNS);
        self.actors.push(Actor { name: name.to_owned(), pty, found: 0 });
        self.current = self.actors.len() - 1;
        Ok(())
    }

    fn actor(&mut self) -> &mut Actor {
        self.actors.get_mut(self.current).expect("a transcript begins with an actor")
    }

    fn type_in(&mut self, keys: &str) -> Result<(), String> {
        self.actor().pty.send(keys);
        Ok(())
    }

    /// Everything that was written to the current terminal.
    fn output(&mut self) -> String {
        String::from_utf8_lossy(&self.actor().pty.output()).into_owned()
    }

    /// Waits for the text behind what was found before, and until what follows is right; gives what
    /// follows.
    fn find(&mut self, text: &str, is_right: impl Fn(&str) -> bool) -> Result<String, String> {
        let end = self.end;
        let actor = self.actor();
        let found = actor.found;
        let text = text.strip_suffix('|').unwrap_or(text.trim_end());
        let place = |contents: &str| {
            let behind = contents.get(found..)?.find(text)? + found + text.len();
            is_right(contents.get(behind..)?).then_some(behind)
        };
        if !actor.pty.shows_by(end, |screen| place(&screen.contents()).is_some()) {
            return Err("waited in vain".into());
        }
        let contents = actor.pty.screen();
        let behind = place(&contents).ok_or("gone again")?;
        // What arrives is put above the last line, the one being typed: that may be found again.
        let last = contents.rfind('\n').map_or(0, |at| at + 1);
        actor.found = behind.min(last.max(found));
        Ok(contents.get(behind..).unwrap_or_default().to_owned())
    }

    fn exit(&mut self, code: &str) -> Result<(), String> {
        let end = self.end;
        let pty = &self.actor().pty;
        let exit = pty.exit_code_by(end).ok_or("it does not end")?;
        if exit.to_string() != code {
            return Err(format!("its exit code is {exit}"));
        }
        if pty.modes() != pty.modes_before() {
            return Err(format!("the terminal's modes:\n{}\n{}", pty.modes_before(), pty.modes()));
        }
        Ok(())
    }

    fn screens(&self) -> String {
        let screen = |actor: &Actor| format!("==== {}\n{}\n", actor.name, actor.pty.screen());
        self.actors.iter().map(screen).collect()
    }
}

fn holds(fact: bool) -> Result<(), String> {
    if fact { Ok(()) } else { Err("it is not so".into()) }
}

/// The first word, once it is whole: before a space, a line end, or the bracket of a prompt.
fn first_word(text: &str) -> Option<String> {
    let text = text.trim_start();
    let (word, _) = text.split_once([' ', '\n']).or_else(|| text.split_once(']'))?;
    Some(word.trim_end_matches([']', ':']).to_owned())
}

fn key(name: &str) -> Result<&'static str, String> {
    Ok(match name {
        "Ctrl-C" => "\x03",
        "Ctrl-D" => "\x04",
        "Tab" => "\t",
        "Up" => "\x1b[A",
        "Enter" => "\r",
        _ => return Err("no such key".into()),
    })
}
