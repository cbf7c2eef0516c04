//! The requests that a description server answers, and how: `GET` and `HEAD` of a few fixed pages,
//! one request a connection, and nothing else. `SUBSCRIBE` is no exception, so there are no events
//! to have sent to a stranger (CVE-2020-12695, "CallStranger").

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use httparse::{Error, Request, Status};

use crate::limits::{HTTP_HEAD_BYTES_MAX, HTTP_HEADERS_MAX};

/// A page that is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// What is asked for, beginning with `/`; no other spelling of it counts.
    pub path: String,
    /// With its charset, such as `text/xml; charset="utf-8"`.
    pub content_type: String,
    /// What is sent.
    pub body: String,
}

/// What to send back to the `bytes` that came on a connection, before it is closed; `None` while
/// the request is not complete. `product` is `OS/version UPnP/2.0 product/version`.
///
/// Only requests for an address are answered, or for `localhost`: with a name of its own that leads
/// here, a web page from elsewhere could read ours in the browser of somebody on this network.
pub fn answer(bytes: &[u8], pages: &[Page], product: &str, now: SystemTime) -> Option<Vec<u8>> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut request = Request::new(&mut headers);
    let outcome = match request.parse(bytes) {
        Ok(Status::Complete(_)) => find(&request, pages),
        Ok(Status::Partial) if bytes.len() < HTTP_HEAD_BYTES_MAX => return None,
        Ok(Status::Partial) | Err(Error::TooManyHeaders) => Err(Failure::TooLarge),
        Err(_) => Err(Failure::BadRequest),
    };
    let text;
    let (status, content_type, body) = match outcome {
        Ok(page) => ("200 OK", page.content_type.as_str(), page.body.as_str()),
        Err(failure) => {
            text = format!("{}\n", failure.status());
            (failure.status(), "text/plain; charset=\"utf-8\"", text.as_str())
        }
    };
    let mut answer = head(status, content_type, body.len(), product, now);
    if request.method != Some("HEAD") {
        answer.push_str(body);
    }
    Some(answer.into_bytes())
}

/// Why a request gets no page.
#[derive(Clone, Copy, Debug)]
enum Failure {
    /// It is none, or has no host, or more than one.
    BadRequest,
    /// There is no such page.
    NotFound,
    /// It is something else than a question.
    MethodNotAllowed,
    /// It has a body.
    Body,
    /// It was meant for somebody else.
    Misdirected,
    /// It goes on and on.
    TooLarge,
}

impl Failure {
    fn status(self) -> &'static str {
        match self {
            Self::BadRequest => "400 Bad Request",
            Self::NotFound => "404 Not Found",
            Self::MethodNotAllowed => "405 Method Not Allowed",
            Self::Body => "413 Content Too Large",
            Self::Misdirected => "421 Misdirected Request",
            Self::TooLarge => "431 Request Header Fields Too Large",
        }
    }
}

fn find<'a>(request: &Request<'_, '_>, pages: &'a [Page]) -> Result<&'a Page, Failure> {
    if !matches!(request.method, Some("GET" | "HEAD")) {
        return Err(Failure::MethodNotAllowed);
    }
    let target = request.path.unwrap_or_default();
    // What is sent to a proxy, and has to be understood nevertheless (RFC 9112, 3.2.2).
    let (authority, path) = match target.strip_prefix("http://") {
        Some(rest) => {
            let (authority, path) = rest.split_once('/').ok_or(Failure::NotFound)?;
            (Some(authority), format!("/{path}"))
        }
        None => (None, target.to_owned()),
    };
    match (field(request, "Host")?, request.version) {
        (None, Some(1)) => return Err(Failure::BadRequest),
        (host, _) if authority.or(host).is_none_or(is_address) => {}
        _ => return Err(Failure::Misdirected),
    }
    let is_empty = matches!(field(request, "Content-Length")?, None | Some("0"));
    if !is_empty || field(request, "Transfer-Encoding")?.is_some() {
        return Err(Failure::Body);
    }
    pages.iter().find(|page| page.path == path).ok_or(Failure::NotFound)
}

/// The one value of a field.
fn field<'a>(request: &'a Request<'_, '_>, name: &str) -> Result<Option<&'a str>, Failure> {
    let mut found = request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(field), None) => {
            str::from_utf8(field.value).map(Some).map_err(|_| Failure::BadRequest)
        }
        (Some(_), Some(_)) => Err(Failure::BadRequest),
    }
}

/// Whether this is an address or `localhost`, with or without a port. The zone that some send along
/// with a link-local address means something to them only.
fn is_address(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(v6) => {
            let (ip, _zone) = v6.split_once('%').unwrap_or((v6, ""));
            ip.parse::<Ipv6Addr>().is_ok()
        }
        None => host.eq_ignore_ascii_case("localhost") || host.parse::<Ipv4Addr>().is_ok(),
    }
}

/// The head of an answer. Nothing on a page may be loaded or run, but styles that are on it;
/// no other site may show it inside its own.
fn head(status: &str, content_type: &str, length: usize, product: &str, now: SystemTime) -> String {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    let fields = [
        ("Server", product),
        ("Date", &httpdate::fmt_http_date(now)),
        ("Connection", "close"),
        ("Content-Type", content_type),
        ("Content-Length", &length.to_string()),
        // UDA 2 requires it in answers to requests that name languages.
        ("Content-Language", "en"),
        ("Allow", "GET, HEAD"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ];
    for (name, value) in fields {
        let value: String = value.chars().filter(|character| !character.is_control()).collect();
        // Writing to a string cannot fail.
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    head
}

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[cfg(test)]
pub(crate) mod tests;
