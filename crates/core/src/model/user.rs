use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::{Email, OrgId, Role, UpstreamName, UserId, Username};

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Stable, the `sub` of tokens.
    pub id: UserId,
    /// Unique.
    pub username: Username,
    /// Unique where set.
    pub email: Option<Email>,
    /// The one organisation whose data the user works on.
    pub org_id: Option<OrgId>,
    /// System-wide roles.
    pub roles: BTreeSet<Role>,
    /// Custom claims; the configuration says which of them go into tokens.
    pub claims: BTreeMap<String, Value>,
    /// Whether the user may sign in.
    pub status: UserStatus,
    /// Absent for users who only sign in through an upstream.
    pub password: Option<PasswordHash>,
    /// The upstream that the account was made through, whose word its address is. Absent: an administrator made it.
    pub origin: Option<UpstreamName>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// Rises with every change: two writers cannot overwrite each other unseen.
    pub version: u64,
}

/// Whether a user may sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// Yes.
    Active,
    /// No, since then. Every session was ended.
    Disabled {
        /// When.
        at: Timestamp,
    },
}

/// A password's hash in PHC text form (`$argon2id$…`). Shown to nobody: it can be attacked offline.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string that a password hasher made, or that a store kept.
    pub fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// Returns the PHC string, for the store and the hasher.
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
