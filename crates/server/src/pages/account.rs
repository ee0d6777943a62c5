use std::time::Duration;

use handstamp_core::{
    model::{Session, SessionId},
    password::rules::PasswordRejection,
};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Page, View, WayIn, ago,
    field::{Field, Kind},
    layout::{Sheet, Width},
    notice,
    texts::fill,
};

/// What the account page shows.
#[derive(Debug)]
pub(crate) struct AccountPage<'a> {
    pub(crate) username: &'a str,
    /// The user's live sessions, and which of them this is.
    pub(crate) sessions: &'a [Session],
    pub(crate) current: SessionId,
    /// The shortest password, and the longest name of a device.
    pub(crate) min_length: usize,
    pub(crate) longest_name: usize,
    /// The upstreams there are, and which of them lead to this account.
    pub(crate) ways_in: &'a [WayIn<'a>],
    /// Whether the visitor has signed in so lately that they may add one.
    pub(crate) may_link: bool,
    /// Whether there is a password to change.
    pub(crate) has_password: bool,
    pub(crate) done: Option<Done>,
    pub(crate) problem: Option<AccountProblem>,
    pub(crate) now: Timestamp,
}

/// What has just been done. It travels in the query, so that any replica can say it, and is on this list or is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    SessionEnded,
    SessionGone,
    OthersEnded,
    Renamed,
    PasswordChanged,
    UpstreamLinked,
    UpstreamUnlinked,
}

/// What was wrong with the last form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AccountProblem {
    DeviceName,
    CurrentPassword,
    NewPassword(PasswordRejection),
    LastWayIn,
    RateLimited(Duration),
    Unavailable(Duration),
}

impl Done {
    const ALL: [Self; 7] = [
        Self::SessionEnded,
        Self::SessionGone,
        Self::OthersEnded,
        Self::Renamed,
        Self::PasswordChanged,
        Self::UpstreamLinked,
        Self::UpstreamUnlinked,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::SessionEnded => "session_ended",
            Self::SessionGone => "session_gone",
            Self::OthersEnded => "others_ended",
            Self::Renamed => "renamed",
            Self::PasswordChanged => "password_changed",
            Self::UpstreamLinked => "upstream_linked",
            Self::UpstreamUnlinked => "upstream_unlinked",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|done| done.as_str() == text)
    }
}

