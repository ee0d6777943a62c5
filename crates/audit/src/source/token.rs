use std::fmt;

use handstamp_token::dangerous;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// A token that a service takes: as good as a password until it expires.
#[derive(Clone)]
pub struct GoodToken(Zeroizing<String>);

impl GoodToken {
    /// Wraps a token.
    pub fn new(token: impl Into<String>) -> Self {
        Self(Zeroizing::new(token.into()))
    }

    /// Returns the token itself, to be sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns what it says, unverified; nothing where it is no JWT.
    pub(crate) fn unverified_claims(&self) -> Map<String, Value> {
        dangerous::decode_unverified(&self.0)
            .ok()
            .and_then(|decoded| serde_json::from_str(&decoded.unverified_payload).ok())
            .unwrap_or_default()
    }

    /// Returns its header, unverified; nothing where it is no JWT.
    pub(crate) fn unverified_header(&self) -> Map<String, Value> {
        dangerous::decode_unverified(&self.0)
            .ok()
            .and_then(|decoded| serde_json::from_str(&decoded.unverified_header).ok())
            .unwrap_or_default()
    }

    /// Returns the id of the key it says it was signed with, unverified.
    pub(crate) fn unverified_kid(&self) -> Option<String> {
        self.unverified_header().get("kid")?.as_str().map(str::to_owned)
    }
}

impl fmt::Debug for GoodToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GoodToken([redacted])")
    }
}
