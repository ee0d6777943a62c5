//! A request as it has arrived.

use std::fmt::Write as _;

use handstamp_listen::Peer;
use handstamp_token::Entropy;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::gateway::Gateway;
use crate::headers::forwarded::{self, Way};

pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's head, and what is known about it beside.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) parts: Parts,
    /// Where it has come from.
    pub(crate) way: Way,
    /// Names it in the log, here and in every service that it passes.
    pub(crate) id: String,
}

impl Arrived {
    /// Returns nothing for a request that came through no listener: nobody could say where from.
    pub(crate) fn new(parts: Parts, gateway: &Gateway) -> Option<Self> {
        let peer = *parts.extensions.get::<Peer>()?;
        let way = Way::new(&peer, &parts.headers, &gateway.trusted_proxies);
        let id = given(&parts.headers).unwrap_or_else(|| drawn(&*gateway.entropy));
        Some(Self { parts, way, id })
    }

    /// Returns what the auth service is told when it is asked on the request's behalf.
    pub(crate) fn told_to_auth(&self, gateway: &Gateway) -> HeaderMap {
        let mut headers = HeaderMap::new();
        forwarded::tell(&mut headers, &self.way, &gateway.place, self.parts.version);
        if let Some(agent) = self.parts.headers.get(header::USER_AGENT) {
            headers.insert(header::USER_AGENT, agent.clone());
        }
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(X_REQUEST_ID, id);
        }
        headers
    }
}

/// Takes the id that a proxy in front has given, if it cannot break a log line.
fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(&X_REQUEST_ID)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

fn drawn(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 8];
    entropy.fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(16), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
