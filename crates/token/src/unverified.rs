use crate::header::Header;
use crate::rejection::Rejection;

/// The longest accepted token. Cookies hold 4 kB and header lines about 8 kB; the rest is room for ML-DSA signatures.
pub const MAX_TOKEN_LEN: usize = 16 * 1024;

/// The three parts of a token, as text.
#[derive(Clone, Copy, Debug)]
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
        if token.len() > MAX_TOKEN_LEN {
            return Err(Rejection::TooLong { limit: MAX_TOKEN_LEN, actual: token.len() });
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(match token.split('.').count() {
                5 => Rejection::Encrypted,
                actual => Rejection::NotThreeParts { actual },
            });
        };
        Ok(Self { header, payload, signature, signing_input: &token[..header.len() + 1 + payload.len()] })
    }
}

/// A token taken apart, nothing verified: everything in it is what an unknown sender wrote.
///
/// Its one use is to choose the key to verify it with. Claims cannot be read from it; to look at one for debugging there is
/// [`dangerous::decode_unverified`](crate::dangerous::decode_unverified).
#[derive(Clone, Debug)]
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

    /// Returns the algorithm the sender claims.
    pub fn unverified_alg(&self) -> &str {
        &self.header.alg
    }

    /// Returns the key the sender names.
    pub fn unverified_kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }

    /// Returns the kind of token the sender claims.
    pub fn unverified_typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }
}
