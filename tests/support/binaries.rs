//! The programs under test, built once.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// Where the programs are. They belong to other packages of the workspace, which cargo does not
/// build for this one's tests: so the first test builds them, the others wait for it.
pub(crate) fn binary(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build).join(name)
}

/// Builds with the profile and into the folder of this test.
fn build() -> PathBuf {
    // target/<profile>/deps/<test>-<hash>
    let test = env::current_exe().unwrap();
    let folder = test.ancestors().nth(2).unwrap().to_owned();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let cargo = env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
    let done = Command::new(cargo)
        // This test is named so that the dependencies have the features they have now, and are
        // not built a second time.
        .args(["build", "--workspace", "--bins", "--test", env!("CARGO_CRATE_NAME")])
        .args(["--profile", profile])
        .arg("--target-dir")
        .arg(folder.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    folder
}
