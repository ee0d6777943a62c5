use jiff::Timestamp;

/// Returns the current time: the only place of the command line that reads the clock.
#[expect(clippy::disallowed_methods, reason = "this is the edge everything else takes its `now` from")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
