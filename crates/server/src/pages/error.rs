use handstamp_api_types::ErrorCode;
use maud::html;

use super::{Page, View, layout::Sheet, texts::fill};

/// Where people are: at these addresses, and below them.
const PAGES: [&str; 8] = [
    "/auth/sign-in",
    "/auth/sign-out",
    "/auth/account",
    "/auth/setup",
    "/auth/login",
    "/auth/callback",
    "/auth/carry",
    "/auth/carried",
];

/// Returns whether a route answers people, with pages, rather than programs.
pub(crate) fn is_page(route: &str) -> bool {
    PAGES
        .iter()
        .any(|page| route.strip_prefix(page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

impl View<'_> {
    /// Returns a calm page for a refusal or a failure. `id` finds it in the log.
    pub(crate) fn error(&self, code: ErrorCode, id: Option<&str>) -> Page {
        let texts = &self.texts.error;
        let (title, text) = match code.status() {
            404 | 405 => (&texts.not_found_title, &texts.not_found),
            403 => (&texts.refused_title, &texts.refused),
            429 => (&texts.rate_limited_title, &self.texts.common.rate_limited),
            503 => (&texts.unavailable_title, &texts.unavailable),
            400..=499 => (&texts.request_title, &texts.request),
            _ => (&texts.internal_title, &texts.internal),
        };
        let body = html! {
            div.card {
                h1 { (title) }
                p { (text) }
                p { a href=(self.pages.home) { (texts.home) } }
                @if let Some(id) = id { p.reference { (fill(&texts.reference, &[("id", &id)])) } }
            }
        };
        self.page(&Sheet::new(title, body))
    }
}

#[cfg(test)]
mod tests {
    use super::is_page;

    #[test]
    fn pages_are_told_from_what_programs_call() {
        for page in [
            "/auth/sign-in",
            "/auth/account",
            "/auth/account/end-session",
            "/auth/setup",
            "/auth/login/{upstream}",
            "/auth/callback/{upstream}",
            "/auth/carry",
            "/auth/carried",
        ] {
            assert!(is_page(page), "{page}");
        }
        for other in ["/auth/whoami", "/auth/sign-inn", "/auth/accounts", "/auth", "/", "/auth/sessions"] {
            assert!(!is_page(other), "{other}");
        }
    }
}
