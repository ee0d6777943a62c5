use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ChangePasswordRequest, ErrorCode, PasswordChangedReply};
use handstamp_core::{
    flows::change_password::{self as flow, ChangePassword, ChangePasswordError, PasswordChanged},
    password::Password,
};
use handstamp_verify::Credential;

use crate::{AppState, access::Caller, extract, layers::ClientAddress, problem::ApiError, rate_limit::Claim};

/// `POST /auth/change-password`: ends every other session, and makes every access token of before worthless. The session
/// that stays gets a fresh one, the way its old one came.
///
/// The current password is asked for and guessing it is limited: a stolen session must not become a stolen account.
pub(super) async fn change_password(
    State(state): State<AppState>,
    Extension(address): Extension<ClientAddress>,
    caller: Caller,
    extract::Json(request): extract::Json<ChangePasswordRequest>,
) -> Result<Response, ApiError> {
    let now = state.now();
    let attempt = state
        .limits()
        .attempt(Claim::User(caller.principal.sub()), address.ip, now)
        .map_err(|refused| state.rate_limited(refused))?;
    let command = ChangePassword {
        user: caller.user,
        session: caller.session,
        current: Password::new(request.current_password),
        new: Password::new(request.new_password),
        address: address.ip,
    };
    let outcome = flow::change_password(state.core(), command, now).await;
    match &outcome {
        Ok(_) => state.limits().succeeded(attempt, now),
        Err(ChangePasswordError::WrongPassword) => {}
        Err(_) => state.limits().forget(&attempt, now),
    }
    let changed = outcome?;
    state.follow_revocations().await;
    reply(&state, &caller, changed).await
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
    state.cookies().hand_out(headers, &changed.access.text, None, session.absolute_expiry, state.now());
    Ok(response)
}
