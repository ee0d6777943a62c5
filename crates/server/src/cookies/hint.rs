use handstamp_core::model::SessionId;
use jiff::Timestamp;

/// The version of the hint's format.
const VERSION: u32 = 1;

/// How much of the session's id a hint shows: enough to tell the sessions of one browser apart.
const MARK: usize = 8;

/// Returns the value of the readable cookie: `1.<counter>.<start of the session's id>.in`, or `1.<counter>.out`.
///
/// The counter is the time in milliseconds, so that it moves with every sign-in, refresh and sign-out without a place
/// to count in. Tabs compare it for "different", never for "later": clocks of replicas may be apart. By the session a tab
/// knows whether an answer that it got is about the cookies that are there by now: another page may have been faster.
pub(super) fn value(signed_in: Option<SessionId>, now: Timestamp) -> String {
    let counter = now.as_millisecond();
    match signed_in {
        Some(session) => format!("{VERSION}.{counter}.{:.MARK$}.in", session.to_string()),
        None => format!("{VERSION}.{counter}.out"),
    }
}

#[cfg(test)]
mod tests {
    use handstamp_core::model::SessionId;
    use jiff::Timestamp;

    use super::value;

    #[test]
    fn the_hint_shows_the_start_of_the_session_and_no_more() {
        let session = SessionId::from_bytes([0xab; 16]);

        assert_eq!(value(Some(session), Timestamp::UNIX_EPOCH), "1.0.abababab.in");
    }

    #[test]
    fn signed_out_is_the_hint_of_nobody() {
        assert_eq!(value(None, Timestamp::UNIX_EPOCH), "1.0.out");
    }
}
