//! One spelling of a path: what is judged here is what the service behind sees.
//!
//! Two programs that read one path differently are how a closed route is reached through an open one: `/public/../admin`,
//! `/public/..%2fadmin`, `//admin`, `/Admin`, `/admin;x`. So a path is brought into one spelling or refused, and one that a more
//! lenient reader would take for another is recognised.

use std::borrow::Cow;

/// A path in the one spelling: it begins with a slash, no segment is `.` or `..` or empty but the last, nothing is
/// percent-encoded that need not be, and what is, is in upper case ([RFC 3986 §6.2.2](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CanonicalPath<'r>(Cow<'r, str>);

/// Why a path is not taken. The sender's fault: no browser sends one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathRefusal {
    #[error("The path does not begin with a slash.")]
    NotAbsolute,
    #[error("The path has a character that belongs into no path, or one in disguise.")]
    Character,
    #[error("The path has a segment \".\" or \"..\".")]
    DotSegment,
    #[error("The path has an empty segment: two slashes in a row.")]
    EmptySegment,
    #[error("The path has a percent sign that encodes nothing.")]
    Encoding,
}

/// How often a path may be percent-encoded over and over before nobody means it well.
const MOST_ENCODED: usize = 3;

impl<'r> CanonicalPath<'r> {
    /// Brings a path into the one spelling. Nothing is allocated for one that has it already.
    pub(crate) fn new(raw: &'r str) -> Result<Self, PathRefusal> {
        if !raw.starts_with('/') {
            return Err(PathRefusal::NotAbsolute);
        }
        let path = if raw.contains('%') { Cow::Owned(decoded(raw)?) } else { Cow::Borrowed(raw) };
        if path.bytes().any(|byte| byte == b'\\' || !byte.is_ascii_graphic()) {
            return Err(PathRefusal::Character);
        }
        let mut segments = path[1..].split('/').peekable();
        while let Some(segment) = segments.next() {
            if segment == "." || segment == ".." {
                return Err(PathRefusal::DotSegment);
            }
            if segment.is_empty() && segments.peek().is_some() {
                return Err(PathRefusal::EmptySegment);
            }
        }
        Ok(Self(path))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the path stands there as it came.
    pub(crate) fn is_as_sent(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }

    /// Returns the path as the most lenient service might read it, where that is another one: in lower case, without matrix
    /// parameters, decoded to the end, without dots and spaces at the end of names.
    pub(crate) fn loose(&self) -> Result<Option<String>, PathRefusal> {
        let path = self.as_str();
        let plain = |byte: u8| !byte.is_ascii_uppercase() && !matches!(byte, b'%' | b';' | b'.');
        if path.bytes().all(plain) {
            return Ok(None);
        }
        let mut bytes = path.as_bytes().to_vec();
        for _ in 0..MOST_ENCODED {
            let Some(next) = decoded_once(&bytes) else { break };
            bytes = next;
        }
        if decoded_once(&bytes).is_some() {
            return Err(PathRefusal::Encoding);
        }
        let text = String::from_utf8_lossy(&bytes).to_lowercase().replace('\\', "/");
        let mut loose = String::with_capacity(text.len());
        for segment in text.split('/') {
            let name = segment.split([';', '\0']).next().unwrap_or_default();
            if name == "." || name == ".." {
                return Err(PathRefusal::DotSegment);
            }
            let name = name.trim_end_matches(['.', ' ']);
            if !name.is_empty() {
                loose.push('/');
                loose.push_str(name);
            }
        }
        if loose.is_empty() {
            loose.push('/');
        }
        Ok((loose != path).then_some(loose))
    }
}

/// Decodes what need not be encoded, and writes the rest in upper case.
fn decoded(raw: &str) -> Result<String, PathRefusal> {
    let mut path = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('%') {
        path.push_str(before);
        let byte = after.get(..2).and_then(hex).ok_or(PathRefusal::Encoding)?;
        match byte {
            // What separates, and what ends a text in some languages.
            b'/' | b'\\' | 0x00..=0x1f | 0x7f => return Err(PathRefusal::Character),
            b'-' | b'.' | b'_' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => {
                path.push(char::from(byte));
            }
            _ => {
                path.push('%');
                path.push_str(&after[..2].to_ascii_uppercase());
            }
        }
        rest = &after[2..];
    }
    path.push_str(rest);
    Ok(path)
}

fn hex(digits: &str) -> Option<u8> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u8::from_str_radix(digits, 16).ok().filter(|_| plain)
}

