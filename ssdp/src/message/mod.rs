//! The messages of SSDP as values. Read leniently and within limits, written strictly.

mod read;
pub mod write;

pub use read::{Invalid, read};

use crate::target::{Target, Usn};

/// One datagram's meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// `NOTIFY` with `ssdp:alive`: somebody is there.
    Alive(Advert),
    /// `NOTIFY` with `ssdp:update`: somebody's boot number is about to change.
    Update(Advert),
    /// `NOTIFY` with `ssdp:byebye`: somebody says to leave.
    Byebye(Advert),
    /// `M-SEARCH`: somebody asks who is there.
    Search(Search),
    /// `HTTP/1.1 200 OK`: somebody answers a search.
    Answer(Advert),
}

/// What announcements and answers say. Where a field is not said it is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// NT of an announcement, ST of an answer.
    pub target: Target,
    /// Whose, and of what.
    pub usn: Usn,
    /// Where its description is.
    pub location: Option<String>,
    /// `OS/version UPnP/2.0 product/version`.
    pub server: Option<String>,
    /// Seconds for which this holds, of CACHE-CONTROL.
    pub max_age: Option<u32>,
    /// `BOOTID.UPNP.ORG`: another one means another start of the device, or another address.
    pub boot_id: Option<u32>,
    /// `NEXTBOOTID.UPNP.ORG` of an update.
    pub next_boot_id: Option<u32>,
    /// `CONFIGID.UPNP.ORG`: another one means another description.
    pub config_id: Option<u32>,
    /// `SEARCHPORT.UPNP.ORG`: where the device takes unicast searches.
    pub search_port: Option<u16>,
    /// Vendors' fields (`name.domain`) in their order: names in upper case, values trimmed.
    pub extra: Vec<(String, String)>,
}

/// What a search says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// ST: who is meant.
    pub target: Target,
    /// MX in seconds, 1 to [`crate::limits::MX_MAX`]; `None` where it is not said, as in a search
    /// sent to one device.
    pub mx: Option<u32>,
    /// Who asks, of USER-AGENT.
    pub user_agent: Option<String>,
}
