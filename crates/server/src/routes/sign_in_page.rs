use axum::{
    extract::State,
    http::{HeaderMap, request::Parts},
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_core::password::Password;

use super::{
    carried::home_on_site,
    carry::{self, site_behind},
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
    pages::{OnSite, OnSiteNotice, ReturnTo, SignInForm, SignInNotice, StillAt, sign_in_address},
    problem::ApiError,
    sites::{Here, Site},
};

/// `GET /auth/sign-in`: the sign-in page. Whoever is signed in already is sent on.
///
/// On a site there is no form: people sign in at home, and are carried back.
pub(super) async fn page(
    State(state): State<AppState>,
    here: Here,
    visit: Visit,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    let return_to = return_to(&state, &mut query);
    let view = state.pages().view(&headers);
    match visit {
        Visit::SignedIn(visitor) => {
            let onward = go_on(&state, here.site(), return_to.as_ref());
            Ok(visitor.reply(&state, onward))
        }
        Visit::ComeAgain => Ok(view.come_again().into_response()),
        Visit::Nobody => {
            let signed_out = query.take("done").iter().any(|done| done == "signed_out");
            let still_at = if signed_out { still_signed_in_at(&state, &mut query).await } else { None };
            match here.site() {
                // Else a sign-out would end with a look at home, and perhaps at the password form.
                Some(_) if signed_out => {
                    let why = OnSiteNotice::SignedOut;
                    let page = OnSite { why, return_to: return_to.as_ref(), still_at, id: None };
                    Ok(view.on_site(&page).into_response())
                }
                Some(site) => carry::begin(&state, site, return_to.as_ref(), &headers),
                None => {
                    let leads_to = leads_to(&state, return_to.as_ref());
                    let notice = signed_out.then_some(SignInNotice::SignedOut);
                    let form = SignInForm { return_to, notice, still_at, leads_to, ..SignInForm::default() };
                    Ok(view.sign_in(&form).into_response())
                }
            }
        }
    }
}

/// Returns the site that the form leads to by way of a code.
fn leads_to(state: &AppState, return_to: Option<&ReturnTo>) -> Option<String> {
    let site = return_to.and_then(|to| site_behind(state, to))?;
    Some(site.url.as_str().to_owned())
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
    parts: &Parts,
    mut form: Form,
) -> Result<Response, ApiError> {
    let headers = &parts.headers;
    let here = Here::of(state, parts);
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
            leads_to: leads_to(state, return_to.as_ref()),
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
    let mut response = go_on(state, here.site(), return_to.as_ref());
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

/// Sends somebody on who is signed in here. On another of our domains they are not yet: there they begin at the sign-in page,
/// which carries them over.
pub(super) fn go_on(state: &AppState, here: Option<&Site>, return_to: Option<&ReturnTo>) -> Response {
    let Some(to) = return_to else {
        return see_other(if here.is_some() { home_on_site(state) } else { state.pages().home() });
    };
    let there = to.origin().and_then(|origin| state.sites().at(origin));
    match there.filter(|there| here.is_none_or(|here| here.name != there.name)) {
        Some(there) => see_other(&format!("{}{}", there.url, sign_in_address(Some(to.as_str())))),
        None => see_other(to.as_str()),
    }
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
