//! Two IRC servers, as Debian has them, with everything switched off that holds a client back.
//!
//! Neither encrypts here, and neither asks for a password.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::process::{Cores, Process, free_address, is_here, on};

/// Which one; its name is the program's and the package's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ircd {
    Ngircd,
    Inspircd,
}

impl Ircd {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Ngircd, Self::Inspircd];

    /// The name of the program, and of its package.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ngircd => "ngircd",
            Self::Inspircd => "inspircd",
        }
    }

    /// What to do if this machine does not have it.
    pub(crate) fn missing(self) -> Option<String> {
        (!is_here(self.name())).then(|| format!("not here: apt-get install {}", self.name()))
    }

    /// Starts it in the foreground; the folder is its configuration's.
    pub(crate) fn start(self) -> (Process, SocketAddr, TempDir) {
        let folder = TempDir::new().unwrap();
        // Started by root, ngircd reads it as nobody.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let at = free_address();
        let file = folder.path().join("ircd.conf");
        let mut command = on(Cores::Answering, format!("/usr/sbin/{}", self.name()));
        let (config, arguments) = match self {
            Self::Ngircd => (NGIRCD, ["--nodaemon", "--passive"].as_slice()),
            Self::Inspircd => {
                (INSPIRCD, ["--nofork", "--nolog", "--nopid", "--runasroot"].as_slice())
            }
        };
        fs::write(&file, config.replace("PORT", &at.port().to_string())).unwrap();
        let process = Process::serve(command.args(arguments).arg("--config").arg(file), at);
        (process, at, folder)
    }
}

/// No penalties for talking, no limit for one address, no look-ups, no pings.
const NGIRCD: &str = "
[Global]
Name = side.example
Info = side by side
MotdPhrase = side by side
Listen = 127.0.0.1
Ports = PORT
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = 20
MaxPenaltyTime = 0
PingTimeout = 36000
PongTimeout = 36000
[Options]
DNS = no
Ident = no
PAM = no
";

/// No fake lag, no limit for one address, no look-ups, no pings, a long backlog, large queues.
const INSPIRCD: &str = r#"
<server name="side.example" description="side by side" network="side">
<admin name="nobody" nick="nobody" email="nobody@side.example">
<bind address="127.0.0.1" port="PORT" type="clients">
<connect name="all" allow="*" timeout="60" pingfreq="36000" hardsendq="100M" softsendq="100M"
  recvq="1M" threshold="100000" commandrate="1000000" fakelag="no" localmax="100000"
  globalmax="100000" limit="100000" maxconnwarn="no" resolvehostnames="no" useident="no">
<performance softlimit="100000" somaxconn="1024" clonesonconnect="no">
<dns server="127.0.0.1" timeout="1">
<options nosnoticestack="yes">
"#;
