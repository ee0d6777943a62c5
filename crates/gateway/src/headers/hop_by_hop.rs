//! Headers that are about one connection and end with it ([RFC 9110 §7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).

use http::{HeaderMap, HeaderName, HeaderValue, header};

const ALWAYS: [HeaderName; 8] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRANSFER_ENCODING,
    // Not the client's to ask of a service: a tunnel that nobody watches is how requests are smuggled past a proxy.
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// Removes them, and those that `Connection` names. What is ours to say is added after this: else a client could have it removed.
pub(crate) fn remove(headers: &mut HeaderMap) {
    for name in named(headers) {
        headers.remove(name);
    }
    for name in &ALWAYS {
        headers.remove(name);
    }
    // It is about the connection too, but for the one word that asks for what stands behind the body.
    if let Some(wanted) = headers.remove(header::TE)
        && wanted.to_str().is_ok_and(|wanted| list(wanted).any(|word| word.eq_ignore_ascii_case("trailers")))
    {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Returns whether the request wants to become a WebSocket (RFC 6455 §4.2.1).
pub(crate) fn wants_web_socket(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, word: &str| {
        let lines = headers.get_all(name);
        lines
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(list)
            .any(|given| given.eq_ignore_ascii_case(word))
    };
    says(header::CONNECTION, "upgrade") && says(header::UPGRADE, "websocket")
}

fn named(headers: &HeaderMap) -> Vec<HeaderName> {
    let lines = headers.get_all(header::CONNECTION);
    let words = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(list);
    // The everyday words are no headers.
    let words =
        words.filter(|word| !word.eq_ignore_ascii_case("close") && !word.eq_ignore_ascii_case("keep-alive"));
    words.filter_map(|word| HeaderName::from_bytes(word.as_bytes()).ok()).collect()
}

fn list(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{remove, wants_web_socket};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let lines = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name, value);
        }
        headers
    }

    fn left(lines: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut headers = headers(lines);
        remove(&mut headers);
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
    }

    #[test]
    fn what_is_about_the_connection_ends_here() {
        let left = left(&[
            ("connection", "keep-alive, X-Hop"),
            ("connection", "x-other"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("x-other", "1"),
            ("transfer-encoding", "chunked"),
            ("proxy-authorization", "Basic eA=="),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
            ("accept", "*/*"),
        ]);

        assert_eq!(left, ["accept: */*"]);
    }

    #[test]
    fn trailers_are_asked_for_as_before_and_nothing_else_is() {
        assert_eq!(left(&[("te", "gzip;q=0.5, Trailers")]), ["te: trailers"]);
        assert!(left(&[("te", "gzip")]).is_empty());
    }

    #[test]
    fn a_web_socket_is_asked_for_by_two_headers() {
        let wants = |lines| wants_web_socket(&headers(lines));

        assert!(wants(&[("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket")]));
        assert!(!wants(&[("connection", "upgrade"), ("upgrade", "h2c")]));
        assert!(!wants(&[("connection", "close"), ("upgrade", "websocket")]));
        assert!(!wants(&[("upgrade", "websocket")]));
    }
}
