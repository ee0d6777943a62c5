use std::fmt::Write as _;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use handstamp_api_types::ErrorCode;
use handstamp_verify::{
    AuthError, Credential, Principal,
    cookies::Cookies,
    csrf::{self, CsrfRejection},
};

use crate::{AppState, access::Caller, extract::Query, problem::ApiError};

/// Where proxies say which method the request had that they ask about: Traefik and Caddy, nginx by convention.
const ORIGINAL_METHOD: [&str; 2] = ["x-forwarded-method", "x-original-method"];

const METHOD_MISSING: &str = "The proxy did not say which method the original request had, so that it counts as unsafe. Send \
     X-Original-Method or X-Forwarded-Method.";

/// `GET /auth/check`: forward-auth. A proxy asks before it passes a request on, and copies our headers into it.
pub(super) async fn check(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    // With a cookie, it is the method of the request behind that decides whether its origin matters.
    if caller.principal.credential() == Credential::Cookie {
        let method = original_method(&headers)?;
        // Not knowing it is no reason to believe that it was harmless.
        let judged =
            csrf::decide(method.as_ref().unwrap_or(&Method::POST), &headers, state.gate().allowed_origins());
        match judged {
            Ok(()) => {}
            // No browser has sent it: browsers name the origin of every unsafe request that comes from elsewhere.
            Err(CsrfRejection::MissingHeader) if method.is_none() => {}
            Err(rejection) => {
                let refused = ApiError::from(AuthError::from(rejection));
                return Err(if method.is_some() { refused } else { refused.detail(METHOD_MISSING) });
            }
        }
    }
    for role in query.take("role") {
        caller.principal.require_role(&role)?;
    }
    for org in query.take("org") {
        caller.principal.org_scope()?.require(&org)?;
    }
    // A misspelt `?rol=admin` must not let everybody in.
    if let Some(unknown) = query.rest() {
        return Err(ApiError::invalid(
            "",
            format!("There is no parameter {unknown:?} here: role and org are."),
        ));
    }
    let mut response = StatusCode::OK.into_response();
    identify(&caller.principal, response.headers_mut());
    let from = caller.principal.credential();
    if let Some(token) = verified_token(from, &headers, &state.cookie_names().access) {
        response.headers_mut().insert(header::AUTHORIZATION, token);
    }
    Ok(response)
}

/// Returns the method as the proxy says it; `None` where it says nothing. A foreign page cannot set the header.
fn original_method(headers: &HeaderMap) -> Result<Option<Method>, ApiError> {
    let mut given = ORIGINAL_METHOD.iter().flat_map(|name| headers.get_all(*name));
    let Some(method) = given.next() else { return Ok(None) };
    // Two that differ: one of them is the client's.
    if given.any(|other| other != method) {
        return Err(
            ApiError::new(ErrorCode::CsrfRejected).detail("The original method is given twice, and differs.")
        );
    }
    Method::from_bytes(method.as_bytes())
        .map(Some)
        .map_err(|_| ApiError::new(ErrorCode::CsrfRejected).detail("The original method is not a method."))
}

/// Says who it is. Every header is always there, empty where there is nothing to say: a proxy that copies them then
/// overwrites what a client has made up (RFC 9700 §4.13).
fn identify(principal: &Principal, headers: &mut HeaderMap) {
    let mut say = |name: &'static str, value: &str| {
        let value = HeaderValue::try_from(plain(value)).unwrap_or(HeaderValue::from_static(""));
        headers.insert(HeaderName::from_static(name), value);
    };
    say("x-handstamp-user", principal.sub());
    say("x-handstamp-username", principal.preferred_username().unwrap_or_default());
    say("x-handstamp-email", principal.email().unwrap_or_default());
    say("x-handstamp-roles", &principal.roles().join(","));
    say("x-handstamp-org", principal.org_id().unwrap_or_default());
    say("x-handstamp-session", principal.sid().unwrap_or_default());
}

/// Percent-encodes what readers of headers disagree about: everything beyond visible ASCII, and the percent sign.
fn plain(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut plain, byte| {
        if byte.is_ascii_graphic() && byte != b'%' {
            plain.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(plain, "%{byte:02X}");
        }
        plain
    })
}

/// Returns the token that was verified a moment ago, as the service behind expects it.
///
/// Nothing else of what the client has sent is passed on: beside a good cookie it may send any `Authorization` it likes.
fn verified_token(from: Credential, headers: &HeaderMap, cookie: &str) -> Option<HeaderValue> {
    let token = match from {
        Credential::Bearer => headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?.1.trim(),
        Credential::Cookie => Cookies::new(headers).get(cookie).ok()??,
    };
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
