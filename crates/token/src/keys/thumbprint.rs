//! Thumbprints of keys (RFC 7638, RFC 8037 §2): the SHA-256 of the required members in lexical order.

use aws_lc_rs::digest;

use super::jwk::Jwk;
use super::public::PublicParts;
use crate::base64url;

/// Returns the thumbprint of a public key.
pub(super) fn public(parts: &PublicParts) -> String {
    let jwk = Jwk::of(parts);
    // Absent members print as nothing; each arm names those its key type has.
    let text = |member: &Option<String>| member.clone().unwrap_or_default();
    let canonical = match jwk.kty.as_str() {
        "RSA" => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, text(&jwk.e), text(&jwk.n)),
        "EC" => format!(
            r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
            text(&jwk.crv),
            text(&jwk.x),
            text(&jwk.y)
        ),
        "OKP" => format!(r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#, text(&jwk.crv), text(&jwk.x)),
        _ => format!(r#"{{"alg":"{}","kty":"AKP","pub":"{}"}}"#, text(&jwk.alg), text(&jwk.public)),
    };
    hash(&canonical)
}

/// Returns the thumbprint of a shared secret. Safe to show for a drawn secret only (RFC 7638 §7), and no other is accepted.
pub(super) fn secret(secret: &[u8]) -> String {
    let canonical =
        zeroize::Zeroizing::new(format!(r#"{{"k":"{}","kty":"oct"}}"#, base64url::encode(secret)));
    hash(&canonical)
}

fn hash(canonical: &str) -> String {
    base64url::encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
}
