//! Where good tokens come from, and what else their issuer can do: end them, show its keys.

mod dev_issuer;
mod given;
mod http;
mod key;
mod sign_in;
mod token;

use async_trait::async_trait;
use handstamp_token::{Jwk, SigningKey};

pub use dev_issuer::DevIssuerSource;
pub use given::GivenTokens;
pub use key::{KeySource, Person};
pub use sign_in::{Login, SignInSource};
pub use token::GoodToken;

/// Whose token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Who {
    /// Somebody who may use every operation that is to be attacked. Everything is measured by what they may do.
    Owner,
    /// Somebody of another organisation: their token is good, and opens nothing of the owner's.
    Outsider,
}

/// How a good token comes to its end before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Its session was ended: somebody signed out.
    SessionEnded,
    /// It was revoked alone.
    TokenRevoked,
    /// Its account was disabled.
    AccountDisabled,
    /// Roles or organisation changed, so that what it says is no longer true.
    RolesChanged,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 4] =
        [Self::SessionEnded, Self::TokenRevoked, Self::AccountDisabled, Self::RolesChanged];

    /// Returns the name that this has in the recipe of bad tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::SessionEnded => "session-ended",
            Self::TokenRevoked => "token-revoked",
            Self::AccountDisabled => "account-disabled",
            Self::RolesChanged => "roles-changed",
        }
    }
}

/// Something that has good tokens.
///
/// What a source cannot do it says, and the cases that need it are reported as not tried.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// Returns a token that is good for another minute at least; none where there is nobody like that.
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError>;

    /// Returns the key that signs, where it is known.
    fn signing_key(&self) -> Option<SigningKey> {
        None
    }

    /// Returns the public key of this id, or the only one where a token names none.
    fn public_key(&self, kid: Option<&str>) -> Option<Jwk> {
        let key = self.signing_key()?;
        let known = kid.is_none_or(|kid| key.key_id().as_str() == kid);
        known.then(|| key.verifying_key().to_jwk()).flatten()
    }

    /// Returns a token that can be [ended](Self::end) in this way without ending those of [`token`](Self::token); none where the
    /// source cannot.
    async fn doomed(&self, ending: Ending) -> Result<Option<GoodToken>, SourceError> {
        let _ = ending;
        Ok(None)
    }

    /// Ends a token that came from [`doomed`](Self::doomed). When this returns the issuer has taken note.
    async fn end(&self, token: &GoodToken, ending: Ending) -> Result<(), SourceError> {
        let _ = token;
        Err(SourceError::new(format!("{} cannot end tokens ({})", self.description(), ending.name())))
    }

    /// Returns a refresh token, which is good at the issuer and nowhere else.
    async fn refresh_token(&self) -> Result<Option<GoodToken>, SourceError> {
        Ok(None)
    }

    /// Returns how often somebody has fetched the issuer's keys, where that is known.
    async fn key_fetches(&self) -> Option<u64> {
        None
    }

    /// Hears that a token is not good any more, although it should be: an operation that was tried has ended it.
    async fn forget(&self, who: Who) {
        let _ = who;
    }

    /// Ends what was begun for this run. The run calls it when it is over.
    async fn close(&self) {}

    /// Returns what it is called in a report.
    fn description(&self) -> String;
}

/// A source has no token to give. The message says why and never holds a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    message: String,
    #[source]
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl SourceError {
    /// Says what is wrong.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None }
    }

    /// Says what was being done, and why it went wrong.
    pub fn because(
        message: impl Into<String>,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { message: message.into(), cause: Some(cause.into()) }
    }
}
