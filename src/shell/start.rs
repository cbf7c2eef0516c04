//! The start of a program: questions at a terminal, and refusals with an exit code.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::base::Base;
use super::interfaces::usable_addresses;
use super::terminal::{Ask, Terminal, Typed};
use crate::event::Event;
use crate::reason::Exit;
use crate::secret::Secret;

/// Why a program ends before it has begun: an exit code, and the words for it. No words: the person
/// has left.
pub struct Refusal(pub Exit, pub String);

impl Refusal {
    /// For a cause on this machine.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self(Exit::Failed, error.to_string())
    }

    /// For a command line that leaves something out.
    pub fn usage(words: impl Into<String>) -> Self {
        Self(Exit::Usage, words.into())
    }

    /// The person left a prompt.
    pub fn left() -> Self {
        Self(Exit::Done, String::new())
    }

    /// Tells it, and gives the exit code.
    pub fn tell(self, terminal: Terminal, json: bool) -> Exit {
        let Self(exit, words) = self;
        if !words.is_empty() {
            terminal.show(&words, false);
            if json {
                let kind = if exit == Exit::Usage { "usage" } else { "failed" };
                terminal.data(&Event::Error { kind, text: words }.line());
            }
        }
        terminal.finish();
        exit
    }
}

/// What a missing password comes to without anybody to ask.
pub fn no_password(flag: &str) -> Refusal {
    Refusal::usage(format!(
        "no password: there is no terminal to ask on, so give {flag} FILE or HALLWAY_PASSWORD"
    ))
}

/// Asks for a line; an empty one is `None`.
///
/// # Errors
/// The person leaves.
pub fn ask_line(base: &mut Base, prompt: String) -> Result<Option<String>, Refusal> {
    base.terminal.ask(Ask::Line { prompt });
    match base.typed() {
        Typed::Line(line) => Ok(Some(line.trim().to_owned()).filter(|line| !line.is_empty())),
        Typed::Secret(_) => Ok(None),
        Typed::End | Typed::Interrupt | Typed::OutputClosed => Err(Refusal::left()),
    }
}

/// Asks for a password; just Enter is `None`.
///
/// # Errors
/// The person leaves.
pub fn ask_secret(base: &mut Base, prompt: String) -> Result<Option<Secret>, Refusal> {
    base.terminal.ask(Ask::Secret { prompt });
    match base.typed() {
        Typed::Secret(secret) => Ok(secret),
        Typed::Line(line) => Ok(Secret::new(&line)),
        Typed::End | Typed::Interrupt | Typed::OutputClosed => Err(Refusal::left()),
    }
}

/// Asks for a new password and offers one; `None` takes what is offered.
///
/// # Errors
/// The person leaves.
pub fn ask_new_password(
    base: &mut Base,
    what: &str,
    offered: &Secret,
) -> Result<Option<Secret>, Refusal> {
    let prompt = format!("{what} [{}]: ", offered.reveal());
    let chosen = ask_secret(base, prompt)?;
    if chosen.as_ref().is_some_and(Secret::is_short) {
        base.terminal.show("  (short: it could be found by trying)", false);
    }
    Ok(chosen)
}

/// The addresses that others can dial.
pub fn reachable(at: SocketAddr) -> Vec<SocketAddr> {
    let mut ips = if at.ip().is_unspecified() { usable_addresses() } else { Vec::new() };
    if ips.is_empty() {
        // No network: only programs on this machine can.
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        ips.push(if at.ip().is_unspecified() { here } else { at.ip() });
    }
    ips.into_iter().map(|ip| SocketAddr::new(ip, at.port())).collect()
}
