//! The pages that the auth service shows itself. They work without JavaScript.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use handstamp_api_types::FieldError;

const SETUP: &str = include_str!("setup.html");
const SETUP_DONE: &str = include_str!("setup_done.html");

/// Forms may be sent to us, nothing may be loaded, and nobody may frame the page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Returns the page that makes the first administrator, with what was wrong with the last attempt.
pub(crate) fn setup(wrong: &[FieldError]) -> Response {
    let items: Vec<_> = wrong.iter().map(|error| format!("<li>{}</li>", escape(&error.detail))).collect();
    let notice =
        if items.is_empty() { String::new() } else { format!("<ul role=\"alert\">{}</ul>", items.concat()) };
    page(SETUP.replace("<!-- notice -->", &notice))
}

/// Returns the page that says it worked.
pub(crate) fn setup_done() -> Response {
    page(SETUP_DONE.to_owned())
}

fn page(html: String) -> Response {
    let headers: [(HeaderName, HeaderValue); 1] = [(header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, Html(html)).into_response()
}

/// Makes text safe inside an element.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_people_typed_cannot_become_markup() {
        assert_eq!(escape("<script>\"&\"</script>"), "&lt;script&gt;&quot;&amp;&quot;&lt;/script&gt;");
    }
}
