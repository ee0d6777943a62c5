//! Keys: list, rotate, revoke, and put away what nobody needs any more.

mod housekeep;
mod list;
mod moves;
mod revoke;
mod rotate;

use handstamp_token::KeyId;
use jiff::Timestamp;

pub use housekeep::housekeep;
pub use list::{KeyList, ListedKey, list};
pub use revoke::revoke;
pub use rotate::{Rotated, When, rotate};

use crate::{keyring::KeyringError, store::StoreError};

/// The keys were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// There is no such key.
    #[error("there is no key {kid:?}")]
    NotFound {
        /// What was asked for.
        kid: String,
    },
    /// Access tokens are signed with a secret of the operator's: it is changed where it stands, and not here.
    #[error(
        "access tokens are signed with the secret {kid}, which the configuration names: put a new one before it there, and restart"
    )]
    Configured {
        /// The secret's id.
        kid: KeyId,
    },
    /// Verifiers that do not report may not hold the next key yet.
    #[error(
        "the next key {kid} was published too short a time ago: verifiers that do not report may not know it before {until:.0}"
    )]
    TooYoung {
        /// The next key.
        kid: KeyId,
        /// When they all do.
        until: Timestamp,
    },
    /// Services report that they do not hold the next key.
    #[error(
        "{behind} of the services that report do not hold the next key {kid}: `handstamp key list` shows which"
    )]
    NotHeld {
        /// The next key.
        kid: KeyId,
        /// How many processes do not hold it.
        behind: usize,
    },
    /// A key could not be made or opened.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
