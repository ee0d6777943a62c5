//! From a session and its user to a signed access token, encrypted where the operator wants it so.

use std::{fmt, time::Duration};

use handstamp_token::{SignError, UnixTime, jwe::JweError};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Context,
    claims::{self, AccessClaims},
    model::{Session, Step},
    settings::TokenSettings,
    store::Subject,
};

/// The `typ` of access tokens ([RFC 9068 §2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// A signed access token with what it says.
#[derive(Clone, PartialEq)]
pub struct AccessToken {
    /// The JWT, inside a JWE where tokens are encrypted.
    pub text: String,
    /// Its claims.
    pub claims: AccessClaims,
    /// How long it is good for, from now on.
    pub expires_in: Duration,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken")
            .field("text", &"[redacted]")
            .field("claims", &self.claims)
            .finish_non_exhaustive()
    }
}

/// No access token could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// It would not fit a cookie, and the browser would drop it without a word. The user's data is too large.
    #[error(
        "the access token and its cookie's name have {size} bytes together, more than the limit of {limit}; \
         the largest claim is {claim:?}"
    )]
    TooLarge {
        /// The claim that takes the most room.
        claim: String,
        /// How large the cookie's name and value would be together.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// Signing failed: a defect, or a key that cannot sign.
    #[error("the access token could not be signed")]
    Sign(#[source] SignError),
    /// Encrypting failed: a defect.
    #[error("the access token could not be encrypted")]
    Encrypt(#[source] JweError),
}

/// Mints the access token of a session, issued under the refresh token of one step.
pub(crate) fn mint(
    ctx: &Context,
    session: &Session,
    subject: &Subject,
    issued_under: Step,
    now: Timestamp,
) -> Result<AccessToken, MintError> {
    let iat = UnixTime::from_secs(now.as_second());
    let jti = claims::new_jti(issued_under, &*ctx.entropy);
    let claims = AccessClaims::new(&ctx.settings, session, subject, jti, iat);
    let text = seal(ctx, &claims)?;
    check_size(&text, &claims, &ctx.settings.tokens)?;
    let seconds = claims.exp.as_secs().saturating_sub(iat.as_secs());
    Ok(AccessToken { text, claims, expires_in: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)) })
}

/// Signs the claims of an access token, and encrypts it where the operator wants it so.
pub(crate) fn seal(ctx: &Context, claims: &impl Serialize) -> Result<String, MintError> {
    let signed = ctx.keyring.signing_key().sign(ACCESS_TOKEN_TYP, claims).map_err(MintError::Sign)?;
    match &ctx.settings.tokens.encryption {
        None => Ok(signed),
        Some(encryption) => {
            encryption.encryption_key().encrypt(&signed, &*ctx.entropy).map_err(MintError::Encrypt)
        }
    }
}

fn check_size(text: &str, claims: &AccessClaims, settings: &TokenSettings) -> Result<(), MintError> {
    let size = settings.cookie_name_len + text.len();
    if size <= settings.max_size {
        return Ok(());
    }
    Err(MintError::TooLarge { claim: largest_claim(claims), size, limit: settings.max_size })
}

fn largest_claim(claims: &AccessClaims) -> String {
    let Ok(serde_json::Value::Object(members)) = serde_json::to_value(claims) else { return String::new() };
    let largest = members.into_iter().max_by_key(|(name, value)| name.len() + value.to_string().len());
    largest.map(|(name, _)| name).unwrap_or_default()
}
