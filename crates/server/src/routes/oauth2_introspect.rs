use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, Introspection, OAuthErrorCode};
use handstamp_core::{flows::introspect, model::Session, store::Subject};
use handstamp_token::UnixTime;
use handstamp_verify::Principal;

use super::oauth2_client;
use crate::{
    AppState,
    extract::Form,
    problem::{ApiError, OAuthRefusal},
};

/// What a client must have been given to ask about other people's tokens: the answer names them.
const SCOPE: &str = "introspection";

/// `POST /oauth2/introspect` ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662))
///
/// For callers that cannot verify for themselves. Whatever is not a good token, foreign, stale and revoked ones included, is
/// `{"active":false}` and nothing more.
pub(super) async fn introspect(
    State(state): State<AppState>,
    headers: HeaderMap,
    form: Result<Form, ApiError>,
) -> Response {
    match answer(&state, &headers, form).await {
        Ok(introspection) => Json(introspection).into_response(),
        Err(refused) => refused.into_response(),
    }
}

async fn answer(
    state: &AppState,
    headers: &HeaderMap,
    form: Result<Form, ApiError>,
) -> Result<Introspection, OAuthRefusal> {
    let mut form = form.map_err(|error| OAuthRefusal::unreadable(&error))?;
    let client = oauth2_client::confidential(state, headers, &mut form).await?;
    if !client.has_scope(SCOPE) {
        return Err(OAuthRefusal::new(
            OAuthErrorCode::UnauthorizedClient,
            "the client needs the scope `introspection`",
        ));
    }
    let token = oauth2_client::required(&mut form, "token")?;
    // A prefix tells the two kinds apart, so that the hint (RFC 7662 §2.1) cannot mislead.
    if token.starts_with(handstamp_core::refresh_token::PREFIX) {
        let found = introspect::refresh_token(state.core(), &token, state.now()).await;
        let found = found.map_err(|error| OAuthRefusal::Ours(error.into()))?;
        return Ok(
            found.map_or_else(Introspection::inactive, |(session, subject)| of_session(&session, &subject))
        );
    }
    match state.gate().verify_for_anybody(&token).await {
        Ok(principal) => Ok(of_principal(state, &principal)),
        // Not knowing is not "inactive": a caller must not turn away somebody whose token is good.
        Err(error) if error.code() == ErrorCode::Unavailable => Err(OAuthRefusal::Ours(error.into())),
        Err(_) => Ok(Introspection::inactive()),
    }
}

fn of_principal(state: &AppState, principal: &Principal) -> Introspection {
    Introspection {
        active: true,
        token_type: Some("access_token".to_owned()),
        iss: Some(state.public_url().to_string()),
        sub: Some(principal.sub().to_owned()),
        username: principal.preferred_username().map(str::to_owned),
        client_id: principal.client_id().map(str::to_owned),
        sid: principal.sid().map(str::to_owned),
        org_id: principal.org_id().map(str::to_owned),
        roles: principal.roles().to_vec(),
        exp: Some(principal.expires_at()),
        iat: Some(principal.issued_at()),
        jti: Some(principal.jti().to_owned()),
        aud: principal.audiences().map(str::to_owned).collect(),
        scope: Some(principal.scopes().collect::<Vec<_>>().join(" ")).filter(|scope| !scope.is_empty()),
        act: principal.actor().cloned(),
    }
}

fn of_session(session: &Session, subject: &Subject) -> Introspection {
    let user = &subject.user;
    let expiry = session.absolute_expiry.min(session.idle_expiry);
    Introspection {
        active: true,
        token_type: Some("refresh_token".to_owned()),
        sub: Some(user.id.to_string()),
        username: Some(user.username.to_string()),
        client_id: Some(session.client_id.to_string()),
        sid: Some(session.id.to_string()),
        org_id: user.org_id.as_ref().map(ToString::to_string),
        roles: user.roles.iter().map(ToString::to_string).collect(),
        exp: Some(UnixTime::from_secs(expiry.as_second())),
        iat: Some(UnixTime::from_secs(session.created_at.as_second())),
        ..Introspection::inactive()
    }
}
