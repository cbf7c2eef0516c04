//! The terminal: the only place that touches standard input, output and error.
//!
//! It shows lines and reads what it is asked to read; it decides nothing. One thread reads and, in
//! rich style, also writes; another prints. They meet the program at a desk with bounded queues.

mod completions;
mod desk;
mod editor;
mod history;
mod printer;
mod reader;
mod restore;
pub mod secrets;
mod wrap;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use self::completions::Completions;
use self::desk::{Desk, Question};
use self::editor::RichReader;
use self::printer::{Outlet, Outlets};
pub use self::restore::restore;
use self::wrap::wrapped;
use crate::complete::Words;
use crate::limits::FINISH_WAIT;
use crate::secret::Secret;

/// What to read next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Nothing, for example while a call is being made. Ctrl-C is then a signal.
    Nothing,
    /// One line.
    Line {
        /// Shown before it, on a terminal.
        prompt: String,
    },
    /// A password: not echoed, not remembered.
    Secret {
        /// Shown before it, on a terminal.
        prompt: String,
    },
}

/// What was read.
pub enum Typed {
    /// A line without its end. A pasted block is one line with `'\n'` inside. What it holds is not
    /// judged here: pasted text may have control characters.
    Line(String),
    /// A password; `None` when it was just Enter.
    Secret(Option<Secret>),
    /// Ctrl-D on an empty line, or the end of input.
    End,
    /// Ctrl-C on the line. In plain style it arrives as a signal instead (on a secret: as both).
    Interrupt,
    /// Nobody reads standard output any more. Comes once, and answers no question.
    OutputClosed,
}

