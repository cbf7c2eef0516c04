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
    /// Name, address, password, fingerprint.
    About,
    /// Commands and keys.
    Help,
    /// Out of the program.
    Exit,
}

/// The main menu; leaving is last.
pub const MAIN: [Entry; 7] = [
    Entry { help: "People on this network: who is here, without a server", leads: Leads::People },
    Entry { help: "Community: join one and see who is here", leads: Leads::Community },
    Entry { help: "Private chat: call somebody by address", leads: Leads::PrivateChat },
    Entry { help: "Conversations: who is connected, who calls", leads: Leads::Conversations },
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
    let number: usize = typed.parse().ok()?;
    MAIN.get(number.checked_sub(1)?).map(|entry| entry.leads)
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
        assert_eq!(choose("7"), Some(Leads::Exit));
        assert_eq!(choose("1"), Some(Leads::People));
        for wrong in ["0", "8", "", "x", "-1", "99999999999999999999"] {
            assert_eq!(choose(wrong), None, "{wrong}");
        }
        assert!(main_text().lines().all(|row| row.len() <= 80));
    }
}
