//! The tables that the client's screens are made of.

/// One entry of the main menu; its number is its place.
pub struct Entry {
    /// What it is for.
    pub help: &'static str,
    /// Where it leads.
    pub leads: Leads,
}

/// Where an entry of the main menu leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Who is on this network.
    People,
    /// The list of a community.
    Community,
    /// A call by address.
    PrivateChat,
    /// Open conversations.
    Conversations,
    /// Sending, sharing, fetching.
    Files,
    /// Name, address, password, fingerprint.
    About,
    /// Commands and keys.
    Help,
    /// Out of the program.
    Exit,
}

/// The main menu; leaving is last.
pub const MAIN: [Entry; 8] = [
    Entry { help: "People on this network: who is here, without a server", leads: Leads::People },
    Entry { help: "Community: join one and see who is here", leads: Leads::Community },
    Entry { help: "Private chat: call somebody by address", leads: Leads::PrivateChat },
    Entry { help: "Conversations: who is connected, who calls", leads: Leads::Conversations },
    Entry { help: "Files: send, share, and fetch what others share", leads: Leads::Files },
    Entry { help: "About me: name, address, password, fingerprint", leads: Leads::About },
    Entry { help: "Help: commands in a conversation", leads: Leads::Help },
    Entry { help: "Exit", leads: Leads::Exit },
];

/// The main menu as text.
pub fn main_text() -> String {
    let rows = MAIN.iter().enumerate().map(|(at, entry)| format!("  {}  {}", at + 1, entry.help));
    rows.collect::<Vec<_>>().join("\n")
}

/// Where a line typed at the main menu leads.
pub fn choose(typed: &str) -> Option<Leads> {
    numbered(&MAIN, typed).map(|entry| entry.leads)
}

/// What can be done about files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileTask {
    /// Offer something to somebody connected.
    Send,
    /// See what others share, and take of it.
    Fetch,
    /// Share something.
    Share,
    /// Share it no more.
    Unshare,
    /// Take what is offered, or do not.
    Answer,
    /// Stop a transfer.
    Cancel,
}

/// The choices about files.
pub const FILE_TASKS: [(&str, FileTask); 6] = [
    ("Send something to somebody connected", FileTask::Send),
    ("Fetch something that others share", FileTask::Fetch),
    ("Share a file or folder", FileTask::Share),
    ("Share something no more", FileTask::Unshare),
    ("Take what is offered, or do not", FileTask::Answer),
    ("Stop a transfer", FileTask::Cancel),
];

/// The choices about files as text.
pub fn files_text() -> String {
    let row = |(at, (help, _)): (usize, &(&str, FileTask))| format!("  {}  {help}\n", at + 1);
    let rows: String = FILE_TASKS.iter().enumerate().map(row).collect();
    rows + FILES_HINT
}

/// What can be typed among the choices about files.
pub const FILES_HINT: &str = "Files: a number; Enter: look again, b: back.";

/// What a line typed there means.
pub fn choose_file_task(typed: &str) -> Option<FileTask> {
    numbered(&FILE_TASKS, typed).map(|(_, task)| *task)
}

/// The entry of a table that has this number on the screen.
pub(crate) fn numbered<'a, T>(table: &'a [T], typed: &str) -> Option<&'a T> {
    let number: usize = typed.parse().ok()?;
    table.get(number.checked_sub(1)?)
}

/// What is said in front of the commands.
pub const HELP: &str = "In a conversation, what you type is said; q or /bye ends it. Everywhere:";

/// What is said behind the commands.
pub const HELP_KEYS: &str = "At a question Enter takes what is in brackets. \
    In menus q leaves the program.\n\
    Ctrl-D and Ctrl-C leave from anywhere; Tab completes; Up brings earlier lines.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_is_last_and_every_number_leads_somewhere() {
        assert_eq!(choose("8"), Some(Leads::Exit));
        assert_eq!(choose("1"), Some(Leads::People));
        assert_eq!(choose_file_task("6"), Some(FileTask::Cancel));
        for wrong in ["0", "9", "", "x", "-1", "99999999999999999999"] {
            assert_eq!(choose(wrong), None, "{wrong}");
        }
        for text in [main_text(), files_text()] {
            assert!(text.lines().all(|row| row.len() <= 80), "{text}");
        }
    }
}
