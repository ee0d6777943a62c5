use jiff::tz::TimeZone;

/// Returns the time zone people here live by (`TZ`, or what the system says), or UTC where nobody says.
pub(crate) fn local() -> TimeZone {
    TimeZone::try_system().unwrap_or(TimeZone::UTC)
}
