//! Whose a token of an upstream's is: asked at its introspection endpoint, or where it has none, at its userinfo endpoint.

use std::sync::Arc;

use handstamp_core::{flows::upstream::UpstreamIdentity, model::SessionId};
use handstamp_token::{Entropy, UnixTime};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::{Mutex, OnceCell};

use super::{
    Claims, Upstream, UpstreamError, discovery::Metadata, error::excerpt, http::HttpError, recheck::Held,
    token_memory::TokenMemory,
};
use crate::config::Exchange;

/// How long an answer about a token is good for the next exchange of it. A page that is opened anew in many tabs asks once; a token
/// that dies is taken for no longer than this.
const ANSWER_HOLDS: SignedDuration = SignedDuration::from_secs(10);

/// How long the session is remembered that a client's exchange of a token has begun.
const SESSION_HOLDS: SignedDuration = SignedDuration::from_hours(24);

/// What is known of tokens that were exchanged.
pub(super) struct Exchanged {
    /// Whose they are; inside, whether they are good.
    holders: TokenMemory<OnceCell<Option<UpstreamIdentity>>>,
    /// In which session a client acts.
    sessions: TokenMemory<Mutex<Option<SessionId>>>,
}

impl Exchanged {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        Self {
            holders: TokenMemory::new(ANSWER_HOLDS, entropy),
            sessions: TokenMemory::new(SESSION_HOLDS, entropy),
        }
    }
}

/// What a token is asked about for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A session shall begin.
    Exchange,
    /// One has begun, under the configuration of that time: whose tokens begin one today does not matter to it.
    Recheck,
}

impl Upstream {
    /// Returns whose tokens of its are exchanged.
    pub(crate) fn exchange(&self) -> Exchange {
        self.config().exchange
    }

    /// Returns the cookie in which its own applications keep their token.
    pub(crate) fn session_cookie(&self) -> Option<&str> {
        self.config().session_cookie.as_deref()
    }

