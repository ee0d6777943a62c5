use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequest as _, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use handstamp_api_types::{ErrorCode, SignOutRequest, SignOutScope, SignedOut};
use handstamp_core::{
    flows::{
        sign_out::{self as flow, SignOut},
        upstream::of_session,
    },
    model::{SessionId, UpstreamName},
};
use url::Url;

use super::sign_out_page;
use crate::{
    AppState,
    access::{NamedSession, OriginCheck},
    config::ClearSiteData,
    cookies::Presented,
    extract::{Form, OptionalJson, content_type_is},
    layers::ClientAddress,
    problem::{ApiError, Chain},
    upstreams::UpstreamError,
};

/// How long a sign-out waits for an upstream to say where its own sessions end. As a rule that is known already.
const PATIENCE: Duration = Duration::from_secs(1);

/// `POST /auth/sign-out`, as JSON or by a form of a page: the only route that clears cookies.
///
/// Whoever wants out gets out: an expired access token is enough to end its own session, and where the session is over
/// already the cookies go all the same. Where the store is away they stay, so that the sign-out can be tried again.
pub(super) async fn sign_out(
    State(state): State<AppState>,
    address: ClientAddress,
    origin: OriginCheck,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts.clone(), body);
    if content_type_is(&parts.headers, "application/x-www-form-urlencoded") {
        let form = Form::from_request(request, &state).await?;
        return sign_out_page::submit(&state, address, origin, &parts, form).await;
    }
    let OptionalJson(request) = OptionalJson::<SignOutRequest>::from_request(request, &state).await?;
    let done = run(&state, address, origin, &parts, request.unwrap_or_default().scope).await?;
    let reply = match done.ended {
        Some(ended) => {
            let end_session_url = done.end_session_url(&state).await.map(String::from);
            Json(SignedOut { ended, end_session_url }).into_response()
        }
        None => ApiError::new(ErrorCode::TokenMissing).into_response(),
    };
    Ok(done.reply(&state, reply))
}

/// A sign-out that went as far as it should.
pub(super) struct Done {
    /// How many sessions ended; `None` where nobody was signed in.
    ended: Option<u64>,
    by_cookie: bool,
    /// Where the session began, and still goes on: it ends there only when the user goes there.
    pub(super) upstream: Option<UpstreamName>,
}

impl Done {
    /// Returns where the user ends the session at the upstream as well. One that does not answer is no reason not to sign out here.
    async fn end_session_url(&self, state: &AppState) -> Option<Url> {
        end_session_url(state, self.upstream.as_ref()?.as_str()).await
    }

    /// Answers, and makes the browser forget the cookies that it has sent.
    pub(super) fn reply(self, state: &AppState, mut reply: Response) -> Response {
        if self.by_cookie {
            state.cookies().clear(reply.headers_mut(), state.now());
            clear_site_data(&state.config().cookies.clear_site_data, reply.headers_mut());
        }
        reply
    }
}

/// Signs out whoever the request shows.
pub(super) async fn run(
    state: &AppState,
    address: ClientAddress,
    origin: OriginCheck,
    parts: &Parts,
    scope: SignOutScope,
) -> Result<Done, ApiError> {
    let (found, by_cookie) = who(state, parts, origin).await?;
    let mut upstream = None;
    let ended = match found {
        Found::Nobody => None,
        Found::OneSession(_) if scope == SignOutScope::Everywhere => {
            // Somebody may have dug the token out of an old log. Whoever is really signed in refreshes and repeats, and needs
            // the cookies for it.
            return Err(ApiError::new(ErrorCode::TokenExpired));
        }
        Found::OneSession(session) | Found::SignedIn(session) => {
            // What stands beside a session goes with it.
            upstream = signed_in_at(state, session).await?;
            Some(end(state, session, scope, address).await?)
        }
    };
    Ok(Done { ended, by_cookie, upstream })
}

/// What a request proves.
enum Found {
    Nobody,
    /// An expired access token of this session, or a refresh token alone: enough to end it, and for nothing else.
    OneSession(SessionId),
    /// It is in this session now, unless the session is over: a valid access token, or an expired one and the refresh token.
    SignedIn(SessionId),
}

/// Finds out who signs out, and whether a cookie says so.
async fn who(state: &AppState, parts: &Parts, origin: OriginCheck) -> Result<(Found, bool), ApiError> {
    if parts.headers.contains_key(header::AUTHORIZATION)
        && let Some(principal) = state.gate().authenticate(parts).await?
    {
        let session = principal.sid().and_then(|sid| sid.parse().ok());
        return Ok((session.map_or(Found::Nobody, Found::SignedIn), false));
    }
    let presented = Presented::new(&parts.headers, state, origin.for_cookies()?);
    let valid = presented.access()?.and_then(|token| state.gate().verifier().try_verify(token).ok());
    let by_access = valid.and_then(|principal| principal.sid().and_then(|sid| sid.parse().ok()));
    if let Some(session) = by_access {
        return Ok((Found::SignedIn(session), true));
    }
    let signed = presented.session()?.and_then(NamedSession::signed);
    let found = match (presented.refresh_session().await?, signed) {
        // The refresh token is of the same session, or it would not be here.
        (Some(session), Some(_)) => Found::SignedIn(session),
        (Some(session), None) | (None, Some(session)) => Found::OneSession(session),
        (None, None) => Found::Nobody,
    };
    Ok((found, true))
}

/// Ends the session, or with it all others. One that is over already ends nothing: it is of no use any more (ASVS 7.4.1).
async fn end(
    state: &AppState,
    session: SessionId,
    scope: SignOutScope,
    address: ClientAddress,
) -> Result<u64, ApiError> {
    let now = state.now();
    let found = state.core().store.session(session).await?.filter(|session| session.is_live(now));
    let Some(live) = found else { return Ok(0) };
    let everywhere = scope == SignOutScope::Everywhere;
    let command = SignOut { user: live.user_id, session, everywhere, address: address.ip };
    let ended = flow::sign_out(state.core(), command, now).await?;
    state.follow_revocations().await;
    Ok(ended)
}

/// Returns at which upstream the person has signed in to begin this session. Whoever exchanged a token has no session in a browser there.
async fn signed_in_at(state: &AppState, session: SessionId) -> Result<Option<UpstreamName>, ApiError> {
    // What was carried here began there all the same.
    let home = state.core().store.session(session).await?.map_or(session, |session| session.root());
    let beside = of_session(state.core(), home).await?;
    Ok(beside.filter(|beside| !beside.exchanged).map(|beside| beside.upstream))
}

/// Returns where people end their session at an upstream. They come back to the sign-in page.
pub(super) async fn end_session_url(state: &AppState, upstream: &str) -> Option<Url> {
    let upstream = state.upstreams().find(upstream)?;
    let sign_in_page = Url::parse(&format!("{}/auth/sign-in", state.public_url())).ok()?;
    let asked = upstream.end_session_url(&sign_in_page);
    match tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Err(UpstreamError::TooSlow)) {
        Ok(url) => url,
        Err(error) => {
            let cause = Chain(&error).to_string();
            tracing::info!(upstream = %upstream.name(), cause, "an upstream does not say where sessions end there");
            None
        }
    }
}

fn clear_site_data(what: &[ClearSiteData], headers: &mut HeaderMap) {
    let directives: Vec<_> = what.iter().map(|what| what.as_str()).collect();
    if let (false, Ok(value)) = (directives.is_empty(), HeaderValue::try_from(directives.join(", "))) {
        headers.insert("clear-site-data", value);
    }
}
