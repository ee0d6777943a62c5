/// What every refresh token begins with.
const PREFIX: &str = "hsr_";

/// Several times longer than any.
const LONGEST: usize = 512;

/// Returns whether a text has the outer form of a refresh token: nobody is asked about one that has not.
///
/// Whether it is one, its key alone tells, which the auth service has.
pub(crate) fn looks_like_refresh_token(text: &str) -> bool {
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let rest = text.strip_prefix(PREFIX).filter(|rest| (1..=LONGEST).contains(&rest.len()));
    rest.is_some_and(|rest| rest.bytes().all(is_base64url))
}

#[cfg(test)]
mod tests {
    use super::looks_like_refresh_token;

    #[test]
    fn a_text_of_another_form_is_no_refresh_token() {
        assert!(looks_like_refresh_token("hsr_AQAAAAEBI0VniavN7w-_"));
        let long = format!("hsr_{}", "A".repeat(513));
        for other in ["", "hsr_", "rt-1", "hsr_a b", "hsr_a.b", "hsr_a=", "HSR_abc", "xhsr_abc", &long] {
            assert!(!looks_like_refresh_token(other), "{other}");
        }
    }
}