    /// Returns who holds a token for which a session shall begin, by an answer of a moment ago or of now. `None`: the upstream says
    /// that it is not good. However many need it at once, one asks; failures are not kept.
    ///
    /// A token that was issued to an app of which we know nothing says who somebody is, and not that they want anything of us:
    /// whoever runs that app could sign in here as everybody who uses it. It is refused, unless the operator takes it.
    pub(crate) async fn holder(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<UpstreamIdentity>, UpstreamError> {
        let place = self.exchanged().holders.of("", token, now);
        let asking = async || {
            let holder = self.ask(token, Purpose::Exchange, now).await?;
            // The token itself is not kept here.
            Ok::<_, UpstreamError>(holder.map(|holder| UpstreamIdentity { recheck: None, ..holder }))
        };
        let holder = place.get_or_try_init(asking).await?.clone();
        let recheck = Some(Held::SessionToken(token).secret());
        Ok(holder.map(|holder| UpstreamIdentity { recheck, ..holder }))
    }

    /// Forgets who holds which token: it has ended sessions.
    pub(super) fn forget_holders(&self) {
        self.exchanged().holders.forget();
    }

    /// Returns the place for the session in which a client acts for the holder of a token.
    pub(crate) fn session_of(
        &self,
        client: &str,
        token: &str,
        now: Timestamp,
    ) -> Arc<Mutex<Option<SessionId>>> {
        self.exchanged().sessions.of(client, token, now)
    }

    /// Asks who holds a token that a session has begun with, at this moment. `None`: the upstream says that it is not good any more.
    pub(crate) async fn who_holds(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<UpstreamIdentity>, UpstreamError> {
        self.ask(token, Purpose::Recheck, now).await
    }

    async fn ask(
        &self,
        token: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Result<Option<UpstreamIdentity>, UpstreamError> {
        let metadata = self.metadata().await?;
        let checks_client = purpose == Purpose::Exchange && self.config().exchange != Exchange::AnyClient;
        let identity = match &metadata.introspection_endpoint {
            Some(_) => {
                let Some(claims) = self.introspected(&metadata, token, now).await? else { return Ok(None) };
                if checks_client {
                    self.check_client(&claims)?;
                }
                self.said_of_holder(&metadata, token, claims).await?
            }
            None if checks_client => {
                return Err(UpstreamError::NoIntrospection);
            }
            None => self.said_by_userinfo(&metadata, token).await?,
        };
        let Some(identity) = identity else { return Ok(None) };
        let recheck = Some(Held::SessionToken(token).secret());
        Ok(Some(UpstreamIdentity { recheck, ..identity }))
    }

    /// Asks at the introspection endpoint ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)). `None`: the token is not good.
    async fn introspected(
        &self,
        metadata: &Metadata,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Claims>, UpstreamError> {
        let now = UnixTime::from_secs(now.as_second());
        let answer = self.code_flow(metadata).introspect(self.http(), token, self.entropy(), now).await?;
        if answer.get("active") != Some(&Value::Bool(true)) {
            return Ok(None);
        }
        let claims = Claims::new(answer);
        self.check_issuer(&claims)?;
        check_person(&claims)?;
        Ok(Some(claims))
    }

    /// Asks at the userinfo endpoint for what introspection has left out.
    async fn said_of_holder(
        &self,
        metadata: &Metadata,
        token: &str,
        mut claims: Claims,
    ) -> Result<Option<UpstreamIdentity>, UpstreamError> {
        if self.config().claims.subject != "sub" || claims.text("sub").is_none() {
            // A claim of another name may mean anything in this answer. It is read where sign-in reads it.
            return self.said_by_userinfo(metadata, token).await;
        }
        match self.add_userinfo(metadata, token, &mut claims).await {
            Ok(()) => self.mapped(metadata, &claims).map(Some),
            // A session token need not be one for that endpoint. What nobody says stays as it is.
            Err(error) if is_refusal(&error) => self.mapped_as_far_as_said(metadata, &claims).map(Some),
            Err(error) => Err(error),
        }
    }

    /// Asks at the userinfo endpoint alone. One that does not know a token says so with 401
    /// ([RFC 6750 §3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
    async fn said_by_userinfo(
        &self,
        metadata: &Metadata,
        token: &str,
    ) -> Result<Option<UpstreamIdentity>, UpstreamError> {
        match self.userinfo(metadata, token).await {
            Ok(Some(said)) => self.mapped(metadata, &Claims::new(said)).map(Some),
            Ok(None) => Err(UpstreamError::NobodyToAsk),
            Err(error) if is_refusal(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A server that introspects tokens of several issuers says whose this one is.
    fn check_issuer(&self, claims: &Claims) -> Result<(), UpstreamError> {
        let (Some(expected), Some(actual)) = (&self.config().issuer, claims.text("iss")) else {
            return Ok(());
        };
        if expected == actual {
            return Ok(());
        }
        Err(UpstreamError::OtherIssuer { expected: expected.clone(), actual: excerpt(actual) })
    }

    /// Checks to whom the token was issued.
    fn check_client(&self, claims: &Claims) -> Result<(), UpstreamError> {
        let client = client(claims);
        // Everybody in `aud` has seen the token, so that where no client is named all of them have to be known.
        let holders = client.map_or_else(|| claims.texts("aud"), |client| vec![client]);
        let stranger = holders.iter().find(|holder| !self.config().exchanges_tokens_of(holder));
        match stranger {
            None if !holders.is_empty() => Ok(()),
            _ => Err(UpstreamError::OtherClient { actual: excerpt(stranger.copied().unwrap_or_default()) }),
        }
    }
}

fn client(claims: &Claims) -> Option<&str> {
    claims.text("client_id").or_else(|| claims.text("azp"))
}

/// Checks that there is a person behind the token: a client's own has the client as its subject
/// ([RFC 9068 §5](https://www.rfc-editor.org/rfc/rfc9068#section-5)).
fn check_person(claims: &Claims) -> Result<(), UpstreamError> {
    match client(claims) {
        Some(client) if claims.text("sub") == Some(client) => Err(UpstreamError::NotAPersons),
        _ => Ok(()),
    }
}

fn is_refusal(error: &UpstreamError) -> bool {
    let UpstreamError::Userinfo(HttpError::Status { status, .. }) = error else { return false };
    *status == StatusCode::UNAUTHORIZED
}
