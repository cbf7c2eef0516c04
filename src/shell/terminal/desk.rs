//! What the threads of the terminal share: lines to show, what to ask, what was typed.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::printer::Outlet;
use super::{Style, Typed};
use crate::limits::{OUTPUT_WAIT, SCREEN_LINES_MAX};

/// Something to be written.
#[derive(Debug)]
pub(super) enum Item {
    /// A line for the person.
    Talk {
        /// Without control characters.
        text: String,
        /// Whether the terminal should ring.
        bell: bool,
    },
    /// A line for standard output.
    Data(String),
    /// A question in plain style; rustyline shows those of rich style itself.
    Prompt(String),
}

/// Something to be read.
pub(super) struct Question {
    /// Without control characters.
    pub(super) prompt: String,
    /// Whether the answer must not be seen.
    pub(super) secret: bool,
}

/// Behind the one lock.
pub(super) struct State {
    pub(super) items: VecDeque<Item>,
    /// Lines not queued because the queue was full; all are younger than what is queued.
    skipped: usize,
    /// What the reader should read next.
    question: Option<Question>,
    typed: VecDeque<Typed>,
    /// Plain style: a question is open, and its prompt belongs on the screen.
    pub(super) asking: bool,
    /// Rich style: rustyline has the screen; only its thread may write.
    pub(super) editing: bool,
    /// Rich style: rustyline was told that there are lines, and has not fetched them yet.
    pub(super) woken: bool,
    /// Somebody has taken lines and is writing them.
    writing: bool,
    /// Standard output takes no more.
    output_closed: bool,
    /// The program ends: write what is queued, then nothing ever again.
    pub(super) finishing: bool,
    /// The last line has been written.
    finished: bool,
    /// Standard output, if it is a pipe that this program may wait for.
    pub(super) pipe: Option<Outlet>,
}

impl State {
    /// Writes a line of data if nothing is before it and the pipe has room for it, which spares the
    /// way by another thread; `None` if it has to go that way.
    fn write_at_once(&mut self, line: &str) -> Option<io::Result<()>> {
        if self.writing || !self.items.is_empty() || self.output_closed {
            return None;
        }
        let pipe = self.pipe.as_mut().filter(|pipe| pipe.has_room(line.len() + 1))?;
        Some(pipe.write(format!("{line}\n").as_bytes()))
    }
}

