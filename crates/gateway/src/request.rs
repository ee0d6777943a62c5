//! A request as it has arrived.

use handstamp_listen::Peer;
use handstamp_token::Entropy;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::gateway::Gateway;
use crate::headers::forwarded::{self, Way};

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's head, and what is known about it beside.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) parts: Parts,
    /// Where it has come from.
    pub(crate) way: Way,
    pub(crate) id: RequestId,
}

/// Names a request in the log, here and in every service that it passes.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl Arrived {
    /// Returns nothing for a request that came through no listener: nobody could say where from.
    pub(crate) fn new(parts: Parts, gateway: &Gateway) -> Option<Self> {
        let peer = *parts.extensions.get::<Peer>()?;
        let way = Way::new(&peer, &parts.headers, &gateway.trusted_proxies);
        let id = RequestId::given(&parts.headers).unwrap_or_else(|| RequestId::drawn(&*gateway.entropy));
        Some(Self { parts, way, id })
    }

    /// Returns what the auth service is told when it is asked on the request's behalf.
    pub(crate) fn told_to_auth(&self, gateway: &Gateway) -> HeaderMap {
        let mut headers = HeaderMap::new();
        forwarded::tell(&mut headers, &self.way, &gateway.place, self.parts.version);
        if let Some(agent) = self.parts.headers.get(header::USER_AGENT) {
            headers.insert(header::USER_AGENT, agent.clone());
        }
        self.id.clone().tell(&mut headers);
        headers
    }
}

impl RequestId {
    /// Takes the id that a proxy in front has given, if it cannot break a log line.
    fn given(headers: &HeaderMap) -> Option<Self> {
        let id = headers.get(&X_REQUEST_ID)?;
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        ((1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain)).then(|| Self(id.clone()))
    }

    fn drawn(entropy: &dyn Entropy) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        let mut text = [0; 16];
        for (digits, byte) in text.as_chunks_mut().0.iter_mut().zip(bytes) {
            *digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0xf)]];
        }
        // Hexadecimal digits are a header value.
        Self(HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("none")))
    }

    pub(crate) fn as_str(&self) -> &str {
        // It is of letters, digits and marks.
        self.0.to_str().unwrap_or_default()
    }

    /// Says it in the place of whatever was said.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(X_REQUEST_ID, self.0);
    }
}
