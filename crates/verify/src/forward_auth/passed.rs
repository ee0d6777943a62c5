use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, header};

use crate::cookies::Cookies;
use crate::{Credential, Principal};

/// A request that may pass, and what the service behind is told about it.
#[derive(Debug, Clone)]
pub struct Passed {
    principal: Option<Principal>,
    token: Option<HeaderValue>,
}

impl Passed {
    pub(super) fn new(principal: Principal, token: Option<HeaderValue>) -> Self {
        Self { principal: Some(principal), token }
    }

    /// Whatever the client says of itself, the service behind hears that it is nobody.
    pub(super) fn as_nobody() -> Self {
        Self { principal: None, token: None }
    }

    /// Returns who asks to pass; nobody where it is a browser that asks for permission on a script's behalf.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Keeps back a token that came as a cookie, for a reply to somebody who may be no proxy: browsers hide it from scripts
    /// (`HttpOnly`), and one of those could ask in a proxy's place and read it.
    #[must_use]
    pub fn without_cookie(mut self) -> Self {
        if self.principal.as_ref().is_some_and(|principal| principal.credential() == Credential::Cookie) {
            self.token = None;
        }
        self
    }

    /// Returns what the proxy copies into the request: `Authorization`, and who it is in `X-Handstamp-*`.
    ///
    /// Every header is always there, empty where there is nothing to say: a proxy that copies them then overwrites what a client has
    /// made up (RFC 9700 §4.13).
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(ROOM);
        identify(self.principal.as_ref(), &mut headers);
        headers.insert(header::AUTHORIZATION, self.token.clone().unwrap_or(HeaderValue::from_static("")));
        headers
    }

    /// Returns the reply to the proxy, for any body type that can be made from bytes.
    pub fn response<B: From<Bytes>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(Bytes::new()));
        *response.headers_mut() = self.headers();
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// For these headers and for what a server adds to every reply.
const ROOM: usize = 24;

static USER: HeaderName = HeaderName::from_static("x-handstamp-user");
static USERNAME: HeaderName = HeaderName::from_static("x-handstamp-username");
static EMAIL: HeaderName = HeaderName::from_static("x-handstamp-email");
static ROLES: HeaderName = HeaderName::from_static("x-handstamp-roles");
static ORG: HeaderName = HeaderName::from_static("x-handstamp-org");
static SESSION: HeaderName = HeaderName::from_static("x-handstamp-session");

/// Says who it is, in `X-Handstamp-*`; every header is empty for nobody. Whatever stood there before is overwritten.
pub fn identify(principal: Option<&Principal>, headers: &mut HeaderMap) {
    let mut say = |name: &'static HeaderName, value: Option<&str>| {
        headers.insert(name, value.map_or(HeaderValue::from_static(""), plain));
    };
    say(&USER, principal.map(Principal::sub));
    say(&USERNAME, principal.and_then(Principal::preferred_username));
    say(&EMAIL, principal.and_then(Principal::email));
    match principal.map(Principal::roles) {
        Some([role]) => say(&ROLES, Some(role)),
        roles => say(&ROLES, roles.map(|roles| roles.join(",")).as_deref()),
    }
    say(&ORG, principal.and_then(Principal::org_id));
    say(&SESSION, principal.and_then(Principal::sid));
}

/// Percent-encodes what readers of headers disagree about: everything beyond visible ASCII, and the percent sign.
fn plain(text: &str) -> HeaderValue {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    let value = if text.bytes().all(is_plain) {
        HeaderValue::from_str(text)
    } else {
        let encoded = text.bytes().fold(String::with_capacity(3 * text.len()), |mut encoded, byte| {
            if is_plain(byte) {
                encoded.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
            encoded
        });
        HeaderValue::try_from(encoded)
    };
    // Visible ASCII is a header value.
    value.unwrap_or(HeaderValue::from_static(""))
}

/// Returns the token that was verified a moment ago, as the service behind expects it.
///
/// Nothing else of what the client has sent is passed on: beside a good cookie it may send any `Authorization` it likes.
pub(super) fn token(from: Credential, headers: &HeaderMap, cookie: &str) -> Option<HeaderValue> {
    let mut value = match from {
        Credential::Bearer => {
            let given = headers.get(header::AUTHORIZATION)?;
            if is_canonical(given) {
                given.clone()
            } else {
                bearer(given.to_str().ok()?.split_once(' ')?.1.trim())?
            }
        }
        Credential::Cookie => bearer(Cookies::new(headers).get(cookie).ok()??)?,
    };
    value.set_sensitive(true);
    Some(value)
}

/// Returns whether a client has spelt the header as we would.
fn is_canonical(authorization: &HeaderValue) -> bool {
    let token = authorization.as_bytes().strip_prefix(b"Bearer ");
    token.is_some_and(|token| token.trim_ascii().len() == token.len())
}

fn bearer(token: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(["Bearer ", token].concat()).ok()
}
