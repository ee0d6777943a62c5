/// Where the path of a request names the organisation whose data it is about: `/orgs/{org}`, and whatever follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OrgPath {
    /// The segments in front of it.
    before: Vec<String>,
}

const PLACE: &str = "{org}";

impl OrgPath {
    /// Reads a pattern: fixed segments, and `{org}` at the end.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        let mut before: Vec<String> = pattern.strip_prefix('/')?.split('/').map(str::to_owned).collect();
        let place = before.pop()?;
        let is_fixed = |segment: &String| !segment.is_empty() && !segment.contains(['{', '}']);
        (place == PLACE && before.iter().all(is_fixed)).then_some(Self { before })
    }

    /// Returns the organisation in a path; `None` where there is none, or where somebody behind the proxy could read the path
    /// in another way than we do.
    pub(super) fn org<'p>(&self, path: &'p str) -> Option<&'p str> {
        let mut segments = path.strip_prefix('/')?.split('/');
        if !is_tidy(path) || !self.before.iter().all(|fixed| segments.next() == Some(fixed)) {
            return None;
        }
        segments.next().filter(|org| !org.is_empty())
    }
}

/// Returns whether everybody takes a path for what it looks like: proxies and services tidy paths up in their own ways, each of
/// which has been somebody's way around a check.
fn is_tidy(path: &str) -> bool {
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Some servers decode first, and then see a semicolon.
    let lower = path.to_ascii_lowercase().replace("%3b", ";");
    // A dot, a slash, a backslash, and the percent sign that would begin another round.
    let hides_nothing = !["%2e", "%2f", "%5c", "%25"].iter().any(|hidden| lower.contains(hidden));
    // Some servers cut parameters off each segment: `..;x` is `..` to them.
    let is_dots = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    is_plain && hides_nothing && !path.contains("//") && !lower.split('/').any(is_dots)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::OrgPath;

    fn org<'p>(pattern: &str, path: &'p str) -> Option<&'p str> {
        OrgPath::parse(pattern).unwrap().org(path)
    }

    #[test]
    fn the_organisation_stands_where_the_pattern_says() {
        assert_eq!(org("/orgs/{org}", "/orgs/acme"), Some("acme"));
        assert_eq!(org("/orgs/{org}", "/orgs/acme/orders/7"), Some("acme"));
        assert_eq!(org("/orgs/{org}", "/orgs/acme/"), Some("acme"));
        assert_eq!(org("/{org}", "/acme"), Some("acme"));
        assert_eq!(org("/api/v1/{org}", "/api/v1/acme"), Some("acme"));
    }

    #[test]
    fn a_path_that_does_not_fit_names_none() {
        for path in ["/", "", "/orgs", "/orgs/", "/Orgs/acme", "/api/orgs/acme", "orgs/acme"] {
            assert_eq!(org("/orgs/{org}", path), None, "{path:?}");
        }
    }

    #[test]
    fn a_path_that_somebody_may_tidy_up_names_none() {
        for path in [
            "/orgs/acme/../evil",
            "/orgs/evil/../acme",
            "/orgs/./acme",
            "/orgs//acme",
            "/orgs/acme//",
            "/orgs/acme/..;/evil",
            "/orgs/acme/..;x=y/evil",
            "/orgs/acme/..%3bx/evil",
            "/orgs/acme/%2e%2e/evil",
            "/orgs/acme/.%2E/evil",
            "/orgs/acme%2f..%2fevil",
            "/orgs/acme/%252e%252e/evil",
            "/orgs/acme/..\\evil",
            "/orgs/acme/..%5Cevil",
            "/orgs/acme/\u{2024}\u{2024}/evil",
            "/orgs/acme/ x",
        ] {
            assert_eq!(org("/orgs/{org}", path), None, "{path:?}");
        }
    }

    #[test]
    fn a_pattern_without_one_place_at_its_end_is_none() {
        for pattern in [
            "",
            "/",
            "{org}",
            "orgs/{org}",
            "/orgs",
            "/{org}/x",
            "/{org}/{org}",
            "/orgs//{org}",
            "/o{org}",
            "//{org}",
        ] {
            assert_eq!(OrgPath::parse(pattern), None, "{pattern:?}");
        }
    }

    /// Reads a path as servers do that tidy it up: decoded to the end, without parameters, dots and empty segments.
    fn tidied(path: &str) -> Vec<String> {
        let mut text = path.to_owned();
        while let Some((before, after)) = text.split_once('%') {
            let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let Some(byte) = byte.filter(u8::is_ascii) else { break };
            text = format!("{before}{}{}", char::from(byte), &after[2..]);
        }
        let mut segments: Vec<String> = Vec::new();
        for segment in text.split(['/', '\\']).filter_map(|segment| segment.split(';').next()) {
            match segment {
                "" | "." => {}
                ".." => drop(segments.pop()),
                _ => segments.push(segment.to_owned()),
            }
        }
        segments
    }

    fn almost_path() -> impl Strategy<Value = String> {
        let name = prop::sample::select(vec![
            "acme",
            "acme",
            "evil",
            "orgs",
            ".",
            "..",
            "..",
            "%2e",
            "%2E%2e",
            "%252e%252e",
            "",
        ]);
        let end = prop::sample::select(vec!["", "", ";x", "%3bx", "%3B"]);
        let separator = prop::sample::select(vec!["/", "/", "/", "//", "\\", "%2F", "%5c", "%252f"]);
        let segment =
            (name, end, separator).prop_map(|(name, end, separator)| [name, end, separator].concat());
        prop::collection::vec(segment, 1..5).prop_map(|segments| format!("/orgs/{}", segments.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(5_000) })]

        #[test]
        fn everybody_finds_the_same_organisation(path in almost_path()) {
            // Of those that exist: no name of one has anything but letters, digits and marks.
            if let Some(org @ ("acme" | "evil" | "orgs")) = org("/orgs/{org}", &path) {
                let tidied = tidied(&path);
                prop_assert!(tidied.starts_with(&["orgs".to_owned(), org.to_owned()]), "{path} is {tidied:?}");
            }
        }
    }
}
