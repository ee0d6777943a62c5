use handstamp_verify::cookies::Cookies;
use http::request::Parts;
use http::{HeaderValue, header};

/// The caller's own token, to ask another service in their name.
///
/// Comes after the verify layer, which has refused every request with two different tokens in it, and every invalid one.
/// The other service verifies it again: it takes nobody's word.
pub(crate) struct OnBehalf {
    authorization: HeaderValue,
}

impl OnBehalf {
    /// Returns the token of a request that the verify layer let through.
    pub(crate) fn of(parts: &Parts, cookie_name: &str) -> Option<Self> {
        if let Some(authorization) = parts.headers.get(header::AUTHORIZATION) {
            return Some(Self { authorization: sensitive(authorization.clone()) });
        }
        let token = Cookies::new(&parts.headers).get(cookie_name).ok()??;
        let authorization = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        Some(Self { authorization: sensitive(authorization) })
    }

    /// Returns the header to send along.
    pub(crate) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }
}

/// Keeps the token out of logs and of the table that HTTP/2 shares between requests.
fn sensitive(mut value: HeaderValue) -> HeaderValue {
    value.set_sensitive(true);
    value
}
