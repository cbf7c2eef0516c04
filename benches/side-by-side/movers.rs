//! Who moves files, and how each is told to: the fastest setting of it that was found.

/// What is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// One large file.
    Large,
    /// A folder with many small files.
    Many,
    /// A file of one byte: what it takes to begin.
    Byte,
}

impl Load {
    /// The name of the file or folder.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Many => "many",
            Self::Byte => "byte",
        }
    }
}

/// A pair of programs. In the commands stand for something, beside what the kit fills in: FROM
/// (what is moved), NAME (how it is called), INTO (where to), NEW (a folder of this turn's own).
pub(crate) struct Mover {
    pub(crate) name: &'static str,
    /// The programs it takes, beside Hallway's.
    pub(crate) programs: &'static [&'static str],
    /// How to get them.
    pub(crate) install: &'static str,
    pub(crate) loads: &'static [Load],
    /// Done before, and not counted; empty where there is nothing.
    pub(crate) before: &'static str,
    pub(crate) answering: &'static str,
    /// The one who answers is waited for until it says this; empty: until it listens.
    pub(crate) ready: &'static str,
    /// It ends by itself when all is there; otherwise the end of who asks says so.
    pub(crate) ends: bool,
    pub(crate) asking: &'static str,
    /// Who asks and who answers, in the table of memory; empty where it is not measured.
    pub(crate) sides: [&'static str; 2],
}

const SINGLE: &[Load] = &[Load::Large, Load::Byte];
const ANY: &[Load] = &[Load::Large, Load::Many, Load::Byte];
/// Ours, the first row, and the floors.
pub(crate) const OURS: &str = "Hallway: client send, node-server";
pub(crate) const FLOOR: &str = "socat, TCP (not encrypted)";
pub(crate) const FLOOR_OF_MANY: &str = "tar, socat, TCP (not encrypted)";

const NODE: &str = "BIN/node-server --name bob --files all --download-dir INTO --data-dir NEW/bob \
                    --no-discovery --listen 127.0.0.1:PORT --json";
const SSHD: &str = "/usr/sbin/sshd -D -f DIR/sshd_config -p PORT";
const SSH_PROGRAMS: &[&str] = &["sshd", "ssh", "scp", "sftp"];
const SSH_INSTALL: &str = "apt-get install openssh-server openssh-client";
const SOCAT: &[&str] = &["socat", "openssl"];
const SOCAT_INSTALL: &str = "apt-get install socat openssl";
const RSYNC: &[&str] = &["rsync", "sshd", "ssh"];
const RSYNC_INSTALL: &str = "apt-get install rsync openssh-server openssh-client";

/// What most of them have in common.
const PLAIN: Mover = Mover {
    name: "",
    programs: &[],
    install: "cargo build --release",
    loads: ANY,
    before: "",
    answering: "",
    ready: "",
    ends: false,
    asking: "",
    sides: ["", ""],
};

const SSH: Mover = Mover { programs: SSH_PROGRAMS, install: SSH_INSTALL, answering: SSHD, ..PLAIN };
const PIPE: Mover = Mover { programs: SOCAT, install: SOCAT_INSTALL, ends: true, ..PLAIN };

