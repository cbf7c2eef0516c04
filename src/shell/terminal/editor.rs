//! Rich style: rustyline, and the hooks by which lines appear above the one being typed, secrets
//! are collected unseen, and Ctrl-C, Ctrl-D and Ctrl-Z do what they should.

use std::borrow::Cow;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustyline::completion::{Completer, Pair};
use rustyline::config::Configurer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::{History, MemHistory};
use rustyline::validate::Validator;
use rustyline::{
    Cmd, ConditionalEventHandler, Config, Context, EditMode, Editor, Event, EventContext,
    EventHandler, ExternalPrinter, Helper, KeyCode, KeyEvent, Modifiers, RepeatCount,
};
use zeroize::Zeroizing;

use super::completions::Completions;
use super::desk::{Desk, Item};
use super::history::HistoryFile;
use super::printer::Outlet;
use super::{Typed, restore};
use crate::limits::{HISTORY_LINES_MAX, KEY_SEQUENCE_MS, PASSWORD_BYTES_MAX};
use crate::secret::Secret;

/// The line editor with its history.
pub(super) struct RichReader {
    desk: Arc<Desk>,
    editor: Editor<Hooks, MemHistory>,
    keys: Arc<Mutex<Keys>>,
    history: Option<HistoryFile>,
}

/// What the key handler knows of the line being read.
#[derive(Default)]
struct Keys {
    /// The secret so far; `None` when an ordinary line is edited.
    secret: Option<Zeroizing<String>>,
    /// The line was ended by Ctrl-C or Ctrl-D.
    ended_by: Option<Typed>,
}

impl RichReader {
    /// A reader, and the way to wake it. Fails where rustyline does not work.
    pub(super) fn new(
        desk: &Arc<Desk>,
        completions: &Arc<Completions>,
        history_file: Option<PathBuf>,
    ) -> rustyline::Result<(Self, impl ExternalPrinter + Send + use<>)> {
        let config = Config::builder()
            .history_ignore_dups(true)?
            .history_ignore_space(true)
            .max_history_size(HISTORY_LINES_MAX)?
            .completion_type(rustyline::CompletionType::List)
            // Waiting for a second Tab, rustyline would show no arriving lines.
            .completion_show_all_if_ambiguous(true)
            .keyseq_timeout(Some(KEY_SEQUENCE_MS))
            // No colours are used; without this rustyline does not call the hook of the prompt.
            .color_mode(rustyline::ColorMode::Forced)
            .build();
        let mut history = MemHistory::with_config(&config);
        let file = history_file.map(|path| {
            let (file, lines) = HistoryFile::open(path);
            for line in lines {
                let _ = history.add(&line);
            }
            file
        });
        let keys = Arc::new(Mutex::new(Keys::default()));
        let mut editor = Editor::with_history(config, history)?;
        // One write for each change instead of three.
        editor.enable_synchronized_output(false);
        editor.set_helper(Some(Hooks { desk: desk.clone(), completions: completions.clone() }));
        let handler = KeyHandler { desk: desk.clone(), keys: keys.clone() };
        editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(handler)));
        let printer = editor.create_external_printer()?;
        Ok((Self { desk: desk.clone(), editor, keys, history: file }, printer))
    }

    /// The thread: shows lines while nothing is asked, and reads what is.
    pub(super) fn run(mut self) {
        let mut screen = Outlet::new(io::stdout());
        loop {
            let mut state = self.desk.lock();
            let question = loop {
                if !state.items.is_empty() {
                    let text = join(self.desk.take_items(&mut state));
                    drop(state);
                    if screen.write(text.as_bytes()).is_err() {
                        self.desk.set_output_closed();
                    }
                    self.desk.written();
                    state = self.desk.lock();
                } else if state.finishing {
                    drop(state);
                    self.desk.set_finished();
                    return;
                } else if let Some(question) = self.desk.take_question(&mut state) {
                    break question;
                } else {
                    state = self.desk.wait_to_read(state);
                }
            };
            drop(state);
            let typed = self.read(&question.prompt, question.secret);
            self.desk.push_typed(typed);
        }
    }

    fn read(&mut self, prompt: &str, secret: bool) -> Typed {
        loop {
            let room = || Zeroizing::new(String::with_capacity(PASSWORD_BYTES_MAX));
            *lock(&self.keys) = Keys { secret: secret.then(room), ended_by: None };
            // In its emacs mode rustyline itself takes Escape with digits, and shows them.
            self.editor.set_edit_mode(if secret { EditMode::Vi } else { EditMode::Emacs });
            let line = self.editor.readline(prompt);
            let keys = std::mem::take(&mut *lock(&self.keys));
            if let Some(typed) = keys.ended_by {
                return typed;
            }
            return match line {
                Ok(_) if secret => Typed::Secret(keys.secret.and_then(|text| Secret::new(&text))),
                Ok(line) => self.entered(&line),
                Err(ReadlineError::Interrupted) => Typed::Interrupt,
                // A byte that is no UTF-8, from a terminal set to another encoding: ask again.
                Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    continue;
                }
                Err(_) => Typed::End,
            };
        }
    }

    fn entered(&mut self, line: &str) -> Typed {
        // A pasted block often ends in a line end, which is not meant.
        let line = line.trim_end_matches('\n');
        let kept = !line.trim().is_empty() && self.editor.add_history_entry(line).unwrap_or(false);
        if let (true, Some(file)) = (kept, &self.history) {
            file.append(line);
        }
        Typed::Line(line.to_owned())
    }
}

