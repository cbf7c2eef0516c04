//! What a node shares: listed, fetched by name and by hash, and nothing else.

use std::path::Path;

use hallway::text::FileName;
use tempfile::TempDir;

use super::{Taker, bytes, file, names, task};
use crate::support::{Launch, NODE_PASSWORD, Program};

/// Somebody who shares these.
fn sharer(paths: &[&Path]) -> Taker {
    let mut katie = Taker::with("katie", &[]);
    for path in paths {
        katie.program.say(&format!("/share '{}'", path.to_str().unwrap()));
    }
    katie
}

/// What `client files` tells, once that fits.
fn listed(katie: &Taker, fits: impl Fn(&[serde_json::Value]) -> bool) -> Vec<serde_json::Value> {
    for _ in 0..100 {
        let mut bob = task("files", katie.at, &[]).start();
        assert_eq!(bob.exit(), 0, "{}", bob.stderr());
        let files = bob.events_of("file");
        if fits(&files) {
            return files;
        }
    }
    panic!("it never comes to that")
}

/// Fetches into a folder.
fn get(katie: &Taker, name: &str, into: &Path) -> Program {
    task("get", katie.at, &[name, "-o", into.to_str().unwrap()]).start()
}

#[test]
fn what_is_shared_is_listed_and_fetched_by_name_and_by_hash() {
    let here = TempDir::new().unwrap();
    let notes = file(here.path(), "notes.txt", 1, 2_000_000);
    let folder = here.path().join("pictures");
    std::fs::create_dir(&folder).unwrap();
    file(&folder, "a.png", 2, 1_000);
    let katie = sharer(&[&notes, &folder]);
    let files = listed(&katie, |files| files.len() == 2 && files[0]["hash"].is_string());
    assert_eq!((&files[0]["name"], &files[0]["bytes"]), (&"notes.txt".into(), &2_000_000.into()));
    assert_eq!((&files[1]["name"], &files[1]["kind"]), (&"pictures".into(), &"folder".into()));
    let hash = blake3::hash(&bytes(1, 2_000_000)).to_string();
    assert_eq!(files[0]["hash"], hash.as_str());

    let into = TempDir::new().unwrap();
    assert_eq!(get(&katie, "notes.txt", into.path()).exit(), 0);
    assert_eq!(get(&katie, "pictures", into.path()).exit(), 0);
    assert_eq!(names(into.path()), ["notes.txt", "pictures"]);
    assert_eq!(std::fs::read(into.path().join("pictures/a.png")).unwrap(), bytes(2, 1_000));
    let other = TempDir::new().unwrap();
    assert_eq!(get(&katie, &hash, other.path()).exit(), 0);
    assert_eq!(std::fs::read(other.path().join("notes.txt")).unwrap(), bytes(1, 2_000_000));
}

#[test]
fn nothing_else_can_be_named_and_nothing_that_is_shared_no_more() {
    let here = TempDir::new().unwrap();
    let (open, secret) =
        (file(here.path(), "open.txt", 1, 10), file(here.path(), "secret.txt", 2, 10));
    let mut katie = sharer(&[&open]);
    listed(&katie, |files| files.len() == 1);
    let into = TempDir::new().unwrap();
    let whole = secret.to_str().unwrap();
    for path in [whole, "../secret.txt", "open.txt/../secret.txt", "", "."] {
        assert_eq!(get(&katie, path, into.path()).exit(), 2, "{path:?}");
    }
    let mut bob = get(&katie, "secret.txt", into.path());
    assert_eq!(bob.exit(), 1);
    let error = &bob.events_of("error")[0];
    assert_eq!(error["kind"], "not-there");
    assert!(error["text"].as_str().unwrap().starts_with("secret.txt is not fetched"), "{error}");
    katie.program.say("/unshare open.txt");
    assert!(listed(&katie, <[_]>::is_empty).is_empty());
    assert_eq!(get(&katie, "open.txt", into.path()).exit(), 1);
    assert!(names(into.path()).is_empty());
}

