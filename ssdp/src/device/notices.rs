//! What a device announces, and which of that a search means.

use crate::engine::Device;
use crate::target::{Target, Udn, Usn};

/// One message of the set: its NT and its USN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) target: Target,
    pub(super) usn: Usn,
}

impl Notice {
    fn new(udn: &Udn, target: Target) -> Self {
        let is_device = matches!(target, Target::Device(_));
        let usn = Usn { udn: udn.clone(), target: (!is_device).then(|| target.clone()) };
        Self { target, usn }
    }
}

/// The set of UDA 1.2.2: three for the root, two for each device inside, one for each type of
/// service in each of them.
pub(super) fn of(device: &Device) -> Vec<Notice> {
    let mut set = vec![Notice::new(&device.udn, Target::RootDevice)];
    add(&mut set, &device.udn, &device.kind, &device.services);
    for embedded in &device.embedded {
        add(&mut set, &embedded.udn, &embedded.kind, &embedded.services);
    }
    set
}

/// What an earlier run of the device announced, as far as that is known.
pub(super) fn of_earlier(device: &Device, udn: &Udn) -> Vec<Notice> {
    let mut set = vec![Notice::new(udn, Target::RootDevice)];
    add(&mut set, udn, &device.kind, &device.services);
    set
}

fn add(set: &mut Vec<Notice>, udn: &Udn, kind: &Target, services: &[Target]) {
    set.push(Notice::new(udn, Target::Device(udn.clone())));
    set.push(Notice::new(udn, kind.clone()));
    for service in services {
        let notice = Notice::new(udn, service.clone());
        // Of several versions the highest stands for all (UDA 1.2.2).
        let is_outdone = services.iter().any(|other| other != service && other.serves(service));
        if !is_outdone && !set.contains(&notice) {
            set.push(notice);
        }
    }
}

/// The answers to a search: ST and USN of each. They carry the version that was asked for, which
/// may be lower than ours (UDA 1.3.2).
pub(super) fn matching(set: &[Notice], asked: &Target) -> Vec<Notice> {
    match asked {
        Target::All => return set.to_vec(),
        Target::Other(_) => return Vec::new(),
        Target::RootDevice | Target::Device(_) | Target::DeviceType(_) | Target::ServiceType(_) => {
        }
    }
    let meant = set.iter().filter(|notice| notice.target.serves(asked));
    let as_asked = meant.map(|notice| Notice::new(&notice.usn.udn, asked.clone()));
    as_asked.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::Embedded;

    fn target(text: &str) -> Target {
        Target::parse(&text.replace("X", "urn:example-org:")).unwrap()
    }

    fn lamp() -> Device {
        let service = |text: &str| target(&format!("Xservice:{text}"));
        let bulb = Embedded {
            udn: Udn::parse("uuid:bulb").unwrap(),
            kind: target("Xdevice:Bulb:1"),
            services: vec![service("Switch:1")],
        };
        Device {
            udn: Udn::parse("uuid:lamp").unwrap(),
            kind: target("Xdevice:Lamp:2"),
            services: vec![service("Switch:1"), service("Dim:1"), service("Switch:2")],
            embedded: vec![bulb],
            location: (80, "/".into()),
            config_id: 1,
            max_age: Duration::from_secs(1800),
            extra: Vec::new(),
            earlier: Vec::new(),
        }
    }

    fn answers(asked: &str) -> Vec<String> {
        let answers = matching(&of(&lamp()), &target(asked));
        let short = |text: String| text.replace("urn:example-org:", "X");
        let line = |notice: Notice| short(format!("{} {}", notice.target, notice.usn));
        answers.into_iter().map(line).collect()
    }

    #[test]
    fn the_set_has_three_and_two_for_each_device_inside_and_one_for_each_service_type() {
        let expected = [
            "upnp:rootdevice uuid:lamp::upnp:rootdevice",
            "uuid:lamp uuid:lamp",
            "Xdevice:Lamp:2 uuid:lamp::Xdevice:Lamp:2",
            "Xservice:Dim:1 uuid:lamp::Xservice:Dim:1",
            "Xservice:Switch:2 uuid:lamp::Xservice:Switch:2",
            "uuid:bulb uuid:bulb",
            "Xdevice:Bulb:1 uuid:bulb::Xdevice:Bulb:1",
            "Xservice:Switch:1 uuid:bulb::Xservice:Switch:1",
        ];
        assert_eq!(answers("ssdp:all"), expected);
        let earlier = of_earlier(&lamp(), &Udn::parse("uuid:old").unwrap());
        assert_eq!(earlier.len(), 5);
    }

    #[test]
    fn a_search_is_answered_with_the_version_that_it_asks_for() {
        assert_eq!(answers("upnp:rootdevice"), ["upnp:rootdevice uuid:lamp::upnp:rootdevice"]);
        assert_eq!(answers("uuid:bulb"), ["uuid:bulb uuid:bulb"]);
        assert_eq!(answers("Xdevice:Lamp:1"), ["Xdevice:Lamp:1 uuid:lamp::Xdevice:Lamp:1"]);
        let switches = [
            "Xservice:Switch:1 uuid:lamp::Xservice:Switch:1",
            "Xservice:Switch:1 uuid:bulb::Xservice:Switch:1",
        ];
        assert_eq!(answers("Xservice:Switch:1"), switches);
    }

    #[test]
    fn what_is_not_meant_is_not_answered() {
        let others = ["Xdevice:Lamp:3", "Xdevice:lamp:1", "Xservice:Lamp:1", "uuid:LAMP"];
        let odd = ["\"ssdp:all\"", "Xdevice:Lamp", "XDEVICE:LAMP:1", "Xdevice:Lamp:0", "uuid:"];
        for asked in others.iter().chain(&odd) {
            assert_eq!(answers(asked), [""; 0], "{asked}");
        }
    }
}
