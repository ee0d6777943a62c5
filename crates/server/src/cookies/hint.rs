use jiff::Timestamp;

/// The version of the hint's format.
const VERSION: u32 = 1;

/// Returns the value of the readable cookie: `1.<counter>.in` or `1.<counter>.out`.
///
/// The counter is the time in milliseconds, so that it moves with every sign-in, refresh and sign-out without a place
/// to count in. Tabs compare it for "different", never for "later": clocks of replicas may be apart.
pub(super) fn value(signed_in: bool, now: Timestamp) -> String {
    let state = if signed_in { "in" } else { "out" };
    format!("{VERSION}.{}.{state}", now.as_millisecond())
}
