use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::synthesis::Draft;

/// One request as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Shot {
    pub(crate) method: Method,
    /// Path and query, as they stand on the wire.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Shot {
    /// Returns the request of a draft, without credentials.
    pub(crate) fn of(draft: &Draft) -> Self {
        let mut shot = Self {
            method: draft.method.clone(),
            target: draft.path_and_query(),
            headers: draft.headers.iter().cloned().collect(),
            body: draft.body.clone(),
        };
        for (name, value) in &draft.cookies {
            shot.add_cookie(&format!("{name}={value}"));
        }
        shot
    }

    /// Adds a cookie beside those that are there. One with bytes that no header may have is left out.
    pub(crate) fn add_cookie(&mut self, pair: &str) -> bool {
        let known = self.headers.get(header::COOKIE).map(HeaderValue::as_bytes).unwrap_or_default();
        let all = if known.is_empty() {
            pair.as_bytes().to_vec()
        } else {
            [known, b"; ", pair.as_bytes()].concat()
        };
        match HeaderValue::from_bytes(&all) {
            Ok(all) => {
                self.headers.insert(header::COOKIE, all);
                true
            }
            Err(_) => false,
        }
    }

    /// Adds a header beside those that are there, and returns whether it can be sent at all.
    pub(crate) fn add_header(&mut self, name: &str, value: &str) -> bool {
        if name.eq_ignore_ascii_case("cookie") {
            return self.add_cookie(value);
        }
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value.as_bytes())) {
            (Ok(name), Ok(value)) => {
                self.headers.append(name, value);
                true
            }
            _ => false,
        }
    }

    /// Takes away the headers that a page of another site cannot add to a request without being allowed to first (Fetch §2.2.2): a
    /// service that asks for one is not open to such pages. What no page writes, but every browser or the proxy on the way, stays: without
    /// it the request might not reach the service at all.
    pub(crate) fn leave_out_what_pages_may_not_say(&mut self) {
        let may_be_said = [
            header::ACCEPT,
            header::ACCEPT_LANGUAGE,
            header::CONTENT_LANGUAGE,
            header::CONTENT_TYPE,
            header::COOKIE,
            header::FORWARDED,
            header::HOST,
            header::USER_AGENT,
        ];
        let stays =
            |name: &HeaderName| may_be_said.contains(name) || name.as_str().starts_with("x-forwarded-");
        let names: Vec<HeaderName> = self.headers.keys().cloned().collect();
        for name in names.iter().filter(|name| !stays(name)) {
            self.headers.remove(name);
        }
    }

    /// Adds to the query string, as it is.
    pub(crate) fn add_query(&mut self, query: &str) {
        let sign = if self.target.contains('?') { '&' } else { '?' };
        self.target = format!("{}{sign}{query}", self.target);
    }
}
