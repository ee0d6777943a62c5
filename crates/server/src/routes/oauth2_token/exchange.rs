use axum::{http::HeaderMap, response::Response};
use handstamp_api_types::{ACCESS_TOKEN_TYPE, Actor, ErrorCode, OAuthErrorCode};
use handstamp_core::{
    flows::client_tokens::{self as flow, SubjectToken},
    model::LogPosition,
};
use handstamp_verify::Principal;

use super::{
    super::oauth2_client::{self, required},
    upstream_token::{self, Presented},
};
use crate::{AppState, extract::Form, layers::ClientAddress, problem::OAuthRefusal};

/// What is said where we expect an access token.
const JWT_TYPE: &str = "urn:ietf:params:oauth:token-type:jwt";

/// `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` ([RFC 8693](https://www.rfc-editor.org/rfc/rfc8693))
///
/// A service that was called by a user gets a token with which it calls one other service on that user's behalf. With
/// `subject_issuer`, which RFC 8693 leaves to whoever needs it, the user's token may be one of an upstream.
pub(super) async fn grant(
    state: &AppState,
    address: ClientAddress,
    headers: &HeaderMap,
    mut form: Form,
) -> Result<Response, OAuthRefusal> {
    let client = oauth2_client::confidential(state, headers, &mut form).await?;
    let token = required(&mut form, "subject_token")?;
    let token_type = required(&mut form, "subject_token_type")?;
    if token_type != ACCESS_TOKEN_TYPE && token_type != JWT_TYPE {
        return Err(invalid_request("subject_token_type must be that of an access token"));
    }
    if form.take("requested_token_type").is_some_and(|requested| requested != ACCESS_TOKEN_TYPE) {
        return Err(invalid_request("requested_token_type must be that of an access token"));
    }
    if form.take("actor_token").is_some() || form.take("actor_token_type").is_some() {
        return Err(invalid_request("the actor is the client that asks: leave actor_token out"));
    }
    let asked = super::asked(&mut form);
    let subject = match form.take("subject_issuer").filter(|issuer| *issuer != state.core().settings.issuer) {
        Some(issuer) => {
            let (client, asked) = (&client, &asked);
            let presented = Presented { client, asked, issuer: &issuer, token: &token, address };
            upstream_token::subject(state, &presented).await?
        }
        None => subject(state, &token).await?,
    };
    let token = flow::exchange(state.core(), &client, &subject, &asked, state.now()).await?;
    Ok(super::reply(token, Some(ACCESS_TOKEN_TYPE)))
}

/// Verifies the subject token wholly, for whomever of ours it was issued. For whom is the flow's to judge.
async fn subject(state: &AppState, token: &str) -> Result<SubjectToken, OAuthRefusal> {
    match state.gate().verify_for_anybody(token).await {
        Ok(principal) => Ok(said_by(&principal)),
        Err(error) if error.code() == ErrorCode::Unavailable => Err(OAuthRefusal::Ours(error.into())),
        // RFC 8693 §2.2.2: `invalid_request`, not `invalid_grant`.
        Err(error) => Err(invalid_request(format!("the subject token is not good: {}", error.code()))),
    }
}

fn said_by(principal: &Principal) -> SubjectToken {
    let rev = principal
        .rev()
        .map_or(LogPosition { epoch: 0, seq: 0 }, |rev| LogPosition { epoch: rev.epoch, seq: rev.seq });
    SubjectToken {
        sub: principal.sub().to_owned(),
        audiences: principal.audiences().map(str::to_owned).collect(),
        session: principal.sid().and_then(|sid| sid.parse().ok()),
        org_id: principal.org_id().map(str::to_owned),
        roles: principal.roles().to_vec(),
        expires_at: principal.expires_at(),
        rev,
        actors: principal.actor().into_iter().flat_map(Actor::chain).map(str::to_owned).collect(),
    }
}

fn invalid_request(description: impl Into<String>) -> OAuthRefusal {
    OAuthRefusal::new(OAuthErrorCode::InvalidRequest, description)
}
