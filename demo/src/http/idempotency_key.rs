use axum::extract::OptionalFromRequestParts;
use handstamp_api_types::ErrorCode;
use http::request::Parts;
use http::{HeaderName, HeaderValue};

use super::ServiceError;

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What a client calls one request by, so that it can send it again without having it done twice
/// ([draft-ietf-httpapi-idempotency-key-header](https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/)).
///
/// It means something beside the person who sent it and nothing without: two people may pick the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

/// A UUID fits several times over.
const LONGEST: usize = 128;

impl IdempotencyKey {
    /// Returns the key.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn of(value: &HeaderValue) -> Option<Self> {
        let text = value.to_str().ok()?.trim();
        // A structured field's string (RFC 9651 §3.3.3). Many clients send the bare text.
        let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let is_fine = !key.is_empty() && key.len() <= LONGEST && !key.contains(['"', '\\']);
        is_fine.then(|| Self(key.to_owned()))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for IdempotencyKey {
    type Rejection = ServiceError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, ServiceError> {
        let mut given = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
        let Some(value) = given.next() else { return Ok(None) };
        let key = Self::of(value).filter(|_| given.next().is_none());
        key.map(Some).ok_or_else(|| ServiceError::Refused {
            code: ErrorCode::ValidationFailed,
            detail: format!("Idempotency-Key takes one key of 1 to {LONGEST} characters."),
        })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::IdempotencyKey;

    fn key(text: &str) -> Option<String> {
        IdempotencyKey::of(&HeaderValue::from_str(text).unwrap()).map(|key| key.0)
    }

    #[test]
    fn a_key_is_a_string_with_or_without_its_quotes() {
        assert_eq!(key("\"8e03978e-40d5\"").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(key("8e03978e-40d5").as_deref(), Some("8e03978e-40d5"));
    }

    #[test]
    fn what_is_empty_endless_or_quoted_within_is_no_key() {
        assert_eq!(key(""), None);
        assert_eq!(key("\"\""), None);
        assert_eq!(key("a\"b"), None);
        assert_eq!(key(&"a".repeat(129)), None);
    }
}
