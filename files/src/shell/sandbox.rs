//! The thread that writes may write into its folder and nowhere else: the system sees to it.
//!
//! A thread that has confined itself stays so. Other threads are not concerned, so there is one for
//! each place that is written to. What is open already stays open.

use std::path::Path;

/// How well a thread is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// By all that this program knows of: nothing else is read or written, no link or device made,
    /// no connection opened.
    Enforced,
    /// By what this kernel has of it.
    Partly,
    /// This system has no such thing.
    NotThere,
}

/// How well the threads that write would be confined here: for who has none, and wants to know.
pub fn probe() -> Sandbox {
    let probe = std::thread::Builder::new().name("sandbox".to_owned()).spawn(|| confine(None));
    probe.ok().and_then(|thread| thread.join().ok()).unwrap_or(Sandbox::NotThere)
}

/// Confines this thread to a folder, or to nothing at all.
#[cfg(target_os = "linux")]
pub(super) fn confine(folder: Option<&Path>) -> Sandbox {
    use landlock::RulesetStatus;
    match restrict(folder) {
        Ok(RulesetStatus::FullyEnforced) => Sandbox::Enforced,
        Ok(RulesetStatus::PartiallyEnforced) => Sandbox::Partly,
        Ok(RulesetStatus::NotEnforced) | Err(_) => Sandbox::NotThere,
    }
}

/// The same where there is no Landlock.
#[cfg(not(target_os = "linux"))]
pub(super) fn confine(_folder: Option<&Path>) -> Sandbox {
    Sandbox::NotThere
}

#[cfg(target_os = "linux")]
fn restrict(
    folder: Option<&Path>,
) -> Result<landlock::RulesetStatus, Box<dyn std::error::Error + Send + Sync>> {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
        PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, Scope,
    };
    // Linux 6.12; older kernels take what they know of it.
    let abi = ABI::V6;
    let needed: BitFlags<AccessFs> = AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
        | AccessFs::Refer;
    // The first Landlock forbids every move from one folder to another, so nothing could be moved
    // into its place: better none.
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::Refer)?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    let rules = match folder {
        Some(folder) => rules.add_rule(PathBeneath::new(PathFd::new(folder)?, needed))?,
        None => rules,
    };
    Ok(rules.restrict_self()?.ruleset)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_confined_thread_can_neither_write_nor_read_outside_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
        fs::create_dir(&inside).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), "s").unwrap();
        let paths = (inside.clone(), outside.clone());
        let thread = std::thread::spawn(move || {
            let (inside, outside) = paths;
            let confined = confine(Some(&inside));
            fs::write(inside.join("part"), "p").unwrap();
            fs::create_dir(inside.join("folder")).unwrap();
            fs::rename(inside.join("part"), inside.join("folder/moved")).unwrap();
            let tries = [
                fs::write(outside.join("new"), "n"),
                fs::write(outside.join("secret"), "overwritten"),
                fs::read(outside.join("secret")).map(|_| ()),
                fs::remove_file(outside.join("secret")),
                fs::rename(inside.join("folder/moved"), outside.join("moved")),
                std::os::unix::fs::symlink("/", inside.join("link")),
            ];
            (confined, tries.map(|tried| tried.is_err()))
        });
        let (confined, refused) = thread.join().unwrap();
        if confined == Sandbox::NotThere {
            println!("skipped: this kernel has no Landlock");
            return;
        }
        assert_eq!(refused, [true; 6]);
        // The other threads may go on.
        fs::write(outside.join("new"), "n").unwrap();
        assert_eq!(fs::read(outside.join("secret")).unwrap(), b"s");
        assert_eq!(probe(), confined);
    }
}
