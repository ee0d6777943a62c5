use axum::{extract::State, http::HeaderMap, response::Response};
use handstamp_api_types::ErrorCode;
use handstamp_core::{
    flows::change_password::{ChangePassword, ChangePasswordError},
    password::{HashError, Password},
};

use super::{
    account,
    change_password::{self, Refusal},
    visitor::Visitor,
};
use crate::{
    AppState,
    extract::Form,
    layers::ClientAddress,
    pages::{AccountProblem, Done},
    problem::ApiError,
};

/// `POST /auth/account/change-password`: a form of the account page.
pub(super) async fn change_password(
    State(state): State<AppState>,
    address: ClientAddress,
    visitor: Visitor,
    headers: HeaderMap,
    mut form: Form,
) -> Result<Response, ApiError> {
    let command = ChangePassword {
        user: visitor.user,
        session: visitor.session,
        current: Password::new(form.require("current_password")?),
        new: Password::new(form.require("new_password")?),
        address: address.ip,
    };
    let changed = match change_password::run(&state, command).await {
        Ok(changed) => changed,
        Err(refusal) => {
            let problem = problem(&refusal);
            let error = refusal.into_error(&state);
            let Some(problem) = problem else { return Err(error) };
            return account::refused(&state, &headers, visitor, error, problem).await;
        }
    };
    let session = state.core().store.session(visitor.session).await?;
    let ends = session.ok_or_else(|| ApiError::new(ErrorCode::SessionEnded))?.absolute_expiry;
    let reply = account::back_saying(Done::PasswordChanged);
    Ok(visitor.reply_with(&state, changed.access, ends, reply))
}

/// What the form says of a refusal, where another try makes sense.
fn problem(refusal: &Refusal) -> Option<AccountProblem> {
    match refusal {
        Refusal::RateLimited(refused) => Some(AccountProblem::RateLimited(refused.wait)),
        Refusal::Flow(ChangePasswordError::WrongPassword) => Some(AccountProblem::CurrentPassword),
        Refusal::Flow(ChangePasswordError::Rejected(rejection)) => {
            Some(AccountProblem::NewPassword(rejection.clone()))
        }
        Refusal::Flow(ChangePasswordError::Hash(HashError::Busy { retry_after })) => {
            Some(AccountProblem::Unavailable(*retry_after))
        }
        Refusal::Flow(_) => None,
    }
}
