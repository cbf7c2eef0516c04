//! Descriptions (UDA 2): written for our devices, and read, within limits, of those of others.

use std::fmt::Write as _;

use roxmltree::{Document, Node, ParsingOptions};

use crate::limits::{
    DESCRIPTION_ATTRIBUTES_MAX, DESCRIPTION_BYTES_MAX, DESCRIPTION_NODES_MAX, VALUE_BYTES_MAX,
};
use crate::target::{Target, Udn};

/// What a device says of itself. Paths begin with `/` and are on the server that has this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its type, as announced.
    pub kind: Target,
    /// Its name, as announced.
    pub udn: Udn,
    /// What people call it; UDA 2.3 asks for less than 64 characters.
    pub friendly_name: String,
    /// Who made it; less than 64 characters.
    pub manufacturer: String,
    /// Where they are found.
    pub manufacturer_url: Option<String>,
    /// What it is; less than 32 characters.
    pub model_name: String,
    /// Its version; less than 32 characters.
    pub model_number: String,
    /// What it is for; less than 128 characters.
    pub model_description: String,
    /// Path of a page for people.
    pub presentation: Option<String>,
    /// Its services.
    pub services: Vec<Service>,
    /// `CONFIGID.UPNP.ORG`, below 2^24: another one when any of this is another.
    pub config_id: u32,
}

/// A service of a device that can neither be called nor subscribed to: it only says what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its type, as announced.
    pub kind: Target,
    /// `urn:DOMAIN:serviceId:NAME`, which no other service of the device has.
    pub id: String,
    /// Path of what [`scpd`] gives.
    pub scpd: String,
}

impl Description {
    /// The document that LOCATION points to.
    pub fn to_xml(&self) -> String {
        let mut xml = head("root", "urn:schemas-upnp-org:device-1-0", self.config_id);
        xml.push_str("<device>\n");
        element(&mut xml, "deviceType", &self.kind.to_string());
        element(&mut xml, "friendlyName", &self.friendly_name);
        element(&mut xml, "manufacturer", &self.manufacturer);
        if let Some(url) = &self.manufacturer_url {
            element(&mut xml, "manufacturerURL", url);
        }
        element(&mut xml, "modelDescription", &self.model_description);
        element(&mut xml, "modelName", &self.model_name);
        element(&mut xml, "modelNumber", &self.model_number);
        element(&mut xml, "UDN", &self.udn.to_string());
        if !self.services.is_empty() {
            xml.push_str("<serviceList>\n");
            for service in &self.services {
                service.write(&mut xml);
            }
            xml.push_str("</serviceList>\n");
        }
        if let Some(path) = &self.presentation {
            element(&mut xml, "presentationURL", path);
        }
        xml.push_str("</device>\n</root>\n");
        xml
    }
}

impl Service {
    /// The URLs for calls and subscriptions are required elements (UDA 2.3). They are empty, as the
    /// text asks for where nothing is evented: nobody answers there.
    fn write(&self, xml: &mut String) {
        xml.push_str("<service>\n");
        element(xml, "serviceType", &self.kind.to_string());
        element(xml, "serviceId", &self.id);
        element(xml, "SCPDURL", &self.scpd);
        element(xml, "controlURL", "");
        element(xml, "eventSubURL", "");
        xml.push_str("</service>\n");
    }
}

/// The description of a service without actions (UDA 2.5). Each service must have a state variable,
/// so this has one that is never evented.
pub fn scpd(config_id: u32) -> String {
    let mut xml = head("scpd", "urn:schemas-upnp-org:service-1-0", config_id);
    xml.push_str("<serviceStateTable>\n<stateVariable sendEvents=\"no\">\n");
    element(&mut xml, "name", "Present");
    element(&mut xml, "dataType", "boolean");
    xml.push_str("</stateVariable>\n</serviceStateTable>\n</scpd>\n");
    xml
}

/// Text for XML and HTML, between tags or in quotes. What XML 1.0 cannot hold is left out.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A reader would take it for a line's end.
            '\r' => escaped.push_str("&#13;"),
            '\t' | '\n' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

fn head(root: &str, namespace: &str, config_id: u32) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <{root} xmlns=\"{namespace}\" configId=\"{config_id}\">\n\
         <specVersion>\n<major>2</major>\n<minor>0</minor>\n</specVersion>\n"
    )
}

fn element(xml: &mut String, name: &str, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(xml, "<{name}>{}</{name}>", escape(text));
}

/// What is kept of the description of somebody else's root device. Control characters are removed
/// and blanks at the ends; a value that is then empty, or longer than
/// [`VALUE_BYTES_MAX`] bytes, is not kept. Nothing in it is more than a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Its name for programs. The root device's: an announcement may be of one inside it.
    pub udn: Option<Udn>,
    /// Its type.
    pub kind: Option<String>,
    /// What people call it.
    pub friendly_name: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// What it is.
    pub model_name: Option<String>,
    /// Its page for people, maybe relative to where the description was. Only to be shown: whether
    /// it may be opened is for people to decide.
    pub presentation: Option<String>,
}

/// Why a description says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It has more than [`DESCRIPTION_BYTES_MAX`] bytes.
    #[error("it is too long")]
    TooLong,
    /// It is not well-formed, has a document type, more than [`DESCRIPTION_NODES_MAX`] nodes or
    /// [`DESCRIPTION_ATTRIBUTES_MAX`] attributes.
    #[error("it is not XML, or not such as is safe to read")]
    NotXml,
    /// It describes no device.
    #[error("it describes no device")]
    NoDevice,
}

/// Reads the description of a device. Namespaces are not looked at: many real ones lack them.
///
/// # Errors
/// When it is none, or beyond the limits.
pub fn read(xml: &str) -> Result<Foreign, Unreadable> {
    if xml.len() > DESCRIPTION_BYTES_MAX {
        return Err(Unreadable::TooLong);
    }
    if xml.matches('=').count() > DESCRIPTION_ATTRIBUTES_MAX {
        return Err(Unreadable::NotXml);
    }
    // Without document types there are no entities, so neither bombs nor files read from here.
    let options = ParsingOptions { nodes_limit: DESCRIPTION_NODES_MAX, ..Default::default() };
    let document = Document::parse_with_options(xml, options).map_err(|_| Unreadable::NotXml)?;
    let device = child(document.root_element(), "device").ok_or(Unreadable::NoDevice)?;
    let value = |name| child(device, name).and_then(|node| node.text()).and_then(clean);
    Ok(Foreign {
        udn: value("UDN").and_then(|text| Udn::parse(&text)),
        kind: value("deviceType"),
        friendly_name: value("friendlyName"),
        manufacturer: value("manufacturer"),
        model_name: value("modelName"),
        presentation: value("presentationURL"),
    })
}

fn child<'a, 'input>(parent: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    parent.children().find(|node| node.is_element() && node.tag_name().name() == name)
}

fn clean(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|character| !character.is_control()).collect();
    // Only now: what stood between a blank and the end may be gone.
    let text = text.trim();
    (1..=VALUE_BYTES_MAX).contains(&text.len()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
