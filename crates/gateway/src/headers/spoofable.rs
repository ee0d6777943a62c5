//! Headers that a service behind a proxy believes: from outside they are lies.

use http::{HeaderMap, HeaderName};

/// Who it is, as we say it ourselves; where it came from; and which request it "really" is.
const PREFIXES: [&str; 2] = ["x-handstamp", "x-forwarded"];
const NAMES: [&str; 10] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    // Frameworks that take these for the path would serve another one than was judged.
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
];

/// Removes them, in the spellings with underscores or dots too: many a service cannot tell them apart. CGI makes an underscore of a hyphen,
/// PHP of a dot as well.
pub(crate) fn remove(headers: &mut HeaderMap) {
    let lies: Vec<HeaderName> = headers.keys().filter(|name| is_spoofable(name.as_str())).cloned().collect();
    for name in lies {
        headers.remove(name);
    }
}

fn is_spoofable(name: &str) -> bool {
    // Most names begin with another letter.
    if !matches!(name.as_bytes().first(), Some(b'x' | b'f' | b't' | b'c')) {
        return false;
    }
    let is_odd = |byte: char| !byte.is_ascii_alphanumeric() && byte != '-';
    if name.contains(is_odd) {
        return listed(&name.replace(is_odd, "-"));
    }
    listed(name)
}

fn listed(name: &str) -> bool {
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::remove;

    #[test]
    fn what_services_believe_of_a_proxy_is_removed_in_every_spelling() {
        let lies = [
            "x-handstamp-user",
            "x-handstamp-roles",
            "x-handstamp",
            "x_handstamp_user",
            "x-handstamp_org",
            "x-handstamp.roles",
            "x.handstamp.roles",
            "x-handstamp~org",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-prefix",
            "x_forwarded_for",
            "forwarded",
            "x-real-ip",
            "x_real-ip",
            "true-client-ip",
            "x-original-url",
            "x-rewrite-url",
        ];
        let mut headers: HeaderMap = lies
            .into_iter()
            .chain(["accept", "cookie", "x-request-id", "traceparent", "content-type"])
            .map(|name| (HeaderName::from_static(name), HeaderValue::from_static("lie")))
            .collect();

        remove(&mut headers);

        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "content-type", "cookie", "traceparent", "x-request-id"]);
    }
}
