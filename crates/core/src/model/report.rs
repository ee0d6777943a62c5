use std::{fmt, str::FromStr, time::Duration};

use handstamp_token::KeyId;
use jiff::{SignedDuration, Timestamp};

use super::{ClientId, LogPosition};

/// What one process of a service says about itself: which keys it verifies with, and how much of the log it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierReport {
    /// Which service, as the machine client it authenticated as; `None` where anybody may follow the feed.
    pub client: Option<ClientId>,
    /// Which process of it.
    pub instance: InstanceId,
    /// The keys it holds, of every purpose.
    pub kids: Vec<KeyId>,
    /// How much of the revocation log it knows.
    pub position: LogPosition,
    /// How old its knowledge of the log was.
    pub lag: Duration,
    /// When we heard it.
    pub reported_at: Timestamp,
}

impl VerifierReport {
    /// A process reports once a minute at least. One that was silent for this long is gone.
    pub const LASTS: SignedDuration = SignedDuration::from_mins(3);

    /// How many processes of one service are remembered. Others are told so, and count as services that do not report.
    pub const MOST_PER_CLIENT: u32 = 1000;

    /// Returns whether the process is still there, as far as anybody can tell.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.duration_since(self.reported_at) < Self::LASTS
    }

    /// Returns whether it holds this key.
    pub fn holds(&self, kid: &KeyId) -> bool {
        self.kids.contains(kid)
    }
}

/// The name that a process draws at its start: 1 to 64 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(String);

/// The text is not the name of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of a process has 1 to 64 visible ASCII characters")]
pub struct InstanceIdError;

impl InstanceId {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InstanceId {
    type Err = InstanceIdError;

    fn from_str(text: &str) -> Result<Self, InstanceIdError> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(InstanceIdError) }
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{InstanceId, InstanceIdError};

    #[test]
    fn the_name_of_a_process_is_short_and_can_be_printed() {
        let longest = "x".repeat(64);
        assert_eq!(longest.parse::<InstanceId>().map(|id| id.as_str().len()), Ok(64));
        for wrong in ["", "a b", "a\u{1b}[31m", "ä", &"x".repeat(65)] {
            assert_eq!(wrong.parse::<InstanceId>(), Err(InstanceIdError), "{wrong:?}");
        }
    }
}