fn lock(keys: &Mutex<Keys>) -> MutexGuard<'_, Keys> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}

fn join(items: Vec<Item>) -> String {
    let mut text = String::new();
    for item in items {
        match item {
            Item::Talk { text: line, bell } => {
                text.push_str(&line);
                text.push_str(if bell { "\x07\n" } else { "\n" });
            }
            Item::Data(line) => text.extend([&line, "\n"]),
            // Not in this style: rustyline shows the prompt.
            Item::Prompt(_) => {}
        }
    }
    text
}

/// Called by rustyline on its own thread.
struct Hooks {
    desk: Arc<Desk>,
    completions: Arc<Completions>,
}

impl Helper for Hooks {}
impl Validator for Hooks {}

impl Hinter for Hooks {
    type Hint = String;
}

impl Completer for Hooks {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        Ok(self.completions.matching(line.get(..pos).unwrap_or_default()))
    }
}

impl Highlighter for Hooks {
    /// Called when rustyline has cleared its lines and paints them anew, with the cursor at the
    /// place where its first line begins: so what is put before the prompt appears above the line
    /// being typed, in the same write.
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        let mut state = self.desk.lock();
        if state.finishing {
            let text = join(self.desk.take_items(&mut state));
            drop(state);
            end_here(&self.desk, &text);
        }
        if state.items.is_empty() {
            state.woken = false;
            return Cow::Borrowed(prompt);
        }
        let mut text = join(self.desk.take_items(&mut state));
        drop(state);
        self.desk.written();
        text.push_str(prompt);
        Cow::Owned(text)
    }

    /// A pasted text may hold control characters; rustyline counts them as nothing, so they can be
    /// left out of what is shown. They stay in the line: judging it is not the terminal's business.
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
        if !line.contains(harmful) {
            return Cow::Borrowed(line);
        }
        Cow::Owned(line.replace(harmful, ""))
    }
}

/// The program ends while a line is edited: writes the last lines over it, and never gives the
/// thread back to rustyline, which would change the terminal's modes after they were restored.
fn end_here(desk: &Desk, text: &str) -> ! {
    let _ = Outlet::new(io::stdout()).write(format!("\r\x1b[J{text}").as_bytes());
    desk.set_finished();
    loop {
        std::thread::park();
    }
}

/// Sees each key before rustyline does.
struct KeyHandler {
    desk: Arc<Desk>,
    keys: Arc<Mutex<Keys>>,
}

impl ConditionalEventHandler for KeyHandler {
    fn handle(
        &self,
        event: &Event,
        _: RepeatCount,
        _: bool,
        context: &EventContext<'_>,
    ) -> Option<Cmd> {
        if self.desk.lock().finishing {
            end_here(&self.desk, "");
        }
        let KeyEvent(code, modifiers) = *event.get(0)?;
        let mut keys = lock(&self.keys);
        let empty = keys.secret.as_ref().map_or(context.line().is_empty(), |s| s.is_empty());
        match (code, modifiers) {
            // As ends of a line, not as rustyline's errors: those lose what is typed ahead.
            (KeyCode::Char('C'), Modifiers::CTRL) => {
                keys.ended_by = Some(Typed::Interrupt);
                return Some(Cmd::AcceptLine);
            }
            (KeyCode::Char('D'), Modifiers::CTRL) if empty => {
                keys.ended_by = Some(Typed::End);
                return Some(Cmd::AcceptLine);
            }
            (KeyCode::Char('Z'), Modifiers::CTRL) => {
                restore::suspend();
                return Some(Cmd::Repaint);
            }
            (KeyCode::Enter, _) | (KeyCode::Char('J' | 'M'), Modifiers::CTRL) => {
                return Some(Cmd::AcceptLine);
            }
            _ => {}
        }
        match &mut keys.secret {
            Some(secret) => {
                collect(secret, code, modifiers);
                Some(Cmd::Noop)
            }
            // Would put the next control character into the line.
            None if modifiers == Modifiers::CTRL && matches!(code, KeyCode::Char('V' | 'Q')) => {
                Some(Cmd::Noop)
            }
            None => None,
        }
    }
}

/// One key of a secret. What does not fit is left out: it could not be read from a file either.
fn collect(secret: &mut Zeroizing<String>, code: KeyCode, modifiers: Modifiers) {
    match (code, modifiers) {
        (KeyCode::Char(c), Modifiers::NONE | Modifiers::SHIFT)
            if secret.len() + c.len_utf8() <= PASSWORD_BYTES_MAX =>
        {
            secret.push(c);
        }
        (KeyCode::Backspace, _) | (KeyCode::Char('H'), Modifiers::CTRL) => {
            secret.pop();
        }
        (KeyCode::Char('U'), Modifiers::CTRL) => secret.clear(),
        _ => {}
    }
}
