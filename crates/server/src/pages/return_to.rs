/// Far longer than an address that people come from; what is longer is somebody trying something.
const LONGEST: usize = 2048;

/// How often an address may be percent-encoded: once, with something in it that was encoded before.
const MOST_ENCODED: usize = 3;

/// Where somebody goes after signing in: a path of this service, or an address at an origin that the configuration allows.
///
/// An origin in `server.allowed_origins` may act with people's cookies already, so that sending them there gives it nothing
/// more. Everybody else would be an open redirect (RFC 9700 §4.11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReturnTo(String);

impl ReturnTo {
    /// Reads an address that somebody else may have made up; `None` unless it certainly leads to where it seems to.
    ///
    /// There is one spelling of an origin, the browser's own, compared whole. So no two parsers can disagree about it: what
    /// would have to be interpreted is refused.
    pub(crate) fn parse(unchecked: &str, is_allowed: impl Fn(&str) -> bool) -> Option<Self> {
        // Browsers drop tabs and newlines, and take a backslash for a slash. Addresses come percent-encoded otherwise.
        let is_plain = unchecked.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !is_plain || unchecked.len() > LONGEST {
            return None;
        }
        let leads_where_it_seems = match origin_of(unchecked) {
            Some(origin) => {
                let rest = &unchecked[origin.len()..];
                is_allowed(origin) && (!rest.starts_with('/') || stays_on_its_host(rest))
            }
            None => stays_on_its_host(unchecked),
        };
        leads_where_it_seems.then(|| Self(unchecked.to_owned()))
    }

    /// Returns the address for a `Location` header.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the other origin that it leads to; `None` for a path of ours.
    pub(crate) fn origin(&self) -> Option<&str> {
        Self::origin_in(&self.0)
    }

    /// Returns its path: what stands behind the origin and before the query.
    pub(crate) fn path(&self) -> &str {
        let rest = &self.0[self.origin().map_or(0, str::len)..];
        rest.split(['?', '#']).next().unwrap_or_default()
    }

    /// Returns the origin in an address that needs no check, because the operator has written it.
    pub(super) fn origin_in(address: &str) -> Option<&str> {
        origin_of(address)
    }
}

/// Returns what stands in the place of an origin: everything up to the path, query or fragment.
fn origin_of(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&address[..scheme.len() + "://".len() + end])
}

/// Returns whether it is a path that nobody takes for `//host`: no browser, and no proxy that decodes or tidies it first.
fn stays_on_its_host(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let Some(path) = fully_decoded(path) else { return false };
    let is_dots = |segment: &[u8]| matches!(segment, [b'.'] | [b'.', b'.']);
    path.starts_with(b"/")
        && !path.starts_with(b"//")
        && !path.split(|byte| *byte == b'/').any(is_dots)
        && !path.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\')
}

