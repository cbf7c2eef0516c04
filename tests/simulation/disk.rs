//! The disk of one machine, with the contract of `Home::remember`: a line is there when appending
//! it has returned; a crash meanwhile leaves any beginning of it.

use hallway::pins::Pins;
use ssdp::target::Udn;

use crate::dice::Dice;

/// A pin file.
#[derive(Default)]
pub struct Disk {
    file: Vec<u8>,
    /// Every line that is known to be there.
    pub kept: Vec<String>,
    /// There is no room: appending fails, after a part perhaps.
    pub full: bool,
    /// Runs that were announced and have not said goodbye: `discovery::shell::runs`.
    pub announced: Vec<Udn>,
}

impl Disk {
    /// As `shell::disk::append`; `false` when it failed.
    pub fn append(&mut self, line: &str, dice: &mut Dice) -> bool {
        if self.full {
            self.tear(line, dice);
        } else {
            self.file.extend(self.whole(line));
            self.kept.push(line.to_owned());
        }
        !self.full
    }

    /// The machine stopped while it appended this line.
    pub fn tear(&mut self, line: &str, dice: &mut Dice) {
        let mut whole = self.whole(line);
        whole.truncate(dice.index(whole.len() + 1));
        self.file.extend(whole);
    }

    fn whole(&self, line: &str) -> Vec<u8> {
        let torn = self.file.last().is_some_and(|last| *last != b'\n');
        let before = if torn { "\n" } else { "" };
        format!("{before}{line}\n").into_bytes()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.file).into_owned()
    }

    /// As `Home::pins`.
    pub fn pins(&self) -> Pins {
        Pins::read(&self.text())
    }
}
