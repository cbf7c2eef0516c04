//! A network for one transcript: a namespace with one interface, which all its programs share.

use std::process::Command;

/// Gone when dropped.
pub(crate) struct Network {
    name: String,
}

impl Network {
    /// With 10.99.0.1 on `eth0`. `None` where this machine does not allow namespaces.
    pub(crate) fn new() -> Option<Self> {
        let name = format!("hw{}m", std::process::id());
        if !ip(&format!("netns add {name}")) {
            let is_required = std::env::var_os("HALLWAY_ALL_TOOLS").is_some();
            assert!(!is_required, "network namespaces are required here");
            return None;
        }
        let network = Self { name };
        for args in [
            "link set lo up",
            // The other end of the cable is there too, and nobody's.
            "link add eth0 type veth peer name end",
            "link set end addrgenmode none",
            // A transcript says which address is shown.
            "link set eth0 addrgenmode none",
            "link set end up",
            "addr add 10.99.0.1/24 dev eth0",
            "link set eth0 up",
        ] {
            assert!(ip(&format!("-n {} {args}", network.name)), "{args}");
        }
        Some(network)
    }

    /// What `ip netns exec` calls it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(args: &str) -> bool {
    let output = Command::new("ip").args(args.split(' ')).output();
    output.is_ok_and(|output| output.status.success())
}