/// How this terminal is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Line editing, history, completion; lines appear above the one being typed.
    Rich,
    /// A terminal that gets no escape sequence, ever; its own line editing.
    Plain,
    /// Standard input is no terminal: nobody is asked anything, no prompts.
    Pipe,
}

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--plain`: no line editing.
    pub plain: bool,
    /// `--json`: standard output carries data only.
    pub json: bool,
    /// Where earlier lines are kept, in rich style.
    pub history_file: Option<PathBuf>,
    /// Whether this program ever reads. If not, the terminal's modes are left alone.
    pub reads_input: bool,
    /// Whether others need this program while nobody reads its output: then the output ends instead
    /// of the program waiting.
    pub serves: bool,
}

/// The terminal of this process. There can be one at a time.
///
/// Dropping it puts the terminal's modes back; [`Terminal::finish`] also writes what is queued.
pub struct Terminal {
    desk: Arc<Desk>,
    completions: Arc<Completions>,
    interactive: bool,
    /// Data goes to a terminal too.
    data_is_seen: bool,
}

impl Terminal {
    /// Starts the threads. `wake` is called from them whenever [`Terminal::try_typed`] has
    /// something; it must not block.
    pub fn start(options: Options, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let interactive = io::stdin().is_terminal();
        let style = style_for(&options, interactive);
        let completions = Arc::new(Completions::default());
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        let mut desk = Arc::new(Desk::new(style, options.serves, wake.clone()));
        if style == Style::Rich {
            match RichReader::new(&desk, &completions, options.history_file) {
                Ok((reader, printer)) if restore::begin(true).is_ok() => {
                    let waker_desk = desk.clone();
                    std::thread::spawn(move || printer::wake_editor(&waker_desk, printer));
                    std::thread::spawn(move || reader.run());
                    return Self { desk, completions, interactive, data_is_seen: true };
                }
                // rustyline does not like this terminal: the plain style works on any.
                Ok(_) | Err(_) => desk = Arc::new(Desk::new(Style::Plain, options.serves, wake)),
            }
        }
        if interactive && options.reads_input {
            let _ = restore::begin(false);
        }
        let to_screen = desk.style == Style::Plain && !options.json && io::stdout().is_terminal();
        let talk = if to_screen { Outlet::new(io::stdout()) } else { Outlet::new(io::stderr()) };
        let outlets = Outlets { data: Outlet::new(io::stdout()), talk };
        if desk.style == Style::Pipe && !options.serves {
            desk.lock().pipe = Outlet::to_pipe(io::stdout());
        }
        let printer_desk = desk.clone();
        std::thread::spawn(move || printer::print(&printer_desk, outlets));
        if options.reads_input {
            let reader_desk = desk.clone();
            std::thread::spawn(move || reader::run(&reader_desk));
        }
        let data_is_seen = io::stdout().is_terminal();
        Self { desk, completions, interactive, data_is_seen }
    }

    /// How this terminal is treated.
    pub fn style(&self) -> Style {
        self.desk.style
    }

    /// Whether a person can be asked: standard input is a terminal.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Says what to read next; exactly one [`Typed`] answers it.
    ///
    /// A question that is already on the screen is answered first, and then this one is put; of
    /// several waiting the latest counts, and [`Ask::Nothing`] takes back what is waiting.
    pub fn ask(&self, ask: Ask) {
        self.desk.set_question(match ask {
            Ask::Nothing => None,
            Ask::Line { prompt } => Some(Question { prompt: harmless(&prompt), secret: false }),
            Ask::Secret { prompt } => Some(Question { prompt: harmless(&prompt), secret: true }),
        });
    }

    /// What was read, if something was.
    pub fn try_typed(&self) -> Option<Typed> {
        self.desk.pop_typed()
    }

    /// Shows talk, of one or several lines: above the line being typed, on the terminal, or on
    /// standard error. `bell` rings, if it is a terminal. Never blocks: when the terminal is
    /// slower than the talk, lines are counted instead, and the count is shown.
    pub fn show(&self, text: &str, bell: bool) {
        self.desk.push_talk(&self.laid_out(text), bell);
    }

    /// The text as [`Self::show`] would show it now: harmless, and wrapped to the terminal.
    pub fn laid_out(&self, text: &str) -> String {
        let text = harmless(text);
        match self.columns() {
            Some(columns) => wrapped(&text, columns),
            None => text,
        }
    }

    /// How wide the terminal is now, if talk goes to one.
    fn columns(&self) -> Option<usize> {
        if self.desk.style == Style::Pipe {
            return None;
        }
        terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
    }

    /// Writes one line of data to standard output. Never left out: waits when a slow reader has
    /// let the queue fill up. (Only in rich style, where it is shown like talk, it is counted
    /// like talk.)
    pub fn data(&self, line: &str) {
        if self.style() == Style::Rich {
            self.desk.push_talk(&harmless(line), false);
        } else if self.data_is_seen {
            self.desk.push_data(&harmless(line));
        } else {
            self.desk.push_data(line);
        }
    }

    /// Sets what Tab completes, at most [`crate::limits::COMPLETIONS_MAX`] words of each kind.
    pub fn set_completions(&self, words: Words) {
        self.completions.set(words);
    }

    /// Waits until everything so far is written, or nobody reads standard output any more. As long
    /// as it takes: for a program whose output is its purpose, before [`Terminal::finish`].
    pub fn flush(&self) {
        self.desk.wait_until_written();
    }

    /// Writes what is queued and puts the terminal back, in at most
    /// [`crate::limits::FINISH_WAIT`]: what a stuck terminal does not take by then is lost.
    pub fn finish(self) {
        self.desk.finish(Duration::from_millis(FINISH_WAIT.0));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn style_for(options: &Options, stdin_is_terminal: bool) -> Style {
    if !stdin_is_terminal {
        return Style::Pipe;
    }
    let refused = options.plain || options.json || !options.reads_input;
    if refused || !io::stdout().is_terminal() || !can_move_its_cursor(std::env::var("TERM").ok()) {
        return Style::Plain;
    }
    Style::Rich
}

/// Of `TERM`; the names are those that rustyline will not edit on.
fn can_move_its_cursor(term: Option<String>) -> bool {
    let term = term.unwrap_or_default().to_ascii_lowercase();
    !["", "dumb", "cons25", "emacs"].contains(&term.as_str())
}

/// The last line of defence: no control character but the line end reaches the terminal from here.
/// The real filter, which knows bidi and zero-width tricks and who said what, is the text module's;
/// should one text slip past it, this keeps the screen from being rewritten.
fn harmless(text: &str) -> String {
    let shown = text.chars().map(|c| if c == '\t' { ' ' } else { c });
    shown.filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_controls_a_terminal_is_shown() {
        assert_eq!(harmless("a\x1b[2J\x07\r\x08\u{9b}31m\x7fb\nc\td"), "a[2J31mb\nc d");
    }

    #[test]
    fn terminals_that_cannot_move_their_cursor_are_known() {
        for (term, rich) in [("xterm", true), ("linux", true), ("dumb", false), ("DUMB", false)] {
            assert_eq!(can_move_its_cursor(Some(term.into())), rich, "{term}");
        }
        assert!(!can_move_its_cursor(None));
        assert!(!can_move_its_cursor(Some(String::new())));
    }
}
