use std::time::Duration;

use handstamp_core::password::rules::PasswordRejection;
use maud::{Markup, html};

use super::{
    Page, View,
    field::{Field, Kind},
    layout::Sheet,
    notice,
    texts::fill,
};

/// The longest user name.
const LONGEST_USERNAME: usize = 64;

/// The setup form, as it was left or anew.
#[derive(Debug, Default)]
pub(crate) struct SetupForm {
    pub(crate) username: String,
    pub(crate) email: String,
    /// The shortest password.
    pub(crate) min_length: usize,
    pub(crate) problems: Vec<SetupProblem>,
}

/// What was wrong with the last attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetupProblem {
    Secret,
    Username,
    Email,
    Password(PasswordRejection),
    RateLimited(Duration),
}

impl View<'_> {
    /// Returns the page that makes the first administrator.
    pub(crate) fn setup(&self, form: &SetupForm) -> Page {
        let texts = &self.texts.setup;
        let is_wrong = |problem: &SetupProblem| form.problems.contains(problem);
        let password_wrong = form.problems.iter().any(|one| matches!(one, SetupProblem::Password(_)));
        let hint = fill(&self.texts.account.new_password_hint, &[("n", &form.min_length)]);
        let fields = [
            Field {
                focused: form.problems.is_empty(),
                wrong: is_wrong(&SetupProblem::Secret),
                ..Field::new("setup_secret", &texts.secret, Kind::Password, "off")
            },
            Field {
                value: &form.username,
                wrong: is_wrong(&SetupProblem::Username),
                ..Field::new("username", &texts.username, Kind::Name, "username")
            },
            Field {
                value: &form.email,
                required: false,
                wrong: is_wrong(&SetupProblem::Email),
                ..Field::new("email", &texts.email, Kind::Email, "email")
            },
            Field {
                hint: Some(&hint),
                wrong: password_wrong,
                ..Field::new("password", &texts.password, Kind::Password, "new-password")
            },
        ];
        let body = html! {
            div.card {
                h1 { (texts.title) }
                p { (with_command(&texts.intro)) }
                @if !form.problems.is_empty() { (self.setup_notice(&form.problems)) }
                form method="post" action="/auth/setup" accept-charset="utf-8" {
                    @for field in &fields { (field.markup(self.texts)) }
                    button.main type="submit" { (texts.submit) }
                }
            }
        };
        let at = (!form.problems.is_empty()).then_some("/auth/setup");
        self.page(&Sheet { at, ..Sheet::new(&texts.title, body) })
    }

    fn setup_notice(&self, problems: &[SetupProblem]) -> Markup {
        notice::bad(&html! {
            @match problems {
                [one] => (self.setup_problem(one)),
                more => ul { @for problem in more { li { (self.setup_problem(problem)) } } },
            }
        })
    }

    fn setup_problem(&self, problem: &SetupProblem) -> String {
        let texts = &self.texts.setup_wrong;
        match problem {
            SetupProblem::Secret => texts.secret.clone(),
            SetupProblem::Username => fill(&texts.username, &[("n", &LONGEST_USERNAME)]),
            SetupProblem::Email => texts.email.clone(),
            SetupProblem::Password(rejection) => self.password_rejected(rejection),
            SetupProblem::RateLimited(time) => {
                format!("{} {}", self.texts.common.rate_limited, notice::wait(self.texts, *time))
            }
        }
    }

    /// Returns the page that says it worked.
    pub(crate) fn setup_done(&self) -> Page {
        let texts = &self.texts.setup;
        let body = html! {
            div.card {
                h1 { (texts.done_title) }
                (notice::good(&texts.done))
                p { a href="/auth/sign-in" { (texts.sign_in) } }
            }
        };
        self.page(&Sheet::new(&texts.done_title, body))
    }
}

/// Puts the command where it belongs, in its own type.
fn with_command(text: &str) -> Markup {
    let (before, after) = text.split_once("{command}").unwrap_or((text, ""));
    html! { (before) code { "handstamp serve" } (after) }
}