/// All of them.
pub(crate) const MOVERS: [Mover; 13] = [
    Mover {
        name: OURS,
        answering: NODE,
        ready: "listening",
        asking: "BIN/client send 127.0.0.1:PORT FROM --name ann --data-dir NEW/ann --json",
        sides: ["client send", "node-server that receives"],
        ..PLAIN
    },
    Mover {
        name: "Hallway: client get, node-server",
        before: "BIN/client share FROM --data-dir NEW/bob",
        answering: NODE,
        ready: "listening",
        asking: "BIN/client get 127.0.0.1:PORT NAME -o INTO --name ann --data-dir NEW/ann --json",
        sides: ["client get", "node-server that sends"],
        ..PLAIN
    },
    Mover {
        name: "socat, TLS 1.3",
        loads: SINGLE,
        answering: "socat -u -b 65536 OPENSSL-LISTEN:PORT,bind=127.0.0.1,reuseaddr,verify=0,\
                    cert=DIR/cert.pem,key=DIR/cert.key,openssl-min-proto-version=TLS1.3 \
                    CREATE:INTO/NAME",
        asking: "socat -u -b 65536 OPEN:FROM OPENSSL:127.0.0.1:PORT,cafile=DIR/cert.pem,\
                 commonname=localhost",
        ..PIPE
    },
    Mover {
        name: "tar, socat, TLS 1.3",
        loads: &[Load::Many],
        answering: "socat -u -b 65536 OPENSSL-LISTEN:PORT,bind=127.0.0.1,reuseaddr,verify=0,\
                    cert=DIR/cert.pem,key=DIR/cert.key,openssl-min-proto-version=TLS1.3 STDOUT \
                    | tar -C INTO -x",
        asking: "tar -C FROM/.. -c NAME | socat -u -b 65536 STDIN \
                 OPENSSL:127.0.0.1:PORT,cafile=DIR/cert.pem,commonname=localhost",
        ..PIPE
    },
    Mover {
        name: "scp, chacha20-poly1305",
        asking: "scp -q -r -F DIR/ssh_config -P PORT -c chacha20-poly1305@openssh.com FROM \
                 127.0.0.1:INTO/",
        ..SSH
    },
    Mover {
        name: "scp, aes128-gcm",
        asking: "scp -q -r -F DIR/ssh_config -P PORT -c aes128-gcm@openssh.com FROM \
                 127.0.0.1:INTO/",
        ..SSH
    },
    Mover {
        name: "sftp, chacha20-poly1305",
        asking: "echo put -R FROM INTO/ | sftp -q -b - -F DIR/ssh_config -P PORT 127.0.0.1",
        ..SSH
    },
    Mover {
        name: "rsync over ssh, chacha20-poly1305",
        programs: RSYNC,
        install: RSYNC_INSTALL,
        asking: "rsync -a FROM 127.0.0.1:INTO/",
        ..SSH
    },
    Mover {
        name: "rsync over ssh, aes128-gcm",
        programs: RSYNC,
        install: RSYNC_INSTALL,
        asking: "rsync -a FROM aes128:INTO/",
        ..SSH
    },
    Mover {
        name: "rsync, its daemon (not encrypted)",
        programs: &["rsync"],
        install: "apt-get install rsync",
        answering: "rsync --daemon --no-detach --config DIR/rsyncd.conf --address 127.0.0.1 \
                    --port PORT --dparam path=INTO",
        asking: "rsync -a FROM rsync://127.0.0.1:PORT/into/",
        ..PLAIN
    },
    Mover {
        name: "magic-wormhole, a mailbox server here",
        programs: &["wormhole", "twist"],
        install: "pip install magic-wormhole magic-wormhole-mailbox-server",
        loads: SINGLE,
        answering: "twist wormhole-mailbox --channel-db=:memory: \
                    --port=tcp:PORT:interface=127.0.0.1",
        asking: "wormhole --relay-url ws://127.0.0.1:PORT/v1 --transit-helper tcp:127.0.0.1:9 \
                 receive --hide-progress --accept-file -o INTO/NAME 7-side-by & \
                 wormhole --relay-url ws://127.0.0.1:PORT/v1 --transit-helper tcp:127.0.0.1:9 \
                 send --hide-progress --code 7-side-by FROM && wait $!",
        ..PLAIN
    },
    Mover {
        name: FLOOR,
        loads: SINGLE,
        answering: "socat -u -b 65536 TCP-LISTEN:PORT,bind=127.0.0.1,reuseaddr CREATE:INTO/NAME",
        asking: "socat -u -b 65536 OPEN:FROM TCP:127.0.0.1:PORT",
        ..PIPE
    },
    Mover {
        name: FLOOR_OF_MANY,
        loads: &[Load::Many],
        answering: "socat -u -b 65536 TCP-LISTEN:PORT,bind=127.0.0.1,reuseaddr STDOUT \
                    | tar -C INTO -x",
        asking: "tar -C FROM/.. -c NAME | socat -u -b 65536 STDIN TCP:127.0.0.1:PORT",
        ..PIPE
    },
];
