use std::borrow::Cow;

use handstamp_core::model::SessionId;
use handstamp_token::{Rejection, UnixTime, dangerous, jwe::JweError};
use serde::Deserialize;

use super::Gate;

/// The session that an access token names, although the token may have expired long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedSession {
    /// We have signed that.
    Signed(SessionId),
    /// It names a key that is gone: after a rotation some time, after a leak at once, after a change from secrets to key pairs or
    /// back. Who signed it cannot be told.
    KeyGone(SessionId),
}

#[derive(Deserialize)]
struct SessionClaims {
    iat: UnixTime,
    sid: String,
}

impl NamedSession {
    /// Returns the session, to compare it with that of the refresh cookie beside the token. For nothing else.
    ///
    /// A host that shares our parent domain can plant a refresh cookie, but no access cookie with the `__Host-` prefix.
    /// Whoever could plant that too could plant a real pair of their own, so that a key which is gone must not sign
    /// anybody out.
    pub(crate) fn beside_refresh(self) -> SessionId {
        let (Self::Signed(session) | Self::KeyGone(session)) = self;
        session
    }

    /// Returns the session if the signature proves it.
    pub(crate) fn signed(self) -> Option<SessionId> {
        match self {
            Self::Signed(session) => Some(session),
            Self::KeyGone(_) => None,
        }
    }
}

impl Gate {
    /// Reads whose session an access token is of, whatever the time.
    pub(crate) fn session_named_by(&self, access_token: &str) -> Option<NamedSession> {
        let access_token = &*self.decrypted(access_token)?;
        let unverified = dangerous::decode_unverified(access_token).ok()?;
        let unverified: SessionClaims = serde_json::from_str(&unverified.unverified_payload).ok()?;
        // Every rule is applied, as of the moment at which the token says it was issued.
        let verified =
            self.validator.verify::<SessionClaims>(access_token, &self.keys().keys(), unverified.iat);
        match verified {
            Ok(token) => token.claims().sid.parse().ok().map(NamedSession::Signed),
            Err(Rejection::UnknownKey { .. } | Rejection::AlgorithmNotAllowed { .. }) => {
                unverified.sid.parse().ok().map(NamedSession::KeyGone)
            }
            Err(_) => None,
        }
    }

    /// Decrypts a token where tokens are encrypted.
    ///
    /// One that is only signed is read as well: it is from the time before that was switched on, names its session just as
    /// truly, and the refresh that it allows brings an encrypted one. No other route takes it.
    fn decrypted<'t>(&self, token: &'t str) -> Option<Cow<'t, str>> {
        let Some(keys) = &self.decryption else { return Some(Cow::Borrowed(token)) };
        match keys.decrypt(token) {
            Ok(nested) => Some(Cow::Owned(nested.into_unverified_string())),
            Err(JweError::NotEncrypted) => Some(Cow::Borrowed(token)),
            Err(_) => None,
        }
    }
}
