use axum::{
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, header},
    response::Response,
};
use handstamp_api_types::{Delivery, SignInRequest};
use handstamp_core::{
    flows::{
        Issued,
        sign_in::{self as flow, SignInError},
    },
    model::Login,
    password::Password,
    store::StoreError,
};

use super::{issued, sign_in_page};
use crate::{
    AppState,
    access::OriginCheck,
    cookies::Presented,
    device,
    extract::{Form, Json, content_type_is},
    layers::ClientAddress,
    problem::ApiError,
    rate_limit::{self, Claim},
};

/// `POST /auth/sign-in`: as JSON, or by the form of the sign-in page.
pub(super) async fn sign_in(
    State(state): State<AppState>,
    address: ClientAddress,
    origin: OriginCheck,
    request: Request,
) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    if content_type_is(&headers, "application/x-www-form-urlencoded") {
        let (parts, body) = request.into_parts();
        let form = Form::from_request(Request::from_parts(parts.clone(), body), &state).await?;
        return sign_in_page::submit(&state, address, origin, &parts, form).await;
    }
    let Json(request) = Json::<SignInRequest>::from_request(request, &state).await?;
    // Cookies are set, so a foreign page must not be able to sign somebody in as the attacker (login CSRF).
    let origin = match request.delivery {
        Delivery::Cookie => Some(origin.for_cookies()?),
        Delivery::Body => {
            origin.for_body()?;
            None
        }
    };
    let typed = Typed { login: request.login, password: Password::new(request.password) };
    let issued = attempt(&state, address, &headers, typed).await?;
    let Some(origin) = origin else { return Ok(issued::in_body(&issued)) };
    Presented::new(&headers, &state, origin).end_replaced_session(issued.session.id, address.ip).await;
    Ok(issued::in_cookies(&state, &issued, origin))
}

/// What somebody typed to sign in.
pub(super) struct Typed {
    pub(super) login: String,
    pub(super) password: Password,
}

/// Signs in, as often as the limits allow.
pub(super) async fn attempt(
    state: &AppState,
    address: ClientAddress,
    headers: &HeaderMap,
    typed: Typed,
) -> Result<Issued, ApiError> {
    // Nothing else is done for somebody whose password would not be looked at.
    if let Some(retry_after) = state.core().hasher.busy() {
        state.metrics().events.sign_in("busy");
        return Err(SignInError::Busy { retry_after }.into());
    }
    let now = state.now();
    let claim = Claim::Login(&typed.login);
    let mut attempt = state.limits().attempt(claim, address.ip, now).await.map_err(|refused| {
        state.metrics().events.sign_in("rate_limited");
        state.rate_limited(refused)
    })?;
    let login = match judged(state, &mut attempt, typed.login).await {
        Ok(login) => login,
        Err(error) => {
            state.limits().forget(&attempt, now).await;
            return Err(error.into());
        }
    };
    let command =
        flow::SignIn { login, password: typed.password, device: device_of(headers), address: address.ip };
    let outcome = flow::sign_in(state.core(), command, now).await;
    settle(state, attempt, &outcome).await;
    Ok(outcome?)
}

/// Returns the login to try: what was typed, or nobody's where its account has had its attempts under another of its names.
///
/// Such an attempt gets the answer of a wrong password, for the same work. To say that it came too soon would tell that
/// the name, which was not typed before, belongs to an account, and to which.
async fn judged(
    state: &AppState,
    attempt: &mut rate_limit::Attempt,
    login: String,
) -> Result<String, StoreError> {
    let Ok(name) = login.parse::<Login>() else { return Ok(login) };
    let id = state.core().store.user_by_login(&name).await?.map(|user| user.id.to_string());
    let account = id.as_deref().map_or(Claim::Nobody(&login), Claim::Account);
    if state.limits().resolved(attempt, account, state.now()).await {
        return Ok(login);
    }
    state.metrics().events.rate_limited("account");
    Ok(String::new())
}

/// Counts the attempt: only a wrong guess uses one up.
async fn settle(state: &AppState, attempt: rate_limit::Attempt, outcome: &Result<Issued, SignInError>) {
    let (label, now) = (outcome_label(outcome), state.now());
    state.metrics().events.sign_in(label);
    match outcome {
        Ok(_) => state.limits().succeeded(attempt, now).await,
        Err(SignInError::InvalidCredentials) => {}
        Err(_) => state.limits().forget(&attempt, now).await,
    }
}

fn outcome_label(outcome: &Result<Issued, SignInError>) -> &'static str {
    match outcome {
        Ok(_) => "signed_in",
        Err(SignInError::InvalidCredentials) => "invalid_credentials",
        Err(SignInError::AccountDisabled | SignInError::OrganizationSuspended) => "account_disabled",
        Err(SignInError::Busy { .. }) => "busy",
        Err(_) => "failed",
    }
}

pub(super) fn device_of(headers: &HeaderMap) -> String {
    device::describe(
        headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default(),
    )
}
