use http::{HeaderMap, HeaderValue, header};
use std::time::Duration;

use crate::config::PublicUrl;

/// How many bytes all attempts together may add to every request. Servers and proxies take 8 kB of headers as a rule, and the
/// access token may be half of that.
const BUDGET: usize = 3 * 1024;

/// How long the name of an attempt is: 128 bits in base64url.
const STATE_LEN: usize = 22;

/// The cookies of sign-ins that were begun: one for each, so that several tabs do not disturb each other.
#[derive(Debug, Clone)]
pub(crate) struct AttemptCookies {
    prefix: String,
    secure: bool,
}

/// A cookie that a request has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AttemptCookie<'a> {
    pub(crate) state: &'a str,
    pub(crate) value: &'a str,
}

impl AttemptCookies {
    pub(super) fn new(url: &PublicUrl) -> Self {
        // Nobody but this host can set a cookie with the prefix: an attempt cannot be planted by a neighbour.
        let name = if url.is_trustworthy() { "__Host-login" } else { "login" };
        let port = url.development_port().map(|port| format!("-{port}")).unwrap_or_default();
        Self { prefix: format!("{name}{port}-"), secure: url.is_trustworthy() }
    }

    /// Returns the attempt of this name, if the browser has it, and once.
    pub(crate) fn find<'a>(&self, headers: &'a HeaderMap, state: &str) -> Option<AttemptCookie<'a>> {
        let mut found = self.all(headers).filter(|cookie| cookie.state == state);
        found.next().filter(|_| found.next().is_none())
    }

    /// Adds an attempt, and makes the browser forget what would be too much beside it: what can no longer be used first, then the
    /// oldest. `expires` says until when one can be used; `None` if it cannot.
    pub(crate) fn add(
        &self,
        request: &HeaderMap,
        new: AttemptCookie<'_>,
        lifetime: Duration,
        expires: impl Fn(AttemptCookie<'_>) -> Option<i64>,
        reply: &mut HeaderMap,
    ) {
        let mut open: Vec<_> = self.all(request).map(|cookie| (expires(cookie), cookie)).collect();
        open.sort_by_key(|(expires, _)| std::cmp::Reverse(*expires));
        let mut room = BUDGET.saturating_sub(self.size(new));
        let mut is_full = false;
        for (expires, cookie) in open {
            let size = self.size(cookie);
            // Once one has to go, all older ones go as well.
            is_full |= expires.is_none() || size > room;
            if is_full {
                self.forget(cookie.state, reply);
            } else {
                room -= size;
            }
        }
        self.append(new, lifetime, reply);
    }

    /// Makes the browser forget an attempt.
    pub(crate) fn forget(&self, state: &str, reply: &mut HeaderMap) {
        self.append(AttemptCookie { state, value: "" }, Duration::ZERO, reply);
    }

    /// Returns every attempt that a request has brought. What only looks like one is none.
    fn all<'a>(&self, headers: &'a HeaderMap) -> impl Iterator<Item = AttemptCookie<'a>> {
        let lines = headers.get_all(header::COOKIE).into_iter();
        // Each by itself: cookies of other applications stand in the same line, and may hold anything.
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(|pair| {
            let pair = std::str::from_utf8(pair.strip_prefix(b" ").unwrap_or(pair)).ok()?;
            let (state, value) = pair.strip_prefix(self.prefix.as_str())?.split_once('=')?;
            is_state(state).then_some(AttemptCookie { state, value })
        })
    }

    /// Returns how many bytes it adds to a `Cookie` header.
    fn size(&self, cookie: AttemptCookie<'_>) -> usize {
        self.prefix.len() + cookie.state.len() + "=; ".len() + cookie.value.len()
    }

    /// `SameSite=Lax`: the upstream sends people back by a link, and a stricter cookie would stay behind.
    fn append(&self, cookie: AttemptCookie<'_>, max_age: Duration, reply: &mut HeaderMap) {
        let (prefix, AttemptCookie { state, value }) = (&self.prefix, cookie);
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!(
            "{prefix}{state}={value}; Max-Age={}; Path=/{secure}; HttpOnly; SameSite=Lax",
            max_age.as_secs()
        );
        // Names and values are base64url: always a valid header value.
        if let Ok(mut line) = HeaderValue::try_from(text) {
            line.set_sensitive(true);
            reply.append(header::SET_COOKIE, line);
        }
    }
}

