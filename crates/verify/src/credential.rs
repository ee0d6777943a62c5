//! Finds the one token of a request.

use http::{HeaderMap, header};

use crate::cookies::Cookies;
use crate::{AuthError, Credential};

/// A token as it arrived, believed by nobody yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnverifiedCredential<'r> {
    pub(crate) token: &'r str,
    pub(crate) from: Credential,
}

/// Returns the request's token, `None` if it has none.
///
/// A request in which it cannot be told whose token counts is refused: each rule here has been somebody's vulnerability.
pub(crate) fn find<'r>(
    headers: &'r HeaderMap,
    query: Option<&str>,
    cookie_name: &str,
) -> Result<Option<UnverifiedCredential<'r>>, AuthError> {
    if query.is_some_and(names_a_token) {
        return Err(AuthError::TokenInQuery);
    }
    let bearer = bearer(headers)?;
    let cookie = Cookies::new(headers).get(cookie_name)?;
    match (bearer, cookie) {
        (Some(bearer), Some(cookie)) if bearer != cookie => Err(AuthError::TwoCredentials),
        // A foreign page cannot set the header, so with the same token in both it is the header that counts.
        (Some(token), _) => Ok(Some(UnverifiedCredential { token, from: Credential::Bearer })),
        (None, Some(token)) => Ok(Some(UnverifiedCredential { token, from: Credential::Cookie })),
        (None, None) => Ok(None),
    }
}

/// Returns the token of `Authorization: Bearer`. Another scheme is for somebody else.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, AuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(AuthError::MalformedAuthorization);
    }
    let value = visible(value.as_bytes()).ok_or(AuthError::MalformedAuthorization)?;
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Ok(None);
    }
    let token = rest.trim_matches(' ');
    let separates = |byte| matches!(byte, b' ' | b'\t' | b',');
    if token.is_empty() || any(token.as_bytes(), separates) {
        return Err(AuthError::MalformedAuthorization);
    }
    Ok(Some(token))
}

/// Returns a header's value if it is of visible characters, spaces and tabs.
fn visible(value: &[u8]) -> Option<&str> {
    let is_odd = |byte| !matches!(byte, b'\t' | b' '..=b'~');
    if any(value, is_odd) { None } else { std::str::from_utf8(value).ok() }
}

/// Looks at the end of the text even where the first byte decides: tokens are long, and without a branch on the way many bytes
/// are looked at in one step.
fn any(text: &[u8], is_wanted: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(false, |found, byte| found | is_wanted(*byte))
}

/// `access_token` is the parameter of RFC 6750 §2.3, whatever its escaping.
fn names_a_token(query: &str) -> bool {
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, header};
    use proptest::prelude::*;

    use super::{UnverifiedCredential, find};
    use crate::{AuthError, Credential};

    fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        map
    }

    fn found(headers: &[(&'static str, &str)]) -> Result<Option<(String, Credential)>, AuthError> {
        find(&map(headers), None, "at")
            .map(|found| found.map(|UnverifiedCredential { token, from }| (token.to_owned(), from)))
    }

    #[test]
    fn the_token_is_in_the_cookie_or_in_the_header() {
        assert_eq!(found(&[("cookie", "at=x")]), Ok(Some(("x".to_owned(), Credential::Cookie))));
        assert_eq!(found(&[("authorization", "Bearer x")]), Ok(Some(("x".to_owned(), Credential::Bearer))));
        assert_eq!(found(&[("authorization", "bearer  x ")]), Ok(Some(("x".to_owned(), Credential::Bearer))));
        assert_eq!(found(&[]), Ok(None));
    }

    #[test]
    fn two_different_tokens_are_refused() {
        let both = [("cookie", "at=x"), ("authorization", "Bearer y")];

        assert_eq!(found(&both), Err(AuthError::TwoCredentials));
    }

    #[test]
    fn the_same_token_twice_counts_as_bearer() {
        let both = [("cookie", "at=x"), ("authorization", "Bearer x")];

        assert_eq!(found(&both), Ok(Some(("x".to_owned(), Credential::Bearer))));
    }

    #[test]
    fn another_scheme_is_not_a_credential_of_ours() {
        assert_eq!(found(&[("authorization", "Basic eDp5")]), Ok(None));
        assert_eq!(found(&[("authorization", "Bearerx y")]), Ok(None));
    }

    #[test]
    fn a_bearer_header_without_one_token_is_malformed() {
        for value in ["Bearer", "Bearer ", "Bearer x y", "Bearer x, Bearer y"] {
            assert_eq!(
                found(&[("authorization", value)]),
                Err(AuthError::MalformedAuthorization),
                "{value:?}"
            );
        }
        let twice = [("authorization", "Bearer x"), ("authorization", "Bearer x")];
        assert_eq!(found(&twice), Err(AuthError::MalformedAuthorization));
    }

    #[test]
    fn a_token_in_the_query_is_refused_in_any_spelling() {
        for query in ["access_token=x", "a=1&access%5Ftoken=x", "access_token"] {
            assert_eq!(find(&HeaderMap::new(), Some(query), "at"), Err(AuthError::TokenInQuery), "{query}");
        }
        assert_eq!(find(&HeaderMap::new(), Some("q=access_token"), "at"), Ok(None));
    }

    /// The rules of the header once more, a byte after the other.
    fn slowly(value: &[u8]) -> Result<Option<&str>, AuthError> {
        for byte in value {
            if *byte != b'\t' && !(b' '..=b'~').contains(byte) {
                return Err(AuthError::MalformedAuthorization);
            }
        }
        let text = std::str::from_utf8(value).unwrap();
        let (scheme, mut token) = text.split_at(text.find(' ').unwrap_or(text.len()));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Ok(None);
        }
        while let Some(rest) = token.strip_prefix(' ').or_else(|| token.strip_suffix(' ')) {
            token = rest;
        }
        let is_one =
            !token.is_empty() && !token.contains(' ') && !token.contains('\t') && !token.contains(',');
        if is_one { Ok(Some(token)) } else { Err(AuthError::MalformedAuthorization) }
    }

    /// Longer and shorter than what is looked at in one step, with what must not be there anywhere in it.
    fn almost_bearer() -> impl Strategy<Value = Vec<u8>> {
        let run = (any::<u8>(), 0..40_usize).prop_map(|(byte, length)| vec![byte; length]);
        let plain = "[!-~]{0,40}".prop_map(String::into_bytes);
        let trap = prop::sample::select(vec![" ", "\t", ",", "~", "\u{7f}", "\u{80}", "Bearer "]);
        let piece = prop_oneof![run, plain, trap.prop_map(|trap| trap.as_bytes().to_vec())];
        let scheme = prop::sample::select(vec!["Bearer ", "bEARER  ", "Bearer", "Basic ", ""]);
        (scheme, prop::collection::vec(piece, 0..4))
            .prop_map(|(scheme, pieces)| [scheme.as_bytes(), &pieces.concat()].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn many_bytes_in_one_step_are_judged_as_each_by_itself(value in almost_bearer()) {
            // What is no value at all, HTTP has refused.
            if let Ok(line) = HeaderValue::from_bytes(&value) {
                let headers = HeaderMap::from_iter([(header::AUTHORIZATION, line)]);
                let found = find(&headers, None, "at").map(|found| found.map(|found| found.token));
                prop_assert_eq!(found, slowly(&value));
            }
        }
    }
}
