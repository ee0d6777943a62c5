//! The refresh token: `hsr_` and the base64url of version, key id, session, generation, branch and a MAC over all of it.
//!
//! A token is derived, never drawn: any replica computes the same one for the same step, so that a store holds counters and
//! no token. Authenticating costs the same whatever is wrong, and asks no database.

use std::fmt;

use aws_lc_rs::hmac;
use handstamp_token::{Entropy, KeyError, KeyId};
use zeroize::{Zeroize, Zeroizing};

use crate::model::{SessionId, Step};

/// What every refresh token begins with: secret scanners know it by this.
pub const PREFIX: &str = "hsr_";
const VERSION: u8 = 1;
const BODY_LEN: usize = 1 + 4 + 16 + 4 + 2;
const MAC_LEN: usize = 32;
const TOKEN_LEN: usize = BODY_LEN + MAC_LEN;
const TEXT_LEN: usize = PREFIX.len() + (TOKEN_LEN * 4).div_ceil(3);

/// A refresh token, ready to be handed out. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(Zeroizing<String>);

impl RefreshToken {
    /// Returns the token's text, for the answer to its owner and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What an authentic refresh token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresentedToken {
    /// Whose family it is of.
    pub session: SessionId,
    /// Which token of the family it is.
    pub step: Step,
}

/// The text is not a refresh token of ours. Clients hear one answer for all of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshTokenError {
    /// It does not look like one.
    #[error("the text is not a refresh token")]
    Malformed,
    /// It is of a format of another version.
    #[error("the refresh token is of an unknown version")]
    UnknownVersion,
    /// Its key is unknown, or no longer taken.
    #[error("the refresh token's key is unknown")]
    UnknownKey,
    /// Its MAC is wrong: forged or garbled.
    #[error("the refresh token is not authentic")]
    BadMac,
}

/// The number of a refresh key, as tokens carry it: short, and telling nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RefreshKeyId([u8; 4]);

impl RefreshKeyId {
    /// Draws a new id.
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 4];
        entropy.fill(&mut bytes);
        Self(bytes)
    }

    /// Returns the id as the store keeps it: `refresh-` and eight hexadecimal digits.
    pub fn to_key_id(self) -> Result<KeyId, KeyError> {
        KeyId::new(format!("refresh-{:08x}", u32::from_be_bytes(self.0)))
    }

    /// Reads the id back.
    pub fn from_key_id(id: &KeyId) -> Option<Self> {
        let digits = id.as_str().strip_prefix("refresh-")?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        Some(Self(number.to_be_bytes()))
    }
}

/// The keys that make and authenticate refresh tokens: one makes, all authenticate.
pub struct RefreshKeys {
    active: RefreshKeyId,
    keys: Vec<(RefreshKeyId, hmac::Key)>,
}

impl RefreshKeys {
    /// The length of a key's secret in bytes.
    pub const SECRET_LEN: usize = 32;

    /// Returns keys of which the first makes new tokens.
    pub fn new(active: (RefreshKeyId, &[u8]), retired: &[(RefreshKeyId, Zeroizing<Vec<u8>>)]) -> Self {
        let prepare = |id, secret: &[u8]| (id, hmac::Key::new(hmac::HMAC_SHA256, secret));
        let mut keys = vec![prepare(active.0, active.1)];
        keys.extend(retired.iter().map(|(id, secret)| prepare(*id, secret)));
        Self { active: active.0, keys }
    }

    /// Derives the token of one step of a session.
    pub fn mint(&self, session: SessionId, step: Step) -> RefreshToken {
        let mut bytes = [0; TOKEN_LEN];
        bytes[0] = VERSION;
        bytes[1..5].copy_from_slice(&self.active.0);
        bytes[5..21].copy_from_slice(session.as_bytes());
        bytes[21..25].copy_from_slice(&step.generation.to_be_bytes());
        bytes[25..27].copy_from_slice(&step.branch.to_be_bytes());
        let (body, mac) = bytes.split_at_mut(BODY_LEN);
        mac.copy_from_slice(hmac::sign(self.active_key(), body).as_ref());

        let mut text = Zeroizing::new(String::with_capacity(TEXT_LEN));
        text.push_str(PREFIX);
        base64_simd::URL_SAFE_NO_PAD.encode_append(bytes, &mut *text);
        bytes.zeroize();
        RefreshToken(text)
    }

    /// Checks a presented token and reads it. The cost is the same for each kind of forgery, and no store is asked.
    pub fn authenticate(&self, text: &str) -> Result<PresentedToken, RefreshTokenError> {
        let bytes = decode(text).ok_or(RefreshTokenError::Malformed)?;
        let (body, mac) = bytes.split_at(BODY_LEN);
        let known = self.keys.iter().find(|(id, _)| id.0 == body[1..5]);
        // An unknown key costs a MAC as well: time tells nobody which ids are in use.
        let key = known.map_or(self.active_key(), |(_, key)| key);
        let is_authentic = hmac::verify(key, body, mac).is_ok();

        if body[0] != VERSION {
            return Err(RefreshTokenError::UnknownVersion);
        }
        if known.is_none() {
            return Err(RefreshTokenError::UnknownKey);
        }
        if !is_authentic {
            return Err(RefreshTokenError::BadMac);
        }
        Ok(read(body))
    }

    fn active_key(&self) -> &hmac::Key {
        &self.keys[0].1
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshKeys").field("active", &self.active).finish_non_exhaustive()
    }
}

fn decode(text: &str) -> Option<[u8; TOKEN_LEN]> {
    let encoded = text.strip_prefix(PREFIX).filter(|_| text.len() == TEXT_LEN)?;
    let mut bytes = [0; TOKEN_LEN];
    let decoded = base64_simd::URL_SAFE_NO_PAD
        .decode(encoded.as_bytes(), base64_simd::Out::from_slice(&mut bytes))
        .ok()?;
    (decoded.len() == TOKEN_LEN).then_some(bytes)
}

/// Reads the body of a token whose MAC was good.
fn read(body: &[u8]) -> PresentedToken {
    let mut session = [0; 16];
    session.copy_from_slice(&body[5..21]);
    let mut generation = [0; 4];
    generation.copy_from_slice(&body[21..25]);
    let mut branch = [0; 2];
    branch.copy_from_slice(&body[25..27]);
    let step = Step { generation: u32::from_be_bytes(generation), branch: u16::from_be_bytes(branch) };
    PresentedToken { session: SessionId::from_bytes(session), step }
}
