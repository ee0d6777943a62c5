//! The words of the pages: one file a language.

use std::{fmt::Display, sync::LazyLock};

use serde::Deserialize;

use crate::config::Language;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident: $type:ident { $($key:ident)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name { $(pub(super) $key: $type,)+ }
    };
}

section! {
    /// `[common]`
    Common: String {
        show_password show_password_label hide_password hide_password_label wait_second wait_seconds wait_minutes
        rate_limited unavailable come_again go_on sign_out
    }
}

section! {
    /// `[sign_in]`
    SignIn: String { title login password submit missing wrong disabled signed_out still_at sign_out_there }
}

section! {
    /// `[sign_out]`
    SignOut: String { title who here everywhere stay }
}

section! {
    /// `[account]`
    Account: String {
        title who devices devices_hint devices_hint_password this_device last_seen signed_in end end_label end_others
        rename rename_label new_name save change_password change_password_hint current_password new_password new_password_hint change
    }
}

section! {
    /// `[account_done]`
    AccountDone: String {
        session_ended session_gone others_ended renamed password_changed upstream_linked upstream_unlinked
    }
}

section! {
    /// `[account_wrong]`
    AccountWrong: String { name current_password last_way_in }
}

section! {
    /// `[account_ways]`: the ways into an account.
    AccountWays: String {
        title hint connected not_connected connect connect_label disconnect disconnect_label sign_in_again
    }
}

section! {
    /// `[upstream]`: sign-in through another server.
    Upstream: String {
        or go_on_with again other to_account over_title over declined_title declined away_title away untrusted_title untrusted
        no_account_title no_account email_taken_title email_taken refused_title not_connected_title linked_otherwise
        signed_out sign_in_again
    }
}

section! {
    /// `[site]`: another domain, to which a sign-in is carried.
    Site: String { signed_out_title signed_out ended also }
}

section! {
    /// `[password]`: why a new password is refused.
    PasswordWrong: String { too_short too_long name common }
}

section! {
    /// `[setup]`
    Setup: String { title intro secret username email password submit done_title done sign_in }
}

section! {
    /// `[setup_wrong]`
    SetupWrong: String { secret username email }
}

section! {
    /// `[error]`
    Failure: String {
        reference home not_found_title not_found refused_title refused rate_limited_title unavailable_title unavailable
        request_title request internal_title internal
    }
}

section! {
    /// `[ago]`: how long ago something was.
    Ago: String { now minute minutes hour hours day days }
}

/// All words of one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub(super) common: Common,
    pub(super) sign_in: SignIn,
    pub(super) sign_out: SignOut,
    pub(super) account: Account,
    pub(super) account_done: AccountDone,
    pub(super) account_wrong: AccountWrong,
    pub(super) account_ways: AccountWays,
    pub(super) upstream: Upstream,
    pub(super) site: Site,
    pub(super) password: PasswordWrong,
    pub(super) setup: Setup,
    pub(super) setup_wrong: SetupWrong,
    pub(super) error: Failure,
    pub(super) ago: Ago,
}

const fn file(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("texts/en.toml"),
        Language::De => include_str!("texts/de.toml"),
    }
}

impl Texts {
    pub(super) fn of(language: Language) -> &'static Self {
        static ENGLISH: LazyLock<Texts> = LazyLock::new(|| Texts::read(Language::En));
        static GERMAN: LazyLock<Texts> = LazyLock::new(|| Texts::read(Language::De));
        match language {
            Language::En => &ENGLISH,
            Language::De => &GERMAN,
        }
    }

    fn read(language: Language) -> Self {
        // The files are part of the program, and a test reads each of them.
        toml::from_str(file(language)).expect("the texts of every language are complete")
    }
}

/// Puts values in the place of `{name}`. What a value looks like does not matter: it is not looked at again.
pub(super) fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        filled.push_str(before);
        if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
            filled.push_str(&value.to_string());
        }
        rest = after;
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use toml::{Table, Value};

    use super::{Language, Texts, file, fill};

    /// Every text by its dotted key, with what is filled into it.
    fn texts(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut found = BTreeMap::new();
        collect("", &file(language).parse::<Table>().unwrap(), &mut found);
        found
    }

    fn collect(prefix: &str, table: &Table, found: &mut BTreeMap<String, BTreeSet<String>>) {
        for (key, value) in table {
            match value {
                Value::Table(inner) => collect(&format!("{prefix}{key}."), inner, found),
                Value::String(text) => {
                    let filled = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
                    assert!(!text.trim().is_empty(), "{prefix}{key} is empty");
                    found.insert(format!("{prefix}{key}"), filled.map(str::to_owned).collect());
                }
                other => panic!("{prefix}{key} is no text: {other}"),
            }
        }
    }

    #[test]
    fn every_language_has_every_text_with_the_same_things_filled_in() {
        let english = texts(Language::En);
        assert!(english.len() > 80, "{}", english.len());

        for language in Language::ALL {
            assert_eq!(texts(language), english, "{language:?}");
        }
    }

    #[test]
    fn every_file_has_the_keys_that_the_pages_use_and_no_others() {
        for language in Language::ALL {
            let title = &Texts::of(language).sign_in.title;
            assert!(!title.is_empty(), "{language:?}");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        let filled = fill("{a} and {b}.", &[("a", &"{b}"), ("b", &2)]);

        assert_eq!(filled, "{b} and 2.");
    }
}
