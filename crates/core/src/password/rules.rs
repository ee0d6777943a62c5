//! What a new password must be: long, and not among those that attackers try first (NIST SP 800-63B-4 §3.1.1.2).
//!
//! No composition rules and no expiry: both make passwords worse.

use super::Password;
use crate::{
    model::{Email, Username},
    settings::PasswordSettings,
};

/// The most bytes a password may have after normalisation. Far above the 64 characters that must be allowed.
pub const MAX_BYTES: usize = 1024;

/// What of a password is left when names are taken out must be at least this many characters.
const LEAST_BESIDE_NAMES: usize = 8;

/// A password that would be found within a million tries falls to online guessing, however long it is.
const LEAST_GUESSES: u64 = 1_000_000;

/// Why a new password was refused. Each says what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordRejection {
    /// Too few characters.
    #[error("the password has {length} characters; at least {min} are needed")]
    TooShort {
        /// How many it has.
        length: usize,
        /// How many it needs.
        min: usize,
    },
    /// Too many bytes.
    #[error("the password has more than {max} bytes")]
    TooLong {
        /// How many it may have.
        max: usize,
    },
    /// Little more than the user's or the service's name.
    #[error(
        "the password is little more than the name of the user or the service; choose something unrelated"
    )]
    Name,
    /// Among those that attackers try first: a common password, a row of keys, a repetition.
    #[error("the password is among those that attackers try first; choose something longer or less common")]
    Common,
}

/// Whose password it is to be.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// The user name.
    pub username: &'a Username,
    /// The e-mail address.
    pub email: Option<&'a Email>,
    /// The service's name or host.
    pub service: &'a str,
}

/// Checks a new password.
pub fn check(
    password: &Password,
    owner: Owner<'_>,
    settings: &PasswordSettings,
) -> Result<(), PasswordRejection> {
    let text = password.reveal();
    let length = password.length();
    if length < settings.min_length {
        return Err(PasswordRejection::TooShort { length, min: settings.min_length });
    }
    if text.len() > MAX_BYTES {
        return Err(PasswordRejection::TooLong { max: MAX_BYTES });
    }
    let names = owner.names();
    if beside(&names, text) < LEAST_BESIDE_NAMES {
        return Err(PasswordRejection::Name);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if zxcvbn::zxcvbn(text, &names).guesses() < LEAST_GUESSES {
        return Err(PasswordRejection::Common);
    }
    Ok(())
}

impl Owner<'_> {
    /// Returns what attackers who know the user would try, lower-cased, longest first.
    fn names(&self) -> Vec<String> {
        let mut names = vec![self.username.to_string(), "handstamp".to_owned()];
        if let Some((local, domain)) = self.email.and_then(|email| email.as_str().split_once('@')) {
            names.extend([local.to_owned(), domain.to_owned()]);
        }
        let host = self.service.split_once("://").map_or(self.service, |(_, host)| host);
        names.extend(host.split(['/', ':', '.']).map(str::to_lowercase));
        // Two letters are in every password.
        names.retain(|name| name.chars().count() >= 3);
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        names.dedup();
        names
    }
}

/// Returns how many characters are left of a password when the names are taken out.
fn beside(names: &[String], text: &str) -> usize {
    let mut rest = zeroize::Zeroizing::new(text.to_lowercase());
    for name in names {
        rest = zeroize::Zeroizing::new(rest.replace(name.as_str(), ""));
    }
    rest.chars().count()
}

#[cfg(test)]
mod tests {
    use super::{Owner, PasswordRejection, check};
    use crate::{model::Username, password::Password, settings::PasswordSettings};

    fn checked(password: &str) -> Result<(), PasswordRejection> {
        let username: Username = "marianne".parse().expect("it is a name");
        let email = "m.weber@example.org".parse().expect("it is an address");
        let owner =
            Owner { username: &username, email: Some(&email), service: "https://login.acme-corp.example" };
        check(&Password::new(password), owner, &PasswordSettings::default())
    }

    #[test]
    fn a_passphrase_without_digits_or_capitals_is_fine() {
        assert_eq!(checked("correct horse battery staple"), Ok(()));
        assert_eq!(checked("ein hölzerner löffel im regen"), Ok(()));
    }

    #[test]
    fn a_short_password_is_refused_with_both_numbers() {
        assert_eq!(checked("kq7#Vb!29xLmZp"), Err(PasswordRejection::TooShort { length: 14, min: 15 }));
    }

    #[test]
    fn length_counts_characters_after_normalisation_not_bytes() {
        // Fourteen characters, each typed as two code points.
        assert_eq!(checked(&"e\u{301}".repeat(14)), Err(PasswordRejection::TooShort { length: 14, min: 15 }));
    }

    #[test]
    fn sixty_four_characters_and_far_more_are_accepted() {
        let long: String = (0..150u32).map(|n| char::from_u32(0x21 + n * 37 % 90).unwrap_or('x')).collect();
        assert_eq!(checked(&long[..64]), Ok(()));
        assert_eq!(checked(&long), Ok(()));
    }

    #[test]
    fn a_password_beyond_every_use_is_refused() {
        assert_eq!(checked(&"long enough ".repeat(100)), Err(PasswordRejection::TooLong { max: 1024 }));
    }

    #[test]
    fn the_users_name_and_the_services_name_are_no_password() {
        for password in
            ["mariannemarianne", "Marianne!Marianne", "acme-corp-marianne1", "m.weber@example.org"]
        {
            assert_eq!(checked(password), Err(PasswordRejection::Name), "{password}");
        }
    }

    #[test]
    fn what_attackers_try_first_is_refused_however_long() {
        for password in [
            "passwordpassword",
            "123456789012345",
            "aaaaaaaaaaaaaaaaaaaa",
            "qwertyuiopasdfghjkl",
            "abcdefghijklmnop",
        ] {
            assert_eq!(checked(password), Err(PasswordRejection::Common), "{password}");
        }
    }
}
