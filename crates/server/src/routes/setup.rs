use std::collections::BTreeSet;

use axum::{
    Extension, Json,
    extract::{FromRequest, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, FieldError, SetupReply, SetupRequest};
use handstamp_core::{
    flows::{
        first_admin::{FirstAdminError, first_admin},
        users::NewUser,
    },
    model::User,
    password::Password,
};

use crate::{
    AppState,
    extract::{self, Form, content_type_is},
    layers::ClientAddress,
    pages,
    problem::ApiError,
    rate_limit::Claim,
};

/// `GET /auth/setup`: the page that makes the first administrator, while there is none.
pub(super) async fn page(State(state): State<AppState>) -> Result<Response, ApiError> {
    if state.core().store.has_users().await? {
        return Err(ApiError::new(ErrorCode::NotFound));
    }
    Ok(pages::setup(&[]))
}

/// `POST /auth/setup`: by the page's form, or as JSON.
pub(super) async fn setup(
    State(state): State<AppState>,
    Extension(address): Extension<ClientAddress>,
    request: Request,
) -> Result<Response, ApiError> {
    if content_type_is(request.headers(), "application/x-www-form-urlencoded") {
        let form = Form::from_request(request, &state).await?;
        return Ok(match run(&state, address, read(form)?).await {
            Ok(_) => (StatusCode::CREATED, pages::setup_done()).into_response(),
            Err(error) => match error.field_errors() {
                [] => error.into_response(),
                wrong => (StatusCode::UNPROCESSABLE_ENTITY, pages::setup(wrong)).into_response(),
            },
        });
    }
    let extract::Json(request) = extract::Json::from_request(request, &state).await?;
    let user = run(&state, address, request).await?;
    let reply = SetupReply { sub: user.id.to_string(), username: user.username.to_string() };
    Ok((StatusCode::CREATED, Json(reply)).into_response())
}

fn read(mut form: Form) -> Result<SetupRequest, ApiError> {
    Ok(SetupRequest {
        setup_secret: form.require("setup_secret")?,
        username: form.require("username")?,
        email: form.take("email").filter(|email| !email.is_empty()),
        password: form.require("password")?,
    })
}

async fn run(state: &AppState, address: ClientAddress, request: SetupRequest) -> Result<User, ApiError> {
    let now = state.now();
    let attempt = state
        .limits()
        .attempt(Claim::Operator, address.ip, now)
        .map_err(|refused| state.rate_limited(refused))?;
    let outcome = match new_user(&request) {
        Ok(new) => first_admin(state.core(), &request.setup_secret, new, state.root_key(), now).await,
        Err(wrong) => {
            state.limits().forget(&attempt, now);
            return Err(wrong);
        }
    };
    match &outcome {
        Ok(_) => state.limits().succeeded(attempt, now),
        Err(FirstAdminError::Refused) => {}
        Err(_) => state.limits().forget(&attempt, now),
    }
    Ok(outcome?)
}

fn new_user(request: &SetupRequest) -> Result<NewUser, ApiError> {
    let wrong = |pointer: &str, error: &dyn std::error::Error| FieldError {
        pointer: pointer.to_owned(),
        detail: error.to_string(),
    };
    let username = request.username.parse().map_err(|error| wrong("/username", &error));
    let email = request.email.as_deref().map(str::parse).transpose().map_err(|error| wrong("/email", &error));
    match (username, email) {
        (Ok(username), Ok(email)) => Ok(NewUser {
            username,
            email,
            roles: BTreeSet::new(),
            org_id: None,
            password: Some(Password::new(request.password.as_str())),
        }),
        (username, email) => {
            let errors = username.err().into_iter().chain(email.err());
            Err(errors.fold(ApiError::new(ErrorCode::ValidationFailed), ApiError::error))
        }
    }
}
