//! What the programs need: keys and settings, made once, and not anybody's own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use tempfile::TempDir;

use crate::process::{Cores, is_here, on};

/// Keys and settings. In them and in commands stand for something: PORT, DIR (where they are), BIN
/// (Hallway's programs).
pub(crate) struct Kit {
    folder: TempDir,
    programs: PathBuf,
}

impl Kit {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        // target/release/deps/side_by_side-…
        let me = env::current_exe().unwrap();
        let programs = me.parent().and_then(Path::parent).unwrap().to_owned();
        let kit = Self { folder, programs };
        kit.make("openssl", &OPENSSL);
        for key in ["DIR/host", "DIR/user"] {
            kit.make("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", key]);
        }
        let write = |name: &str, text: String| {
            fs::write(kit.folder.path().join(name), text).unwrap();
        };
        let host = fs::read_to_string(kit.folder.path().join("host.pub")).unwrap_or_default();
        write("known_hosts", format!("* {host}"));
        write("sshd_config", kit.filled(SSHD, 0));
        write("ssh_config", kit.filled(SSH, 0));
        write("rsyncd.conf", RSYNCD.to_owned());
        kit
    }

    /// Runs a program that makes keys, if it is here.
    fn make(&self, program: &str, arguments: &[&str]) {
        if is_here(program) {
            let mut command = Command::new(program);
            command.args(arguments.iter().map(|argument| self.filled(argument, 0)));
            assert!(command.stderr(Stdio::null()).status().unwrap().success(), "{command:?}");
        }
    }

    pub(crate) fn filled(&self, text: &str, port: u16) -> String {
        text.replace("DIR", self.folder.path().to_str().unwrap())
            .replace("BIN", self.programs.to_str().unwrap())
            .replace("PORT", &port.to_string())
    }

    /// A command on these cores; a shell runs it only where there is a pipe or a pair of them.
    pub(crate) fn command(&self, cores: Cores, text: &str, port: u16) -> Command {
        let text = self.filled(text, port);
        let mut command = if text.contains(" | ") || text.contains(" & ") {
            let mut shell = on(cores, "bash");
            shell.args(["-o", "pipefail", "-c", &text]);
            shell
        } else {
            let mut words = text.split_whitespace();
            let mut command = on(cores, words.next().unwrap());
            command.args(words);
            command
        };
        let ssh = self.filled("ssh -F DIR/ssh_config -p PORT", port);
        command.env("HALLWAY_PASSWORD", PASSWORD).env("RSYNC_RSH", ssh);
        command
    }
}

/// Of every node here.
pub(crate) const PASSWORD: &str = "four quite random words";

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
Subsystem sftp /usr/lib/openssh/sftp-server
";

const SSH: &str = "
IdentityFile DIR/user
IdentitiesOnly yes
UserKnownHostsFile DIR/known_hosts
BatchMode yes
RequestTTY no
Host aes128
Hostname 127.0.0.1
Ciphers aes128-gcm@openssh.com
";

const RSYNCD: &str = "
use chroot = no
read only = no
uid = root
gid = root
[into]
";
