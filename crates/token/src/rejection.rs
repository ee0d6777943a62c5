use std::fmt;
use std::time::Duration;

use crate::algorithm::Algorithm;
#[cfg(feature = "jwe")]
use crate::jwe::JweError;
use crate::time::{InWords, UnixTime};

/// Why a token was refused: one variant per rule, with what was expected and what came.
///
/// Messages are for developers and logs. They quote claim values of the token, never its signature or a key; towards
/// clients, send [`code`](Self::code).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The token is longer than any token may be. Sender's fault.
    #[error("the token has {actual} bytes; at most {limit} are read")]
    TooLong {
        /// The limit.
        limit: usize,
        /// The token's length.
        actual: usize,
    },
    /// The text is not three parts joined by dots (RFC 7515 §7.1). Sender's fault.
    #[error("a signed token has three parts joined by dots, this has {actual}")]
    NotThreeParts {
        /// The number of parts.
        actual: usize,
    },
    /// The token has five parts: it is encrypted (JWE), and must be decrypted first. Never taken for a signed one.
    #[error("the token is encrypted (five parts); it must be decrypted before it can be verified")]
    Encrypted,
    /// The token is encrypted and could not be decrypted to a signed one.
    #[cfg(feature = "jwe")]
    #[error("the token cannot be decrypted: {0}")]
    Decryption(JweError),
    /// A part is not canonical unpadded base64url (RFC 7515 §2).
    #[error("the {part} is not canonical base64url: no padding, no other alphabet, no left-over bits")]
    Base64 {
        /// The part.
        part: Part,
    },
    /// A part is not JSON we accept: malformed, a duplicate name, too deep, not UTF-8, …
    #[error("the {part} is not acceptable JSON: {problem}")]
    Json {
        /// The part.
        part: Part,
        /// What is wrong with it.
        problem: String,
    },
    /// A part is JSON but not an object.
    #[error("the {part} must be a JSON object, this is {actual}")]
    NotAnObject {
        /// The part.
        part: Part,
        /// What it is.
        actual: &'static str,
    },
    /// A header parameter is missing or of the wrong type.
    #[error("the header parameter {name:?} must be {expected}")]
    HeaderParameter {
        /// The parameter.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The header names an extension as critical that is not understood (RFC 7515 §4.1.11).
    #[error("the header marks {name:?} as critical, which is not understood here")]
    CriticalHeader {
        /// The extension.
        name: String,
    },
    /// The header asks for an unencoded payload (RFC 7797), which JWTs must not use.
    #[error("the header asks for an unencoded payload (b64), which no JWT may use")]
    UnencodedPayload,
    /// The token is unsecured: `alg` is `none`, in whatever spelling (RFC 8725 §3.2).
    #[error("the token is unsigned (alg {actual:?}); unsigned tokens are never accepted")]
    Unsigned {
        /// The spelling found.
        actual: String,
    },
    /// The token's `alg` is not among those the validator allows.
    #[error("the algorithm {actual:?} is not allowed here; allowed: {}", names(expected))]
    AlgorithmNotAllowed {
        /// The allowed algorithms.
        expected: Vec<Algorithm>,
        /// The token's `alg`.
        actual: String,
    },
    /// The token's `alg` differs from the one algorithm of the key it names: an attempt at algorithm confusion, or a key
    /// registered wrongly.
    #[error("the key {kid} is for {expected} alone, the token says {actual}")]
    KeyAlgorithm {
        /// The key.
        kid: String,
        /// The key's algorithm.
        expected: Algorithm,
        /// The token's.
        actual: Algorithm,
    },
    /// The token is of another kind: an ID token where an access token belongs, and the like (RFC 8725 §3.11).
    #[error("the token's typ is {}, expected {expected:?}", quoted(actual.as_deref()))]
    WrongType {
        /// The `typ` of this profile.
        expected: &'static str,
        /// The token's `typ`.
        actual: Option<String>,
    },
    /// The token names no key and there is not exactly one to choose.
    #[error("the token names no key (kid), and there are {available} to choose from")]
    MissingKeyId {
        /// The number of keys in the set.
        available: usize,
    },
    /// The token names a key that is not in the set. After a key rotation a fresh JWKS may have it.
    #[error("no key has the id {kid:?}")]
    UnknownKey {
        /// The token's `kid`.
        kid: String,
    },
    /// The signature is not this key's signature of this token.
    #[error("the signature does not match")]
    BadSignature,
    /// A required claim is missing.
    #[error("the claim {claim:?} is required and missing")]
    MissingClaim {
        /// The claim.
        claim: &'static str,
    },
    /// A claim that this kind of token must not have is there.
    #[error("the claim {claim:?} must not appear in this kind of token")]
    ForbiddenClaim {
        /// The claim.
        claim: &'static str,
    },
    /// A claim has the wrong JSON type, or a date is out of range.
    #[error("the claim {claim:?} must be {expected}, this is {actual}")]
    ClaimType {
        /// The claim.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        actual: &'static str,
    },
    /// `iss` is another issuer. Compared exactly, to the last slash.
    #[error("the issuer is {actual:?}, expected {expected:?}")]
    WrongIssuer {
        /// The validator's issuer.
        expected: String,
        /// The token's.
        actual: String,
    },
    /// `aud` does not name us: the token was made for another service.
    #[error("the token is for {actual:?}, expected one of {expected:?}")]
    WrongAudience {
        /// The validator's audiences.
        expected: Vec<String>,
        /// The token's.
        actual: Vec<String>,
    },
    /// A claim differs from the value the validator was told to expect (`nonce`, `azp`, a status list's `sub`).
    #[error("the claim {claim:?} is {}, expected {expected:?}", quoted(actual.as_deref()))]
    WrongValue {
        /// The claim.
        claim: &'static str,
        /// The expected value.
        expected: String,
        /// The token's.
        actual: Option<String>,
    },
    /// `exp` has passed, leeway included.
    #[error("the token expired {}, at {exp}{}", exp.relative_to(*now), Leeway(*leeway))]
    Expired {
        /// The token's `exp`.
        exp: UnixTime,
        /// The time of the check.
        now: UnixTime,
        /// The leeway granted.
        leeway: Duration,
    },
    /// `nbf` is yet to come, leeway included.
    #[error("the token becomes valid {}, at {nbf}{}; do the clocks differ?", nbf.relative_to(*now), Leeway(*leeway))]
    NotYetValid {
        /// The token's `nbf`.
        nbf: UnixTime,
        /// The time of the check.
        now: UnixTime,
        /// The leeway granted.
        leeway: Duration,
    },
    /// `iat` is yet to come, leeway included: the issuer's clock is ahead.
    #[error("the token claims to be issued {}, at {iat}{}; do the clocks differ?", iat.relative_to(*now), Leeway(*leeway))]
    IssuedInFuture {
        /// The token's `iat`.
        iat: UnixTime,
        /// The time of the check.
        now: UnixTime,
        /// The leeway granted.
        leeway: Duration,
    },
    /// `exp` lies further from `iat` than this service accepts, or before it.
    #[error("the token lives from {iat} to {exp}; the limit is {}", InWords(*limit))]
    LifetimeTooLong {
        /// The token's `iat`.
        iat: UnixTime,
        /// The token's `exp`.
        exp: UnixTime,
        /// The accepted lifetime.
        limit: Duration,
    },
    /// The user signed in longer ago than accepted (`auth_time` against `max_age`).
    #[error("the sign-in happened {}, at {auth_time}; the limit is {}", auth_time.relative_to(*now), InWords(*limit))]
    AuthTooOld {
        /// The token's `auth_time`.
        auth_time: UnixTime,
        /// The time of the check.
        now: UnixTime,
        /// The accepted age.
        limit: Duration,
    },
    /// The claims do not have the shape of the caller's type.
    #[error("the claims do not fit: {problem}")]
    Claims {
        /// What does not fit, and where.
        problem: String,
    },
}

