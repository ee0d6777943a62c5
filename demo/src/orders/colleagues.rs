use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use handstamp_verify::token_source::{TokenSource, TokenSourceError};
use http::header;
use http::request::Parts;

use crate::http::UsersToken;
use crate::profiles::{self, ProfileList};

/// Names are a nicety: orders are shown without them rather than late.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The profiles service, asked on behalf of whoever asks us.
///
/// It never sees the user's own token: what we send is good there alone, and says that we are the ones who act.
#[derive(Clone)]
pub(super) struct Colleagues {
    client: reqwest::Client,
    tokens: TokenSource,
    address: Arc<str>,
    cookie_name: Arc<str>,
}

/// The names cannot be had.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Token(#[from] TokenSourceError),
    #[error(transparent)]
    Http(#[from] reqwest::Error),
}

impl Colleagues {
    /// Returns a client for the profiles service at this address.
    pub(super) fn new(
        profiles: &str,
        tokens: TokenSource,
        cookie_name: &str,
    ) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let address = format!("{profiles}/profiles").into();
        Ok(Self { client, tokens, address, cookie_name: cookie_name.into() })
    }

    /// Returns the names of the caller's colleagues by `sub`; none where the service cannot be asked.
    pub(super) async fn names(&self, caller: &Parts) -> HashMap<String, String> {
        let Some(users_token) = UsersToken::of(caller, &self.cookie_name) else { return HashMap::new() };
        match self.ask(&users_token).await {
            Ok(list) => list.profiles.into_iter().map(|profile| (profile.sub, profile.name)).collect(),
            Err(cause) => {
                tracing::warn!(%cause, "the profiles service cannot be asked: orders go without names");
                HashMap::new()
            }
        }
    }

    async fn ask(&self, users_token: &UsersToken) -> Result<ProfileList, AskError> {
        let token = self.tokens.on_behalf_of(users_token.reveal(), profiles::AUDIENCE).await?;
        let request = self.client.get(&*self.address).header(header::AUTHORIZATION, token.authorization());
        Ok(request.send().await?.error_for_status()?.json().await?)
    }
}
