//! Tokens that look like the auth service's, and are not.

use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::{Algorithm, KeyId, SigningKey};
use serde_json::{Value, json};

/// The parts of a good token, to make bad ones of.
pub(super) struct Parts<'t> {
    header: &'t str,
    claims: &'t str,
    signature: &'t str,
}

impl<'t> Parts<'t> {
    pub(super) fn of(token: &'t str) -> Self {
        let mut parts = token.split('.');
        let mut next = || parts.next().expect("a token has three parts");
        Self { header: next(), claims: next(), signature: next() }
    }

    pub(super) fn header(&self) -> Value {
        decode(self.header)
    }

    pub(super) fn claims(&self) -> Value {
        decode(self.claims)
    }

    fn kid(&self) -> KeyId {
        KeyId::new(self.header()["kid"].as_str().expect("a kid")).expect("a key id")
    }

    /// Returns the token of somebody who gave themselves another role.
    pub(super) fn tampered(&self) -> String {
        let mut claims = self.claims();
        claims["roles"] = json!(["admin", "buyer"]);
        format!("{}.{}.{}", self.header, encode(&claims), self.signature)
    }

    /// Returns the token without a signature, which it says it needs not.
    pub(super) fn unsigned(&self) -> String {
        let mut header = self.header();
        header["alg"] = json!("none");
        format!("{}.{}.", encode(&header), self.claims)
    }

    /// Returns the same claims under a key of somebody else's, which bears the name of the right one.
    pub(super) fn of_a_foreign_key(&self) -> String {
        let key = SigningKey::generate(Algorithm::Es256).expect("a key").with_key_id(self.kid());
        key.sign("at+jwt", &self.claims()).expect("a token")
    }

    /// Returns the same under a name that nobody has published.
    pub(super) fn of_an_unknown_key(&self) -> String {
        SigningKey::generate(Algorithm::Es256)
            .expect("a key")
            .sign("at+jwt", &self.claims())
            .expect("a token")
    }

    /// Returns the same under a shared secret, the algorithm that takes a published key for one.
    pub(super) fn of_a_shared_secret(&self) -> String {
        let key = SigningKey::generate(Algorithm::Hs256).expect("a key");
        key.with_key_id(self.kid()).sign("at+jwt", &self.claims()).expect("a token")
    }
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode_to_string(value.to_string())
}

fn decode(part: &str) -> Value {
    let json = URL_SAFE_NO_PAD.decode_to_vec(part).expect("base64url");
    serde_json::from_slice(&json).expect("JSON")
}
