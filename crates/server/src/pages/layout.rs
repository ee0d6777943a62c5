use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};
use maud::{DOCTYPE, Markup, html};

use super::View;

/// Nothing is loaded but our own files, scripts cannot make markup of text, and nobody may frame the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; \
     frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; form-action 'self'";

/// `no-referrer` would turn the `Origin` of our own forms into `null` (Fetch §3.2), and older browsers send nothing else to
/// tell them from foreign ones. To other origins this tells nothing either.
const REFERRER_POLICY: HeaderValue = HeaderValue::from_static("same-origin");

/// What makes one page different from the others.
pub(super) struct Sheet<'a> {
    pub(super) title: &'a str,
    pub(super) width: Width,
    pub(super) body: Markup,
    /// The origin to which the reply to a form leads: some browsers hold redirects against `form-action` as well.
    pub(super) leads_to: Option<&'a str>,
    /// The address of the same page for GET, where this is the answer to a form.
    pub(super) at: Option<&'a str>,
    /// Whether the browser loads the page again at once.
    pub(super) reload: bool,
}

/// How much room a page takes.
pub(super) enum Width {
    Form,
    Wide,
}

/// A finished page.
#[derive(Debug)]
pub(crate) struct Page {
    html: String,
    policy: HeaderValue,
    language: HeaderValue,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, self.policy),
            (header::CONTENT_LANGUAGE, self.language),
            (header::REFERRER_POLICY, REFERRER_POLICY),
            // Whoever presses Back after signing out sees nothing of it.
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        (headers, Html(self.html)).into_response()
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn new(title: &'a str, body: Markup) -> Self {
        Self { title, width: Width::Form, body, leads_to: None, at: None, reload: false }
    }
}

impl View<'_> {
    pub(super) fn page(&self, sheet: &Sheet<'_>) -> Page {
        let (pages, assets) = (self.pages, &self.pages.assets);
        let html = html! {
            (DOCTYPE)
            html lang=(self.language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    @if sheet.reload { meta http-equiv="refresh" content="0"; }
                    title { (sheet.title) " – " (pages.title) }
                    link rel="icon" href=(assets.icon.path()) type="image/svg+xml";
                    link rel="stylesheet" href=(assets.style.path());
                    script type="module" src=(assets.script.path()) {}
                }
                body data-at=[sheet.at] {
                    header.top { a href=(pages.home) { (self.brand()) } }
                    main.wide[matches!(sheet.width, Width::Wide)] { (sheet.body) }
                }
            }
        };
        Page {
            html: html.into_string(),
            policy: policy(sheet.leads_to),
            language: HeaderValue::from_static(self.language.tag()),
        }
    }

    /// Returns what tells people where they are: the operator's logo, or a mark and the title.
    fn brand(&self) -> Markup {
        let (title, assets) = (&self.pages.title, &self.pages.assets);
        html! {
            @if let Some(logo) = &assets.logo {
                img.logo src=(logo.path()) alt=(title);
            } @else {
                img.mark src=(assets.icon.path()) alt="";
                span.word { (title) }
            }
        }
    }
}

fn policy(leads_to: Option<&str>) -> HeaderValue {
    let with_target = leads_to.and_then(|origin| HeaderValue::try_from(format!("{POLICY} {origin}")).ok());
    with_target.unwrap_or(HeaderValue::from_static(POLICY))
}
