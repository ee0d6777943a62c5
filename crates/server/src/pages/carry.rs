use maud::html;

use super::{Page, ReturnTo, StillAt, View, layout::Sheet, sign_in::sign_in_address, texts::fill};

/// Somebody on a site who is not signed in there, and not sent on by itself.
#[derive(Debug)]
pub(crate) struct OnSite<'a> {
    pub(crate) why: OnSiteNotice,
    /// Where people wanted to go.
    pub(crate) return_to: Option<&'a ReturnTo>,
    /// Where somebody who has just signed out here is signed in still.
    pub(crate) still_at: Option<StillAt>,
    /// What finds it in the log.
    pub(crate) id: Option<&'a str>,
}

/// Why they are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnSiteNotice {
    /// They have signed out a moment ago.
    SignedOut,
    /// The attempt or the code is old, used, for another site or another browser's.
    Over,
    /// The session at home is over by now.
    Ended,
    /// Nobody lets them work.
    Disabled,
}

impl View<'_> {
    /// Returns a calm page that says so, with a way to start again. Nothing on it goes on by itself: no loop can begin here, and
    /// nobody is signed in again who has just signed out.
    pub(crate) fn on_site(&self, page: &OnSite<'_>) -> Page {
        let (texts, sign_in) = (&self.texts.site, &self.texts.sign_in);
        let (title, text) = match page.why {
            OnSiteNotice::SignedOut => (&texts.signed_out_title, &texts.signed_out),
            OnSiteNotice::Over => (&self.texts.upstream.over_title, &self.texts.upstream.over),
            OnSiteNotice::Ended => (&self.texts.upstream.refused_title, &texts.ended),
            OnSiteNotice::Disabled => (&self.texts.upstream.refused_title, &sign_in.disabled),
        };
        let body = html! {
            div.card {
                h1 { (title) }
                p { (text) }
                @if let Some(upstream) = &page.still_at {
                    p {
                        (fill(&sign_in.still_at, &[("name", &upstream.label)])) " "
                        a href=(upstream.end_session_url) rel="noreferrer" { (fill(&sign_in.sign_out_there, &[("name", &upstream.label)])) }
                    }
                }
                div.stack {
                    a.button.main href=(sign_in_address(page.return_to.map(ReturnTo::as_str))) { (sign_in.submit) }
                }
                @if let Some(id) = page.id { p.reference { (fill(&self.texts.error.reference, &[("id", &id)])) } }
            }
        };
        self.page(&Sheet::new(title, body))
    }
}
