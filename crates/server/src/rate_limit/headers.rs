use http::HeaderValue;

use super::bucket::{Buckets, Verdict};

/// Returns `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).
pub(super) fn of<K: Eq + std::hash::Hash + Clone>(
    name: &'static str,
    buckets: &Buckets<K>,
    verdict: Verdict,
) -> Vec<(&'static str, HeaderValue)> {
    let policy = format!("\"{name}\";q={};w={}", buckets.attempts(), buckets.window().as_secs());
    let wait = crate::problem::whole_seconds(verdict.wait);
    let state = format!("\"{name}\";r={};t={wait}", verdict.remaining);
    let headers = [("ratelimit-policy", policy), ("ratelimit", state)];
    headers.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))).collect()
}
