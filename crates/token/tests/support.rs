//! Tokens made by hand, so that a test can put anything into them.

use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_token::{
    Algorithm, KeyId, KeySet, NoClaims, Rejection, SigningKey, UnixTime, Validator, VerifiedToken,
    VerifyingKey,
};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://auth.example.com";
pub(crate) const AUDIENCE: &str = "https://api.example.com";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// 32 drawn bytes.
pub(crate) const SECRET: &[u8; 32] = b"\x8f\x1d\x96\x30\xe2\x55\x0a\xc4\x7b\xbe\x21\x6d\xf9\x03\xd8\x5c\x4a\x97\xee\x12\x68\xb5\x3f\xa0\xc9\x74\x1b\xe6\x2d\x80\x57\xfb";

pub(crate) fn key() -> SigningKey {
    SigningKey::from_secret(Algorithm::Hs256, SECRET).expect("a good secret").with_key_id(kid("k1"))
}

pub(crate) fn kid(text: &str) -> KeyId {
    KeyId::new(text).expect("a key id")
}

pub(crate) fn keys() -> KeySet {
    key_set([key().verifying_key()])
}

pub(crate) fn key_set(keys: impl IntoIterator<Item = VerifyingKey>) -> KeySet {
    KeySet::new(keys).expect("a key set")
}

/// The header that fits [`key`] and [`access_validator`].
pub(crate) fn header() -> Value {
    json!({ "alg": "HS256", "kid": "k1", "typ": "at+jwt" })
}

/// Claims that [`access_validator`] accepts at [`NOW`].
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "user-17",
        "jti": "t1",
        "iat": NOW.as_secs(),
        "exp": NOW.as_secs() + 300,
    })
}

/// `object` with one member set, or removed by `null`.
pub(crate) fn with(mut object: Value, name: &str, value: Value) -> Value {
    let members = object.as_object_mut().expect("an object");
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    object
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode_to_string(bytes.as_ref())
}

/// Signs any two texts with [`SECRET`], whether they are JSON or not.
pub(crate) fn signed_text(header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
    signed_parts(&encode(header), &encode(payload))
}

/// Signs two parts as they are.
pub(crate) fn signed_parts(header: &str, payload: &str) -> String {
    let input = format!("{header}.{payload}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), input.as_bytes());
    format!("{input}.{}", encode(tag.as_ref()))
}

/// Signs a header and claims with [`SECRET`].
pub(crate) fn signed(header: &Value, claims: &Value) -> String {
    signed_text(header.to_string(), claims.to_string())
}

pub(crate) fn access_validator() -> Validator {
    Validator::access_token(ISSUER, AUDIENCE, &[Algorithm::Hs256]).expect("a validator")
}

pub(crate) fn verify(token: &str) -> Result<VerifiedToken<NoClaims>, Rejection> {
    access_validator().verify(token, &keys(), NOW)
}

/// Verifies a token with this payload text under the good header.
pub(crate) fn verify_payload(payload: impl AsRef<[u8]>) -> Result<VerifiedToken<NoClaims>, Rejection> {
    verify(&signed_text(header().to_string(), payload))
}

/// Verifies a token with good claims but for one.
pub(crate) fn verify_with_claim(name: &str, value: Value) -> Result<VerifiedToken<NoClaims>, Rejection> {
    verify(&signed(&header(), &with(claims(), name, value)))
}

/// Verifies a token with a good header but for one parameter.
pub(crate) fn verify_with_header(name: &str, value: Value) -> Result<VerifiedToken<NoClaims>, Rejection> {
    verify(&signed(&with(header(), name, value), &claims()))
}
