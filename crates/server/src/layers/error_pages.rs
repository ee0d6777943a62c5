use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};

use super::request_id::X_REQUEST_ID;
use crate::{AppState, extract::content_type_is, pages, problem};

/// Answers people with a calm page where programs get a problem.
///
/// People are those whose browser goes somewhere or sends a form, to one of our pages or to nowhere. Whoever calls what
/// programs call gets what programs get.
pub(super) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !is_for_people(&request) {
        return next.run(request).await;
    }
    let headers = request.headers();
    let id = headers.get(&X_REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let view = state.pages().view(headers);
    let mut response = next.run(request).await;
    match problem::take_problem(&mut response) {
        Some(problem) => problem::in_place_of(response, view.error(problem.code, id.as_deref())),
        None => response,
    }
}

fn is_for_people(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>();
    let leads_to_page = route.is_none_or(|route| pages::is_page(route.as_str()));
    let method = request.method();
    let goes_there = method == Method::GET
        || method == Method::HEAD
        || content_type_is(request.headers(), "application/x-www-form-urlencoded");
    leads_to_page && goes_there && takes_html(request.headers())
}

/// Browsers name `text/html` when they go somewhere; programs do not, or take anything.
fn takes_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT);
    let ranges = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    ranges
        .filter_map(|range| range.split(';').next())
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
}
