//! Tokens for machines: their own (`client_credentials`), and on behalf of a user (token exchange).

mod credentials;
mod exchange;

pub use credentials::client_credentials;
pub use exchange::{MAX_ACTORS, SubjectToken, check_exchange, exchange};

use std::{collections::BTreeSet, time::Duration};

use super::clients;
use crate::{
    Context,
    minting::MintError,
    model::{Client, ClientId, LogPosition},
    store::StoreError,
};

/// What a client asks for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The scopes, side by side ([RFC 6749 §3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)).
    pub scope: Option<String>,
    /// Every `audience` ([RFC 8693 §2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.1)) and `resource`
    /// ([RFC 8707](https://www.rfc-editor.org/rfc/rfc8707)). Both name a service by what its tokens carry in `aud`.
    pub audiences: BTreeSet<String>,
}

/// An access token for a client, and what it is good for. There is no refresh token: the client can come again.
#[derive(Clone)]
pub struct ClientToken {
    /// The JWT, inside a JWE where tokens are encrypted.
    pub text: String,
    /// The scopes that were granted.
    pub scope: Option<String>,
    /// How long it is good for, from now on.
    pub expires_in: Duration,
}

impl std::fmt::Debug for ClientToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientToken")
            .field("text", &"[redacted]")
            .field("scope", &self.scope)
            .field("expires_in", &self.expires_in)
            .finish()
    }
}

/// The client gets no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientTokenError {
    /// The client was removed while it asked.
    #[error("the client is gone")]
    ClientGone,
    /// The client may not exchange tokens.
    #[error("the client needs the scope `token-exchange` to act on behalf of users")]
    MayNotExchange,
    /// A scope that the client was not registered with, or one that no token carries.
    #[error("the client was not registered with the scope {scope:?}, or it is not one for tokens")]
    Scope {
        /// The first such scope.
        scope: String,
    },
    /// An audience that the client was not registered with.
    #[error("the client was not registered with the audience {audience:?}")]
    Audience {
        /// The first such audience.
        audience: String,
    },
    /// None was named, and it is not clear which is meant.
    #[error("name an audience: the client was registered with {registered} of them")]
    NoAudience {
        /// How many the client may choose from.
        registered: usize,
    },
    /// More than one was named for a token on behalf of a user.
    #[error("name one audience: a token on behalf of a user is for one service")]
    SeveralAudiences,
    /// The token is not a user's.
    #[error("the subject token is not a user's: a client asks for tokens of its own with client_credentials")]
    NotAUsers,
    /// The token was made for others.
    #[error("the subject token is addressed neither to the auth service nor to this client")]
    NotAddressed,
    /// What the token says is no longer so, or its session is over.
    #[error("the subject token's session is over, or its claims are out of date")]
    SubjectOver,
    /// The chain of actors has reached its end.
    #[error("the subject token has passed through {MAX_ACTORS} clients already")]
    TooManyActors,
    /// The token could not be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Returns the client as of a position of the log that is read before it.
///
/// In this order: a client that is removed in between is found to be gone, and the token of one that is removed later carries a
/// position from before its removal, which hits it.
async fn as_of_now(ctx: &Context, id: &ClientId) -> Result<(LogPosition, Client), ClientTokenError> {
    let rev = ctx.store.log_head().await?;
    let client = clients::find(ctx, id).await?.ok_or(ClientTokenError::ClientGone)?;
    Ok((rev, client))
}

/// Returns the audiences of the token.
///
/// Never the auth service itself: its own routes are for people, and a token for it could be exchanged on and on.
fn audiences(ctx: &Context, client: &Client, asked: &Asked) -> Result<Vec<String>, ClientTokenError> {
    let may_have =
        |audience: &String| client.audiences.contains(audience) && *audience != ctx.settings.issuer;
    if let Some(audience) = asked.audiences.iter().find(|&audience| !may_have(audience)) {
        return Err(ClientTokenError::Audience { audience: audience.clone() });
    }
    if !asked.audiences.is_empty() {
        return Ok(asked.audiences.iter().cloned().collect());
    }
    let registered: Vec<_> = client.audiences.iter().filter(|audience| may_have(audience)).cloned().collect();
    if registered.len() == 1 {
        return Ok(registered);
    }
    Err(ClientTokenError::NoAudience { registered: registered.len() })
}