/// The shared desk. One lock; a condition for each who waits, for waking all of them for every
/// line takes longer than the line.
pub(super) struct Desk {
    pub(super) style: Style,
    /// The program must not wait for whoever reads its output.
    serves: bool,
    state: Mutex<State>,
    /// For the reader: a question; in rich style also lines, which it shows.
    reader: Condvar,
    /// For the printer: lines; in rich style also that editing has begun.
    printer: Condvar,
    /// For the program: lines are written.
    program: Condvar,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Desk {
    pub(super) fn new(style: Style, serves: bool, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let state = State {
            items: VecDeque::new(),
            skipped: 0,
            question: None,
            typed: VecDeque::new(),
            asking: false,
            editing: false,
            woken: false,
            writing: false,
            output_closed: false,
            finishing: false,
            finished: false,
            pipe: None,
        };
        Self {
            style,
            serves,
            state: Mutex::new(state),
            reader: Condvar::new(),
            printer: Condvar::new(),
            program: Condvar::new(),
            wake,
        }
    }

    /// The state. A thread that panicked ends the program; until then its lock is still good.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reader waits for something to do.
    pub(super) fn wait_to_read<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.reader.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// The printer waits for something to do.
    pub(super) fn wait_to_print<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.printer.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// There are lines to write.
    fn notify_writers(&self) {
        self.printer.notify_one();
        if self.style == Style::Rich {
            self.reader.notify_one();
        }
    }

    // ---- the program's side ------------------------------------------------------------------

    /// Queues talk line by line; what does not fit is counted.
    pub(super) fn push_talk(&self, text: &str, bell: bool) {
        let mut state = self.lock();
        for (number, line) in text.split('\n').enumerate() {
            if state.items.len() >= SCREEN_LINES_MAX {
                state.skipped += 1;
            } else {
                state.items.push_back(Item::Talk { text: line.into(), bell: bell && number == 0 });
            }
        }
        drop(state);
        self.notify_writers();
    }

    /// Queues data; waits for room, because data is never left out. A server waits for a moment
    /// only, since others need it: when nobody reads by then, its output ends there.
    ///
    /// With nothing before it, a short line goes into a pipe at once.
    pub(super) fn push_data(&self, line: &str) {
        let mut state = self.lock();
        if let Some(written) = state.write_at_once(line) {
            drop(state);
            if written.is_err() {
                self.set_output_closed();
            }
            return;
        }
        let begun = Instant::now();
        while state.items.len() >= SCREEN_LINES_MAX && !state.finishing && !state.output_closed {
            if !self.serves {
                state = self.program.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let left = Duration::from_millis(OUTPUT_WAIT.0).saturating_sub(begun.elapsed());
            if left.is_zero() {
                drop(state);
                return self.set_output_closed();
            }
            let woken = self.program.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        if !state.output_closed {
            state.items.push_back(Item::Data(line.into()));
        }
        drop(state);
        self.notify_writers();
    }

    /// Replaces what the reader should read next.
    pub(super) fn set_question(&self, question: Option<Question>) {
        self.lock().question = question;
        self.reader.notify_one();
    }

    pub(super) fn pop_typed(&self) -> Option<Typed> {
        self.lock().typed.pop_front()
    }

    /// Waits until all that was queued is written, or cannot be.
    pub(super) fn wait_until_written(&self) {
        let mut state = self.lock();
        while (state.writing || !state.items.is_empty()) && !state.output_closed {
            state = self.program.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Asks for the end, and waits for it this long at most.
    pub(super) fn finish(&self, patience: Duration) {
        let end = Instant::now() + patience;
        let mut state = self.lock();
        state.finishing = true;
        self.reader.notify_one();
        self.printer.notify_one();
        while !state.finished {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.program.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    // ---- the reader's side -------------------------------------------------------------------

    /// Takes the next question, if there is one; from now on it is open.
    pub(super) fn take_question(&self, state: &mut State) -> Option<Question> {
        let question = state.question.take()?;
        match self.style {
            Style::Rich => state.editing = true,
            Style::Plain => {
                state.asking = true;
                if !question.secret {
                    state.items.push_back(Item::Prompt(question.prompt.clone()));
                }
            }
            Style::Pipe => return Some(question),
        }
        self.printer.notify_one();
        Some(question)
    }

    /// Waits for the next question. `None`: the program ends.
    pub(super) fn next_question(&self) -> Option<Question> {
        let mut state = self.lock();
        loop {
            if state.finishing {
                return None;
            }
            if let Some(question) = self.take_question(&mut state) {
                return Some(question);
            }
            state = self.wait_to_read(state);
        }
    }

    /// Shows the prompt of a secret, which the reader puts when the terminal is ready for it.
    pub(super) fn push_prompt(&self, question: &Question) {
        self.lock().items.push_back(Item::Prompt(question.prompt.clone()));
        self.notify_writers();
    }

    /// Hands over what was typed.
    pub(super) fn push_typed(&self, typed: Typed) {
        let mut state = self.lock();
        state.asking = false;
        state.editing = false;
        if self.style == Style::Plain && matches!(typed, Typed::End) {
            // The terminal has shown nothing for Ctrl-D: leave the line of the prompt.
            state.items.push_back(Item::Talk { text: String::new(), bell: false });
            self.notify_writers();
        }
        state.typed.push_back(typed);
        drop(state);
        (self.wake)();
    }

    // ---- the writers' side -------------------------------------------------------------------

    /// Takes everything that is to be written, with a word about what was left out.
    /// [`Desk::written`] must follow.
    pub(super) fn take_items(&self, state: &mut State) -> Vec<Item> {
        let mut items: Vec<Item> = state.items.drain(..).collect();
        if state.skipped > 0 {
            let text = match std::mem::take(&mut state.skipped) {
                1 => "\u{2026} 1 line skipped".to_owned(),
                several => format!("\u{2026} {several} lines skipped"),
            };
            items.push(Item::Talk { text, bell: false });
        }
        state.woken = false;
        state.writing = true;
        self.program.notify_one();
        items
    }

    /// What was taken is written.
    pub(super) fn written(&self) {
        self.lock().writing = false;
        self.program.notify_one();
    }

    /// Nothing more will be written.
    pub(super) fn set_finished(&self) {
        self.lock().finished = true;
        self.program.notify_one();
    }

    /// Standard output is closed: tells the program once.
    pub(super) fn set_output_closed(&self) {
        let mut state = self.lock();
        if std::mem::replace(&mut state.output_closed, true) {
            return;
        }
        state.typed.push_back(Typed::OutputClosed);
        drop(state);
        self.program.notify_one();
        (self.wake)();
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
