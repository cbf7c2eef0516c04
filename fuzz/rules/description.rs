//! Descriptions of foreign devices, and our own with anything in their fields.

use ssdp::description::{Description, Foreign, Service, escape, read, scpd};
use ssdp::limits::{DESCRIPTION_BYTES_MAX, VALUE_BYTES_MAX};
use ssdp::target::{Target, Udn};

/// Whether it describes a device.
pub fn check(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    ours(&text);
    let Ok(device) = read(&text) else { return false };
    assert!(text.len() <= DESCRIPTION_BYTES_MAX);
    let Foreign { udn, kind, friendly_name, manufacturer, model_name, presentation } = &device;
    assert!(udn.as_ref().is_none_or(|udn| Udn::parse(&udn.to_string()).as_ref() == Some(udn)));
    for value in [kind, friendly_name, manufacturer, model_name, presentation] {
        assert!(value.as_deref().is_none_or(is_value), "{value:?}");
    }
    true
}

fn is_value(value: &str) -> bool {
    (1..=VALUE_BYTES_MAX).contains(&value.len())
        && value.trim() == value
        && !value.contains(char::is_control)
}

/// Whatever somebody is called, their description is one, and says just that.
fn ours(text: &str) {
    let mut rows = text.split('\n').map(str::to_owned);
    let mut next = || rows.next().unwrap_or_default();
    let udn = Udn::random([7; 16]);
    let kind = Target::RootDevice;
    let description = Description {
        kind: kind.clone(),
        udn: udn.clone(),
        friendly_name: next(),
        manufacturer: next(),
        manufacturer_url: Some(next()),
        model_name: next(),
        model_number: next(),
        model_description: next(),
        presentation: Some(next()),
        services: vec![Service { kind, id: next(), scpd: next() }],
        config_id: 7,
    };
    let xml = description.to_xml();
    let is_read_whole = xml.len() <= DESCRIPTION_BYTES_MAX && xml.matches('=').count() < 200;
    if is_read_whole {
        let device = read(&xml).expect("what we write can be read");
        assert_eq!(device.udn, Some(udn));
        assert_eq!(device.friendly_name, kept(&description.friendly_name));
        assert_eq!(device.manufacturer, kept(&description.manufacturer));
        assert_eq!(device.model_name, kept(&description.model_name));
        assert_eq!(device.presentation, kept(&description.presentation.unwrap_or_default()));
    }
    assert!(!escape(text).contains(['<', '>', '"', '\'', '\0', '\u{1b}', '\r']));
    assert!(read(&scpd(7)).is_err(), "a service is no device");
}

/// What a reader keeps of a value that we write.
fn kept(value: &str) -> Option<String> {
    let legal = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let value: String = value.chars().filter(legal).collect();
    Some(value.trim().to_owned()).filter(|value| is_value(value))
}
