use std::fmt;

use handstamp_token::{Algorithm, KeyId};
use jiff::Timestamp;

/// A key as the store keeps it: the private part sealed under the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// The `kid`.
    pub id: KeyId,
    /// What the key is for. A key never serves two purposes.
    pub purpose: KeyPurpose,
    /// The one algorithm it is used with.
    pub algorithm: Algorithm,
    /// The private part.
    pub sealed: SealedKey,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Signs access tokens; its public part is in the JWKS.
    AccessToken,
    /// Authenticates refresh tokens (HMAC); never leaves the auth service.
    RefreshToken,
    /// Signs the revocation feed: a leaked access-token key must not forge the news of its own revocation.
    RevocationFeed,
}

impl KeyPurpose {
    /// Every purpose.
    pub const ALL: &'static [Self] = &[Self::AccessToken, Self::RefreshToken, Self::RevocationFeed];

    /// Returns the purpose's stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::RevocationFeed => "revocation_feed",
        }
    }

    /// Returns the purpose with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.as_str() == name)
    }
}

/// Where a key is in its life. It only ever moves downwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, not used yet, so that every verifier holds it before its first token arrives.
    Next {
        /// When somebody asked for it to sign as soon as it may; `None`: it waits for its turn.
        asked_at: Option<Timestamp>,
    },
    /// Signs.
    Active {
        /// Since when.
        since: Timestamp,
    },
    /// No longer signs; still verifies until its last token is dead.
    Retired {
        /// Since when.
        at: Timestamp,
        /// From then on nobody needs it.
        remove_at: Timestamp,
    },
    /// Leaked: verifies nothing.
    Revoked {
        /// Since when.
        at: Timestamp,
    },
}

impl KeyState {
    /// A key that was published just now, and waits for its turn.
    pub const NEXT: Self = Self::Next { asked_at: None };

    /// Returns whether the key is published and does not sign yet.
    pub const fn is_next(self) -> bool {
        matches!(self, Self::Next { .. })
    }

    /// Returns whether the key signs.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active { .. })
    }
}

/// Key material, encrypted under the root key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey(Vec<u8>);

impl SealedKey {
    /// Wraps sealed bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the sealed bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}
