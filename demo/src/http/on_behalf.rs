use std::fmt;

use handstamp_verify::cookies::Cookies;
use http::header;
use http::request::Parts;

/// The caller's own token, to be exchanged for one with which another service is asked in their name.
///
/// Comes after the verify layer, which has refused every request with two different tokens in it, and every invalid one.
pub(crate) struct UsersToken(String);

impl UsersToken {
    /// Returns the token of a request that the verify layer let through.
    pub(crate) fn of(parts: &Parts, cookie_name: &str) -> Option<Self> {
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            let (_bearer, token) = authorization.to_str().ok()?.split_once(' ')?;
            return Some(Self(token.trim().to_owned()));
        }
        let token = Cookies::new(&parts.headers).get(cookie_name).ok()??;
        Some(Self(token.to_owned()))
    }

    /// Returns the token, for nobody but the auth service.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UsersToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
