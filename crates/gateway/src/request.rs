//! A request as it has arrived.

use handstamp_listen::Peer;
use handstamp_listen::request_id::{self, X_REQUEST_ID};
use handstamp_token::Entropy;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::gateway::Gateway;
use crate::headers::forwarded::{self, Way};

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
        let id = RequestId::of(&parts.headers, &*gateway.entropy);
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
    fn of(headers: &HeaderMap, entropy: &dyn Entropy) -> Self {
        if let Some(given) = request_id::given(headers) {
            return Self(given.clone());
        }
        let mut random = [0; 8];
        entropy.fill(&mut random);
        Self(request_id::of(random))
    }

    pub(crate) fn as_str(&self) -> &str {
        // It is of letters, digits and marks.
        self.0.to_str().unwrap_or_default()
    }

    /// Says it in the place of whatever was said.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        headers.insert(&X_REQUEST_ID, self.0);
    }
}
