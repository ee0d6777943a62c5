use url::Url;

/// Returns a URL without the password in it. What cannot be read may hold one anywhere.
pub(super) fn redacted(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else { return "[redacted]".to_owned() };
    if url.password().is_some() && url.set_password(Some("redacted")).is_err() {
        return "[redacted]".to_owned();
    }
    // A query may carry `password=` as well.
    if url.query().is_some() {
        url.set_query(None);
    }
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_password_is_never_shown() {
        for url in ["redis://:hunter2@cache/0", "redis://cache/?password=hunter2", "rediss//hunter2@cache"] {
            assert!(!redacted(url).contains("hunter2"), "{url}");
        }
        assert_eq!(redacted("redis://ann:hunter2@cache/0"), "redis://ann:redacted@cache/0");
    }
}
