//! The other way to take a browser's cookies away ([Clear-Site-Data](https://www.w3.org/TR/clear-site-data/)).

use http::{HeaderMap, HeaderName, HeaderValue};

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Takes out of a service's reply what would sign people out: that is the auth service's to say. What is about caches and storage
/// stays. Returns whether there was any.
pub(super) fn strip(headers: &mut HeaderMap) -> bool {
    let lines = headers.get_all(CLEAR_SITE_DATA).into_iter();
    let kinds = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let (found, kept): (Vec<_>, Vec<_>) =
        kinds.filter(|kind| !kind.is_empty()).partition(|kind| takes_cookies(kind));
    if found.is_empty() {
        return false;
    }
    let kept = kept.join(&b", "[..]);
    headers.remove(CLEAR_SITE_DATA);
    // They came out of header values.
    if let (false, Ok(line)) = (kept.is_empty(), HeaderValue::from_bytes(&kept)) {
        headers.insert(CLEAR_SITE_DATA, line);
    }
    true
}

/// Some browsers see no white space in it.
fn takes_cookies(kind: &[u8]) -> bool {
    let mut seen = kind.to_vec();
    seen.retain(|byte| !byte.is_ascii_whitespace());
    seen.eq_ignore_ascii_case(b"\"cookies\"") || seen == b"\"*\""
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::strip;

    fn stripped(lines: &[&str]) -> (bool, Option<String>) {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("clear-site-data", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let found = strip(&mut headers);
        let left = headers.get("clear-site-data");
        (found, left.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned()))
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
    fn a_lenient_browser_finds_it_no_more_than_others() {
        for line in ["\"coo kies\"", "\"cookies \"", "\"\t*\"", "\"cookies\", \u{e9}", "\u{e9},\"cookies\""] {
            assert!(stripped(&[line]).0, "{line}");
        }
    }

    #[test]
    fn the_rest_is_the_services_own() {
        assert_eq!(stripped(&["\"cache\", \"storage\""]), (false, Some("\"cache\", \"storage\"".to_owned())));
        assert_eq!(stripped(&[]), (false, None));
    }
}
