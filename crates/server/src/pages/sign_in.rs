use std::time::Duration;

use maud::{Markup, html};
use url::form_urlencoded;

use super::{
    Page, ReturnTo, View,
    field::{Field, Kind},
    layout::Sheet,
    notice,
    texts::fill,
    upstream_failure::login_address,
};

/// The sign-in form, as it was left or anew.
#[derive(Debug, Default)]
pub(crate) struct SignInForm {
    /// What was typed as a login.
    pub(crate) login: String,
    /// Where to go afterwards.
    pub(crate) return_to: Option<ReturnTo>,
    pub(crate) notice: Option<SignInNotice>,
    /// Where somebody who has just signed out here is signed in still.
    pub(crate) still_at: Option<StillAt>,
    /// The other origin that the form leads to, where `return_to` does not say so.
    pub(crate) leads_to: Option<String>,
}

/// An upstream at which a session goes on.
#[derive(Debug)]
pub(crate) struct StillAt {
    pub(crate) label: String,
    /// Where it ends.
    pub(crate) end_session_url: String,
}

/// What the form says above itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignInNotice {
    /// Somebody has signed out a moment ago.
    SignedOut,
    /// A field is empty.
    Missing,
    /// The same for an unknown user and a wrong password.
    Wrong,
    /// After the right password only.
    Disabled,
    RateLimited(Duration),
    Unavailable(Duration),
}

/// Returns the address of the sign-in page, from which people go on to an address that needs no check any more.
pub(crate) fn sign_in_address(return_to: Option<&str>) -> String {
    let Some(to) = return_to else { return "/auth/sign-in".to_owned() };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", to).finish();
    format!("/auth/sign-in?{query}")
}

impl View<'_> {
    /// Returns the sign-in page.
    pub(crate) fn sign_in(&self, form: &SignInForm) -> Page {
        let texts = &self.texts.sign_in;
        let wrong = matches!(form.notice, Some(SignInNotice::Wrong | SignInNotice::Missing));
        let has_problem = form.notice.is_some_and(|notice| notice != SignInNotice::SignedOut);
        let login = Field {
            value: &form.login,
            // Whatever is wrong is read first.
            focused: !has_problem,
            wrong,
            ..Field::new("login", &texts.login, Kind::Login, "username")
        };
        let password =
            Field { wrong, ..Field::new("password", &texts.password, Kind::Password, "current-password") };
        let body = html! {
            div.card {
                h1 { (texts.title) }
                @if let Some(notice) = form.notice { (self.sign_in_notice(notice)) }
                @if let Some(upstream) = &form.still_at {
                    p {
                        (fill(&texts.still_at, &[("name", &upstream.label)])) " "
                        a href=(upstream.end_session_url) rel="noreferrer" { (fill(&texts.sign_out_there, &[("name", &upstream.label)])) }
                    }
                }
                form method="post" action="/auth/sign-in" accept-charset="utf-8" {
                    @if let Some(to) = &form.return_to { input type="hidden" name="return_to" value=(to.as_str()); }
                    (login.markup(self.texts))
                    (password.markup(self.texts))
                    button.main type="submit" { (texts.submit) }
                }
                (self.upstream_buttons(form.return_to.as_ref()))
            }
        };
        let leads_to =
            form.return_to.as_ref().map_or(ReturnTo::origin_in(&self.pages.home), ReturnTo::origin);
        let leads_to = form.leads_to.as_deref().or(leads_to);
        let at = has_problem.then(|| sign_in_address(form.return_to.as_ref().map(ReturnTo::as_str)));
        self.page(&Sheet { leads_to, at: at.as_deref(), ..Sheet::new(&texts.title, body) })
    }

    /// Returns a link for each upstream. They are links and no forms: browsers hold what forms redirect to against the policy.
    fn upstream_buttons(&self, return_to: Option<&ReturnTo>) -> Markup {
        let texts = &self.texts.upstream;
        if self.pages.upstreams.is_empty() {
            return Markup::default();
        }
        let to = return_to.map(ReturnTo::as_str);
        html! {
            p.or { span { (texts.or) } }
            div.stack {
                @for upstream in &self.pages.upstreams {
                    a.button href=(login_address(&upstream.name, to)) {
                        (fill(&texts.go_on_with, &[("name", &upstream.label)]))
                    }
                }
            }
        }
    }

    fn sign_in_notice(&self, notice: SignInNotice) -> Markup {
        let (texts, common) = (&self.texts.sign_in, &self.texts.common);
        let wait = |wait| notice::wait(self.texts, wait);
        let text = match notice {
            SignInNotice::SignedOut => return notice::good(&texts.signed_out),
            SignInNotice::Missing => html! { (texts.missing) },
            SignInNotice::Wrong => html! { (texts.wrong) },
            SignInNotice::Disabled => html! { (texts.disabled) },
            SignInNotice::RateLimited(time) => html! { (common.rate_limited) " " (wait(time)) },
            SignInNotice::Unavailable(time) => html! { (common.unavailable) " " (wait(time)) },
        };
        notice::bad(&text)
    }

    /// Returns a page that the browser loads again at once.
    ///
    /// A request that another site has caused comes without the refresh cookie (`SameSite=Strict`); the one that this page
    /// causes brings it.
    pub(crate) fn come_again(&self) -> Page {
        let texts = &self.texts.common;
        let body = html! {
            div.card {
                h1 { (texts.come_again) }
                p { a href="" { (texts.go_on) } }
            }
        };
        self.page(&Sheet { reload: true, ..Sheet::new(&texts.come_again, body) })
    }
}
