use axum::{
    Json,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use handstamp_api_types::TokenReply;
use handstamp_core::flows::{Issued, IssuedKind};

use super::whoami_body;
use crate::{AppState, access::OriginPassed, reply};

/// Hands tokens out in cookies, and says whose they are. Takes the proof that the request came from where it may.
pub(super) fn in_cookies(state: &AppState, issued: &Issued, origin: OriginPassed) -> Response {
    let mut response = reply::json(&whoami_body::of_claims(state, &issued.access.claims));
    add_cookies(state, issued, response.headers_mut(), origin);
    response
}

/// Adds the cookies to a reply of any kind.
pub(super) fn add_cookies(state: &AppState, issued: &Issued, headers: &mut HeaderMap, _origin: OriginPassed) {
    let refresh = issued.new_refresh().map(handstamp_core::refresh_token::RefreshToken::reveal);
    let ends = issued.session.absolute_expiry;
    state.cookies().hand_out(headers, &issued.access, refresh, ends, state.now());
}

/// Hands tokens out in the body ([RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1)).
pub(super) fn in_body(issued: &Issued) -> Response {
    // A straggler keeps the newer token that it holds or is about to get. Everybody else may write down what stands here.
    let refresh = (issued.kind != IssuedKind::Held).then(|| issued.refresh.reveal().to_owned());
    Json(TokenReply {
        access_token: issued.access.text.clone(),
        refresh_token: refresh,
        token_type: "Bearer".to_owned(),
        expires_in: issued.access.expires_in.as_secs(),
        scope: None,
        issued_token_type: None,
    })
    .into_response()
}
