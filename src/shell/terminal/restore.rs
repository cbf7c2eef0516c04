//! The modes of the terminal: what we change while we run, and how it is put back.

use std::io;
use std::sync::Mutex;

use nix::sys::signal::{Signal, raise};
use nix::sys::termios::{
    InputFlags, LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};

const BRACKETED_PASTE_ON: &[u8] = b"\x1b[?2004h";
const BRACKETED_PASTE_OFF: &[u8] = b"\x1b[?2004l";

/// What the terminal was like when we came.
struct Saved {
    modes: Termios,
    /// Whether escape sequences may be sent to it at all.
    rich: bool,
}

/// Global, because a panic hook and a second Ctrl-C have nothing else in hand.
static SAVED: Mutex<Option<Saved>> = Mutex::new(None);

/// Remembers how the terminal is now, and for a rich session goes into its resting mode: no echo,
/// every key at once, signals as usual. rustyline returns to this mode between two lines, so a key
/// typed ahead is neither shown in the wrong place nor changed on its way.
pub(super) fn begin(rich: bool) -> nix::Result<()> {
    let modes = tcgetattr(io::stdin())?;
    if rich {
        let mut resting = modes.clone();
        resting.local_flags &=
            !(LocalFlags::ECHO | LocalFlags::ECHONL | LocalFlags::ICANON | LocalFlags::IEXTEN);
        // Otherwise Enter typed ahead would arrive as another key than Enter.
        resting.input_flags &= !(InputFlags::ICRNL | InputFlags::INLCR | InputFlags::IGNCR);
        set_control(&mut resting, SpecialCharacterIndices::VMIN, 1);
        set_control(&mut resting, SpecialCharacterIndices::VTIME, 0);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &resting)?;
    }
    if let Ok(mut saved) = SAVED.lock() {
        *saved = Some(Saved { modes, rich });
    }
    Ok(())
}

/// Keeps what is typed off the screen, and every key as it is, until the modes that this gives are
/// set with [`loud`]: for a secret, before its prompt is shown. rpassword does the same when it
/// begins to read, which may be after the first key: that would be shown, and Ctrl-D lost.
pub(super) fn quiet() -> Option<Termios> {
    let modes = tcgetattr(io::stdin()).ok()?;
    let mut quiet = modes.clone();
    quiet.local_flags &= !(LocalFlags::ECHO | LocalFlags::ECHONL | LocalFlags::ICANON);
    set_control(&mut quiet, SpecialCharacterIndices::VMIN, 1);
    set_control(&mut quiet, SpecialCharacterIndices::VTIME, 0);
    tcsetattr(io::stdin(), SetArg::TCSANOW, &quiet).ok()?;
    Some(modes)
}

/// The end of [`quiet`].
pub(super) fn loud(modes: &Termios) {
    let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, modes);
}

fn set_control(modes: &mut Termios, index: SpecialCharacterIndices, value: u8) {
    if let Some(place) = modes.control_chars.get_mut(index as usize) {
        *place = value;
    }
}

/// Puts the terminal back as it was before [`super::Terminal::start`]: its modes, and no bracketed
/// paste. Best effort, never blocks, harmless when there is nothing to put back: made for a panic
/// hook and for a second Ctrl-C.
pub fn restore() {
    // `try_lock`: whoever panics may hold the lock.
    let Ok(saved) = SAVED.try_lock() else { return };
    let Some(saved) = saved.as_ref() else { return };
    if saved.rich {
        let _ = nix::unistd::write(io::stdout(), BRACKETED_PASTE_OFF);
    }
    let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &saved.modes);
}

/// Stops this process as Ctrl-Z does, with the terminal as the shell left it, and takes it again
/// when the process goes on. To be called while a line is edited.
///
/// rustyline's own way would leave the shell with our resting mode, that is without echo; some
/// shells repair that, some do not.
pub(super) fn suspend() {
    let Ok(editing) = tcgetattr(io::stdin()) else { return };
    restore();
    // `raise`, not `kill`: only a signal to this thread has surely taken effect on return.
    let _ = raise(Signal::SIGTSTP);
    let _ = tcsetattr(io::stdin(), SetArg::TCSADRAIN, &editing);
    let _ = nix::unistd::write(io::stdout(), BRACKETED_PASTE_ON);
}
