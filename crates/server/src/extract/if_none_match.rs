use http::{HeaderMap, header};

/// Returns whether the client has this very form already (RFC 9110 §13.1.2).
///
/// The comparison is weak: proxies that compress on the way make our tags weak.
pub(crate) fn has_it(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let mut tags = lines.flat_map(|line| line.split(',')).map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}
