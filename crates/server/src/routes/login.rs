use axum::{
    extract::{FromRequestParts as _, Path, Request, State},
    http::{HeaderMap, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_core::flows::upstream::may_link;

use super::{
    carry, sign_in_page,
    upstream_failed::{Failed, Trip, in_time},
    visitor::{Visit, Visitor, see_other},
};
use crate::{
    AppState,
    access::OriginCheck,
    cookies::{AttemptCookie, Presented},
    extract::Query,
    pages::{ReturnTo, sign_in_address},
    problem::ApiError,
    sites::Here,
    upstreams::{Aim, Attempt, LIFETIME, Upstream},
};

/// `GET /auth/login/{upstream}`: sends people to an upstream, to sign in there, or with `link=1` to link their account.
///
/// Whoever is signed in already gets a new session when they come back: they have asked for it, and may be somebody else there.
pub(super) async fn login(
    State(state): State<AppState>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    let upstream = find(&state, &name)?;
    let mut query = Query::parse(parts.uri.query().unwrap_or_default());
    let here = Here::of(&state, &parts);
    let links = query.take("link").iter().any(|link| link == "1");
    // Upstreams send people back home: there it begins as well.
    match here.site() {
        Some(_) if links => return Ok(see_other(&format!("{}/auth/account", state.public_url()))),
        Some(site) => {
            let return_to = sign_in_page::return_to(&state, &mut query);
            return carry::begin(&state, site, return_to.as_ref(), &parts.headers);
        }
        None => {}
    }
    if links {
        return link(&state, upstream, &mut parts).await;
    }
    let return_to = sign_in_page::return_to(&state, &mut query);
    let Ok(origin) = OriginCheck::from_request_parts(&mut parts, &state).await;
    // The refresh cookie is here now, and will not be when another site sends people back.
    let replaces = Presented::new(&parts.headers, &state, origin.for_cookies()?).held_session().await;
    begin(&state, upstream, Aim::SignIn { replaces }, return_to, &parts.headers).await
}

/// Returns the upstream of this name, if the configuration has one.
pub(super) fn find<'s>(state: &'s AppState, name: &str) -> Result<&'s Upstream, ApiError> {
    let missing = || ApiError::new(ErrorCode::NotFound).detail("There is no upstream of this name.");
    state.upstreams().find(name).ok_or_else(missing)
}

/// Sends somebody who is signed in to an upstream, to link their account there.
///
/// A link lets somebody in for good: no page but our own may begin one, or it could link its author's account.
async fn link(state: &AppState, upstream: &Upstream, parts: &mut Parts) -> Result<Response, ApiError> {
    if !comes_from_our_page(&parts.headers, state) {
        return Ok(see_other("/auth/account"));
    }
    let visitor = match Visit::from_request_parts(parts, state).await? {
        Visit::SignedIn(visitor) => visitor,
        Visit::Nobody | Visit::ComeAgain => return Ok(see_other(&sign_in_address(Some("/auth/account")))),
    };
    let Ok(origin) = OriginCheck::from_request_parts(parts, state).await;
    if !visitor.holds_session(state, &parts.headers, origin.for_cookies()?).await? {
        return Ok(see_other("/auth/account"));
    }
    let reply = begin_link(state, upstream, &visitor, &parts.headers).await?;
    Ok(visitor.reply(state, reply))
}

async fn begin_link(
    state: &AppState,
    upstream: &Upstream,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (core, session) = (state.core(), state.core().store.session(visitor.session).await?);
    let may = match session {
        Some(session) => may_link(core, &session, state.now()).await?,
        None => false,
    };
    if !may {
        let trip = Trip { upstream, return_to: None, linking: true };
        return Ok(Failed::SignInAgain.reply(state, headers, &trip));
    }
    begin(state, upstream, Aim::Link { session: visitor.session }, None, headers).await
}

/// Sends people to the upstream, with a cookie that holds all that is needed when they come back.
async fn begin(
    state: &AppState,
    upstream: &Upstream,
    aim: Aim,
    return_to: Option<ReturnTo>,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (core, now) = (state.core(), state.now());
    let to = return_to.as_ref().map(|to| to.as_str().to_owned());
    let attempt = Attempt::begin(core, upstream.name().clone(), aim, to, now);
    let address = match in_time(state, upstream.authorization_url(&attempt.secrets)).await {
        Ok(address) => address,
        Err(error) => {
            let trip =
                Trip { upstream, return_to: return_to.as_ref(), linking: matches!(aim, Aim::Link { .. }) };
            return Ok(Failed::from(error).reply(state, headers, &trip));
        }
    };
    let sealed = attempt.seal(core).map_err(|error| ApiError::new(ErrorCode::Internal).cause(error))?;
    let mut reply = see_other(address.as_str()).into_response();
    let until = |cookie: AttemptCookie<'_>| {
        let attempt = Attempt::open(core, cookie.state, cookie.value, now).ok()?;
        Some(attempt.expires_at.as_second())
    };
    let cookie = AttemptCookie { state: &attempt.secrets.state, value: &sealed };
    state.cookies().attempts().add(headers, cookie, LIFETIME, until, reply.headers_mut());
    Ok(reply)
}

/// Returns whether a page of ours has the link that was followed. Browsers that do not say so in their own header tell it by
/// `Referer`, which our pages let them.
fn comes_from_our_page(headers: &HeaderMap, state: &AppState) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
    let page = referer.and_then(|referer| url::Url::parse(referer).ok());
    page.is_some_and(|page| page.origin().ascii_serialization() == state.public_url().as_str())
}
