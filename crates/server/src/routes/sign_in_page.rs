use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_core::password::Password;

use super::{
    issued,
    sign_in::{self, Typed},
    sign_out::end_session_url,
    visitor::{Visit, see_other},
};
use crate::{
    AppState,
    access::OriginCheck,
    cookies::Presented,
    extract::{Form, Query},
    layers::ClientAddress,
    pages::{ReturnTo, SignInForm, SignInNotice, StillAt},
    problem::ApiError,
};

/// `GET /auth/sign-in`: the sign-in page. Whoever is signed in already is sent on.
pub(super) async fn page(
    State(state): State<AppState>,
    visit: Visit,
    headers: HeaderMap,
    mut query: Query,
) -> Response {
    let return_to = return_to(&state, &mut query);
    let view = state.pages().view(&headers);
    match visit {
        Visit::SignedIn(visitor) => visitor.reply(&state, go_on(&state, return_to.as_ref())),
        Visit::ComeAgain => view.come_again().into_response(),
        Visit::Nobody => {
            let signed_out = query.take("done").iter().any(|done| done == "signed_out");
            let notice = signed_out.then_some(SignInNotice::SignedOut);
            let still_at = if signed_out { still_signed_in_at(&state, &mut query).await } else { None };
            view.sign_in(&SignInForm { return_to, notice, still_at, ..SignInForm::default() }).into_response()
        }
    }
}

/// Returns the upstream by which somebody had signed in who has just signed out here, and where they do so there.
async fn still_signed_in_at(state: &AppState, query: &mut Query) -> Option<StillAt> {
    let [name] = &query.take("upstream")[..] else { return None };
    let label = state.upstreams().find(name)?.label().to_owned();
    let end_session_url = end_session_url(state, name).await?.into();
    Some(StillAt { label, end_session_url })
}

/// `POST /auth/sign-in`, by the page's form.
pub(super) async fn submit(
    state: &AppState,
    address: ClientAddress,
    origin: OriginCheck,
    headers: &HeaderMap,
    mut form: Form,
) -> Result<Response, ApiError> {
    let origin = origin.for_cookies()?;
    let return_to = form.take("return_to").and_then(|address| checked(state, &address));
    let (login, password) =
        (form.take("login").unwrap_or_default(), form.take("password").unwrap_or_default());
    let again = |refused: ApiError, notice| {
        let form = SignInForm {
            login: login.clone(),
            return_to: return_to.clone(),
            notice: Some(notice),
            still_at: None,
        };
        refused.with_page(state.pages().view(headers).sign_in(&form))
    };
    if login.trim().is_empty() || password.is_empty() {
        let pointer = if password.is_empty() { "/password" } else { "/login" };
        return Ok(again(ApiError::invalid(pointer, "This field is empty."), SignInNotice::Missing));
    }
    let typed = Typed { login: login.clone(), password: Password::new(password) };
    let issued = match sign_in::attempt(state, address, headers, typed).await {
        Ok(issued) => issued,
        Err(refused) => match notice(&refused) {
            Some(notice) => return Ok(again(refused, notice)),
            None => return Err(refused),
        },
    };
    let mut response = go_on(state, return_to.as_ref());
    issued::add_cookies(state, &issued, response.headers_mut(), origin);
    Presented::new(headers, state, origin).end_replaced_session(issued.session.id, address.ip).await;
    Ok(response)
}

/// What the form says of a refusal, where another try makes sense.
fn notice(refused: &ApiError) -> Option<SignInNotice> {
    match (refused.code(), refused.wait()) {
        (ErrorCode::InvalidCredentials, _) => Some(SignInNotice::Wrong),
        (ErrorCode::AccountDisabled, _) => Some(SignInNotice::Disabled),
        (ErrorCode::RateLimited, Some(wait)) => Some(SignInNotice::RateLimited(wait)),
        (ErrorCode::Unavailable, Some(wait)) => Some(SignInNotice::Unavailable(wait)),
        _ => None,
    }
}

pub(super) fn go_on(state: &AppState, return_to: Option<&ReturnTo>) -> Response {
    see_other(return_to.map_or(state.pages().home(), ReturnTo::as_str))
}

/// Returns where a query asks to go afterwards, if that is a place to send people to.
pub(super) fn return_to(state: &AppState, query: &mut Query) -> Option<ReturnTo> {
    match &query.take("return_to")[..] {
        [address] => checked(state, address),
        // Of two, each reader would believe another one.
        _ => None,
    }
}

pub(super) fn checked(state: &AppState, address: &str) -> Option<ReturnTo> {
    ReturnTo::parse(address, |origin| state.gate().allowed_origins().contains(origin))
}
