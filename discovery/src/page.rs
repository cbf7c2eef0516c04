//! What is served beside an announcement: the description that UPnP asks for, and a page for people
//! who find us with something else than Hallway, such as a file manager.

use std::net::SocketAddr;

use hallway::identity::Fingerprint;
use hallway::text::Name;
use ssdp::description::{Description, Service, escape, scpd};
use ssdp::http::Page;
use ssdp::target::Udn;

use crate::kind::Kind;

/// Path of the description: short, since it is in every announcement.
pub const DESCRIPTION: &str = "/d";
/// `CONFIGID.UPNP.ORG`: the description of a run never changes, and each run has its own UDN.
pub const CONFIG_ID: u32 = 1;

const SERVICE: &str = "/service.xml";
const PRESENTATION: &str = "/";

/// Who is described.
#[derive(Clone, Debug)]
pub struct Card {
    /// A person or a community.
    pub kind: Kind,
    /// Their name.
    pub name: Name,
    /// Their identity.
    pub fingerprint: Fingerprint,
    /// This run.
    pub udn: Udn,
}

/// All pages; `sockets` are where calls come in.
pub fn pages(card: &Card, sockets: &[SocketAddr]) -> Vec<Page> {
    let page = |path: &str, kind: &str, body| Page {
        path: path.to_owned(),
        content_type: format!("{kind}; charset=\"utf-8\""),
        body,
    };
    vec![
        page(DESCRIPTION, "text/xml", description(card).to_xml()),
        page(SERVICE, "text/xml", scpd(CONFIG_ID)),
        page(PRESENTATION, "text/html", html(card, sockets)),
    ]
}

fn description(card: &Card) -> Description {
    let service = card.kind.service_type();
    let (what, id) = match card.kind {
        Kind::Person => ("Hallway", "Chat"),
        Kind::Community => ("Hallway community", "Directory"),
    };
    Description {
        kind: card.kind.device_type(),
        udn: card.udn.clone(),
        friendly_name: format!("{} ({what})", card.name),
        manufacturer: "Hallway".to_owned(),
        manufacturer_url: None,
        model_name: what.to_owned(),
        model_number: env!("CARGO_PKG_VERSION").to_owned(),
        model_description: "Encrypted chat on the local network".to_owned(),
        presentation: Some(PRESENTATION.to_owned()),
        services: vec![Service {
            kind: service,
            id: format!("urn:hallway-local:serviceId:{id}"),
            scpd: SERVICE.to_owned(),
        }],
        config_id: CONFIG_ID,
    }
}

/// The page for people: it also reads well without its style, and has no script.
fn html(card: &Card, sockets: &[SocketAddr]) -> String {
    let name = escape(card.name.as_str());
    let fingerprint = escape(&card.fingerprint.to_string());
    let (title, what, command) = match card.kind {
        Kind::Person => ("Call", "can be called with Hallway, an encrypted chat", "client chat"),
        Kind::Community => ("Join", "is a community of Hallway", "client --community"),
    };
    let rows = sockets.iter().map(|socket| {
        let socket = escape(&socket.to_string());
        format!("<li><code>{command} {socket}</code></li>\n")
    });
    let rows: String = rows.collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{name}: Hallway</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>{name}</h1>\n<p>{name} {what} on this network.</p>\n\
         <h2>{title} from a terminal</h2>\n<ul>\n{rows}</ul>\n\
         <p>The password is asked for; get it from whom you mean to reach.</p>\n\
         <h2>Fingerprint</h2>\n<p><code>{fingerprint}</code></p>\n\
         <p>Anybody could serve this page. Compare the fingerprint in person, or on the phone, \
         with what Hallway shows once you are connected.</p>\n</body>\n</html>\n"
    )
}

const STYLE: &str = "body { font: 1rem/1.5 sans-serif; max-width: 40rem; margin: 2rem auto; \
    padding: 0 1rem }\ncode { overflow-wrap: anywhere }\n";

#[cfg(test)]
mod tests {
    use hallway::identity::PublicIdentity;
    use ssdp::description::read;

    use super::*;

    fn card(kind: Kind, name: &str) -> Card {
        let name = Name::parse(name).unwrap();
        let fingerprint = PublicIdentity([7; 32]).fingerprint();
        Card { kind, name, fingerprint, udn: Udn::random([7; 16]) }
    }

    fn body<'a>(pages: &'a [Page], path: &str) -> &'a str {
        &pages.iter().find(|page| page.path == path).unwrap().body
    }

    #[test]
    fn the_description_is_read_back_as_it_is_announced() {
        for kind in Kind::ALL {
            let card = card(kind, &"&".repeat(31).replacen('&', "k", 1));
            let pages = pages(&card, &[]);
            let read = read(body(&pages, DESCRIPTION)).unwrap();
            assert_eq!(read.udn.as_ref(), Some(&card.udn));
            assert_eq!(read.kind, Some(kind.device_type().to_string()));
            let friendly = read.friendly_name.unwrap();
            assert!(friendly.starts_with(card.name.as_str()) && friendly.len() < 64, "{friendly}");
            assert!(body(&pages, SERVICE).contains("<scpd"));
            assert!(body(&pages, read.presentation.as_deref().unwrap()).contains("<h1>"));
        }
    }

    #[test]
    fn the_page_says_who_this_is_and_what_to_type() {
        let sockets = ["10.0.0.7:5460".parse().unwrap(), "[fd00::7]:5460".parse().unwrap()];
        let person = card(Kind::Person, "katie");
        let page = html(&person, &sockets);
        assert!(page.contains("<code>client chat 10.0.0.7:5460</code>"));
        assert!(page.contains("<code>client chat [fd00::7]:5460</code>"));
        assert!(page.contains(&person.fingerprint.to_string()));
        let page = html(&card(Kind::Community, "lab"), &sockets);
        assert!(page.contains("<code>client --community 10.0.0.7:5460</code>"));
    }

    #[test]
    fn nothing_in_a_name_is_taken_for_a_part_of_the_page() {
        let page = html(&card(Kind::Person, "<script>k&amp;</script>"), &[]);
        assert!(!page.contains("<script") && page.contains("&lt;script&gt;k&amp;amp;"));
    }
}
