use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, FieldError, SetupReply, SetupRequest};
use handstamp_core::{
    flows::{
        first_admin::{FirstAdminError, first_admin},
        users::{NewUser, UsersError},
    },
    model::User,
    password::Password,
};

use crate::{
    AppState,
    extract::{self, Form, content_type_is},
    layers::ClientAddress,
    pages::{Page, SetupForm, SetupProblem},
    problem::ApiError,
    rate_limit::{Claim, Refused},
};

/// `GET /auth/setup`: the page that makes the first administrator, while there is none.
pub(super) async fn page(State(state): State<AppState>, headers: HeaderMap) -> Result<Page, ApiError> {
    if state.core().store.has_users().await? {
        return Err(ApiError::new(ErrorCode::NotFound));
    }
    let min_length = state.core().settings.passwords.min_length;
    Ok(state.pages().view(&headers).setup(&SetupForm { min_length, ..SetupForm::default() }))
}

/// `POST /auth/setup`: by the page's form, or as JSON.
pub(super) async fn setup(
    State(state): State<AppState>,
    address: ClientAddress,
    request: Request,
) -> Result<Response, ApiError> {
    if content_type_is(request.headers(), "application/x-www-form-urlencoded") {
        return submit(&state, address, request).await;
    }
    let extract::Json(request) = extract::Json::<SetupRequest>::from_request(request, &state).await?;
    let user = run(&state, address, &request).await.map_err(|refusal| refusal.into_error(&state))?;
    let reply = SetupReply { sub: user.id.to_string(), username: user.username.to_string() };
    Ok((StatusCode::CREATED, Json(reply)).into_response())
}

async fn submit(state: &AppState, address: ClientAddress, request: Request) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let view = state.pages().view(&headers);
    let request = read(Form::from_request(request, state).await?)?;
    let Err(refusal) = run(state, address, &request).await else {
        return Ok((StatusCode::CREATED, view.setup_done()).into_response());
    };
    let form = SetupForm {
        username: request.username,
        email: request.email.unwrap_or_default(),
        min_length: state.core().settings.passwords.min_length,
        problems: refusal.problems(),
    };
    let error = refusal.into_error(state);
    if form.problems.is_empty() { Err(error) } else { Ok(error.with_page(view.setup(&form))) }
}

fn read(mut form: Form) -> Result<SetupRequest, ApiError> {
    Ok(SetupRequest {
        setup_secret: form.require("setup_secret")?,
        username: form.require("username")?,
        email: form.take("email").filter(|email| !email.is_empty()),
        password: form.require("password")?,
    })
}

/// Why no administrator was made.
enum Refusal {
    /// Too many wrong secrets.
    RateLimited(Refused),
    /// What cannot be a user.
    Fields(Vec<(SetupProblem, FieldError)>),
    /// By the rules.
    Flow(FirstAdminError),
}

impl Refusal {
    /// Returns what the form says, where another try makes sense.
    fn problems(&self) -> Vec<SetupProblem> {
        match self {
            Self::RateLimited(refused) => vec![SetupProblem::RateLimited(refused.wait)],
            Self::Fields(wrong) => wrong.iter().map(|(problem, _)| problem.clone()).collect(),
            Self::Flow(FirstAdminError::Refused) => vec![SetupProblem::Secret],
            Self::Flow(FirstAdminError::User(UsersError::Password(rejection))) => {
                vec![SetupProblem::Password(rejection.clone())]
            }
            Self::Flow(_) => Vec::new(),
        }
    }

    /// Returns what a client hears.
    fn into_error(self, state: &AppState) -> ApiError {
        match self {
            Self::RateLimited(refused) => state.rate_limited(refused),
            Self::Fields(wrong) => {
                let errors = wrong.into_iter().map(|(_, error)| error);
                errors.fold(ApiError::new(ErrorCode::ValidationFailed), ApiError::error)
            }
            Self::Flow(error) => error.into(),
        }
    }
}

async fn run(state: &AppState, address: ClientAddress, request: &SetupRequest) -> Result<User, Refusal> {
    let now = state.now();
    let attempt =
        state.limits().attempt(Claim::Operator, address.ip, now).await.map_err(Refusal::RateLimited)?;
    let outcome = match new_user(request) {
        Ok(new) => first_admin(state.core(), &request.setup_secret, new, state.root_key(), now).await,
        Err(wrong) => {
            state.limits().forget(&attempt, now).await;
            return Err(Refusal::Fields(wrong));
        }
    };
    match &outcome {
        Ok(_) => state.limits().succeeded(attempt, now).await,
        Err(FirstAdminError::Refused) => {}
        Err(_) => state.limits().forget(&attempt, now).await,
    }
    outcome.map_err(Refusal::Flow)
}

fn new_user(request: &SetupRequest) -> Result<NewUser, Vec<(SetupProblem, FieldError)>> {
    let wrong = |problem, pointer: &str, error: &dyn std::error::Error| {
        (problem, FieldError { pointer: pointer.to_owned(), detail: error.to_string() })
    };
    let username =
        request.username.parse().map_err(|error| wrong(SetupProblem::Username, "/username", &error));
    let email = request.email.as_deref().map(str::parse).transpose();
    let email = email.map_err(|error| wrong(SetupProblem::Email, "/email", &error));
    match (username, email) {
        (Ok(username), Ok(email)) => Ok(NewUser {
            username,
            email,
            roles: BTreeSet::new(),
            org_id: None,
            password: Some(Password::new(request.password.as_str())),
        }),
        (username, email) => Err(username.err().into_iter().chain(email.err()).collect()),
    }
}
