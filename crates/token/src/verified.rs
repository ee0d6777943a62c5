use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::claims::{Claims, RegisteredClaims};
use crate::json::{Document, Limits, reader};
use crate::keys::KeyId;
use crate::rejection::{Part, Rejection};
use crate::unverified::MAX_TOKEN_LEN;

/// Payloads nest a few levels for structured claims; nothing legitimate comes near this.
pub(crate) const LIMITS: Limits = Limits { depth: 16, children: 1024 };

/// Documents are lists: what they hold is limited by their length.
const DOCUMENT_LIMITS: Limits = Limits { depth: 16, children: 1 << 18 };

/// Returns the limits for a payload: those of documents apply to what is too long for a token.
pub(crate) fn limits(payload_len: usize) -> Limits {
    if payload_len > MAX_TOKEN_LEN { DOCUMENT_LIMITS } else { LIMITS }
}

/// A token that passed every rule of a [`Validator`](crate::Validator): the only way to its claims.
///
/// `Debug` shows whom it is about and until when, not its claims.
#[derive(Clone)]
pub struct VerifiedToken<C> {
    pub(crate) registered: Claims,
    pub(crate) claims: C,
    pub(crate) payload: Box<str>,
    pub(crate) key_id: KeyId,
}

impl<C> VerifiedToken<C> {
    /// Returns the registered claims.
    pub fn registered(&self) -> RegisteredClaims<'_> {
        RegisteredClaims::new(&self.registered, &self.payload)
    }

    /// Returns the claims in the caller's type.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// Returns the claims in the caller's type, without the rest.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// Returns the verified JSON text of the payload.
    pub fn payload(&self) -> &str {
        &self.payload
    }

    /// Returns the id of the key that signed the token.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Reads the claims as another type, which may borrow from this token.
    pub fn claims_as<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Rejection> {
        let limits = limits(self.payload.len());
        if let Ok(claims) = reader::read(&self.payload, limits) {
            return Ok(claims);
        }
        let document = Document::parse_text(&self.payload, limits)
            .map_err(|problem| Rejection::Json { part: Part::Payload, problem: problem.to_string() })?;
        document.root().deserialize().map_err(|problem| Rejection::Claims { problem: problem.to_string() })
    }
}

impl<C> fmt::Debug for VerifiedToken<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("registered", &self.registered())
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A verified token whose claims borrow from the buffer that holds its payload: what
/// [`Validator::verify_in`](crate::Validator::verify_in) returns.
#[derive(Clone)]
pub struct BorrowedToken<'p, C> {
    pub(crate) registered: Claims,
    pub(crate) claims: C,
    pub(crate) payload: &'p str,
    pub(crate) key_id: &'p KeyId,
}

impl<'p, C> BorrowedToken<'p, C> {
    /// Returns the registered claims.
    pub fn registered(&self) -> RegisteredClaims<'_> {
        RegisteredClaims::new(&self.registered, self.payload)
    }

    /// Returns the claims in the caller's type.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// Returns the claims in the caller's type, without the rest.
    pub fn into_claims(self) -> C {
        self.claims
    }

    /// Returns the verified JSON text of the payload.
    pub fn payload(&self) -> &'p str {
        self.payload
    }

    /// Returns the id of the key that signed the token.
    pub fn key_id(&self) -> &'p KeyId {
        self.key_id
    }
}

impl<C> fmt::Debug for BorrowedToken<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BorrowedToken")
            .field("registered", &self.registered())
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// A claims type for callers who need only the registered claims, or read the rest with
/// [`VerifiedToken::claims_as`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoClaims;

impl<'de> Deserialize<'de> for NoClaims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}
