use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ChangePasswordRequest, ErrorCode, PasswordChangedReply};
use handstamp_core::{
    flows::change_password::{self as flow, ChangePassword, ChangePasswordError, PasswordChanged},
    password::Password,
};
use handstamp_verify::Credential;

use crate::{
    AppState,
    access::Caller,
    extract,
    layers::ClientAddress,
    problem::ApiError,
    rate_limit::{Claim, Refused},
};

/// `POST /auth/change-password`: ends every other session, and makes every access token of before worthless. The session
/// that stays gets a fresh one, the way its old one came.
///
/// The current password is asked for and guessing it is limited: a stolen session must not become a stolen account.
pub(super) async fn change_password(
    State(state): State<AppState>,
    address: ClientAddress,
    caller: Caller,
    extract::Json(request): extract::Json<ChangePasswordRequest>,
) -> Result<Response, ApiError> {
    let command = ChangePassword {
        user: caller.user,
        session: caller.session,
        current: Password::new(request.current_password),
        new: Password::new(request.new_password),
        address: address.ip,
    };
    let changed = run(&state, command).await.map_err(|refusal| refusal.into_error(&state))?;
    reply(&state, &caller, changed).await
}

/// Why a password was not changed.
pub(super) enum Refusal {
    /// Too many wrong ones.
    RateLimited(Refused),
    /// By the rules.
    Flow(ChangePasswordError),
}

impl Refusal {
    /// Returns what a client hears.
    pub(super) fn into_error(self, state: &AppState) -> ApiError {
        match self {
            Self::RateLimited(refused) => state.rate_limited(refused),
            Self::Flow(error) => error.into(),
        }
    }
}

/// Changes the password, as often as the limits allow to guess the current one.
pub(super) async fn run(state: &AppState, command: ChangePassword) -> Result<PasswordChanged, Refusal> {
    let now = state.now();
    let user = command.user.to_string();
    let attempt = state
        .limits()
        .attempt(Claim::User(&user), command.address, now)
        .await
        .map_err(Refusal::RateLimited)?;
    let outcome = flow::change_password(state.core(), command, now).await;
    match &outcome {
        Ok(_) => state.limits().succeeded(attempt, now).await,
        Err(ChangePasswordError::WrongPassword) => {}
        Err(_) => state.limits().forget(&attempt, now).await,
    }
    let changed = outcome.map_err(Refusal::Flow)?;
    state.follow_revocations().await;
    Ok(changed)
}

async fn reply(state: &AppState, caller: &Caller, changed: PasswordChanged) -> Result<Response, ApiError> {
    let mut body =
        PasswordChangedReply { ended: changed.sessions_ended, access_token: None, expires_in: None };
    if caller.principal.credential() == Credential::Bearer {
        body.access_token = Some(changed.access.text);
        body.expires_in = Some(changed.access.expires_in.as_secs());
        return Ok(Json(body).into_response());
    }
    let session = state.core().store.session(caller.session).await?;
    let session = session.ok_or_else(|| ApiError::new(ErrorCode::SessionEnded))?;
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    state.cookies().hand_out(headers, &changed.access, None, session.absolute_expiry, state.now());
    Ok(response)
}
