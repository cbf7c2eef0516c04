//! Contestants that are programs: a line goes into one's standard input, and comes back at its
//! standard output.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{ChildStdin, ChildStdout, Stdio};
use std::time::Instant;

use crate::kit::Kit;
use crate::process::{Cores, Process, free_address, is_here};
use crate::{Carrier, LINE, OURS, sorted};

/// A pair of programs; the [`Kit`] says what stands for something in the commands.
pub(crate) struct Pipe {
    pub(crate) name: &'static str,
    /// How to get the programs.
    install: &'static str,
    answering: &'static str,
    asking: &'static str,
}

/// All of them.
pub(crate) const PIPES: [Pipe; 5] = [
    Pipe {
        name: OURS,
        install: "cargo build --release",
        answering: "BIN/node-server --echo --name echo --data-dir DIR/echo --no-discovery \
                    --listen 127.0.0.1:PORT",
        asking: "BIN/client chat 127.0.0.1:PORT --name ann --data-dir DIR/ann",
    },
    Pipe {
        name: "ncat (not encrypted), cat",
        install: "apt-get install ncat",
        answering: "ncat -l -k 127.0.0.1 PORT -e /bin/cat",
        asking: "ncat 127.0.0.1 PORT",
    },
    Pipe {
        name: "ncat --ssl (any certificate), cat",
        install: "apt-get install ncat",
        answering: "ncat --ssl -l -k 127.0.0.1 PORT -e /bin/cat",
        asking: "ncat --ssl 127.0.0.1 PORT",
    },
    Pipe {
        name: "socat, TLS, cat",
        install: "apt-get install socat openssl",
        answering: "socat OPENSSL-LISTEN:PORT,bind=127.0.0.1,reuseaddr,fork,verify=0,\
                    cert=DIR/cert.pem,key=DIR/cert.key EXEC:/bin/cat",
        asking: "socat - OPENSSL:127.0.0.1:PORT,cafile=DIR/cert.pem,commonname=localhost",
    },
    Pipe {
        name: "ssh, cat",
        install: "apt-get install openssh-server openssh-client",
        answering: "/usr/sbin/sshd -D -f DIR/sshd_config -p PORT",
        asking: "ssh -F DIR/ssh_config -p PORT 127.0.0.1 exec cat",
    },
];

/// Starts the pairs.
pub(crate) struct Pipes<'a>(pub(crate) &'a Kit);

impl Pipes<'_> {
    /// Starts the one who answers.
    fn answering(&self, pipe: &Pipe, cores: Cores) -> Result<(Process, SocketAddr), String> {
        let program = |command: &str| self.0.filled(command.split(' ').next().unwrap_or(""), 0);
        if ![pipe.answering, pipe.asking].map(program).iter().all(|program| is_here(program)) {
            return Err(format!("not here: {}", pipe.install));
        }
        let at = free_address();
        let mut command = self.0.command(cores, pipe.answering, at.port());
        Ok((Process::serve(&mut command, at), at))
    }

    fn asking(&self, pipe: &Pipe, cores: Cores, at: SocketAddr) -> Asking {
        let mut command = self.0.command(cores, pipe.asking, at.port());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = Process(command.spawn().unwrap());
        let stdin = process.0.stdin.take().unwrap();
        let stdout = BufReader::new(process.0.stdout.take().unwrap());
        Asking { stdin, stdout, heard: String::new(), _process: process }
    }

    /// Starts both, each on its core.
    pub(crate) fn start(&self, pipe: &Pipe) -> Result<Carrier, String> {
        let (answering, at) = self.answering(pipe, Cores::Answering)?;
        let mut asking = self.asking(pipe, Cores::Asking, at);
        Ok(Box::new(move || {
            let _ = &answering;
            asking.carry();
        }))
    }

    /// Starts the one who asks so many times: milliseconds until the first line is back, sorted.
    ///
    /// Both cores are for everybody: stretching a password takes all there are.
    pub(crate) fn set_up(&self, pipe: &Pipe, calls: usize) -> Result<Vec<f64>, String> {
        let (_answering, at) = self.answering(pipe, Cores::Both)?;
        let spans = (0..calls).map(|_| {
            let begun = Instant::now();
            let mut asking = self.asking(pipe, Cores::Both, at);
            asking.carry();
            // Taken before it is ended.
            begun.elapsed()
        });
        Ok(sorted(spans.collect(), 1e3))
    }
}

/// The one who asks.
struct Asking {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    heard: String,
    _process: Process,
}

impl Asking {
    fn carry(&mut self) {
        self.stdin.write_all(LINE.as_bytes()).unwrap();
        self.heard.clear();
        self.stdout.read_line(&mut self.heard).unwrap();
        assert_eq!(self.heard, LINE);
    }
}
