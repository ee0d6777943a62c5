//! The other way to take a browser's cookies away ([Clear-Site-Data](https://www.w3.org/TR/clear-site-data/)).

use http::{HeaderMap, HeaderName, HeaderValue};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Takes out of a service's reply what would sign people out: that is the auth service's to say. What is about caches and storage
/// stays. Returns whether there was any.
pub(super) fn strip(headers: &mut HeaderMap) -> bool {
    if !headers.contains_key(CLEAR_SITE_DATA) {
        return false;
    }
    let mut kept = Vec::new();
    let mut found = false;
    for line in headers.get_all(CLEAR_SITE_DATA) {
        // A line that is no text is no directive.
        for kind in line.to_str().unwrap_or_default().split(',').map(str::trim) {
            let takes_cookies = kind.eq_ignore_ascii_case("\"cookies\"") || kind == "\"*\"";
            found |= takes_cookies;
            if !takes_cookies && !kind.is_empty() {
                kept.push(kind.to_owned());
            }
        }
    }
    if found {
        headers.remove(CLEAR_SITE_DATA);
        // They came out of header values.
        if let (false, Ok(line)) = (kept.is_empty(), HeaderValue::try_from(kept.join(", "))) {
            headers.insert(CLEAR_SITE_DATA, line);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::strip;

    fn stripped(lines: &[&'static str]) -> (bool, Option<String>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("clear-site-data", HeaderValue::from_static(line));
        }
        let found = strip(&mut headers);
        (found, headers.get("clear-site-data").map(|line| line.to_str().unwrap().to_owned()))
    }

    #[test]
    fn what_takes_cookies_away_is_left_out() {
        assert_eq!(stripped(&["\"cookies\""]), (true, None));
        assert_eq!(stripped(&["\"*\""]), (true, None));
        assert_eq!(
            stripped(&["\"cache\", \"Cookies\"", "\"storage\""]),
            (true, Some("\"cache\", \"storage\"".to_owned()))
        );
    }

    #[test]
    fn the_rest_is_the_services_own() {
        assert_eq!(stripped(&["\"cache\", \"storage\""]), (false, Some("\"cache\", \"storage\"".to_owned())));
        assert_eq!(stripped(&[]), (false, None));
    }
}
