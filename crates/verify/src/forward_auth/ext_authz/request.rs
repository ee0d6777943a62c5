use std::collections::HashMap;

use http::header::MaxSizeReached;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::messages::{CheckRequest, HttpRequest};
use crate::forward_auth::demands::Demands;
use crate::forward_auth::original::{Address, Reply};
use crate::forward_auth::question::required;
use crate::forward_auth::{Question, Refusal};

const NOT_HTTP: &str = "the question is not about an HTTP request: use the HTTP filter";

/// Envoy's question, in the types of HTTP.
pub(super) struct Asked {
    http: HttpRequest,
    headers: HeaderMap,
    demanded: HashMap<String, String>,
}

impl Asked {
    /// Reads the question, or says why that cannot be done.
    pub(super) fn read(request: CheckRequest) -> Result<Self, &'static str> {
        let attributes = request.attributes.ok_or(NOT_HTTP)?;
        let http = attributes.request.and_then(|request| request.http).ok_or(NOT_HTTP)?;
        let headers = headers(&http).map_err(|_| "the request has more headers than anybody keeps")?;
        Ok(Self { headers, http, demanded: attributes.context_extensions })
    }

    pub(super) fn question(&self) -> Question<'_> {
        let http = &self.http;
        Question {
            headers: &self.headers,
            query: http.path.split_once('?').map(|(_, query)| query),
            method: Method::from_bytes(http.method.as_bytes())
                .map(Some)
                .map_err(|_| Refusal::invalid("The original method is not a method.")),
            address: Some(Address::new(not_empty(&http.scheme), not_empty(&http.host), &http.path)),
            reply: Reply::ToBrowser,
            demands: self.demands(),
        }
    }

    fn demands(&self) -> Result<Demands, Refusal> {
        let mut demands = Demands::read(None, required(&self.headers))?;
        for (name, value) in &self.demanded {
            demands.add(name, value)?;
        }
        Ok(demands)
    }
}

fn not_empty(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What HTTP could not carry is left out: with a credential that is none, and with what a browser says of itself it counts as
/// not said. Neither opens anything.
fn headers(http: &HttpRequest) -> Result<HeaderMap, MaxSizeReached> {
    let joined = http.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let raw = http.header_map.iter().flat_map(|map| &map.headers).map(|header| {
        let value = if header.raw_value.is_empty() { header.value.as_bytes() } else { &header.raw_value };
        (header.key.as_str(), value)
    });
    let mut headers = HeaderMap::new();
    for (name, value) in joined.chain(raw) {
        // Pseudo-headers begin with a colon and are no names.
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value))
        {
            headers.try_append(name, value)?;
        }
    }
    Ok(headers)
}
