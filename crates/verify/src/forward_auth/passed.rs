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
        let mut headers = HeaderMap::with_capacity(8);
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

/// Says who it is, in `X-Handstamp-*`; every header is empty for nobody. Whatever stood there before is overwritten.
pub fn identify(principal: Option<&Principal>, headers: &mut HeaderMap) {
    let mut say = |name: &'static str, value: Option<&str>| {
        let value = HeaderValue::try_from(plain(value.unwrap_or_default()));
        headers.insert(HeaderName::from_static(name), value.unwrap_or(HeaderValue::from_static("")));
    };
    let roles = principal.map(|principal| principal.roles().join(","));
    say("x-handstamp-user", principal.map(Principal::sub));
    say("x-handstamp-username", principal.and_then(Principal::preferred_username));
    say("x-handstamp-email", principal.and_then(Principal::email));
    say("x-handstamp-roles", roles.as_deref());
    say("x-handstamp-org", principal.and_then(Principal::org_id));
    say("x-handstamp-session", principal.and_then(Principal::sid));
}

/// Percent-encodes what readers of headers disagree about: everything beyond visible ASCII, and the percent sign.
fn plain(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut plain, byte| {
        if byte.is_ascii_graphic() && byte != b'%' {
            plain.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(plain, "%{byte:02X}");
        }
        plain
    })
}

/// Returns the token that was verified a moment ago, as the service behind expects it.
///
/// Nothing else of what the client has sent is passed on: beside a good cookie it may send any `Authorization` it likes.
pub(super) fn token(from: Credential, headers: &HeaderMap, cookie: &str) -> Option<HeaderValue> {
    let token = match from {
        Credential::Bearer => headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?.1.trim(),
        Credential::Cookie => Cookies::new(headers).get(cookie).ok()??,
    };
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
