//! What does not work, with its exit code, its event and its one sentence.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Launch, Program, chat, community, echo, list, node};

/// Waits for the end: the exit code, and the one error event's kind and text.
fn refused(program: &mut Program) -> (i32, String, String) {
    let exit = program.exit();
    let errors = program.events_of("error");
    assert_eq!(errors.len(), 1, "{errors:?}\n{}", program.stderr());
    let text = |field: &str| errors[0][field].as_str().unwrap().to_owned();
    // People are told the same.
    assert!(program.stderr().contains(text("text").lines().next().unwrap()));
    (exit, text("kind"), text("text"))
}

fn kind_of(program: &mut Program) -> (i32, String) {
    let (exit, kind, _) = refused(program);
    (exit, kind)
}

fn is(exit: i32, kind: &str) -> (i32, String) {
    (exit, kind.to_owned())
}

#[test]
fn a_wrong_password_for_a_node_is_exit_3_there_and_one_line_here() {
    let mut bob = node("bob", &[]);
    let at = bob.address().to_string();
    let mut katie = Launch::new("client", &["chat", &at]).env("HALLWAY_PASSWORD", "guess").start();
    assert_eq!(kind_of(&mut katie), is(3, "wrong-password"));
    bob.says("was not completed: a wrong password, most likely");
    let mut right = chat("katie", at.parse().unwrap());
    bob.event("connected");
    right.end_input();
    assert_eq!(right.exit(), 0);
    bob.say("/quit");
    assert_eq!(bob.exit(), 0);
    let stderr = bob.stderr();
    let lines = stderr.lines().filter(|line| line.contains("password"));
    assert_eq!(lines.count(), 1, "{stderr}");
    assert!(!stderr.contains("guess"), "a password was logged");
}

#[test]
fn a_wrong_password_for_a_community_is_exit_3_there_and_one_line_here() {
    let mut community = community(&[]);
    let at = community.address();
    let wrong = |args: &[&str]| Launch::new("client", args).env("HALLWAY_COMMUNITY_PASSWORD", "x");
    let mut katie = wrong(&["list", &at.to_string()]).without_input().start();
    assert_eq!(kind_of(&mut katie), is(3, "wrong-password"));
    community.says("was not completed: a wrong password, most likely");
    let mut right = list(at, &[]);
    assert_eq!(right.exit(), 0);
    assert_eq!(community.stderr().lines().count(), 1, "{}", community.stderr());
}

#[test]
fn too_many_wrong_passwords_are_told_when_to_try_again() {
    let args = ["--listen", "127.0.0.1:0", "--name", "bob", "--guesses-per-source", "1"];
    let mut bob = Launch::new("node-server", &args).start();
    let at = bob.address().to_string();
    let guess = |word| Launch::new("client", &["chat", &at]).env("HALLWAY_PASSWORD", word).start();
    assert_eq!(kind_of(&mut guess("one")), is(3, "wrong-password"));
    let (exit, kind, text) = refused(&mut guess("two"));
    assert_eq!((exit, kind), is(3, "busy"));
    assert!(text.contains("try in "), "{text}");
}

#[test]
fn without_a_password_and_without_a_terminal_it_is_a_usage_error() {
    let at = "127.0.0.1:1";
    let rows: [(&str, &[&str]); 5] = [
        ("client", &["chat", at]),
        ("client", &["list", at]),
        ("node-server", &["--listen", "127.0.0.1:0"]),
        ("community-server", &["--listen", "127.0.0.1:0"]),
        ("client", &["--listen", "127.0.0.1:0", "--community", at]),
    ];
    for (program, args) in rows {
        let mut program = Launch::new(program, args).without_passwords().without_input().start();
        let (exit, kind, text) = refused(&mut program);
        assert_eq!((exit, kind), is(2, "usage"), "{args:?}");
        assert!(text.contains("password") && text.contains("FILE"), "{text}");
    }
}

#[test]
fn nobody_there_is_exit_4_with_what_to_try() {
    // Bound and let go: nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rows = [
        (free.to_string(), "is the program running"),
        ("no-such-host.invalid:5460".to_owned(), "no host of that name"),
    ];
    for (at, words) in rows {
        for task in ["chat", "list"] {
            let mut client = Launch::new("client", &[task, &at]).without_input().start();
            let (exit, kind, text) = refused(&mut client);
            assert_eq!((exit, kind), is(4, "unreachable"), "{text}");
            assert!(text.contains(words) && text.contains(&at), "{text}");
        }
    }
}

#[test]
fn a_port_that_is_taken_is_one_sentence_and_exit_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    for program in ["node-server", "community-server", "client"] {
        let mut program = Launch::new(program, &["--listen", &at]).without_input().start();
        let (exit, kind, text) = refused(&mut program);
        assert_eq!((exit, kind), is(1, "failed"));
        let port = taken.local_addr().unwrap().port().to_string();
        assert!(text.contains(&port) && !text.contains('\n'), "{text}");
        assert_eq!(program.stderr().lines().count(), 1, "{}", program.stderr());
    }
}

/// Somebody who greets everybody with `banner` and then waits for the other side to go.
fn stranger(banner: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut caller, _) = listener.accept().unwrap();
        // The one we serve may be gone before we have read all: that is its right.
        let _ = caller.write_all(banner).and_then(|()| caller.read_to_end(&mut Vec::new()));
    });
    at
}

#[test]
fn whoever_speaks_another_protocol_is_exit_5() {
    let banners: [&'static [u8]; 4] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x0a",
        &[0xff; 5000],
    ];
    for banner in banners {
        let (exit, kind, text) = refused(&mut chat("katie", stranger(banner)));
        assert_eq!((exit, kind), is(5, "protocol"), "{text}");
        assert!(text.contains("is the port right?"), "{text}");
    }
    assert_eq!(kind_of(&mut list(stranger(banners[0]), &[])), is(5, "protocol"));
}

