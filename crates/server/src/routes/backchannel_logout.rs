use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, OAuthErrorCode};
use handstamp_core::flows::upstream::{UpstreamLogoutError, end_upstream_sessions};

use super::{login::find, oauth2_client::required, upstream_failed::in_time};
use crate::{
    AppState,
    extract::Form,
    layers::ClientAddress,
    problem::{ApiError, Chain, OAuthRefusal},
    upstreams::{Fault, Upstream, UpstreamError},
};

/// `POST /auth/backchannel-logout/{upstream}`: an upstream says that a session of its own is over, and with it those that began there
/// ([OpenID Connect Back-Channel Logout §2.5](https://openid.net/specs/openid-connect-backchannel-1_0.html#BCRequest)).
///
/// 200 when they are over, also when there were none or the token came before; 400 for a token that is not to be believed; 503
/// when it could not be told, so that the upstream says it again.
pub(super) async fn logout(
    State(state): State<AppState>,
    Path(name): Path<String>,
    address: ClientAddress,
    form: Result<Form, ApiError>,
) -> Result<Response, ApiError> {
    let upstream = find(&state, &name)?;
    let answer = match form.map_err(|error| OAuthRefusal::unreadable(&error)) {
        Ok(form) => end(&state, upstream, address, form).await,
        Err(refused) => Err(refused),
    };
    let outcome = match &answer {
        Ok(()) => "ended",
        Err(OAuthRefusal::OAuth(..)) => "rejected",
        Err(OAuthRefusal::Ours(error)) if error.code() == ErrorCode::RateLimited => "rate_limited",
        Err(OAuthRefusal::Ours(_)) => "failed",
    };
    state.metrics().events.upstream_logout(upstream.name().as_str(), outcome);
    Ok(answer.map_or_else(IntoResponse::into_response, |()| StatusCode::OK.into_response()))
}

async fn end(
    state: &AppState,
    upstream: &Upstream,
    address: ClientAddress,
    mut form: Form,
) -> Result<(), OAuthRefusal> {
    let token = required(&mut form, "logout_token")?;
    let now = state.now();
    let attempt = state.limits().attempt_from(address.ip, now).await;
    let attempt = attempt.map_err(|refused| OAuthRefusal::Ours(state.rate_limited(refused)))?;
    let logout = in_time(state, upstream.logout(&token, now)).await;
    if !logout.as_ref().is_err_and(|error| error.fault() == Fault::Untrusted) {
        state.limits().forget(&attempt, now).await;
    }
    let logout = match logout {
        Ok(logout) => {
            logout.ok_or_else(|| invalid("this upstream speaks plain OAuth2, which has no logout tokens"))?
        }
        Err(error) => return Err(refusal(upstream, &error)),
    };
    match end_upstream_sessions(state.core(), &logout, now).await {
        Ok(sessions) => {
            tracing::info!(upstream = %upstream.name(), sessions, "an upstream ended sessions");
            state.follow_revocations().await;
            Ok(())
        }
        // It has come before, and what it says is done.
        Err(UpstreamLogoutError::AlreadyUsed) => Ok(()),
        Err(UpstreamLogoutError::Store(error)) => Err(OAuthRefusal::Ours(error.into())),
        Err(error) => Err(OAuthRefusal::Ours(ApiError::new(ErrorCode::Internal).cause(error))),
    }
}

/// The log hears the cause; whoever sent the token hears whose fault it is.
fn refusal(upstream: &Upstream, error: &UpstreamError) -> OAuthRefusal {
    let cause = Chain(error).to_string();
    tracing::warn!(upstream = %upstream.name(), cause, "a logout token ended nothing");
    match error.fault() {
        Fault::Away { retry_after } => {
            OAuthRefusal::Ours(ApiError::new(ErrorCode::Unavailable).retry_after(retry_after))
        }
        Fault::Declined | Fault::Untrusted => invalid("the logout token is not good"),
    }
}

fn invalid(description: &str) -> OAuthRefusal {
    OAuthRefusal::new(OAuthErrorCode::InvalidRequest, description)
}