/// Decodes percent-encoding until there is none left; `None` where that takes longer than with anybody who means well.
fn fully_decoded(path: &str) -> Option<Vec<u8>> {
    let mut text = path.as_bytes().to_vec();
    for _ in 0..MOST_ENCODED {
        let decoded: Vec<u8> = percent_encoding::percent_decode(&text).collect();
        if decoded == text {
            return Some(text);
        }
        text = decoded;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::ReturnTo;

    const OWN: &str = "https://auth.example";
    const APP: &str = "https://app.example.net";

    fn parse(address: &str) -> Option<ReturnTo> {
        ReturnTo::parse(address, |origin| origin == OWN || origin == APP)
    }

    #[test]
    fn paths_of_ours_and_addresses_at_allowed_origins_are_taken_as_they_are() {
        for good in [
            "/",
            "/orders",
            "/orders/7?tab=lines&next=%2Fa%2F%2Fb#notes",
            "/orders?next=https://evil.example/",
            "/#/orders",
            "/a/b%2Fc/",
            "/caf%C3%A9",
            "/a:b@c",
            "https://auth.example",
            "https://auth.example/auth/account",
            "https://app.example.net",
            "https://app.example.net/orders?x=1#y",
            "https://app.example.net?x",
            "https://app.example.net#x",
        ] {
            assert_eq!(parse(good).as_ref().map(ReturnTo::as_str), Some(good));
        }
    }

    #[test]
    fn an_address_at_another_origin_says_which() {
        assert_eq!(parse("https://app.example.net/x").unwrap().origin(), Some(APP));
        assert_eq!(parse("/x?y=https://app.example.net").unwrap().origin(), None);
    }

    #[test]
    fn the_path_is_neither_origin_nor_query() {
        assert_eq!(parse("/x/y?z=/#/a").unwrap().path(), "/x/y");
        assert_eq!(parse("https://app.example.net/x#y").unwrap().path(), "/x");
        assert_eq!(parse("https://app.example.net?x").unwrap().path(), "");
    }

    /// RFC 9700 §4.11: no open redirector.
    #[test]
    fn rfc9700_4_11_whatever_might_lead_elsewhere_is_refused() {
        for (kind, bad) in [
            ("nothing", ""),
            ("relative", "orders"),
            ("relative", "evil.example"),
            ("relative", "../x"),
            ("relative", "?x"),
            ("scheme-relative", "//evil.example"),
            ("scheme-relative", "///evil.example"),
            ("scheme-relative", "//evil.example/%2f.."),
            ("scheme-relative", "//auth.example"),
            ("backslash", "/\\evil.example"),
            ("backslash", "\\\\evil.example"),
            ("backslash", "/x\\y"),
            ("backslash", "https:\\\\evil.example"),
            ("backslash", "https://app.example.net\\@evil.example"),
            ("userinfo", "https://app.example.net@evil.example"),
            ("userinfo", "https://app.example.net:x@evil.example/"),
            ("userinfo", "https://user@app.example.net/"),
            ("userinfo", "https://@app.example.net/"),
            ("encoded", "/%2Fevil.example"),
            ("encoded", "/%2fevil.example"),
            ("encoded", "/%5Cevil.example"),
            ("encoded", "%2F%2Fevil.example"),
            ("encoded", "/%252Fevil.example"),
            ("encoded", "/%25252Fevil.example"),
            ("encoded", "/%25252525252Fevil.example"),
            ("encoded", "https%3A%2F%2Fevil.example"),
            ("encoded", "https://%65vil.example/"),
            ("encoded", "https://app.example.net%2eevil.example/"),
            ("encoded control", "/%09/evil.example"),
            ("encoded control", "/x%0d%0aSet-Cookie:a=b"),
            ("encoded control", "/x%00"),
            ("dot segments", "/.//evil.example"),
            ("dot segments", "/..//evil.example"),
            ("dot segments", "/x/..//evil.example"),
            ("dot segments", "/%2e%2e//evil.example"),
            ("unicode", "/\u{2044}evil.example"),
            ("unicode", "/\u{ff0f}evil.example"),
            ("unicode", "https://app.example.net\u{3002}evil.example"),
            ("unicode", "https://app.example\u{ff0e}net/"),
            ("unicode", "https://\u{430}pp.example.net/"),
            ("control characters", "/\tevil"),
            ("control characters", "/\n/evil.example"),
            ("control characters", "\u{1}//evil.example"),
            ("control characters", "ht\ntps://evil.example"),
            ("control characters", "/x\r\nSet-Cookie: a=b"),
            ("control characters", "/x\0"),
            ("whitespace", " /orders"),
            ("whitespace", "/orders "),
            ("whitespace", " //evil.example"),
            ("whitespace", "\u{a0}//evil.example"),
            ("script", "javascript:alert(1)"),
            ("script", "JavaScript:alert(1)"),
            ("script", "javascript://app.example.net/%0aalert(1)"),
            ("script", "data:text/html,<script>alert(1)</script>"),
            ("script", "vbscript:x"),
            ("other scheme", "ftp://app.example.net/"),
            ("other scheme", "blob:https://app.example.net/x"),
            ("other scheme", "view-source:https://app.example.net"),
            ("other origin", "https://evil.example"),
            ("other origin", "http://app.example.net/"),
            ("other origin", "https://app.example.net:8443/"),
            ("other origin", "https://app.example.net.evil.example/"),
            ("other origin", "https://evilapp.example.net/"),
            ("other origin", "https://xn--pp-6kc.example.net/"),
            ("other origin", "https://[::1]/"),
            ("another spelling", "https://app.example.net:443/"),
            ("another spelling", "https://APP.example.net/"),
            ("another spelling", "HTTPS://app.example.net/"),
            ("another spelling", "https://app.example.net./"),
            ("another spelling", "https:app.example.net"),
            ("another spelling", "https:/app.example.net"),
            ("another spelling", "https:///app.example.net"),
            ("another spelling", "https:////evil.example"),
            ("allowed origin, strange path", "https://app.example.net//evil.example"),
            ("allowed origin, strange path", "https://app.example.net/%2e%2e//evil.example"),
        ] {
            assert_eq!(parse(bad), None, "{kind}: {bad:?}");
        }
    }

    /// Every short address made of what tricks are made of, against the parser of the URL standard, which is the browsers'.
    #[test]
    fn what_is_taken_leads_where_browsers_agree_it_leads() {
        const PIECES: [&str; 17] = [
            "/",
            "\\",
            ".",
            "..",
            "%2f",
            "%5C",
            "%09",
            "%252F",
            "@",
            ":",
            "https:",
            "http:",
            "evil.example",
            "app.example.net",
            "?",
            "#",
            "\t",
        ];
        let own = url::Url::parse(&format!("{OWN}/auth/sign-in")).unwrap();
        let leads_home = |address: &str| {
            let origin = own.join(address).map(|url| url.origin().ascii_serialization());
            origin.is_ok_and(|origin| origin == OWN || origin == APP)
        };
        let (mut taken, mut addresses) = (0, vec![String::new()]);
        for _ in 0..4 {
            addresses = addresses
                .iter()
                .flat_map(|start| PIECES.iter().map(move |piece| format!("{start}{piece}")))
                .collect();
            for address in addresses.iter().filter(|address| parse(address).is_some()) {
                taken += 1;
                assert!(leads_home(address), "{address:?}");
                // A proxy on the way may decode it once.
                let decoded = percent_encoding::percent_decode_str(address).decode_utf8_lossy();
                assert!(leads_home(&decoded), "{address:?}, decoded");
            }
        }
        assert!(taken > 100, "{taken}");
    }

    #[test]
    fn an_endless_address_is_refused() {
        assert_eq!(parse(&format!("/{}", "x".repeat(2048))), None);
    }
}
