use std::borrow::Cow;

use handstamp_token::Rejection;
#[cfg(feature = "jwe")]
use handstamp_token::jwe::DecryptionKeys;

/// What a verifier expects a token to come in. One or the other: if both were taken, the sender would choose.
#[derive(Debug)]
pub(crate) enum Nested {
    /// As it was signed.
    No,
    /// Encrypted, to one of these keys.
    #[cfg(feature = "jwe")]
    Encrypted(DecryptionKeys),
}

impl Nested {
    /// Returns the signed token, which is still to be verified: anybody can encrypt to a public key.
    ///
    /// An encrypted text that comes where none is expected is left to the verifier, which refuses it as such.
    #[cfg_attr(not(feature = "jwe"), expect(clippy::unnecessary_wraps, reason = "only decryption can fail"))]
    pub(crate) fn unverified<'t>(&self, token: &'t str) -> Result<Cow<'t, str>, Rejection> {
        match self {
            Self::No => Ok(Cow::Borrowed(token)),
            #[cfg(feature = "jwe")]
            Self::Encrypted(keys) => {
                let nested = keys.decrypt(token).map_err(Rejection::Decryption)?;
                Ok(Cow::Owned(nested.into_unverified_string()))
            }
        }
    }
}