fn is_state(text: &str) -> bool {
    text.len() == STATE_LEN && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, header};

    use super::{AttemptCookie, AttemptCookies, BUDGET};
    use crate::config::PublicUrl;

    const LIFETIME: Duration = Duration::from_mins(10);

    fn cookies(url: &str) -> AttemptCookies {
        AttemptCookies::new(&PublicUrl::parse(url, true).unwrap())
    }

    fn state(number: usize) -> String {
        format!("{number:022}")
    }

    fn request(lines: &[String]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", lines.join("; ").parse().unwrap());
        headers
    }

    /// What a reply makes the browser forget, and keep.
    fn told(reply: &HeaderMap) -> (Vec<String>, Vec<String>) {
        let lines = reply.get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned());
        let (gone, kept): (Vec<_>, Vec<_>) = lines.partition(|line| line.contains("Max-Age=0;"));
        let states = |lines: Vec<String>| {
            lines.iter().map(|line| line["__Host-login-".len()..][..22].to_owned()).collect()
        };
        (states(gone), states(kept))
    }

    #[test]
    fn an_attempt_stays_with_its_host_and_comes_back_with_a_link() {
        let mut reply = HeaderMap::new();
        let new = AttemptCookie { state: &state(1), value: "sealed" };
        cookies("https://auth.example").add(&HeaderMap::new(), new, LIFETIME, |_| None, &mut reply);

        let expected =
            format!("__Host-login-{}=sealed; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax", state(1));
        assert_eq!(reply["set-cookie"], expected);
    }

    #[test]
    fn names_are_those_that_browsers_keep_at_the_address() {
        for (url, prefix) in [
            ("https://auth.example", "__Host-login-"),
            ("http://localhost:8600", "__Host-login-8600-"),
            ("http://auth.intranet", "login-"),
        ] {
            assert_eq!(cookies(url).prefix, prefix);
        }
    }

    #[test]
    fn attempts_are_found_by_their_names_and_nothing_else_is_one() {
        let cookies = cookies("https://auth.example");
        let headers = request(&[
            "a=b".to_owned(),
            format!("__Host-login-{}=one", state(1)),
            format!("__Host-login-{}=two", state(2)),
            format!("__Host-login-8600-{}=other port", state(3)),
            format!("login-{}=insecure", state(4)),
            format!("__host-login-{}=look-alike", state(5)),
            format!("__Host-login-{}=twice", state(6)),
            format!("__Host-login-{}=twice", state(6)),
        ]);
        let found = |number| cookies.find(&headers, &state(number)).map(|cookie| cookie.value);

        assert_eq!((found(1), found(2)), (Some("one"), Some("two")));
        assert_eq!([found(3), found(4), found(5), found(6), found(7)], [None; 5]);
        assert_eq!(cookies.find(&headers, ""), None);
    }

    /// A page of a neighbour can set such a cookie for the whole domain.
    #[test]
    fn a_cookie_of_another_application_hides_no_attempt_whatever_it_holds() {
        let cookies = cookies("https://auth.example");
        for line in [
            format!("a=\u{e9}; __Host-login-{}=one", state(1)),
            format!("__Host-login-{}=one; a=\u{e9}", state(1)),
        ] {
            let line = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(header::COOKIE, line)]);

            assert_eq!(cookies.find(&headers, &state(1)).map(|cookie| cookie.value), Some("one"));
        }
    }

    #[test]
    fn the_oldest_go_when_there_is_no_room_and_the_newest_always_fits() {
        let cookies = cookies("https://auth.example");
        let value = "x".repeat(300);
        let open: Vec<_> = (1..=20).map(|number| format!("__Host-login-{}={value}", state(number))).collect();
        let new = AttemptCookie { state: &state(99), value: &value };
        let mut reply = HeaderMap::new();

        cookies.add(&request(&open), new, LIFETIME, |cookie| cookie.state.parse().ok(), &mut reply);

        let (gone, kept) = told(&reply);
        let each = cookies.size(new);
        assert_eq!(kept, [state(99)]);
        assert_eq!(gone.len(), 20 + 1 - BUDGET / each);
        assert!(gone.contains(&state(1)) && !gone.contains(&state(20)), "{gone:?}");
    }

    #[test]
    fn what_cannot_be_used_goes_whatever_room_there_is() {
        let cookies = cookies("https://auth.example");
        let open = [1, 2].map(|number| format!("__Host-login-{}=x", state(number)));
        let new = AttemptCookie { state: &state(99), value: "x" };
        let mut reply = HeaderMap::new();

        cookies.add(
            &request(&open),
            new,
            LIFETIME,
            |cookie| (cookie.state != state(1)).then_some(1),
            &mut reply,
        );

        assert_eq!(told(&reply), (vec![state(1)], vec![state(99)]));
    }
}
