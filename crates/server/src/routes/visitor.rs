use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_core::{
    flows::Issued,
    minting::AccessToken,
    model::{SessionId, UserId},
};
use jiff::Timestamp;

use super::{
    issued,
    present::{self, Present},
};
use crate::{
    AppState,
    access::{OriginCheck, OriginPassed},
    config::SameSite,
    cookies::Presented,
    layers::ClientAddress,
    pages::sign_in_address,
    problem::ApiError,
};

/// Somebody who is signed in and looks at a page: what every handler of a page about them asks for.
///
/// Whoever is not is sent to sign in, and comes back. An expired access token is renewed on the way, so that a page opens after
/// lunch as it did before.
pub(super) struct Visitor {
    pub(super) user: UserId,
    pub(super) session: SessionId,
    pub(super) username: String,
    /// What was renewed on the way, to go out with the reply.
    refreshed: Option<(Box<Issued>, OriginPassed)>,
}

/// Who looks at a page.
pub(super) enum Visit {
    SignedIn(Visitor),
    Nobody,
    /// It cannot be told: another site has caused this request, and the browser holds back cookies that would tell.
    ComeAgain,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let address = ClientAddress::of(parts, state);
        let Ok(origin) = OriginCheck::from_request_parts(parts, state).await;
        let found = if parts.method.is_safe() && is_part_of_a_foreign_page(&parts.headers) {
            present::already(state, parts).await.map(Present::Already)
        } else {
            present::find(state, address, origin, parts).await
        };
        match found {
            Ok(present) => Ok(Self::SignedIn(Visitor::new(present))),
            Err(refused) if refused.code().status() != 401 => Err(refused),
            Err(refused) if cookies_are_held_back(state, parts, refused.code()) => Ok(Self::ComeAgain),
            Err(_) => Ok(Self::Nobody),
        }
    }
}

impl FromRequestParts<AppState> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        match Visit::from_request_parts(parts, state).await {
            Ok(Visit::SignedIn(visitor)) => Ok(visitor),
            Ok(Visit::ComeAgain) => Err(state.pages().view(&parts.headers).come_again().into_response()),
            Ok(Visit::Nobody) => Err(to_sign_in(parts)),
            Err(error) => Err(error.into_response()),
        }
    }
}

impl Visitor {
    fn new(present: Present) -> Self {
        match present {
            Present::Already(caller) => Self {
                user: caller.user,
                session: caller.session,
                username: caller.principal.preferred_username().unwrap_or_default().to_owned(),
                refreshed: None,
            },
            Present::Refreshed(issued, origin) => Self {
                user: issued.session.user_id,
                session: issued.session.id,
                username: issued.access.claims.preferred_username.clone(),
                refreshed: Some((issued, origin)),
            },
        }
    }

    /// Returns whether the browser shows the session itself, and not only a token of it.
    ///
    /// Access tokens go to services. None of those, and nobody who has copied one, may make anything of it that outlives it.
    pub(super) async fn holds_session(
        &self,
        state: &AppState,
        headers: &HeaderMap,
        origin: OriginPassed,
    ) -> Result<bool, ApiError> {
        if self.refreshed.is_some() {
            return Ok(true);
        }
        let held = Presented::new(headers, state, origin).refresh_session().await?;
        Ok(held == Some(self.session))
    }

    /// Answers, with the cookies that were renewed on the way.
    pub(super) fn reply(self, state: &AppState, reply: impl IntoResponse) -> Response {
        let mut response = reply.into_response();
        if let Some((issued, origin)) = &self.refreshed {
            issued::add_cookies(state, issued, response.headers_mut(), *origin);
        }
        response
    }

    /// Answers with this access token, which has made every one of before worthless.
    pub(super) fn reply_with(
        mut self,
        state: &AppState,
        access: AccessToken,
        session_ends: Timestamp,
        reply: impl IntoResponse,
    ) -> Response {
        if let Some((issued, _)) = &mut self.refreshed {
            issued.access = access;
            return self.reply(state, reply);
        }
        let mut response = reply.into_response();
        state.cookies().hand_out(response.headers_mut(), &access, None, session_ends, state.now());
        response
    }
}

/// Sends the browser on, with GET whatever it came with (RFC 9700 §4.12).
pub(super) fn see_other(address: &str) -> Response {
    let location = HeaderValue::try_from(address).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A form cannot be repeated after signing in: its page is shown again.
fn to_sign_in(parts: &Parts) -> Response {
    let page = if parts.method == Method::GET { parts.uri.path() } else { "/auth/account" };
    see_other(&sign_in_address(Some(page)))
}

/// Returns whether a page of another host loads ours into itself.
///
/// To a sibling host we are same-site: a picture or a frame there brings even the `SameSite=Strict` cookie. It must not keep a
/// session alive whose owner is away. What our own host loads may be a service worker on its way to the page.
fn is_part_of_a_foreign_page(headers: &HeaderMap) -> bool {
    let says = |name, wanted| headers.get(name).is_none_or(|value| value == wanted);
    let is_foreign = !says("sec-fetch-site", "same-origin") && !says("sec-fetch-site", "none");
    is_foreign && !(says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document"))
}

/// Returns whether the browser may have cookies that it does not send along because another site has caused the request.
fn cookies_are_held_back(state: &AppState, parts: &Parts, refused: ErrorCode) -> bool {
    let access_is_strict = state.config().cookies.access_same_site == SameSite::Strict;
    let may_have_more =
        present::refresh_helps(refused) || (access_is_strict && refused == ErrorCode::TokenMissing);
    parts.method == Method::GET && may_have_more && refresh_is_held_back(state, &parts.headers)
}

/// Returns whether the browser may have a refresh cookie that it does not send along because another site has caused the request.
fn refresh_is_held_back(state: &AppState, headers: &HeaderMap) -> bool {
    has_no_refresh(state, headers) && says_from(headers, "cross-site")
}

/// The same of a browser that a site has sent here. Of a visit that began with a typed address Firefox says `none`, wherever redirects
/// have led it since, and holds `SameSite=Strict` cookies back once they have crossed a site.
pub(super) fn refresh_is_held_back_on_the_way(state: &AppState, headers: &HeaderMap) -> bool {
    has_no_refresh(state, headers) && (says_from(headers, "cross-site") || says_from(headers, "none"))
}

fn has_no_refresh(state: &AppState, headers: &HeaderMap) -> bool {
    let names = handstamp_verify::cookies::Cookies::new(headers);
    matches!(names.get(&state.cookie_names().refresh), Ok(None))
}

fn says_from(headers: &HeaderMap, site: &str) -> bool {
    headers.get("sec-fetch-site").is_some_and(|said| said == site)
}
