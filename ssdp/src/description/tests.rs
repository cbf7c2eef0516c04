//! Descriptions written and read, hostile ones among them.

use proptest::prelude::*;

use super::*;
use crate::target::Type;

fn urn(kind: &str) -> Type {
    Type { domain: "example-org".into(), kind: kind.into(), version: 1 }
}

fn lamp(friendly_name: &str) -> Description {
    Description {
        kind: Target::DeviceType(urn("Lamp")),
        udn: Udn::random([7; 16]),
        friendly_name: friendly_name.into(),
        manufacturer: "Lamps & Sons".into(),
        manufacturer_url: Some("https://example.org/?a=1&b=2".into()),
        model_name: "Lamp".into(),
        model_number: "1.0".into(),
        model_description: "It is <bright>".into(),
        presentation: Some("/".into()),
        services: vec![Service {
            kind: Target::ServiceType(urn("Light")),
            id: "urn:example-org:serviceId:Light".into(),
            scpd: "/light.xml".into(),
        }],
        config_id: 77,
    }
}

/// A description around the contents of its device.
fn around(contents: &str) -> String {
    format!("<root><device>{contents}</device></root>")
}

#[test]
fn a_description_has_what_uda_requires() {
    let xml = lamp("Bob's \"lamp\" <3").to_xml();
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some("urn:schemas-upnp-org:device-1-0"));
    assert_eq!(root.attribute("configId"), Some("77"));
    let version = child(root, "specVersion").unwrap();
    assert_eq!(child(version, "major").unwrap().text(), Some("2"));
    assert_eq!(child(version, "minor").unwrap().text(), Some("0"));

    let device = child(root, "device").unwrap();
    let expected = [
        ("deviceType", "urn:example-org:device:Lamp:1"),
        ("friendlyName", "Bob's \"lamp\" <3"),
        ("manufacturer", "Lamps & Sons"),
        ("manufacturerURL", "https://example.org/?a=1&b=2"),
        ("modelDescription", "It is <bright>"),
        ("modelName", "Lamp"),
        ("modelNumber", "1.0"),
        ("UDN", "uuid:07070707-0707-4707-8707-070707070707"),
        ("presentationURL", "/"),
    ];
    for (name, text) in expected {
        assert_eq!(child(device, name).unwrap().text(), Some(text), "{name}");
    }

    let service = child(child(device, "serviceList").unwrap(), "service").unwrap();
    let expected = [
        ("serviceType", Some("urn:example-org:service:Light:1")),
        ("serviceId", Some("urn:example-org:serviceId:Light")),
        ("SCPDURL", Some("/light.xml")),
        ("controlURL", None),
        ("eventSubURL", None),
    ];
    for (name, text) in expected {
        assert_eq!(child(service, name).unwrap().text(), text, "{name}");
    }
}

#[test]
fn a_service_has_one_variable_and_no_events() {
    let xml = scpd(77);
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element();
    assert_eq!(root.tag_name().namespace(), Some("urn:schemas-upnp-org:service-1-0"));
    assert_eq!(root.attribute("configId"), Some("77"));
    let variable = child(child(root, "serviceStateTable").unwrap(), "stateVariable").unwrap();
    assert_eq!(variable.attribute("sendEvents"), Some("no"));
    assert!(child(root, "actionList").is_none());
}

#[test]
fn what_is_written_can_be_read() {
    let device = lamp("Lamp");
    let foreign = read(&device.to_xml()).unwrap();
    assert_eq!(foreign.udn, Some(device.udn));
    assert_eq!(foreign.kind.as_deref(), Some("urn:example-org:device:Lamp:1"));
    assert_eq!(foreign.friendly_name.as_deref(), Some("Lamp"));
    assert_eq!(foreign.manufacturer.as_deref(), Some("Lamps & Sons"));
    assert_eq!(foreign.model_name.as_deref(), Some("Lamp"));
    assert_eq!(foreign.presentation.as_deref(), Some("/"));
}

#[test]
fn a_description_may_lack_everything_but_the_device() {
    assert_eq!(read(&around("")), Ok(Foreign::default()));
    assert_eq!(read(&around("<friendlyName/><UDN> </UDN>")), Ok(Foreign::default()));
    for none in ["<root/>", "<device/>", "<root><a><device/></a></root>"] {
        assert_eq!(read(none), Err(Unreadable::NoDevice), "{none}");
    }
}

