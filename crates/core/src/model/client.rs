use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{ClientId, PasswordHash};

/// A machine that authenticates with a secret of its own (OAuth2 confidential client).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The `client_id`.
    pub id: ClientId,
    /// The secret's hash. The secret itself was shown once.
    pub secret: PasswordHash,
    /// Scopes it may ask for.
    pub scopes: BTreeSet<String>,
    /// Audiences it may ask for.
    pub audiences: BTreeSet<String>,
    /// When it was made.
    pub created_at: Timestamp,
}