/// Decodes every percent-encoding there is; `None` where there is none.
fn decoded_once(path: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut found = false;
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let encoded = (byte == b'%')
            .then(|| path.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(hex);
        decoded.push(encoded.unwrap_or(byte));
        at += if encoded.is_some() { 3 } else { 1 };
        found |= encoded.is_some();
    }
    found.then_some(decoded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CanonicalPath, PathRefusal, decoded_once};

    fn canonical(raw: &str) -> Result<String, PathRefusal> {
        CanonicalPath::new(raw).map(|path| path.as_str().to_owned())
    }

    fn loose(raw: &str) -> Result<Option<String>, PathRefusal> {
        CanonicalPath::new(raw).unwrap().loose()
    }

    #[test]
    fn an_everyday_path_stays_as_it_is_and_costs_nothing() {
        for path in ["/", "/api/orders", "/api/orders/", "/a:b@c,d=e|f[g]", "/caf%C3%A9"] {
            assert_eq!(canonical(path).as_deref(), Ok(path));
        }
        assert!(CanonicalPath::new("/api/orders/17").unwrap().is_as_sent());
    }

    #[test]
    fn what_need_not_be_encoded_is_decoded_and_the_rest_is_in_upper_case() {
        assert_eq!(canonical("/%61dmin/%7euser").as_deref(), Ok("/admin/~user"));
        assert_eq!(canonical("/caf%c3%a9%3b").as_deref(), Ok("/caf%C3%A9%3B"));
    }

    #[test]
    fn dot_segments_are_refused_in_every_spelling() {
        for path in ["/a/../b", "/..", "/./a", "/a/%2e%2e/b", "/a/.%2E/b", "/a/."] {
            assert_eq!(canonical(path), Err(PathRefusal::DotSegment), "{path}");
        }
        assert_eq!(canonical("/a/...").as_deref(), Ok("/a/..."));
        assert_eq!(canonical("/.well-known/x").as_deref(), Ok("/.well-known/x"));
    }

    #[test]
    fn an_encoded_separator_is_refused() {
        for path in ["/a%2fb", "/a%2Fb", "/a%5cb", "/a%00", "/a%0ab", "/a%7f"] {
            assert_eq!(canonical(path), Err(PathRefusal::Character), "{path}");
        }
    }

    #[test]
    fn two_slashes_in_a_row_are_refused() {
        for path in ["//", "//admin", "/a//b"] {
            assert_eq!(canonical(path), Err(PathRefusal::EmptySegment), "{path}");
        }
    }

    #[test]
    fn backslashes_and_what_is_not_ascii_are_refused() {
        for path in ["/a\\b", "/a b", "/caf\u{e9}", "/a\tb"] {
            assert_eq!(canonical(path), Err(PathRefusal::Character), "{path:?}");
        }
    }

    #[test]
    fn a_percent_sign_that_encodes_nothing_is_refused() {
        for path in ["/%", "/%4", "/%zz", "/%+1", "/a%", "/%\u{e9}a"] {
            assert_eq!(canonical(path), Err(PathRefusal::Encoding), "{path}");
        }
    }

    #[test]
    fn a_path_that_is_no_path_is_refused() {
        assert_eq!(canonical("*"), Err(PathRefusal::NotAbsolute));
        assert_eq!(canonical(""), Err(PathRefusal::NotAbsolute));
    }

    #[test]
    fn a_lenient_reader_sees_case_parameters_and_double_encoding_differently() {
        assert_eq!(loose("/Admin/X"), Ok(Some("/admin/x".to_owned())));
        assert_eq!(loose("/admin;v=1/x;y"), Ok(Some("/admin/x".to_owned())));
        assert_eq!(loose("/%2561dmin"), Ok(Some("/admin".to_owned())));
        assert_eq!(loose("/admin%252fx"), Ok(Some("/admin/x".to_owned())));
        assert_eq!(loose("/admin%255cx"), Ok(Some("/admin/x".to_owned())));
        assert_eq!(loose("/admin./x%20"), Ok(Some("/admin/x".to_owned())));
        assert_eq!(loose("/admin%3Bv/x"), Ok(Some("/admin/x".to_owned())));
    }

    #[test]
    fn dots_behind_two_encodings_are_refused() {
        assert_eq!(loose("/a/%252e%252e/b"), Err(PathRefusal::DotSegment));
        assert_eq!(loose("/a/..;x/b"), Err(PathRefusal::DotSegment));
    }

    #[test]
    fn encoding_without_end_is_refused() {
        assert_eq!(loose("/%2525252561"), Err(PathRefusal::Encoding));
    }

    #[test]
    fn a_path_in_lower_case_reads_one_way_only() {
        assert_eq!(loose("/api/orders/17"), Ok(None));
        assert_eq!(loose("/app.js"), Ok(None));
    }

    /// Everyday names, and all that readers of paths disagree about.
    fn almost_path() -> impl Strategy<Value = String> {
        let trap = prop::sample::select(vec![
            "/", "//", ".", "..", "%2e", "%2F", "%5c", "%25", "%252e", "%00", "%", "%4", "%C3%A9", "\\",
            ";x=", "A", "%61", "\u{e9}", "#", "?", " ",
        ]);
        let piece = prop_oneof![trap.prop_map(str::to_owned), "[a-z]{1,3}"];
        prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

        #[test]
        fn a_path_has_one_spelling_which_means_the_same(raw in almost_path()) {
            if let Ok(path) = CanonicalPath::new(&raw) {
                prop_assert_eq!(CanonicalPath::new(path.as_str()), Ok(path.clone()));
                let meant = |text: &str| decoded_once(text.as_bytes()).unwrap_or_else(|| text.into());
                prop_assert_eq!(meant(path.as_str()), meant(&raw));
            }
        }

        #[test]
        fn nothing_is_left_for_a_lenient_reader_to_tidy_up(raw in almost_path()) {
            if let Ok(path) = CanonicalPath::new(&raw)
                && let Ok(loose) = path.loose()
            {
                let loose = loose.as_deref().unwrap_or(path.as_str());
                prop_assert!(decoded_once(loose.as_bytes()).is_none() && loose.starts_with('/'), "{loose}");
                prop_assert!(!loose.contains(['\\', ';']) && !loose.contains("//"), "{loose}");
                prop_assert!(!loose.split('/').any(|segment| segment == "." || segment == ".."), "{loose}");
            }
        }
    }
}