#[test]
fn values_lose_control_characters_and_have_a_longest_length() {
    let friendly = |text: &str| {
        read(&around(&format!("<friendlyName>{text}</friendlyName>"))).unwrap().friendly_name
    };
    assert_eq!(friendly(" \n La&#9;mp\u{85}&#127; ").as_deref(), Some("Lamp"));
    assert_eq!(friendly("&#127; Lamp &#127;").as_deref(), Some("Lamp"), "blanks behind controls");
    assert!(friendly(&"x".repeat(VALUE_BYTES_MAX)).is_some());
    assert_eq!(friendly(&"x".repeat(VALUE_BYTES_MAX + 1)), None);
    let long_udn = format!("<UDN>uuid:{}</UDN>", "x".repeat(Udn::BYTES_MAX + 1));
    assert_eq!(read(&around(&long_udn)).unwrap().udn, None);
}

#[test]
fn entities_are_not_followed() {
    let laughs: String = (1..20)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let bomb = "<friendlyName>&l19;</friendlyName>";
    let hostile = [
        format!("<!DOCTYPE r [<!ENTITY l0 \"ha\">{laughs}]>{}", around(bomb)),
        format!(
            "<!DOCTYPE r [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>{}",
            around("<friendlyName>&f;</friendlyName>")
        ),
        format!("<!DOCTYPE r SYSTEM \"http://127.0.0.1/r.dtd\">{}", around("")),
        around("<friendlyName>&unknown;</friendlyName>"),
    ];
    for xml in hostile {
        assert_eq!(read(&xml), Err(Unreadable::NotXml), "{}", xml.get(..60).unwrap());
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = format!("{}{}", "<a>".repeat(9000), "</a>".repeat(9000));
    assert!(deep.len() < DESCRIPTION_BYTES_MAX);
    assert_eq!(read(&deep), Err(Unreadable::NotXml));
    assert_eq!(read(&around(&"<a/>".repeat(9000))), Err(Unreadable::NotXml));
    assert_eq!(read(&"<".repeat(DESCRIPTION_BYTES_MAX + 1)), Err(Unreadable::TooLong));
    assert_eq!(read(&"<".repeat(DESCRIPTION_BYTES_MAX)), Err(Unreadable::NotXml));
}

#[test]
fn what_would_take_the_reader_long_is_not_read() {
    let namespaces: String = (0..2000).map(|n| format!(" xmlns:a{n}=\"{n}\"")).collect();
    let heirs = "<b xmlns:c=\"\"/>".repeat(1000);
    let hostile = format!("<root{namespaces}><device>{heirs}</device></root>");
    assert_eq!(read(&hostile), Err(Unreadable::NotXml));
    let attributes = |count: usize| {
        let all: String = (0..count).map(|n| format!(" a{n}=\"\"")).collect();
        read(&format!("<root{all}><device/></root>"))
    };
    assert_eq!(attributes(DESCRIPTION_ATTRIBUTES_MAX), Ok(Foreign::default()));
    assert_eq!(attributes(DESCRIPTION_ATTRIBUTES_MAX + 1), Err(Unreadable::NotXml));
}

proptest! {
    #[test]
    fn any_name_is_written_so_that_it_comes_back(name in any::<String>()) {
        let xml = lamp(&name).to_xml();
        let document = Document::parse(&xml).unwrap();
        let device = child(document.root_element(), "device").unwrap();
        let legal = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
        let expected: String = name.chars().filter(legal).collect();
        prop_assert_eq!(child(device, "friendlyName").unwrap().text().unwrap_or(""), expected);
    }

    #[test]
    fn any_text_is_read_or_refused(
        text in any::<String>(),
        inside in "[<>/a-c&;!\\[\\]\"= ]{0,99}",
    ) {
        for xml in [text, around(&inside)] {
            if let Ok(foreign) = read(&xml) {
                let name = foreign.friendly_name.unwrap_or_default();
                prop_assert!(name.len() <= VALUE_BYTES_MAX);
            }
        }
    }
}
