//! Contestants whose asking side is this program itself, with a socket in its hand.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::{env, thread};

use hallway::shell::clock::Clock;
use hallway::shell::net::Net;
use hallway::text::Line;

use crate::driven::{Driven, listening, node};
use crate::ircd::Ircd;
use crate::process::{Cores, Process, on};
use crate::{Carrier, LINE, ROLE};

/// Starts this program again in a role; gives where it listens.
fn start(role: &str) -> (Process, SocketAddr) {
    let mut command = on(Cores::Answering, env::current_exe().unwrap());
    let process = command.env(ROLE, role).stdout(Stdio::piped()).spawn().unwrap();
    let mut process = Process(process);
    let mut at = String::new();
    BufReader::new(process.0.stdout.as_mut().unwrap()).read_line(&mut at).unwrap();
    (process, at.trim().parse().unwrap())
}

/// The floor: bytes there and back.
pub(crate) fn raw() -> Carrier {
    let (process, at) = start("raw");
    let mut socket = TcpStream::connect(at).unwrap();
    socket.set_nodelay(true).unwrap();
    let mut heard = vec![0; LINE.len()];
    Box::new(move || {
        let _ = &process;
        socket.write_all(LINE.as_bytes()).unwrap();
        socket.read_exact(&mut heard).unwrap();
    })
}

/// The other side of the floor.
pub(crate) fn serve_raw() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let (mut socket, _) = listener.accept().unwrap();
    socket.set_nodelay(true).unwrap();
    let mut heard = vec![0; LINE.len()];
    while let Ok(count @ 1..) = socket.read(&mut heard) {
        socket.write_all(&heard[..count]).unwrap();
    }
}

/// A node in this process, and one that answers.
pub(crate) fn nodes() -> Carrier {
    let (process, at) = start("echo");
    let mut caller = Driven::new(Net::new(Clock::new()).unwrap(), node("ann", 2, false));
    let call = caller.call(at);
    let line = Line::split(LINE.trim_end()).remove(0);
    Box::new(move || {
        let _ = &process;
        caller.say(call, &line);
    })
}

/// The node that answers.
pub(crate) fn serve_echo() {
    let (net, at) = listening();
    let mut echo = Driven::new(net, node("echo", 1, true));
    println!("{at}");
    loop {
        echo.turn();
    }
}

/// Two who talk through an IRC server.
pub(crate) fn irc(ircd: Ircd) -> Carrier {
    let (process, at, folder) = ircd.start();
    let mut bob = Irc::log_in(at, "bob");
    let mut ann = Irc::log_in(at, "ann");
    // It ends with the server.
    thread::spawn(move || while bob.hear() && bob.say("ann") {});
    Box::new(move || {
        let _ = (&process, &folder);
        assert!(ann.say("bob") && ann.hear());
    })
}

/// Somebody on IRC.
struct Irc {
    reader: BufReader<TcpStream>,
    line: String,
}

impl Irc {
    fn log_in(at: SocketAddr, name: &str) -> Self {
        let mut socket = TcpStream::connect(at).unwrap();
        socket.set_nodelay(true).unwrap();
        write!(socket, "NICK {name}\r\nUSER {name} 0 * :{name}\r\n").unwrap();
        let mut irc = Self { reader: BufReader::new(socket), line: String::new() };
        // End of the message of the day, or there is none.
        while ![Some("376"), Some("422")].contains(&irc.line.split(' ').nth(1)) {
            irc.line.clear();
            assert_ne!(irc.reader.read_line(&mut irc.line).unwrap(), 0, "not let in");
        }
        irc
    }

    /// Says the line to somebody; `false` when the connection is over.
    fn say(&mut self, to: &str) -> bool {
        let line = format!("PRIVMSG {to} :{}\r\n", LINE.trim_end());
        self.reader.get_mut().write_all(line.as_bytes()).is_ok()
    }

    /// Waits for what somebody says; `false` when the connection is over.
    fn hear(&mut self) -> bool {
        loop {
            self.line.clear();
            if !self.reader.read_line(&mut self.line).is_ok_and(|count| count > 0) {
                return false;
            }
            if self.line.trim_end().ends_with(LINE.trim_end()) {
                return true;
            }
        }
    }
}