impl View<'_> {
    /// Returns the account page.
    pub(crate) fn account(&self, page: &AccountPage<'_>) -> Page {
        let texts = &self.texts.account;
        let devices = devices(page);
        let body = html! {
            @if let Some(done) = page.done { (notice::good(self.account_done(done))) }
            section.card {
                div.who {
                    div {
                        h1 { (texts.title) }
                        p.quiet { (fill(&texts.who, &[("name", &page.username)])) }
                    }
                    form method="post" action="/auth/sign-out" {
                        button type="submit" name="scope" value="session" { (self.texts.common.sign_out) }
                    }
                }
            }
            section.card aria-labelledby="devices" {
                h2 #devices { (texts.devices) }
                p.quiet {
                    (texts.devices_hint)
                    @if page.has_password { " " (texts.devices_hint_password) }
                }
                @if page.problem == Some(AccountProblem::DeviceName) { (self.account_problem(page)) }
                ul.devices { @for device in &devices { (self.device(device, page)) } }
                @if devices.len() > 1 {
                    form method="post" action="/auth/account/end-others" {
                        button.whole type="submit" { (texts.end_others) }
                    }
                }
            }
            @if page.problem == Some(AccountProblem::LastWayIn) { (self.account_problem(page)) }
            (self.ways_in(page))
            @if page.has_password {
                section.card aria-labelledby="change-password" { (self.change_password(page)) }
            }
        };
        let at = page.problem.is_some().then_some("/auth/account");
        self.page(&Sheet { width: Width::Wide, at, ..Sheet::new(&texts.title, body) })
    }

    fn device(&self, shown: &Device<'_>, page: &AccountPage<'_>) -> Markup {
        let (texts, session, is_current) = (&self.texts.account, shown.session, shown.is_current);
        let (sid, device) = (session.id.to_string(), session.device.as_str());
        let when = |text: &str, then| fill(text, &[("when", &ago::words(self.texts, then, page.now))]);
        let named = |text: &str| fill(text, &[("device", &device)]);
        let input_id = format!("device-{sid}");
        html! {
            li {
                div.device {
                    div {
                        strong { (device) }
                        @if is_current { span.badge { (texts.this_device) } }
                        @else { span.quiet { (when(&texts.last_seen, shown.last_seen_at)) } }
                        span.quiet { (when(&texts.signed_in, session.created_at)) }
                        @for site in &shown.sites { span.quiet { (fill(&self.texts.site.also, &[("name", site)])) } }
                    }
                    @if !is_current {
                        form method="post" action="/auth/account/end-session" {
                            input type="hidden" name="sid" value=(sid);
                            button.small type="submit" aria-label=(named(&texts.end_label)) { (texts.end) }
                        }
                    }
                }
                details {
                    summary aria-label=(named(&texts.rename_label)) { (texts.rename) }
                    form method="post" action="/auth/account/rename-session" accept-charset="utf-8" {
                        input type="hidden" name="sid" value=(sid);
                        div.field {
                            label for=(input_id) { (texts.new_name) }
                            div.with-button {
                                input #(input_id) name="device" type="text" value=(device) required autocomplete="off"
                                    maxlength=(page.longest_name);
                                button type="submit" { (texts.save) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn change_password(&self, page: &AccountPage<'_>) -> Markup {
        let texts = &self.texts.account;
        let current_wrong = page.problem == Some(AccountProblem::CurrentPassword);
        let new_wrong = matches!(page.problem, Some(AccountProblem::NewPassword(_)));
        let of_others = [AccountProblem::DeviceName, AccountProblem::LastWayIn];
        let has_problem = page.problem.as_ref().is_some_and(|problem| !of_others.contains(problem));
        let hint = fill(&texts.new_password_hint, &[("n", &page.min_length)]);
        let current = Field {
            wrong: current_wrong,
            ..Field::new("current_password", &texts.current_password, Kind::Password, "current-password")
        };
        let new = Field {
            hint: Some(&hint),
            wrong: new_wrong,
            ..Field::new("new_password", &texts.new_password, Kind::Password, "new-password")
        };
        html! {
            h2 #change-password { (texts.change_password) }
            p.quiet { (texts.change_password_hint) }
            @if has_problem { (self.account_problem(page)) }
            form method="post" action="/auth/account/change-password" accept-charset="utf-8" {
                // A password manager reads here whose password it is to keep.
                input type="text" name="username" value=(page.username) autocomplete="username" readonly hidden;
                (current.markup(self.texts))
                (new.markup(self.texts))
                button.main type="submit" { (texts.change) }
            }
        }
    }

    fn account_done(&self, done: Done) -> &'static str {
        let texts = &self.texts.account_done;
        match done {
            Done::SessionEnded => &texts.session_ended,
            Done::SessionGone => &texts.session_gone,
            Done::OthersEnded => &texts.others_ended,
            Done::Renamed => &texts.renamed,
            Done::PasswordChanged => &texts.password_changed,
            Done::UpstreamLinked => &texts.upstream_linked,
            Done::UpstreamUnlinked => &texts.upstream_unlinked,
        }
    }

    /// Says what was wrong, beside the form that it is about: the focus takes people there.
    fn account_problem(&self, page: &AccountPage<'_>) -> Markup {
        let (texts, common) = (&self.texts.account_wrong, &self.texts.common);
        let wait = |wait: &Duration| notice::wait(self.texts, *wait);
        let Some(problem) = &page.problem else { return Markup::default() };
        notice::bad(&match problem {
            AccountProblem::DeviceName => html! { (fill(&texts.name, &[("n", &page.longest_name)])) },
            AccountProblem::LastWayIn => html! { (texts.last_way_in) },
            AccountProblem::CurrentPassword => html! { (texts.current_password) },
            AccountProblem::NewPassword(rejection) => html! { (self.password_rejected(rejection)) },
            AccountProblem::RateLimited(time) => html! { (common.rate_limited) " " (wait(time)) },
            AccountProblem::Unavailable(time) => html! { (common.unavailable) " " (wait(time)) },
        })
    }

    /// Says why a password was refused, and what would do (NIST SP 800-63B-4 §3.1.1.2).
    pub(super) fn password_rejected(&self, rejection: &PasswordRejection) -> String {
        let texts = &self.texts.password;
        match rejection {
            PasswordRejection::TooShort { length, min } => {
                fill(&texts.too_short, &[("length", length), ("min", min)])
            }
            PasswordRejection::TooLong { max } => fill(&texts.too_long, &[("max", max)]),
            PasswordRejection::Name => texts.name.clone(),
            // A reason that is new to us is a password that is too easy to guess, one way or another.
            _ => texts.common.clone(),
        }
    }
}

/// A sign-in with what was carried from it: one browser, which is signed out as a whole.
struct Device<'a> {
    /// The session at home.
    session: &'a Session,
    /// Where else it is signed in.
    sites: Vec<String>,
    is_current: bool,
    last_seen_at: Timestamp,
}

/// This device first, then as they were used.
fn devices<'a>(page: &AccountPage<'a>) -> Vec<Device<'a>> {
    let of = |root| page.sessions.iter().filter(move |session| session.root() == root);
    let shown = page.sessions.iter().filter(|session| session.carried.is_none());
    let mut devices: Vec<_> = shown
        .map(|session| Device {
            session,
            sites: of(session.id).filter_map(|of| Some(of.carried.as_ref()?.to.to_string())).collect(),
            is_current: of(session.id).any(|of| of.id == page.current),
            last_seen_at: of(session.id).map(|of| of.last_seen_at).fold(session.last_seen_at, Timestamp::max),
        })
        .collect();
    devices.sort_by_key(|device| (!device.is_current, std::cmp::Reverse(device.last_seen_at)));
    devices
}

#[cfg(test)]
mod tests {
    use super::Done;

    #[test]
    fn what_is_not_on_the_list_is_not_said() {
        for done in Done::ALL {
            assert_eq!(Done::parse(done.as_str()), Some(done));
        }
        for other in ["", "SESSION_ENDED", "<b>", "session_ended "] {
            assert_eq!(Done::parse(other), None, "{other}");
        }
    }
}
