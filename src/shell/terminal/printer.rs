//! The printer thread: writes lines in plain and pipe style, and tells rustyline of them in rich
//! style, where rustyline's own thread writes (see [`super::editor`]).

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustyline::ExternalPrinter;

use super::Style;
use super::desk::{Desk, Item};
use crate::limits::PIPE_BYTES_AT_ONCE;

/// Moves nothing: one line up, and the line end that rustyline insists on. Handing this to
/// rustyline's external printer makes it clear its lines and paint them again, and on the way it
/// fetches what is queued. The lines themselves do not go that way: one handed over while a line is
/// just being entered would stay in rustyline's channel until the next question, and the channel
/// holds but one, so that this thread would hang.
const PAINT_AGAIN: &str = "\x1b[A\n";

/// Rich style: wakes rustyline whenever lines are queued while it edits.
pub(super) fn wake_editor(desk: &Arc<Desk>, mut printer: impl ExternalPrinter) {
    loop {
        let mut state = desk.lock();
        loop {
            let something = state.finishing || !state.items.is_empty();
            if something && state.editing && !state.woken {
                break;
            }
            state = desk.wait_to_print(state);
        }
        state.woken = true;
        drop(state);
        // May block, when an earlier call was not noticed yet; then that one will do.
        if printer.print(PAINT_AGAIN.into()).is_err() {
            return;
        }
    }
}

/// Where lines go in plain and pipe style.
pub(super) struct Outlets {
    /// Standard output.
    pub(super) data: Outlet,
    /// Standard error, or in plain style the terminal, wherever it is.
    pub(super) talk: Outlet,
}

/// Plain and pipe style: writes until the end.
pub(super) fn print(desk: &Arc<Desk>, mut outlets: Outlets) {
    let mut prompt = None;
    loop {
        let mut state = desk.lock();
        while state.items.is_empty() && !state.finishing {
            state = desk.wait_to_print(state);
        }
        let asking = state.asking;
        if state.items.is_empty() {
            drop(state);
            if asking && prompt.is_some() {
                // The shell's prompt must not run into a question nobody answers.
                let _ = outlets.talk.write(b"\n");
            }
            desk.set_finished();
            return;
        }
        let items = desk.take_items(&mut state);
        drop(state);
        for (to_data, text) in compose(desk.style, items, asking, &mut prompt) {
            if to_data {
                if outlets.data.write(text.as_bytes()).is_err() {
                    desk.set_output_closed();
                }
            } else {
                // Nobody left to tell that nobody reads what we tell.
                let _ = outlets.talk.write(text.as_bytes());
            }
        }
        desk.written();
    }
}

/// Joins lines to runs for standard output (`true`) or for talk (`false`), to be written at once.
/// `prompt` is the question on the screen, which talk must not run into.
fn compose(
    style: Style,
    items: Vec<Item>,
    asking: bool,
    prompt: &mut Option<String>,
) -> Vec<(bool, String)> {
    let mut runs = Vec::new();
    if !asking {
        // Answered; the terminal itself has shown the line end.
        *prompt = None;
    }
    let mut interrupted = false;
    for item in items {
        match item {
            Item::Data(line) => append(&mut runs, true, &[&line, "\n"]),
            Item::Talk { text, bell } => {
                let fresh_line = if prompt.is_some() && !interrupted { "\n" } else { "" };
                interrupted = prompt.is_some();
                let ring = if bell && style == Style::Plain { "\x07" } else { "" };
                append(&mut runs, false, &[fresh_line, &text, ring, "\n"]);
            }
            Item::Prompt(text) => {
                // When it was answered before it could be shown, the next line starts below it.
                append(&mut runs, false, &[&text, if asking { "" } else { "\n" }]);
                *prompt = asking.then_some(text);
                interrupted = false;
            }
        }
    }
    if let (Some(text), true) = (prompt, interrupted) {
        append(&mut runs, false, &[text]);
    }
    runs
}

fn append(runs: &mut Vec<(bool, String)>, to_data: bool, parts: &[&str]) {
    if runs.last().is_none_or(|(target, _)| *target != to_data) {
        runs.push((to_data, String::new()));
    }
    if let Some((_, text)) = runs.last_mut() {
        text.extend(parts.iter().copied());
    }
}

/// An unbuffered way out. Not `io::stdout()`: its lock may be held by whoever panics, and it writes
/// each line by itself.
pub(super) struct Outlet(Option<File>);

impl Outlet {
    pub(super) fn new(descriptor: impl AsFd) -> Self {
        Self(descriptor.as_fd().try_clone_to_owned().ok().map(File::from))
    }

    /// The same into a pipe, and `None` into anything else.
    pub(super) fn to_pipe(descriptor: impl AsFd) -> Option<Self> {
        let outlet = Self::new(descriptor);
        let kind = outlet.0.as_ref()?.metadata().ok()?.file_type();
        kind.is_fifo().then_some(outlet)
    }

    /// Whether a pipe takes so many bytes at once: not when it is full, and not when they are many.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let Some(file) = &self.0 else { return false };
        let mut asked = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
        bytes <= PIPE_BYTES_AT_ONCE
            && poll(&mut asked, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
            && asked.iter().all(|one| one.revents() == Some(PollFlags::POLLOUT))
    }

    /// Writes all, or fails for good: then later calls do nothing.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let Some(file) = &mut self.0 else { return Err(ErrorKind::BrokenPipe.into()) };
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(0) => break,
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody who shares the terminal or pipe has made it non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let mut waited = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
                    let _ = poll(&mut waited, PollTimeout::NONE);
                }
                Err(error) => {
                    self.0 = None;
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(text: &str) -> Item {
        Item::Talk { text: text.into(), bell: false }
    }

    fn composed(items: Vec<Item>, asking: bool, prompt: &mut Option<String>) -> String {
        let runs = compose(Style::Plain, items, asking, prompt);
        runs.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn talk_starts_a_line_of_its_own_and_the_open_question_is_repeated() {
        let mut prompt = None;
        let items = vec![talk("hello"), Item::Prompt("name? ".into())];
        assert_eq!(composed(items, true, &mut prompt), "hello\nname? ");
        let items = vec![talk("one"), talk("two")];
        assert_eq!(composed(items, true, &mut prompt), "\none\ntwo\nname? ");
        assert_eq!(composed(vec![talk("three")], false, &mut prompt), "three\n");
        assert_eq!(prompt, None);
    }

    #[test]
    fn a_question_answered_before_it_was_shown_does_not_run_into_the_next_line() {
        let items = vec![Item::Prompt("name? ".into()), talk("hello")];
        assert_eq!(composed(items, false, &mut None), "name? \nhello\n");
    }

    #[test]
    fn data_and_talk_keep_their_order_and_their_outlets() {
        let items = vec![
            Item::Data("{}".into()),
            Item::Data("{}".into()),
            talk("note"),
            Item::Data("{}".into()),
        ];
        let runs = compose(Style::Pipe, items, false, &mut None);
        let expected = [(true, "{}\n{}\n"), (false, "note\n"), (true, "{}\n")];
        assert_eq!(runs.len(), expected.len());
        for ((to_data, text), expected) in runs.iter().zip(expected) {
            assert_eq!((*to_data, text.as_str()), expected);
        }
    }
}
