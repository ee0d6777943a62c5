//! A free user name for somebody from an upstream.

use aws_lc_rs::digest;

use super::UpstreamIdentity;
use crate::{
    Context,
    model::{Login, Username},
    store::StoreError,
};

/// The longest name that leaves room for a suffix.
const LONGEST_STEM: usize = 48;

/// After `ann`, `ann-2` … `ann-9` the name gets a suffix that nobody else's has.
const LAST_NUMBER: u32 = 9;

/// Returns the first name that nobody has. Whoever takes it may find that somebody was faster, and asks again.
pub(super) async fn free_name(
    ctx: &Context,
    identity: &UpstreamIdentity,
) -> Result<Option<Username>, StoreError> {
    for name in candidates(identity) {
        let Ok(name) = name.parse::<Username>() else { continue };
        if ctx.store.user_by_login(&Login::Username(name.clone())).await?.is_none() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Returns names that would do, best first: always the same ones for the same person.
fn candidates(identity: &UpstreamIdentity) -> impl Iterator<Item = String> {
    let mark = mark(identity);
    let stem = stem(identity).unwrap_or_else(|| format!("{}-{mark}", identity.upstream));
    let first = stem.clone();
    let numbered = stem.clone();
    let numbers = (2..=LAST_NUMBER).map(move |number| format!("{numbered}-{number}"));
    std::iter::once(first).chain(numbers).chain([format!("{stem}-{mark}")])
}

/// Returns what the name begins with: what the person is called, without what a user name cannot hold.
fn stem(identity: &UpstreamIdentity) -> Option<String> {
    let called = identity.username.as_deref();
    let email = identity.verified_email().map(crate::model::Email::as_str);
    // What has the form of an address is called like its mailbox: a user name never holds an `@`.
    let called = called.or(email)?.trim().split('@').next()?;
    let plain = called.chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' });
    let plain: String = plain.take(LONGEST_STEM).collect();
    let plain = plain.trim_matches(['-', '_', '.']);
    (!plain.is_empty()).then(|| plain.to_owned())
}

/// Returns 40 bits that stand for the person.
fn mark(identity: &UpstreamIdentity) -> String {
    let subject = &identity.subject;
    let whole = format!("{}\n{}\n{}", identity.upstream, subject.issuer(), subject.sub());
    let hash = digest::digest(&digest::SHA256, whole.as_bytes());
    let number = hash.as_ref().iter().take(5).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:010x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::UpstreamSubject;

    fn called(username: Option<&str>, email: Option<&str>) -> UpstreamIdentity {
        let subject = UpstreamSubject::new("https://id.example", "7").unwrap();
        UpstreamIdentity {
            username: username.map(str::to_owned),
            email: email.map(|email| email.parse().unwrap()),
            email_verified: true,
            ..UpstreamIdentity::new("corp".parse().unwrap(), subject)
        }
    }

    fn first(identity: &UpstreamIdentity) -> String {
        candidates(identity).next().unwrap()
    }

    #[test]
    fn a_name_is_as_much_like_the_one_there_as_can_be() {
        for (there, here) in [
            ("ann", "ann"),
            ("Ann.Lee", "Ann.Lee"),
            ("ann@corp.example", "ann"),
            (" Ann Lee ", "Ann-Lee"),
            ("../../etc", "etc"),
            ("Çağla", "Çağla"),
        ] {
            assert_eq!(first(&called(Some(there), Some("x@example.org"))), here, "{there:?}");
        }
        assert_eq!(first(&called(None, Some("ann@example.org"))), "ann");
    }

    #[test]
    fn somebody_without_a_usable_name_is_called_after_the_upstream() {
        for there in [None, Some(""), Some("@"), Some("///"), Some("\u{202e}")] {
            let name = first(&called(there, None));
            assert!(name.starts_with("corp-") && name.len() == 15, "{there:?}: {name}");
        }
    }

    #[test]
    fn every_candidate_is_a_user_name_however_long_the_one_there() {
        let long = "ß".repeat(300);
        for name in candidates(&called(Some(&long), None)) {
            assert!(name.parse::<Username>().is_ok(), "{name}");
        }
    }

    #[test]
    fn the_last_candidate_is_the_persons_own() {
        let one = called(Some("ann"), None);
        let other = UpstreamIdentity {
            subject: UpstreamSubject::new("https://id.example", "8").unwrap(),
            ..one.clone()
        };
        assert_ne!(candidates(&one).last(), candidates(&other).last());
        assert_eq!(candidates(&one).last(), candidates(&one.clone()).last());
        assert_eq!(candidates(&one).count(), 10);
    }
}
