use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    response::Response,
};

use super::{Route, id_of};
use crate::{
    AppState,
    extract::content_type_is,
    pages::{self, View},
    problem,
};

/// A calm page for people, where programs get a problem.
pub(super) struct ErrorPage<'s> {
    view: View<'s>,
    id: Option<String>,
}

/// Returns the page that a person would get in the place of a problem.
///
/// People are those whose browser goes somewhere or sends a form, to one of our pages or to nowhere. Whoever calls what
/// programs call gets what programs get.
pub(super) fn wanted<'s>(state: &'s AppState, route: &Route, request: &Request) -> Option<ErrorPage<'s>> {
    let headers = request.headers();
    is_for_people(route, request)
        .then(|| ErrorPage { view: state.pages().view(headers), id: id_of(headers).map(str::to_owned) })
}

impl ErrorPage<'_> {
    pub(super) fn in_place_of(self, mut response: Response) -> Response {
        match problem::take_problem(&mut response) {
            Some(problem) => {
                problem::in_place_of(response, self.view.error(problem.code, self.id.as_deref()))
            }
            None => response,
        }
    }
}

fn is_for_people(route: &Route, request: &Request) -> bool {
    let leads_to_page = route.of(request).path().is_none_or(pages::is_page);
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