#[test]
fn a_community_called_as_a_node_and_a_node_called_as_a_community_are_exit_5() {
    let mut community = community(&[]);
    let (exit, kind, text) = refused(&mut chat("katie", community.address()));
    assert_eq!((exit, kind), is(5, "protocol"));
    assert!(text.contains("another kind of program"), "{text}");
    let mut bob = node("bob", &[]);
    assert_eq!(kind_of(&mut list(bob.address(), &[])), is(5, "protocol"));
}

#[test]
fn a_data_directory_that_cannot_be_used_is_one_sentence_and_exit_1() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let places = [file.as_path(), &file.join("below"), Path::new("/proc/hallway")];
    for place in places {
        for (program, args) in [
            ("node-server", &["--listen", "127.0.0.1:0"][..]),
            ("community-server", &["--listen", "127.0.0.1:0"]),
            ("client", &["chat", "127.0.0.1:1"]),
            ("client", &["list", "127.0.0.1:1"]),
            ("client", &["--listen", "127.0.0.1:0"]),
        ] {
            let launch = Launch::new(program, args).data_dir(place).without_input();
            let (exit, kind, text) = refused(&mut launch.start());
            assert_eq!((exit, kind), is(1, "failed"), "{program} {args:?} {place:?}");
            assert!(text.contains(place.to_str().unwrap()) && !text.contains('\n'), "{text}");
        }
    }
}

#[test]
fn an_identity_that_others_can_read_is_refused_and_not_replaced() {
    let folder = TempDir::new().unwrap();
    let start = || {
        let args = ["--listen", "127.0.0.1:0", "--name", "bob"];
        Launch::new("node-server", &args).data_dir(folder.path()).without_input().start()
    };
    drop({
        let mut first = start();
        first.address();
        first
    });
    let key = folder.path().join("identity.key");
    let before = fs::read(&key).unwrap();
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let (exit, kind, text) = refused(&mut start());
    assert_eq!((exit, kind), is(1, "failed"));
    assert!(text.contains("identity.key") && text.contains("chmod 600"), "{text}");
    assert_eq!(fs::read(&key).unwrap(), before);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    start().address();
}

#[test]
fn a_node_that_proves_another_identity_is_refused_until_it_is_trusted() {
    let keys = TempDir::new().unwrap();
    let call = |at: SocketAddr| {
        let args = ["chat", &at.to_string(), "--name", "katie"];
        Launch::new("client", &args).data_dir(keys.path()).without_input().start()
    };
    let mut first = echo("bob", &[]);
    let old = first.event("listening");
    let at: SocketAddr = old["address"].as_str().unwrap().parse().unwrap();
    assert_eq!(call(at).exit(), 0);
    assert_eq!(call(at).exit(), 0);
    first.say("/quit");
    assert_eq!(first.exit(), 0);

    let args = ["--listen", &at.to_string(), "--name", "bob", "--echo"];
    let mut second = Launch::new("node-server", &args).start();
    let new = second.event("listening");
    assert_ne!(new["fingerprint"], old["fingerprint"]);
    let mut refused_call = call(at);
    let (exit, kind, text) = refused(&mut refused_call);
    assert_eq!((exit, kind), is(3, "identity-changed"));
    let shown = |event: &Value| text.contains(event["fingerprint"].as_str().unwrap());
    assert!(shown(&old) && shown(&new), "{text}");
    assert!(refused_call.events_of("connected").is_empty());

    // Exactly the command that was shown.
    let (_, command) = text.split_once("client trust, with").unwrap();
    let shown: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(shown[..], ["bob", new["fingerprint"].as_str().unwrap()], "{text}");
    let words = [&["trust"], shown.as_slice()].concat();
    let mut trust = Launch::new("client", &words).data_dir(keys.path()).start();
    assert_eq!(trust.exit(), 0);
    assert_eq!(call(at).exit(), 0);
}

#[test]
fn names_that_would_mislead_are_usage_errors_in_words() {
    let names = [
        "a b",
        "",
        "  ",
        "\u{202e}bob",
        "bob\u{200b}",
        "12",
        "\u{1b}[31mred",
        "a\nb",
        "p\u{430}ypal",
    ];
    for name in names {
        for (program, args) in [
            ("node-server", &["--listen", "127.0.0.1:0"][..]),
            ("client", &["chat", "127.0.0.1:1"]),
        ] {
            let launch = Launch::new(program, args).arg("--name").arg(name).without_input();
            let mut program = launch.start();
            assert_eq!(program.exit(), 2, "{name:?} was taken: {}", program.stderr());
            assert!(program.stdout().is_empty());
            let stderr = program.stderr();
            assert!(stderr.contains("--name"), "{stderr}");
            let harmful = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{200b}".contains(c);
            assert!(!stderr.contains(harmful), "{stderr:?}");
        }
    }
}

#[test]
fn flags_that_make_no_sense_are_usage_errors() {
    for (program, args) in [
        ("client", &["chat"][..]),
        ("client", &["chat", "host:99999"]),
        ("client", &["frob"]),
        ("client", &["trust", "bob"]),
        ("client", &["trust", "bob", "no-fingerprint"]),
        ("node-server", &["--listen", "nowhere"]),
        ("node-server", &["--guesses-per-source", "0"]),
        ("community-server", &["--max-members", "0"]),
        ("community-server", &["--log", "loud"]),
    ] {
        let mut program = Launch::new(program, args).without_input().start();
        assert_eq!(program.exit(), 2, "{args:?}: {}", program.stderr());
        assert!(!program.stderr().is_empty());
    }
}
