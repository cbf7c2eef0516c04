//! Contestants that are programs: a line goes into one's standard input, and comes back at its
//! standard output.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use std::{env, path::Path};

use tempfile::TempDir;

use crate::process::{Cores, Process, free_address, is_here, on};
use crate::{Carrier, LINE, OURS, sorted};

/// A pair of programs. In the commands stand for something: PORT, DIR (keys and settings), BIN
/// (Hallway's programs).
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

/// What the programs need: keys and settings, made once, and not anybody's own.
pub(crate) struct Pipes {
    folder: TempDir,
    programs: PathBuf,
}

impl Pipes {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // target/release/deps/side_by_side-…
        let me = env::current_exe().unwrap();
        let programs = me.parent().and_then(Path::parent).unwrap().to_owned();
        let pipes = Self { folder, programs };
        pipes.make("openssl", &OPENSSL);
        for key in ["DIR/host", "DIR/user"] {
            pipes.make("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", key]);
        }
        let write = |name: &str, text: String| {
            fs::write(pipes.folder.path().join(name), text).unwrap();
        };
        let host = fs::read_to_string(pipes.folder.path().join("host.pub")).unwrap_or_default();
        write("known_hosts", format!("* {host}"));
        write("sshd_config", pipes.filled(SSHD, 0));
        write("ssh_config", pipes.filled(SSH, 0));
        pipes
    }

    /// Runs a program that makes keys, if it is here.
    fn make(&self, program: &str, arguments: &[&str]) {
        if is_here(program) {
            let mut command = Command::new(program);
            command.args(arguments.iter().map(|argument| self.filled(argument, 0)));
            assert!(command.stderr(Stdio::null()).status().unwrap().success(), "{command:?}");
        }
    }

    fn filled(&self, text: &str, port: u16) -> String {
        text.replace("DIR", self.folder.path().to_str().unwrap())
            .replace("BIN", self.programs.to_str().unwrap())
            .replace("PORT", &port.to_string())
    }

    fn command(&self, cores: Cores, text: &str, at: SocketAddr) -> Command {
        let text = self.filled(text, at.port());
        let mut words = text.split_whitespace();
        let mut command = on(cores, words.next().unwrap());
        command.args(words).env("HALLWAY_PASSWORD", "four quite random words");
        command
    }

    /// Starts the one who answers.
    fn answering(&self, pipe: &Pipe, cores: Cores) -> Result<(Process, SocketAddr), String> {
        let program = |command: &str| self.filled(command.split(' ').next().unwrap_or(""), 0);
        if ![pipe.answering, pipe.asking].map(program).iter().all(|program| is_here(program)) {
            return Err(format!("not here: {}", pipe.install));
        }
        let at = free_address();
        let mut command = self.command(cores, pipe.answering, at);
        Ok((Process::serve(&mut command, at), at))
    }

    fn asking(&self, pipe: &Pipe, cores: Cores, at: SocketAddr) -> Asking {
        let mut command = self.command(cores, pipe.asking, at);
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

const OPENSSL: [&str; 15] = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-keyout",
    "DIR/cert.key",
    "-out",
    "DIR/cert.pem",
];

const SSHD: &str = "
ListenAddress 127.0.0.1
HostKey DIR/host
AuthorizedKeysFile DIR/user.pub
PasswordAuthentication no
PermitRootLogin yes
UsePAM no
StrictModes no
PidFile none
";

const SSH: &str = "
IdentityFile DIR/user
IdentitiesOnly yes
UserKnownHostsFile DIR/known_hosts
BatchMode yes
RequestTTY no
";
