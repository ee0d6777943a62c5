use clap::ValueEnum;
use handstamp_core::model::KeyPurpose;

/// What a key is for, as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Purpose {
    /// Signs access tokens
    AccessToken,
    /// Authenticates refresh tokens
    RefreshToken,
    /// Signs the revocation feed
    RevocationFeed,
}

impl From<Purpose> for KeyPurpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::AccessToken => Self::AccessToken,
            Purpose::RefreshToken => Self::RefreshToken,
            Purpose::RevocationFeed => Self::RevocationFeed,
        }
    }
}
