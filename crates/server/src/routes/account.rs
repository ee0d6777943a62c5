use axum::{extract::State, http::HeaderMap, response::Response};
use handstamp_core::flows::{sessions as flow, upstream};

use super::{
    sessions::LONGEST_LABEL,
    visitor::{Visitor, see_other},
};
use crate::{
    AppState,
    extract::Query,
    pages::{AccountPage, AccountProblem, Done, Page, WayIn},
    problem::ApiError,
};

/// `GET /auth/account`: the visitor's own devices and password.
pub(super) async fn page(
    State(state): State<AppState>,
    visitor: Visitor,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, ApiError> {
    let done = query.take("done").first().and_then(|done| Done::parse(done));
    let page = shown(&state, &headers, &visitor, done, None).await?;
    Ok(visitor.reply(&state, page))
}

/// Goes back to the page, which says what was done.
pub(super) fn done(state: &AppState, visitor: Visitor, done: Done) -> Response {
    visitor.reply(state, back_saying(done))
}

/// Returns the redirect that makes the page say what was done.
pub(super) fn back_saying(done: Done) -> Response {
    see_other(&format!("/auth/account?done={}", done.as_str()))
}

/// Shows the page again with what was wrong.
pub(super) async fn refused(
    state: &AppState,
    headers: &HeaderMap,
    visitor: Visitor,
    refused: ApiError,
    problem: AccountProblem,
) -> Result<Response, ApiError> {
    let page = shown(state, headers, &visitor, None, Some(problem)).await?;
    Ok(visitor.reply(state, refused.with_page(page)))
}

async fn shown(
    state: &AppState,
    headers: &HeaderMap,
    visitor: &Visitor,
    done: Option<Done>,
    problem: Option<AccountProblem>,
) -> Result<Page, ApiError> {
    let now = state.now();
    let core = state.core();
    let sessions = flow::list(core, visitor.user, now).await?;
    let links = upstream::links(core, visitor.user).await?;
    let user = core.store.user(visitor.user).await?;
    let current = sessions.iter().find(|session| session.id == visitor.session);
    let may_link = match current {
        Some(session) => upstream::may_link(core, session, now).await?,
        None => false,
    };
    let ways_in: Vec<_> = state.upstreams().iter().map(|upstream| WayIn::of(upstream, &links)).collect();
    Ok(state.pages().view(headers).account(&AccountPage {
        username: &visitor.username,
        sessions: &sessions,
        current: visitor.session,
        min_length: state.core().settings.passwords.min_length,
        longest_name: LONGEST_LABEL,
        ways_in: &ways_in,
        may_link,
        has_password: user.is_some_and(|user| user.password.is_some()),
        done,
        problem,
        now,
    }))
}
