//! Tokens with which a service calls another service: its own, and on behalf of a user.
//!
//! A [`TokenSource`] asks the auth service once and keeps the answer: however many requests need the same token at the same
//! time, one of them fetches it. A token of the service's own is renewed before it expires, while the old one is still good: one
//! request waits for the next one, all others go on with the old one, and a short outage of the auth service fails none.
//!
//! ```no_run
//! use handstamp_verify::revocation::ClientSecret;
//! use handstamp_verify::token_source::{ClientCredentials, TokenSource};
//!
//! # async fn example(users_token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let secret = ClientSecret::new(std::fs::read_to_string("orders.secret")?.trim());
//! let tokens = TokenSource::builder("https://auth.example", ClientCredentials::secret("orders", secret)).build()?;
//!
//! // On behalf of the user who called: for one audience, and never more than the user's own token.
//! let token = tokens.on_behalf_of(users_token, "profiles").await?;
//! // In the service's own name.
//! let own = tokens.own("billing", "invoices:read").await?;
//!
//! let request = http::Request::get("https://profiles.example/profiles")
//!     .header(http::header::AUTHORIZATION, token.authorization())
//!     .body(())?;
//! # let _ = (own, request);
//! # Ok(())
//! # }
//! ```

mod builder;
mod credentials;
mod error;
mod fetch;
mod kept;

use std::fmt;
use std::sync::Arc;

use handstamp_token::UnixTime;
use http::HeaderValue;

pub use crate::source::SourceBuildError;
pub use builder::TokenSourceBuilder;
pub use credentials::ClientCredentials;
pub use error::TokenSourceError;

use crate::clock::Clock;
use fetch::{Endpoint, Wanted};
use kept::{Kept, Key, Renewal};

/// Fetches and keeps tokens for calls to other services. Cloning is cheap; clones share what is kept.
#[derive(Clone)]
pub struct TokenSource {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    kept: Kept,
    clock: Arc<dyn Clock>,
}

/// An access token to call another service with. Prints nothing of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceToken {
    /// Marked as sensitive: it stays out of logs, and out of the table that HTTP/2 shares between requests.
    authorization: HeaderValue,
    expires_at: UnixTime,
}

impl ServiceToken {
    /// Returns the value of the `Authorization` header.
    pub fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }

    /// Returns when the token is dead, by this machine's clock.
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }
}

impl TokenSource {
    /// Starts a source at this issuer: the auth service's public URL. `credentials` are those of a client that is registered
    /// there, with the audiences of the services to be called.
    pub fn builder(issuer: impl Into<String>, credentials: ClientCredentials) -> TokenSourceBuilder {
        TokenSourceBuilder::new(issuer.into(), credentials)
    }

    /// Returns a token of the service's own for one audience, with these scopes (side by side; empty for all it may have).
    pub async fn own(&self, audience: &str, scope: &str) -> Result<ServiceToken, TokenSourceError> {
        self.token(Wanted::Own { audience, scope }).await
    }

    /// Returns a token with which the service acts on behalf of the user whose access token this is, for one audience.
    ///
    /// It lives no longer than the user's own. What is kept goes by a hash of that token, never by the token.
    pub async fn on_behalf_of(
        &self,
        users_token: &str,
        audience: &str,
    ) -> Result<ServiceToken, TokenSourceError> {
        self.token(Wanted::OnBehalf { users_token, audience }).await
    }

    /// Forgets a token of the service's own that another service has refused: a signing key was revoked, or the log of revocations
    /// rebuilt. The next one is fetched anew. A token that has taken its place meanwhile stays.
    pub fn forget_own(&self, audience: &str, scope: &str, refused: &ServiceToken) {
        self.inner.kept.forget(Key::of(&["own", audience, scope]), refused);
    }

    async fn token(&self, wanted: Wanted<'_>) -> Result<ServiceToken, TokenSourceError> {
        let Inner { endpoint, kept, clock } = &*self.inner;
        let (key, renewal) = match wanted {
            Wanted::Own { audience, scope } => (Key::of(&["own", audience, scope]), Renewal::Early),
            // It ends when the user's own ends: asking earlier brings nothing that lasts longer.
            Wanted::OnBehalf { users_token, audience } => {
                (Key::of(&["on behalf", audience, users_token]), Renewal::AtTheEnd)
            }
        };
        kept.token(key, renewal, &**clock, endpoint.fetch(wanted, &**clock)).await
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource").field("endpoint", &self.inner.endpoint).finish_non_exhaustive()
    }
}
