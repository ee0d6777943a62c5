use std::cmp::Ordering;

/// Which paths a route takes: `/api/orders/*`, `/api/{org}/orders/*`, `/healthz`.
///
/// A star at the end takes the path before it as well, and whatever stands below; without one it is that path alone, with
/// or without a slash at its end. To many services `/admin` and `/admin/` are the same: one of them must not be left to a wider
/// route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Segment>,
    /// Takes what stands below too.
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    /// `{org}`: the caller's organisation.
    Org,
}

/// What a pattern found in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found<'p> {
    /// What stood where the caller's organisation has to.
    pub(crate) org: Option<&'p str>,
}

/// Why a text is no pattern. The operator's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    #[error("must begin with a slash, such as \"/api/*\"")]
    NotAbsolute,
    #[error("a star stands at the end alone, after a slash: \"/api/*\"")]
    Star,
    #[error("there is one name in braces: {{org}}, the caller's organisation")]
    Name,
    #[error("{{org}} stands there more than once")]
    TwoOrgs,
    #[error(
        "must be written as browsers send it: no empty segment, no \"..\", no query, nothing that is percent-encoded"
    )]
    Spelling,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        let rest = text.strip_prefix('/').ok_or(PatternError::NotAbsolute)?;
        let (rest, open) = match rest.strip_suffix('*') {
            Some("") => return Ok(Self { segments: Vec::new(), open: true }),
            Some(rest) => (rest.strip_suffix('/').ok_or(PatternError::Star)?, true),
            None => (rest.strip_suffix('/').unwrap_or(rest), false),
        };
        if rest.is_empty() {
            return if open { Err(PatternError::Spelling) } else { Ok(Self { segments: Vec::new(), open }) };
        }
        let segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        if segments.iter().filter(|segment| **segment == Segment::Org).count() > 1 {
            return Err(PatternError::TwoOrgs);
        }
        Ok(Self { segments, open })
    }

    /// Finds the pattern in a path of the one spelling.
    pub(crate) fn find<'p>(&self, path: &'p str) -> Option<Found<'p>> {
        self.find_by(path, |literal, segment| literal == segment)
    }

    /// Finds the pattern in a path as the most lenient reader sees it.
    pub(crate) fn find_loosely<'p>(&self, path: &'p str) -> Option<Found<'p>> {
        self.find_by(path, str::eq_ignore_ascii_case)
    }

    fn find_by<'p>(&self, path: &'p str, same: impl Fn(&str, &str) -> bool) -> Option<Found<'p>> {
        let mut found = Found { org: None };
        let mut given = path.strip_prefix('/')?.split('/');
        for segment in &self.segments {
            let given = given.next().filter(|given| !given.is_empty())?;
            match segment {
                Segment::Literal(literal) if !same(literal, given) => return None,
                Segment::Literal(_) => {}
                Segment::Org => found.org = Some(given),
            }
        }
        let ends_here = matches!((given.next(), given.next()), (None | Some(""), None));
        (self.open || ends_here).then_some(found)
    }

    /// Returns whether the pattern asks for the caller's organisation.
    pub(crate) fn names_org(&self) -> bool {
        self.segments.contains(&Segment::Org)
    }

    /// Returns whether every path of the pattern begins with these segments: `/api` of `/api/orders/*`.
    pub(crate) fn begins_with(&self, prefix: &str) -> bool {
        let Some(prefix) = prefix.strip_prefix('/') else { return false };
        let mut own = self.segments.iter();
        prefix.split('/').all(|part| match own.next() {
            Some(Segment::Literal(literal)) => literal == part,
            _ => false,
        })
    }

    /// Orders patterns so that of all that take a path the closest comes first: more segments, then more of them literal, and a
    /// path alone before all that stands below it.
    pub(crate) fn closest_first(&self, other: &Self) -> Ordering {
        let shape = |pattern: &Self| {
            let literal: Vec<bool> =
                pattern.segments.iter().map(|segment| matches!(segment, Segment::Literal(_))).collect();
            (pattern.segments.len(), literal, !pattern.open)
        };
        shape(other).cmp(&shape(self))
    }
}

fn segment(text: &str) -> Result<Segment, PatternError> {
    match text {
        "{org}" => Ok(Segment::Org),
        _ if text.contains(['{', '}']) => Err(PatternError::Name),
        _ if text.contains('*') => Err(PatternError::Star),
        "" | "." | ".." => Err(PatternError::Spelling),
        _ if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"%?#\\;".contains(&byte)) => {
            Err(PatternError::Spelling)
        }
        _ => Ok(Segment::Literal(text.to_owned())),
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => write!(f, "/{literal}")?,
                Segment::Org => f.write_str("/{org}")?,
            }
        }
        match (self.open, self.segments.is_empty()) {
            (true, _) => f.write_str("/*"),
            (false, true) => f.write_str("/"),
            (false, false) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, PatternError};

    fn takes(pattern: &str, path: &str) -> bool {
        Pattern::parse(pattern).unwrap().find(path).is_some()
    }

    #[test]
    fn a_star_takes_the_path_before_it_and_all_below() {
        for path in ["/api/orders", "/api/orders/", "/api/orders/17", "/api/orders/17/lines"] {
            assert!(takes("/api/orders/*", path), "{path}");
        }
        for path in ["/api", "/api/ordersx", "/api/order", "/"] {
            assert!(!takes("/api/orders/*", path), "{path}");
        }
        assert!(takes("/*", "/") && takes("/*", "/anything/at/all"));
    }

    #[test]
    fn without_a_star_it_is_that_path_alone() {
        assert!(takes("/healthz", "/healthz") && takes("/healthz", "/healthz/"));
        assert!(!takes("/healthz", "/healthz/x") && !takes("/healthz", "/health"));
        assert!(takes("/", "/") && !takes("/", "/x"));
    }

    #[test]
    fn the_organisation_stands_in_one_segment() {
        let pattern = Pattern::parse("/api/{org}/orders/*").unwrap();

        assert_eq!(pattern.find("/api/acme/orders/17").unwrap().org, Some("acme"));
        assert!(pattern.find("/api/orders").is_none());
        assert!(pattern.find("/api//orders").is_none());
    }

    #[test]
    fn the_closest_pattern_comes_first() {
        let order = ["/api/orders/export", "/api/orders/*", "/api/{org}/*", "/api/*", "/", "/*"];
        let mut patterns: Vec<_> = order.iter().rev().map(|text| Pattern::parse(text).unwrap()).collect();

        patterns.sort_by(Pattern::closest_first);

        let sorted: Vec<_> = patterns.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, order);
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        for (text, why) in [
            ("api", PatternError::NotAbsolute),
            ("", PatternError::NotAbsolute),
            ("/api*", PatternError::Star),
            ("/*/x", PatternError::Star),
            ("/{tenant}/x", PatternError::Name),
            ("/{org}/{org}", PatternError::TwoOrgs),
            ("/a//b", PatternError::Spelling),
            ("//*", PatternError::Spelling),
            ("/a/../b", PatternError::Spelling),
            ("/a%20b", PatternError::Spelling),
            ("/a?b", PatternError::Spelling),
        ] {
            assert_eq!(Pattern::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn a_prefix_is_one_of_whole_segments() {
        let pattern = Pattern::parse("/api/orders/*").unwrap();

        assert!(pattern.begins_with("/api") && pattern.begins_with("/api/orders"));
        for other in ["/ap", "/api/", "/api/orders/17", "api", "/"] {
            assert!(!pattern.begins_with(other), "{other}");
        }
    }
}
