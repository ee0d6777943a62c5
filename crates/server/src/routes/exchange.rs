use axum::{
    extract::{Path, State},
    http::{HeaderMap, header},
    response::Response,
};
use handstamp_api_types::{Delivery, ErrorCode, ExchangeRequest};
use handstamp_verify::cookies::Cookies;

use super::{
    exchanged::{By, Exchanging, NotExchanged},
    issued,
    login::find,
    sign_in::device_of,
};
use crate::{
    AppState,
    access::{OriginCheck, OriginPassed},
    config::Exchange,
    cookies::Presented,
    extract::OptionalJson,
    layers::ClientAddress,
    problem::ApiError,
    upstreams::Upstream,
};

/// `POST /auth/exchange/{upstream}`: the token by which an upstream's own applications know somebody becomes a session.
///
/// It comes as a bearer token, or in the cookie of those applications. A browser sends that one by itself, so that the rules for
/// cookies hold, and what it is exchanged for stays in cookies: a script that cannot read the old token cannot read the new ones.
pub(super) async fn exchange(
    State(state): State<AppState>,
    Path(name): Path<String>,
    address: ClientAddress,
    origin: OriginCheck,
    headers: HeaderMap,
    OptionalJson(request): OptionalJson<ExchangeRequest>,
) -> Result<Response, ApiError> {
    let upstream = find(&state, &name)?;
    let delivery = request.unwrap_or_default().delivery;
    let bearer = bearer(&headers)?;
    let origin = match (delivery, bearer) {
        (Delivery::Cookie, _) => Some(origin.for_cookies()?),
        (Delivery::Body, Some(_)) => {
            origin.for_body()?;
            None
        }
        (Delivery::Body, None) => {
            return Err(ApiError::invalid(
                "/delivery",
                "Only a bearer token is exchanged for tokens in a body.",
            ));
        }
    };
    let cookie = origin.map(|origin| cookie(upstream, &headers, origin)).transpose()?.flatten();
    let token = one_of(bearer, cookie)?;
    let exchanging = Exchanging { state: &state, upstream, token, address, by: By::Anybody };
    let issued = async { exchanging.begin(exchanging.holder().await?, device_of(&headers)).await };
    let issued = issued.await.map_err(|why: NotExchanged| exchanging.refusal(why))?;
    // New roles have made older tokens stale: the next request here must know it.
    state.follow_revocations().await;
    let Some(origin) = origin else { return Ok(issued::in_body(&issued)) };
    Presented::new(&headers, &state, origin).end_replaced_session(issued.session.id, address.ip).await;
    Ok(issued::in_cookies(&state, &issued, origin))
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let malformed = || ApiError::new(ErrorCode::TokenMalformed).detail("Send one bearer token.");
    if values.next().is_some() {
        return Err(malformed());
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(token.trim())) } else { Err(malformed()) }
}

/// Returns what the cookie of the upstream's own applications holds.
fn cookie<'h>(
    upstream: &Upstream,
    headers: &'h HeaderMap,
    _origin: OriginPassed,
) -> Result<Option<&'h str>, ApiError> {
    match upstream.session_cookie().filter(|_| upstream.exchange() != Exchange::Never) {
        Some(name) => Ok(Cookies::new(headers).get(name)?),
        None => Ok(None),
    }
}

/// Two different tokens could be of two people.
fn one_of<'t>(bearer: Option<&'t str>, cookie: Option<&'t str>) -> Result<&'t str, ApiError> {
    match (bearer, cookie) {
        (Some(one), Some(other)) if one != other => Err(ApiError::new(ErrorCode::TokenMalformed)
            .detail("The bearer token and the cookie are two different tokens.")),
        (Some(token), _) | (None, Some(token)) => Ok(token),
        (None, None) => Err(ApiError::new(ErrorCode::TokenMissing).detail(
            "Send the upstream's token as bearer, or in the cookie that its `session_cookie` names.",
        )),
    }
}
