use axum::{
    extract::State,
    http::{HeaderMap, request::Parts},
    response::Response,
};
use handstamp_api_types::{ErrorCode, SignOutScope};

use super::{
    sign_out,
    visitor::{Visitor, see_other},
};
use crate::{
    AppState, access::OriginCheck, extract::Form, layers::ClientAddress, pages::sign_in_address,
    problem::ApiError,
};

/// `GET /auth/sign-out`: the page that asks how far it reaches. Going there changes nothing.
pub(super) async fn page(State(state): State<AppState>, visitor: Visitor, headers: HeaderMap) -> Response {
    let page = state.pages().view(&headers).sign_out(&visitor.username);
    visitor.reply(&state, page)
}

/// `POST /auth/sign-out`, by a form.
pub(super) async fn submit(
    state: &AppState,
    address: ClientAddress,
    origin: OriginCheck,
    parts: &Parts,
    mut form: Form,
) -> Result<Response, ApiError> {
    let scope = match form.take("scope").as_deref() {
        Some("everywhere") => SignOutScope::Everywhere,
        Some("session") | None => SignOutScope::Session,
        Some(_) => return Err(ApiError::invalid("/scope", "Write session or everywhere.")),
    };
    match sign_out::run(state, address, origin, parts, scope).await {
        // Whoever was signed out already is as well off.
        Ok(done) => {
            // Not to the upstream at once: browsers hold what forms redirect to against the policy, and people may want to stay there.
            let page = match &done.upstream {
                Some(upstream) => format!("/auth/sign-in?done=signed_out&upstream={upstream}"),
                None => "/auth/sign-in?done=signed_out".to_owned(),
            };
            Ok(done.reply(state, see_other(&page)))
        }
        Err(refused) if refused.code() == ErrorCode::TokenExpired => {
            Ok(see_other(&sign_in_address(Some("/auth/sign-out"))))
        }
        Err(refused) => Err(refused),
    }
}
