//! The cookies that a reply sets.

use http::{HeaderMap, HeaderValue, header};

use super::{CookieMap, clear_site_data, is_attempt, translated};

impl CookieMap {
    /// Gives the cookies in a reply of the auth service the names that they have here, without the domain they have there.
    pub(crate) fn translate_reply(&self, headers: &mut HeaderMap) {
        let lines = take(headers);
        for line in lines {
            match self.translate_line(&line) {
                Some(line) => headers.append(header::SET_COOKIE, line),
                None => headers.append(header::SET_COOKIE, line),
            };
        }
    }

    /// Takes cookies out of a service's reply that only the auth service sets: a service must not sign anybody in, or out.
    ///
    /// Returns whether there were any.
    pub(crate) fn strip_reply(&self, headers: &mut HeaderMap) -> bool {
        let clears = clear_site_data::strip(headers);
        if !headers.contains_key(header::SET_COOKIE) {
            return clears;
        }
        let lines = take(headers);
        let before = lines.len();
        for line in lines.into_iter().filter(|line| !self.is_ours(name_of(line.as_bytes()))) {
            headers.append(header::SET_COOKIE, line);
        }
        clears || headers.get_all(header::SET_COOKIE).iter().count() < before
    }

    /// Returns the access token that the auth service sets.
    pub(crate) fn access_set(&self, headers: &HeaderMap) -> Option<String> {
        let mut lines = headers.get_all(header::SET_COOKIE).iter().map(HeaderValue::as_bytes);
        let line = lines.find(|line| name_of(line) == self.inside.access.as_bytes())?;
        let value = std::str::from_utf8(line).ok()?.split(';').next()?.split_once('=')?.1.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Returns the line as it is to be here; `None` for a cookie that is not one of the three, or that no browser would take.
    fn translate_line(&self, line: &HeaderValue) -> Option<HeaderValue> {
        let text = line.to_str().ok()?;
        let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
        let (name, value) = pair.split_once('=')?;
        let is_refresh = name == self.inside.refresh;
        let known = translated(name.as_bytes(), &self.inside, &self.outside);
        let name = known.or_else(|| is_attempt(name.as_bytes()).then_some(name))?;
        let mut translated = format!("{name}={value}");
        for attribute in attributes.split(';').map(str::trim).filter(|attribute| !attribute.is_empty()) {
            let key = attribute.split('=').next().unwrap_or_default().trim();
            // The domain is the auth service's. Here the cookie is this host's alone.
            if key.eq_ignore_ascii_case("domain") {
                continue;
            }
            let everywhere = is_refresh && self.refresh_everywhere && key.eq_ignore_ascii_case("path");
            translated.push_str("; ");
            translated.push_str(if everywhere { "Path=/" } else { attribute });
        }
        let mut line = HeaderValue::try_from(translated).ok()?;
        line.set_sensitive(true);
        Some(line)
    }
}

fn take(headers: &mut HeaderMap) -> Vec<HeaderValue> {
    let lines = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    lines
}

/// Returns the name that the cookie will have when it comes back. One without a name comes back as its value alone: of `=at=x` that is
/// `at=x`, and current browsers alone see to the prefixes then (RFC 6265bis §5.7).
fn name_of(line: &[u8]) -> &[u8] {
    let pair = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let pair = pair.strip_prefix(b"=").unwrap_or(pair);
    pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::super::tests::{between, map};

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::SET_COOKIE, HeaderValue::from_static(line));
        }
        headers
    }

    fn lines(headers: &HeaderMap) -> Vec<&str> {
        headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap()).collect()
    }

    #[test]
    fn the_auth_services_cookies_become_this_hosts() {
        let mut reply = headers(&[
            "__Secure-at=a; Domain=example.org; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
            "__Host-Http-at-8600=a; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
            "__Secure-rt-8600=r; Path=/auth; Max-Age=60; Secure; HttpOnly; SameSite=Strict; Priority=High",
            "auth_hint-8600=1.2.in; path=/; Max-Age=60; Secure; SameSite=Lax",
        ]);

        between("http://localhost:8600", "http://localhost:8700", true).translate_reply(&mut reply);

        assert_eq!(
            lines(&reply),
            [
                // Not a name of this auth service: none of our business.
                "__Secure-at=a; Domain=example.org; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
                "__Host-Http-at-8700=a; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax",
                "__Host-Http-rt-8700=r; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Strict; Priority=High",
                "auth_hint-8700=1.2.in; path=/; Max-Age=60; Secure; SameSite=Lax",
            ]
        );
    }

    #[test]
    fn without_silent_refresh_the_refresh_cookie_keeps_its_path() {
        let mut reply = headers(&["__Secure-rt=r; Path=/auth; Secure; HttpOnly; SameSite=Strict"]);

        map(false).translate_reply(&mut reply);

        assert_eq!(lines(&reply), ["__Secure-rt=r; Path=/auth; Secure; HttpOnly; SameSite=Strict"]);
    }

    #[test]
    fn the_domain_of_the_auth_service_is_not_ours() {
        let mut reply = headers(&["__Host-login-x=s; domain=auth.example; Path=/; Secure"]);

        map(true).translate_reply(&mut reply);

        assert_eq!(lines(&reply), ["__Host-login-x=s; Path=/; Secure"]);
    }

    #[test]
    fn a_service_can_set_its_own_cookies_and_none_of_ours() {
        let mut reply = headers(&[
            "theme=dark; Path=/",
            "__Host-Http-at=evil; Path=/",
            "auth_hint=x",
            "AUTH_HINT=y",
            "=__Host-Http-at=evil; Path=/",
            " = auth_hint=z",
            "=nameless",
            "cart=7",
        ]);

        assert!(map(true).strip_reply(&mut reply));
        assert_eq!(lines(&reply), ["theme=dark; Path=/", "=nameless", "cart=7"]);
        assert!(!map(true).strip_reply(&mut reply));
    }

    #[test]
    fn the_new_access_token_is_read_off_the_reply() {
        let map = map(true);

        assert_eq!(
            map.access_set(&headers(&["x=1", "__Host-Http-at=token; Path=/"])).as_deref(),
            Some("token")
        );
        assert_eq!(map.access_set(&headers(&["__Host-Http-at=; Path=/; Max-Age=0"])), None);
        assert_eq!(map.access_set(&headers(&["__Host-Http-att=token"])), None);
    }
}
