use maud::html;
use url::form_urlencoded;

use super::{Page, ReturnTo, View, layout::Sheet, notice, sign_in::sign_in_address, texts::fill};
use crate::upstreams::Fault;

/// A sign-in through an upstream that led nowhere.
#[derive(Debug)]
pub(crate) struct UpstreamFailure<'a> {
    pub(crate) why: UpstreamProblem,
    /// Its name in addresses, and what people call it.
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    /// Where people wanted to go.
    pub(crate) return_to: Option<&'a ReturnTo>,
    /// Whether they were about to link an account, and not to sign in.
    pub(crate) linking: bool,
    /// What finds it in the log.
    pub(crate) id: Option<&'a str>,
}

/// Why it led nowhere, as people may know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpstreamProblem {
    /// The attempt is old, finished, or not this browser's.
    AttemptOver,
    /// Something between the upstream and us.
    Fault(Fault),
    /// The upstream knows them, and nobody here does.
    NoAccount,
    /// An account has their address, and its owner has to link it.
    EmailTaken,
    /// Only after the upstream has said who they are.
    Disabled,
    /// The one who came back is linked to another account, or the account to another person.
    LinkedOtherwise,
    /// They are not in the session any more in which they wanted to link.
    SignedOut,
    /// They are in it for too long to add a way in.
    SignInAgain,
    RateLimited(std::time::Duration),
}

/// Returns the address at which a sign-in through an upstream begins.
pub(crate) fn login_address(upstream: &str, return_to: Option<&str>) -> String {
    let Some(to) = return_to else { return format!("/auth/login/{upstream}") };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", to).finish();
    format!("/auth/login/{upstream}?{query}")
}

impl View<'_> {
    /// Returns a calm page that says so, with a way to start again. Nothing on it goes on by itself: no loop can begin here.
    pub(crate) fn upstream_failure(&self, failure: &UpstreamFailure<'_>) -> Page {
        let texts = &self.texts.upstream;
        let (title, text) = self.upstream_problem(failure.why);
        let named = |text: &str| fill(text, &[("name", &failure.label)]);
        let title = named(title);
        let wait = match failure.why {
            UpstreamProblem::Fault(Fault::Away { retry_after: time })
            | UpstreamProblem::RateLimited(time) => Some(notice::wait(self.texts, time)),
            _ => None,
        };
        let to = failure.return_to.map(ReturnTo::as_str);
        let body = html! {
            div.card {
                h1 { (title) }
                p { (named(text)) @if let Some(wait) = wait { " " (wait) } }
                div.stack {
                    @if failure.linking {
                        a.button.main href="/auth/account" { (texts.to_account) }
                    } @else {
                        a.button.main href=(login_address(failure.name, to)) { (texts.again) }
                        a.button href=(sign_in_address(to)) { (texts.other) }
                    }
                }
                @if let Some(id) = failure.id { p.reference { (fill(&self.texts.error.reference, &[("id", &id)])) } }
            }
        };
        self.page(&Sheet::new(&title, body))
    }

    fn upstream_problem(&self, problem: UpstreamProblem) -> (&'static str, &'static str) {
        let (texts, sign_in, common) = (&self.texts.upstream, &self.texts.sign_in, &self.texts.common);
        let (title, text): (&'static String, &'static String) = match problem {
            UpstreamProblem::AttemptOver => (&texts.over_title, &texts.over),
            UpstreamProblem::Fault(Fault::Declined) => (&texts.declined_title, &texts.declined),
            UpstreamProblem::Fault(Fault::Away { .. }) => (&texts.away_title, &texts.away),
            UpstreamProblem::Fault(Fault::Untrusted) => (&texts.untrusted_title, &texts.untrusted),
            UpstreamProblem::NoAccount => (&texts.no_account_title, &texts.no_account),
            UpstreamProblem::EmailTaken => (&texts.email_taken_title, &texts.email_taken),
            UpstreamProblem::Disabled => (&texts.refused_title, &sign_in.disabled),
            UpstreamProblem::LinkedOtherwise => (&texts.not_connected_title, &texts.linked_otherwise),
            UpstreamProblem::SignedOut => (&texts.not_connected_title, &texts.signed_out),
            UpstreamProblem::SignInAgain => (&texts.not_connected_title, &texts.sign_in_again),
            UpstreamProblem::RateLimited(_) => (&texts.refused_title, &common.rate_limited),
        };
        (title, text)
    }
}

#[cfg(test)]
mod tests {
    use super::login_address;

    #[test]
    fn the_way_back_travels_whole() {
        assert_eq!(login_address("corp", None), "/auth/login/corp");
        assert_eq!(
            login_address("corp", Some("/orders?x=1&y=a b")),
            "/auth/login/corp?return_to=%2Forders%3Fx%3D1%26y%3Da+b"
        );
    }
}
