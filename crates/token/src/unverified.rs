use std::fmt;

use memchr::memchr_iter;

use crate::header::Header;
use crate::rejection::Rejection;
use crate::text::Text;

/// The longest accepted token. Cookies hold 4 kB and header lines about 8 kB; the rest is room for ML-DSA signatures.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The longest accepted document: a signed list that a service fetches from an address it was configured with, where a token
/// is sent by anybody.
pub const MAX_DOCUMENT_LEN: usize = 1024 * 1024;

/// The three parts of a token, as text.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) signature: &'a str,
    /// Header and payload as they were signed.
    pub(crate) signing_input: &'a str,
}

impl<'a> Parts<'a> {
    /// Splits a token, after its length was checked.
    pub(crate) fn of(token: &'a str) -> Result<Self, Rejection> {
        Self::up_to(MAX_TOKEN_LEN, token)
    }

    fn up_to(limit: usize, token: &'a str) -> Result<Self, Rejection> {
        if token.len() > limit {
            return Err(Rejection::TooLong { limit, actual: token.len() });
        }
        let mut dots = memchr_iter(b'.', token.as_bytes());
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            // Counted in one sweep: 16 kB of dots cost no more than 16 kB of anything.
            return Err(match memchr_iter(b'.', token.as_bytes()).count() + 1 {
                5 => Rejection::Encrypted,
                actual => Rejection::NotThreeParts { actual },
            });
        };
        Ok(Self {
            header: &token[..first],
            payload: &token[first + 1..second],
            signature: &token[second + 1..],
            signing_input: &token[..second],
        })
    }
}

/// A token taken apart, nothing verified: everything in it is what an unknown sender wrote.
///
/// Its one use is to choose the key to verify it with. Claims cannot be read from it; to look at one for debugging there is
/// [`dangerous::decode_unverified`](crate::dangerous::decode_unverified). `Debug` shows the header alone: the rest may be a
/// good token, and a log is no place for one.
#[derive(Clone)]
pub struct UnverifiedToken<'a> {
    pub(crate) header: Header,
    pub(crate) parts: Parts<'a>,
}

impl<'a> UnverifiedToken<'a> {
    /// Splits a token and reads its header ([RFC 7515 §7.1]), after its length was checked.
    ///
    /// Payload and signature are looked at when the signature is checked.
    ///
    /// [RFC 7515 §7.1]: https://www.rfc-editor.org/rfc/rfc7515#section-7.1
    pub fn parse(token: &'a str) -> Result<Self, Rejection> {
        let parts = Parts::of(token)?;
        Ok(Self { header: Header::parse(parts.header)?, parts })
    }

    /// Does the same for a signed document of up to [`MAX_DOCUMENT_LEN`] bytes: a status list, a revocation batch. Not for what
    /// a client sends.
    pub fn parse_document(document: &'a str) -> Result<Self, Rejection> {
        let parts = Parts::up_to(MAX_DOCUMENT_LEN, document)?;
        Ok(Self { header: Header::parse(parts.header)?, parts })
    }

    /// Returns the algorithm the sender claims.
    pub fn unverified_alg(&self) -> &str {
        self.header.alg.as_str()
    }

    /// Returns the key the sender names.
    pub fn unverified_kid(&self) -> Option<&str> {
        self.header.kid.as_ref().map(Text::as_str)
    }

    /// Returns the kind of token the sender claims.
    pub fn unverified_typ(&self) -> Option<&str> {
        self.header.typ.as_ref().map(Text::as_str)
    }
}

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken").field("header", &self.header).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, SigningKey};

    #[test]
    fn what_is_too_long_for_a_token_can_be_a_document() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let claims = |len: usize| std::collections::BTreeMap::from([("list", "x".repeat(len))]);

        let document = key.sign_document("statuslist+jwt", &claims(100_000)).unwrap();

        assert!(key.sign("statuslist+jwt", &claims(100_000)).is_err());
        assert!(key.sign_document("statuslist+jwt", &claims(MAX_DOCUMENT_LEN)).is_err());
        assert!(matches!(
            UnverifiedToken::parse(&document),
            Err(Rejection::TooLong { limit: MAX_TOKEN_LEN, .. })
        ));
        assert_eq!(
            UnverifiedToken::parse_document(&document).unwrap().unverified_typ(),
            Some("statuslist+jwt")
        );
    }

    #[test]
    fn a_document_may_hold_a_long_list() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let claims = serde_json::json!({ "iss": "i", "aud": "a", "exp": 2, "list": vec!["event"; 30_000] });
        let document = key.sign_document("list+jwt", &claims).unwrap();
        let token = UnverifiedToken::parse_document(&document).unwrap();
        let validator = crate::Validator::typed("list+jwt", "i", "a", &[Algorithm::EdDsa]).unwrap();

        let now = crate::UnixTime::from_secs(1);
        let verified =
            validator.verify_with_key::<serde_json::Value>(token, &key.verifying_key(), now).unwrap();

        assert_eq!(verified.claims(), &claims);
    }
}