impl Rejection {
    /// Returns the stable code of this rule, for clients, metrics and documentation.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. }
            | Self::NotThreeParts { .. }
            | Self::Base64 { .. }
            | Self::Json { .. }
            | Self::NotAnObject { .. }
            | Self::HeaderParameter { .. } => "token_malformed",
            Self::Encrypted => "token_encrypted",
            #[cfg(feature = "jwe")]
            Self::Decryption(problem) => decryption_code(problem),
            Self::CriticalHeader { .. } | Self::UnencodedPayload => "token_header_unsupported",
            Self::Unsigned { .. } | Self::AlgorithmNotAllowed { .. } | Self::KeyAlgorithm { .. } => {
                "token_algorithm_refused"
            }
            Self::WrongType { .. } => "token_wrong_type",
            Self::MissingKeyId { .. } | Self::UnknownKey { .. } => "token_unknown_key",
            Self::BadSignature => "token_bad_signature",
            Self::MissingClaim { .. } => "token_claim_missing",
            Self::ForbiddenClaim { .. }
            | Self::ClaimType { .. }
            | Self::WrongValue { .. }
            | Self::Claims { .. } => "token_claim_invalid",
            Self::WrongIssuer { .. } => "token_wrong_issuer",
            Self::WrongAudience { .. } => "token_wrong_audience",
            Self::Expired { .. } => "token_expired",
            Self::NotYetValid { .. } | Self::IssuedInFuture { .. } => "token_not_yet_valid",
            Self::LifetimeTooLong { .. } => "token_lifetime_too_long",
            Self::AuthTooOld { .. } => "token_auth_too_old",
        }
    }
}

/// What is not a token at all is malformed, whichever kind was asked for.
#[cfg(feature = "jwe")]
fn decryption_code(problem: &JweError) -> &'static str {
    match problem {
        JweError::TooLong { .. }
        | JweError::NotFiveParts { .. }
        | JweError::Base64 { .. }
        | JweError::Header { .. } => "token_malformed",
        JweError::NotEncrypted => "token_not_encrypted",
        _ => "token_undecryptable",
    }
}

/// A part of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The first part.
    Header,
    /// The second part, the claims.
    Payload,
    /// The third part.
    Signature,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        })
    }
}

struct Leeway(Duration);

impl fmt::Display for Leeway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() { Ok(()) } else { write!(f, " ({} s leeway granted)", self.0.as_secs()) }
    }
}

fn names(algorithms: &[Algorithm]) -> String {
    algorithms.iter().map(|algorithm| algorithm.name()).collect::<Vec<_>>().join(", ")
}

fn quoted(value: Option<&str>) -> String {
    value.map_or_else(|| "missing".to_owned(), |value| format!("{value:?}"))
}
