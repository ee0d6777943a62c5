//! The cookies that a request brings.

use http::{HeaderMap, HeaderValue, header};

use super::{CookieMap, is_attempt, translated};

impl CookieMap {
    /// Takes the auth service's cookies out of a request to a service. Every other cookie stays as it is.
    pub(crate) fn strip(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(header::COOKIE) {
            return;
        }
        rewrite(headers, |name, pair, line| {
            if !self.is_ours(name) {
                push(line, pair);
            }
        });
    }

    /// Gives the cookies in a request to the auth service the names that they have there.
    ///
    /// One that has such a name already came from elsewhere: from a neighbour on this host, or from the auth service itself on
    /// another port. It is left out.
    pub(crate) fn translate(&self, headers: &mut HeaderMap) {
        if !headers.contains_key(header::COOKIE) {
            return;
        }
        rewrite(headers, |name, pair, line| {
            if let Some(inside) = translated(name, &self.outside, &self.inside) {
                push(line, inside.as_bytes());
                line.extend_from_slice(&pair[name.len()..]);
            } else if is_attempt(name) || !self.is_ours(name) {
                push(line, pair);
            }
        });
    }

    /// Returns the cookies of a refresh, as the auth service knows them.
    pub(crate) fn refresh_pair(&self, access: &str, refresh: &str) -> Option<HeaderValue> {
        let names = &self.inside;
        let mut value =
            HeaderValue::try_from(format!("{}={access}; {}={refresh}", names.access, names.refresh)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Writes the cookies anew, in one line: HTTP/2 may have split them over several (RFC 9113 §8.2.3).
fn rewrite(headers: &mut HeaderMap, mut each: impl FnMut(&[u8], &[u8], &mut Vec<u8>)) {
    let mut line = Vec::new();
    for value in headers.get_all(header::COOKIE) {
        for pair in value.as_bytes().split(|byte| *byte == b';') {
            let pair = pair.strip_prefix(b" ").unwrap_or(pair);
            if !pair.is_empty() {
                let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
                each(name, pair, &mut line);
            }
        }
    }
    headers.remove(header::COOKIE);
    // The bytes came out of header values.
    if let (false, Ok(mut value)) = (line.is_empty(), HeaderValue::from_bytes(&line)) {
        value.set_sensitive(true);
        headers.insert(header::COOKIE, value);
    }
}

fn push(line: &mut Vec<u8>, pair: &[u8]) {
    if !line.is_empty() {
        line.extend_from_slice(b"; ");
    }
    line.extend_from_slice(pair);
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};
    use proptest::prelude::*;

    use super::super::tests::{between, map};
    use super::CookieMap;

    fn after(lines: &[&str], act: impl FnOnce(&mut HeaderMap)) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_str(line).unwrap());
        }
        act(&mut headers);
        assert!(headers.get_all(header::COOKIE).iter().count() <= 1);
        headers.get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned())
    }

    fn stripped(lines: &[&str]) -> Option<String> {
        after(lines, |headers| map(true).strip(headers))
    }

    fn translated(map: &CookieMap, lines: &[&str]) -> Option<String> {
        after(lines, |headers| map.translate(headers))
    }

    #[test]
    fn services_get_the_apps_own_cookies_and_none_of_ours() {
        let line =
            "theme=dark; __Host-Http-at=a; __Host-Http-rt=r; auth_hint=1.2.in; __Host-login-x=s; cart=7";

        assert_eq!(stripped(&[line]).as_deref(), Some("theme=dark; cart=7"));
        assert_eq!(
            stripped(&["__Host-Http-at=a", "theme=dark", "__Host-Http-rt=r"]).as_deref(),
            Some("theme=dark")
        );
        assert_eq!(stripped(&["__Host-Http-at=a; __Secure-rt=r"]), None);
        assert_eq!(stripped(&[]), None);
    }

    #[test]
    fn a_look_alike_does_not_slip_through_to_a_service() {
        assert_eq!(stripped(&["\t__Host-Http-at=a;__host-http-RT =r; a=1"]).as_deref(), Some("a=1"));
    }

    #[test]
    fn values_with_equals_signs_and_cookies_without_a_name_stay_as_they_are() {
        assert_eq!(stripped(&["a=b=c; flag; d="]).as_deref(), Some("a=b=c; flag; d="));
    }

    #[test]
    fn the_auth_service_gets_them_under_its_own_names() {
        let map = between("http://localhost:8600", "http://localhost:8700", true);
        let line = "__Host-Http-at-8700=a; __Host-Http-rt-8700=r; auth_hint-8700=h; other=1";

        let expected = "__Host-Http-at-8600=a; __Secure-rt-8600=r; auth_hint-8600=h; other=1";
        assert_eq!(translated(&map, &[line]).as_deref(), Some(expected));
    }

    #[test]
    fn one_that_has_the_auth_services_name_already_is_left_out() {
        let map = between("http://localhost:8600", "http://localhost:8700", true);

        assert_eq!(
            translated(&map, &["__Host-Http-at-8600=theirs; __Secure-rt-8600=theirs; x=1"]).as_deref(),
            Some("x=1")
        );
        // Where both hosts use one name, the refresh cookie still differs.
        assert_eq!(translated(&super::super::tests::map(true), &["__Secure-rt=planted"]), None);
    }

    #[test]
    fn two_of_a_name_stay_two_for_the_auth_service_to_refuse() {
        let line = "__Host-Http-at=a; __Host-Http-at=b";

        assert_eq!(translated(&map(true), &[line]).as_deref(), Some(line));
    }

    /// Our names and others, and what readers of cookies disagree about.
    fn almost_cookies() -> impl Strategy<Value = Vec<String>> {
        let piece = prop::sample::select(vec![
            "__Host-Http-at",
            "__host-http-RT",
            "__Secure-rt",
            "auth_hint",
            "__Host-",
            "login-x",
            "theme",
            "a",
            "=",
            "=1",
            ";",
            "; ",
            " ",
            "\t",
            ",",
            "\"",
        ]);
        let line = prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat());
        prop::collection::vec(line, 0..3)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

        #[test]
        fn a_lenient_reader_behind_finds_every_cookie_but_ours(lines in almost_cookies()) {
            let lines: Vec<_> = lines.iter().map(String::as_str).collect();
            let read = |lines: &[&str]| -> Vec<String> {
                let pairs = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
                pairs.filter(|pair| !pair.is_empty()).map(str::to_owned).collect()
            };
            let is_ours = |pair: &String| {
                let name = pair.split('=').next().unwrap_or_default().trim().to_lowercase();
                let login = ["", "__host-", "__host-http-", "__secure-"].map(|prefix| format!("{prefix}login-"));
                ["__host-http-at", "__host-http-rt", "__secure-rt", "auth_hint"].contains(&name.as_str())
                    || login.iter().any(|login| name.starts_with(login))
            };

            let left = stripped(&lines).unwrap_or_default();

            prop_assert_eq!(read(&[&left]), read(&lines).into_iter().filter(|pair| !is_ours(pair)).collect::<Vec<_>>());
        }
    }
}