#[test]
fn one_file_goes_to_standard_output_and_nothing_with_it() {
    let here = TempDir::new().unwrap();
    let open = file(here.path(), "open.bin", 7, 3_500_000);
    let folder = here.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let katie = sharer(&[&open, &folder]);
    listed(&katie, |files| files.len() == 2);
    let at = katie.at.to_string();
    let data = TempDir::new().unwrap();
    let to_output = |name| {
        let args = ["get", &at, name, "-o", "-", "--name", "bob", "--no-discovery"];
        std::process::Command::new(crate::binaries::binary("client"))
            .args(args)
            .arg("--data-dir")
            .arg(data.path())
            .env("HALLWAY_PASSWORD", NODE_PASSWORD)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    };
    let output = to_output("open.bin");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout == bytes(7, 3_500_000), "{} bytes", output.stdout.len());

    let output = to_output("folder");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.stdout.is_empty() && said.contains("-o FOLDER"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_is_shared_stays_so_from_run_to_run_and_by_the_task() {
    let here = TempDir::new().unwrap();
    let data = TempDir::new().unwrap();
    let path = file(here.path(), "kept.txt", 1, 10);
    let shared = |args: &[&str]| {
        let mut client = Launch::new("client", args).data_dir(data.path()).without_input().start();
        assert_eq!(client.exit(), 0, "{}", client.stderr());
        let names = client.events_of("file").into_iter().map(|file| file["name"].to_string());
        names.collect::<Vec<_>>()
    };
    assert_eq!(shared(&["share", path.to_str().unwrap()]), [r#""kept.txt""#]);
    assert_eq!(shared(&["shared"]), [r#""kept.txt""#]);
    let args = ["--listen", "127.0.0.1:0", "--name", "katie"];
    let mut program = Launch::new("node-server", &args).data_dir(data.path()).start();
    let at = program.address();
    let katie = Taker { program, at, folder: TempDir::new().unwrap() };
    listed(&katie, |files| files.len() == 1);
    assert!(shared(&["unshare", "all"]).is_empty());
}

#[test]
fn the_same_content_is_not_fetched_twice() {
    let here = TempDir::new().unwrap();
    let path = file(here.path(), "big.iso", 1, 1_500_000);
    let katie = sharer(&[&path]);
    listed(&katie, |files| files.len() == 1 && files[0]["hash"].is_string());
    let (data, into) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let get = |into: &Path| {
        let args = ["big.iso", "-o", into.to_str().unwrap()];
        let mut bob = task("get", katie.at, &args).data_dir(data.path()).start();
        assert_eq!(bob.exit(), 0, "{}", bob.stderr());
        bob.events_of("file-done").remove(0)
    };
    assert!(get(into.path())["had"].is_null());
    assert_eq!(get(into.path())["had"], true);
    assert_eq!(names(into.path()), [FileName::of("big.iso").as_str()]);
    // What is not there any more, or is another now, is fetched again.
    std::fs::write(into.path().join("big.iso"), "changed").unwrap();
    assert!(get(into.path())["had"].is_null());
}

#[test]
fn answers_piped_into_the_menu_send_and_fetch_and_all_of_it_arrives() {
    let here = TempDir::new().unwrap();
    let (sent, shared) =
        (file(here.path(), "my notes", 1, 3_000_000), file(here.path(), "lesson", 2, 9_000_000));
    let mut katie = Taker::new("katie");
    katie.program.say(&format!("/share {}", shared.display()));
    listed(&katie, |files| files.len() == 1);
    let into = TempDir::new().unwrap();
    let folder = into.path().to_str().unwrap();
    let args = ["--listen", "127.0.0.1:0", "--name", "bob", "--download-dir", folder];
    let mut menu = Launch::new("client", &args).start();
    let path = sent.to_str().unwrap().replace(' ', "\\ ");
    let answers = format!("3\n{}\n{NODE_PASSWORD}\n/menu\n5\n1\n{path}\n2\n1\n", katie.at);
    menu.type_bytes(answers.as_bytes());
    menu.end_input();
    assert_eq!(menu.exit(), 0, "{}", menu.stderr());
    assert_eq!(katie.read("my notes"), bytes(1, 3_000_000));
    assert_eq!(std::fs::read(into.path().join("lesson")).unwrap(), bytes(2, 9_000_000));
}
