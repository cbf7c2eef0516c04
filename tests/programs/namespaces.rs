//! Two machines on one cable: network namespaces that the test makes and takes away.

use std::process::Command;

use crate::support::{Launch, Program};

/// Two namespaces joined by a cable; gone when dropped.
struct Cable {
    near: String,
    far: String,
}

fn ip(args: &str) -> bool {
    let output = Command::new("ip").args(args.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}

impl Cable {
    /// `None` where this machine does not allow namespaces.
    fn new() -> Option<Self> {
        let number = std::process::id();
        let cable = Self { near: format!("hw{number}a"), far: format!("hw{number}b") };
        let Self { near, far } = &cable;
        if !ip(&format!("netns add {near}")) {
            return None;
        }
        let steps = [
            format!("netns add {far}"),
            format!("link add v0 netns {near} type veth peer name v0 netns {far}"),
            format!("-n {near} addr add 10.77.0.1/24 dev v0"),
            format!("-n {far} addr add 10.77.0.2/24 dev v0"),
            format!("-n {near} link set lo up"),
            format!("-n {far} link set lo up"),
            format!("-n {near} link set v0 up"),
            format!("-n {far} link set v0 up"),
        ];
        for step in steps {
            assert!(ip(&step), "ip {step}");
        }
        Some(cable)
    }

    fn near(&self, program: &str, args: &[&str]) -> Program {
        Self::start(&self.near, program, args)
    }

    fn far(&self, program: &str, args: &[&str]) -> Program {
        Self::start(&self.far, program, args)
    }

    fn start(namespace: &str, program: &str, args: &[&str]) -> Program {
        let script = format!(r#"exec ip netns exec {namespace} "$@""#);
        Launch::by_shell(&script, program, args).start()
    }

    fn pull(&self) {
        assert!(ip(&format!("-n {} link set v0 down", self.far)));
    }

    fn plug_in(&self) {
        assert!(ip(&format!("-n {} link set v0 up", self.far)));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.near));
        ip(&format!("netns del {}", self.far));
    }
}

#[test]
fn a_member_whose_cable_is_pulled_is_gone_and_comes_back_with_the_cable() {
    let Some(cable) = Cable::new() else {
        println!("skipped: needs root and iproute2");
        return;
    };
    let mut community = cable.near("community-server", &[]);
    community.event("listening");
    let args = ["--name", "katie", "--echo", "--community", "10.77.0.1"];
    let mut katie = cable.far("node-server", &args);
    assert_eq!(katie.event("community")["state"], "joined");
    let mut watcher = cable.near("client", &["list", "10.77.0.1", "--watch"]);
    // Not the loopback, and not what it was bound to: the address that others can use.
    assert_eq!(watcher.member("member", "katie")["address"], "10.77.0.2:5460");
    let mut bob = cable.near("client", &["chat", "10.77.0.2", "--name", "bob"]);
    assert_eq!(bob.event("connected")["address"], "10.77.0.2:5460");
    watcher.member("changed", "katie");

    // Nothing is sent that could not be answered: keep-alive alone notices.
    cable.pull();
    watcher.member("left", "katie");
    assert_eq!(bob.event("closed")["reason"], "lost");
    assert_eq!(bob.exit(), 4);

    cable.plug_in();
    watcher.member("joined", "katie");
}
