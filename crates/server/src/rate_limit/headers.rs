use std::time::Duration;

use handstamp_core::shared::Quota;
use http::HeaderValue;

/// Returns `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) of a bucket that is empty.
pub(super) fn of(name: &'static str, quota: Quota, wait: Duration) -> Vec<(&'static str, HeaderValue)> {
    let policy = format!("\"{name}\";q={};w={}", quota.attempts(), quota.window().as_secs());
    let state = format!("\"{name}\";r=0;t={}", crate::problem::whole_seconds(wait));
    let headers = [("ratelimit-policy", policy), ("ratelimit", state)];
    headers.into_iter().filter_map(|(name, text)| Some((name, HeaderValue::try_from(text).ok()?))).collect()
}
