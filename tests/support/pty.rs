//! A program in a pseudo-terminal, and the screen its user would see.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};

use super::DEADLINE;

/// A running program; killed when dropped.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    /// Held so that the modes can be looked at when the program is gone.
    slave: Option<Box<dyn SlavePty + Send>>,
    writer: Box<dyn Write + Send>,
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
    process: Pid,
    modes_before: String,
}

struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

struct Seen {
    screen: vt100::Parser,
    output: Vec<u8>,
    exit_code: Option<u32>,
}

impl Pty {
    /// Starts `program` on a terminal of 80 columns and 24 rows. `TERM` is `xterm` unless `env`
    /// says otherwise; the rest of the environment is the test's own.
    pub fn spawn(program: impl AsRef<Path>, args: &[&str], env: &[(&str, &str)]) -> Self {
        Self::spawn_sized(program, args, env, 24, 80)
    }

    /// Starts `program` on a terminal of the given size.
    pub fn spawn_sized(
        program: impl AsRef<Path>,
        args: &[&str],
        env: &[(&str, &str)],
        rows: u16,
        cols: u16,
    ) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program.as_ref());
        command.args(args);
        command.env("TERM", "xterm");
        env.iter().for_each(|(name, value)| command.env(name, value));
        let modes_before = modes_of(&*pair.master);
        let mut child = pair.slave.spawn_command(command).expect("the program starts");
        let process = Pid::from_raw(child.process_id().unwrap().try_into().unwrap());
        let screen = vt100::Parser::new(rows, cols, 1000);
        let seen = Mutex::new(Seen { screen, output: Vec::new(), exit_code: None });
        let shared = Arc::new(Shared { seen, changed: Condvar::new() });

        let mut from_program = pair.master.try_clone_reader().unwrap();
        let reader_shared = shared.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // On Linux the end is the error EIO.
            while let Ok(count @ 1..) = from_program.read(&mut bytes) {
                let mut seen = reader_shared.seen.lock().unwrap();
                seen.screen.process(&bytes[..count]);
                seen.output.extend_from_slice(&bytes[..count]);
                reader_shared.changed.notify_all();
            }
        });
        let waiter_shared = shared.clone();
        std::thread::spawn(move || {
            let code = child.wait().map_or(u32::MAX, |status| status.exit_code());
            waiter_shared.seen.lock().unwrap().exit_code = Some(code);
            waiter_shared.changed.notify_all();
        });
        Self {
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            slave: Some(pair.slave),
            shared,
            reader: Some(reader),
            process,
            modes_before,
        }
    }

    /// Types `keys`: `\r` is Enter, `\x03` Ctrl-C.
    pub fn send(&mut self, keys: &str) {
        self.send_bytes(keys.as_bytes());
    }

    /// Types what need not be text.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen is as `fits` says; fails with `what` and the screen as it is.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&vt100::Screen) -> bool) {
        let seen = self.wait(what, |seen| fits(seen.screen.screen()));
        drop(seen);
    }

    /// Waits until `text` is on the screen.
    pub fn wait_for_text(&self, text: &str) {
        self.wait_for(&format!("text {text:?}"), |screen| screen.contents().contains(text));
    }

    /// Waits until the line with the cursor is `text`, and the cursor stands behind it.
    pub fn wait_for_cursor_line(&self, text: &str) {
        self.wait_for(&format!("cursor after {text:?}"), |screen| {
            let (row, column) = screen.cursor_position();
            let line = screen.rows(0, screen.size().1).nth(row.into()).unwrap_or_default();
            line.trim_end() == text.trim_end() && usize::from(column) == text.chars().count()
        });
    }

    /// Waits until the program has written `text`, wherever it went since.
    pub fn wait_for_output(&self, text: &str) {
        let seen = self.wait(&format!("output {text:?}"), |seen| {
            String::from_utf8_lossy(&seen.output).contains(text)
        });
        drop(seen);
    }

    /// Waits for the end of the program and of its output; gives its exit code.
    pub fn wait_for_exit(&mut self) -> u32 {
        let code = self.wait("its exit", |seen| seen.exit_code.is_some()).exit_code;
        code.unwrap()
    }

    /// Waits until the screen is as `fits` says; `false` when it is not by then.
    pub fn shows_by(&self, end: Instant, fits: impl Fn(&vt100::Screen) -> bool) -> bool {
        self.wait_by(end, |seen| fits(seen.screen.screen())).is_ok()
    }

    /// Waits for the end of the program; its exit code, or `None` when it still runs by then.
    pub fn exit_code_by(&self, end: Instant) -> Option<u32> {
        self.wait_by(end, |seen| seen.exit_code.is_some()).ok()?.exit_code
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.process, signal).unwrap();
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.seen().screen.screen().contents()
    }

    /// The lines on the screen that are not empty.
    pub fn lines(&self) -> Vec<String> {
        let screen = self.screen();
        screen.lines().map(str::to_owned).filter(|line| !line.trim().is_empty()).collect()
    }

    /// Everything the program has written, escape sequences and all.
    pub fn output(&self) -> Vec<u8> {
        self.seen().output.clone()
    }

    /// Closes our side of the terminal's far end, so that all output arrives; after
    /// [`Pty::wait_for_exit`].
    pub fn all_output(&mut self) -> Vec<u8> {
        drop(self.slave.take());
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.output()
    }

    /// The modes of the terminal now, as text to compare.
    pub fn modes(&self) -> String {
        modes_of(&*self.master)
    }

    /// The modes of the terminal before the program was started.
    pub fn modes_before(&self) -> &str {
        &self.modes_before
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }

    fn wait(&self, what: &str, fits: impl Fn(&Seen) -> bool) -> MutexGuard<'_, Seen> {
        match self.wait_by(Instant::now() + DEADLINE, fits) {
            Ok(seen) => seen,
            Err(seen) => {
                let screen = seen.screen.screen().contents();
                let exit = seen.exit_code;
                drop(seen);
                panic!("waited in vain for {what}; exit code {exit:?}; the screen:\n{screen}");
            }
        }
    }

    fn wait_by(
        &self,
        end: Instant,
        fits: impl Fn(&Seen) -> bool,
    ) -> Result<MutexGuard<'_, Seen>, MutexGuard<'_, Seen>> {
        let mut seen = self.seen();
        while !fits(&seen) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(seen);
            }
            seen = self.shared.changed.wait_timeout(seen, left).unwrap().0;
        }
        Ok(seen)
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let running = self.shared.seen.lock().is_ok_and(|seen| seen.exit_code.is_none());
        if running {
            let _ = kill(self.process, Signal::SIGKILL);
        }
    }
}

fn modes_of(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios().expect("the modes of the terminal"))
}
