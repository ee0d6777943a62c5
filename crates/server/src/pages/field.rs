use maud::{Markup, html};

use super::{
    notice::PROBLEM,
    texts::{Common, Texts},
};

/// A labelled line of a form. Its name is its id as well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) kind: Kind,
    pub(super) autocomplete: &'static str,
    pub(super) value: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) required: bool,
    pub(super) focused: bool,
    /// Whether it is among what was wrong with the last attempt.
    pub(super) wrong: bool,
}

/// What is typed into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name: no capitals, no corrections.
    Name,
    /// An e-mail address, or a user name in its place: a phone shows the keyboard with `@`.
    Login,
    /// An e-mail address.
    Email,
    /// A password, which a button shows.
    Password,
}

impl<'a> Field<'a> {
    pub(super) fn new(name: &'a str, label: &'a str, kind: Kind, autocomplete: &'static str) -> Self {
        Self {
            name,
            label,
            kind,
            autocomplete,
            value: "",
            hint: None,
            required: true,
            focused: false,
            wrong: false,
        }
    }

    pub(super) fn markup(&self, texts: &Texts) -> Markup {
        let hint_id = format!("{}-hint", self.name);
        let described_by = match (self.hint, self.wrong) {
            (Some(_), true) => Some(format!("{PROBLEM} {hint_id}")),
            (Some(_), false) => Some(hint_id.clone()),
            (None, true) => Some(PROBLEM.to_owned()),
            (None, false) => None,
        };
        let input = html! {
            input #(self.name) name=(self.name) type=(self.kind.input_type()) inputmode=[self.kind.input_mode()]
                autocomplete=(self.autocomplete) autocapitalize="none" autocorrect="off" spellcheck="false"
                value=[(!self.value.is_empty()).then_some(self.value)] required[self.required] autofocus[self.focused]
                aria-invalid=[self.wrong.then_some("true")] aria-describedby=[described_by];
        };
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                @if self.kind == Kind::Password {
                    div.with-button { (input) (show_button(self.name, &texts.common)) }
                } @else {
                    (input)
                }
                @if let Some(hint) = self.hint { span.hint #(hint_id) { (hint) } }
            }
        }
    }
}

impl Kind {
    fn input_type(self) -> &'static str {
        match self {
            Self::Name | Self::Login => "text",
            Self::Email => "email",
            Self::Password => "password",
        }
    }

    fn input_mode(self) -> Option<&'static str> {
        (self == Self::Login).then_some("email")
    }
}

/// Without JavaScript it could do nothing, and is not there.
fn show_button(shows: &str, texts: &Common) -> Markup {
    html! {
        button type="button" hidden data-shows=(shows) data-show=(texts.show_password) data-hide=(texts.hide_password)
            data-show-label=(texts.show_password_label) data-hide-label=(texts.hide_password_label)
            aria-label=(texts.show_password_label) { (texts.show_password) }
    }
}
