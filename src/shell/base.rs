//! What every program starts with: time, sockets, a terminal, and a way to be told to end.

use std::io;

use super::clock::Clock;
use super::hardening;
use super::net::Net;
use super::signals::Signals;
use super::terminal::{Options as TerminalOptions, Terminal, Typed, restore};

/// Sockets, signals and terminal: what a program has before it has a node.
pub struct Base {
    /// Time.
    pub clock: Clock,
    /// Sockets.
    pub net: Net,
    /// The terminal.
    pub terminal: Terminal,
    /// Signals that tell the program to end.
    pub signals: Signals,
}

impl Base {
    /// Starts the threads of terminal and signals, and makes a panic put the terminal right.
    ///
    /// # Errors
    /// When the system gives no descriptors or threads.
    pub fn start(options: TerminalOptions) -> io::Result<Self> {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            usual(info);
        }));
        hardening::protect_memory();
        let clock = Clock::new();
        let net = Net::new(clock)?;
        let (for_signals, for_terminal) = (net.waker(), net.waker());
        let signals = Signals::start(for_signals, restore)?;
        let wake = move || {
            // It fails only when the loop is gone, and then nobody is to be woken.
            let _ = for_terminal.wake();
        };
        let terminal = Terminal::start(options, wake);
        Ok(Self { clock, net, terminal, signals })
    }

    /// Waits for an answer, before there is a node: for the questions at the start.
    pub fn typed(&mut self) -> Typed {
        loop {
            if let Some(typed) = self.terminal.try_typed() {
                return typed;
            }
            if self.signals.try_next().is_some() {
                return Typed::Interrupt;
            }
            self.net.wait(None);
            while self.net.next().is_some() {}
        }
    }
}
