use base64_simd::URL_SAFE_NO_PAD;
use handstamp_core::{Context, root_key::RootKeyError};
use handstamp_token::Entropy;
use jiff::Timestamp;

use crate::upstreams::LIFETIME;

/// The format of what is sealed.
const VERSION: u8 = 1;

/// A sign-in on a site that was begun: all of it stays in the browser, sealed, and any replica can finish it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CarryAttempt {
    /// Names the attempt: 128 bits that come back with the code.
    pub(crate) state: String,
    /// Proves that the code comes back to the browser that asked for it. It never leaves the cookie.
    verifier: [u8; 32],
    pub(crate) expires_at: Timestamp,
    /// Where people go afterwards. Whether they may is asked again then.
    pub(crate) return_to: Option<String>,
}

/// The hash of a verifier, as in RFC 7636 §4.2 with `S256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Challenge([u8; 32]);

/// Why no attempt can be finished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CarryAttemptError {
    #[error("the answer names no attempt")]
    NoState,
    #[error(
        "the browser has no attempt of this name: it was finished, is old, or was begun in another browser"
    )]
    Unknown,
    #[error("the attempt in the browser cannot be opened: it was changed, or sealed by another installation")]
    Garbled,
    #[error("the attempt is too old")]
    Expired {
        /// Where people wanted to go.
        return_to: Option<String>,
    },
}

impl CarryAttempt {
    /// Begins one.
    pub(crate) fn begin(entropy: &dyn Entropy, return_to: Option<String>, now: Timestamp) -> Self {
        let (mut state, mut verifier) = ([0; 16], [0; 32]);
        entropy.fill(&mut state);
        entropy.fill(&mut verifier);
        let expires_at = now.checked_add(LIFETIME).unwrap_or(Timestamp::MAX);
        Self { state: URL_SAFE_NO_PAD.encode_to_string(state), verifier, expires_at, return_to }
    }

    /// Returns what binds a code to this attempt, and tells nothing of the verifier.
    pub(crate) fn challenge(&self) -> Challenge {
        let verifier = URL_SAFE_NO_PAD.encode_to_string(self.verifier);
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let mut challenge = [0; 32];
        challenge.copy_from_slice(hash.as_ref());
        Challenge(challenge)
    }

    /// Returns it as text that only this installation can read.
    pub(crate) fn seal(&self, core: &Context) -> Result<String, RootKeyError> {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.expires_at.as_second().to_be_bytes());
        bytes.extend_from_slice(&self.verifier);
        bytes.extend_from_slice(self.return_to.as_deref().unwrap_or_default().as_bytes());
        let sealed = core.keyring.seal(&purpose(&self.state), &bytes, &*core.entropy)?;
        Ok(URL_SAFE_NO_PAD.encode_to_string(sealed))
    }

    /// Reads the one of this name.
    pub(crate) fn open(
        core: &Context,
        state: &str,
        sealed: &str,
        now: Timestamp,
    ) -> Result<Self, CarryAttemptError> {
        let garbled = || CarryAttemptError::Garbled;
        let sealed = URL_SAFE_NO_PAD.decode_to_vec(sealed).map_err(|_| garbled())?;
        let plain = core.keyring.open(&purpose(state), &sealed).map_err(|_| garbled())?;
        let attempt = Self::read(state, &plain).ok_or_else(garbled)?;
        if now < attempt.expires_at {
            Ok(attempt)
        } else {
            Err(CarryAttemptError::Expired { return_to: attempt.return_to })
        }
    }

    fn read(state: &str, bytes: &[u8]) -> Option<Self> {
        let (&VERSION, rest) = bytes.split_first()? else { return None };
        let (expires_at, rest) = rest.split_first_chunk()?;
        let (verifier, return_to) = rest.split_first_chunk()?;
        let return_to = str::from_utf8(return_to).ok()?;
        Some(Self {
            state: state.to_owned(),
            verifier: *verifier,
            expires_at: Timestamp::from_second(i64::from_be_bytes(*expires_at)).ok()?,
            return_to: (!return_to.is_empty()).then(|| return_to.to_owned()),
        })
    }
}

impl std::fmt::Debug for CarryAttempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CarryAttempt").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Challenge {
    /// Reads 256 bits in base64url.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode_to_vec(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    pub(super) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode_to_string(self.0))
    }
}

/// The name is part of it: what was sealed under one name opens under no other.
fn purpose(state: &str) -> Vec<u8> {
    format!("carry attempt:{state}").into_bytes()
}

#[cfg(test)]
mod tests {
    use handstamp_core::test_support::Kit;
    use jiff::ToSpan as _;

    use super::{CarryAttempt, CarryAttemptError, Challenge};

    fn begun(kit: &Kit) -> CarryAttempt {
        CarryAttempt::begin(&*kit.ctx.entropy, Some("/cart?x=1".to_owned()), kit.clock.now())
    }

    #[tokio::test]
    async fn what_was_sealed_opens_as_it_was_under_its_name_alone() {
        let kit = Kit::new().await;
        let (attempt, other) = (begun(&kit), begun(&kit));
        let sealed = attempt.seal(&kit.ctx).unwrap();
        let open = |state: &str, sealed: &str| CarryAttempt::open(&kit.ctx, state, sealed, kit.clock.now());

        assert_eq!(open(&attempt.state, &sealed).unwrap(), attempt);
        assert!(matches!(open(&other.state, &sealed), Err(CarryAttemptError::Garbled)));
        for cut in 0..sealed.len() {
            assert!(matches!(open(&attempt.state, &sealed[..cut]), Err(CarryAttemptError::Garbled)), "{cut}");
        }
    }

    #[tokio::test]
    async fn it_opens_until_it_expires() {
        let kit = Kit::new().await;
        let attempt = begun(&kit);
        let sealed = attempt.seal(&kit.ctx).unwrap();
        let at = |seconds: i64| {
            CarryAttempt::open(&kit.ctx, &attempt.state, &sealed, kit.clock.now() + seconds.seconds())
        };
        assert!(at(599).is_ok());
        assert!(
            matches!(at(600), Err(CarryAttemptError::Expired { return_to: Some(to) }) if to == "/cart?x=1")
        );
    }

    #[tokio::test]
    async fn a_challenge_is_of_one_attempt_and_reads_back() {
        let kit = Kit::new().await;
        let (one, other) = (begun(&kit).challenge(), begun(&kit).challenge());
        assert_ne!(one, other);
        assert_eq!(Challenge::parse(&one.to_string()), Some(one));
        for wrong in ["", "x", "%", &"A".repeat(42), &"A".repeat(44)] {
            assert_eq!(Challenge::parse(wrong), None, "{wrong}");
        }
    }
}
