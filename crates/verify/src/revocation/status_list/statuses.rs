use handstamp_token::UnixTime;

use super::{ListError, RETRY_AFTER, Status, StatusError, StatusListChecker, StatusReference};
use crate::AuthError;

/// What to do about a token whose list cannot be had, so that nobody knows whether it was taken back. Every service chooses;
/// there is no default.
///
/// Either way a token is refused that names no place, a place outside its list, or a list from elsewhere than where the issuer
/// has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenUnknown {
    /// Accept nothing (503). A list that was fetched before counts until it expires.
    Refuse,
    /// Go on, with a warning in the log. Worst case: a token that was taken back is accepted until it expires.
    Accept,
}

/// Decides by status lists whether a verified token may be used.
pub(crate) struct Statuses {
    checker: StatusListChecker,
    when_unknown: WhenUnknown,
}

impl Statuses {
    pub(crate) fn new(checker: StatusListChecker, when_unknown: WhenUnknown) -> Self {
        Self { checker, when_unknown }
    }

    /// Decides, and fetches the list where that is due.
    pub(crate) async fn check(
        &self,
        reference: Option<&StatusReference>,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        let reference = reference.ok_or(AuthError::StatusMissing)?;
        self.judge(self.checker.status(reference, now).await)
    }

    /// Decides with the lists at hand.
    pub(crate) fn check_now(
        &self,
        reference: Option<&StatusReference>,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        let reference = reference.ok_or(AuthError::StatusMissing)?;
        if let Some(status) = self.checker.known_status(reference, now) {
            return self.judge(status.map_err(StatusError::from));
        }
        match self.checker.last_known_status(reference, now) {
            // What the last list took back is refused before the next one is here, as it is by whoever waits for that.
            Some(status) if status != Ok(Status::Valid) => self.judge(status.map_err(StatusError::from)),
            _ => self.unknown("the list has not been fetched, or not lately"),
        }
    }

    fn judge(&self, status: Result<Status, StatusError>) -> Result<(), AuthError> {
        match status {
            Ok(Status::Valid) => Ok(()),
            // Who knows no other status takes it for a bad one.
            Ok(Status::Invalid | Status::Suspended | Status::Other(_)) => Err(AuthError::Revoked),
            // The token is wrong here, not the list.
            Err(
                error @ (StatusError::ForeignList { .. } | StatusError::List(ListError::OutOfRange { .. })),
            ) => Err(AuthError::StatusMisplaced { problem: error.to_string() }),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                self.unknown(&format!("{error} {cause}"))
            }
        }
    }

    fn unknown(&self, problem: &str) -> Result<(), AuthError> {
        match self.when_unknown {
            WhenUnknown::Refuse => {
                tracing::debug!(problem, "the status of a token is unknown");
                Err(AuthError::RevocationsUnavailable { retry_after: RETRY_AFTER })
            }
            WhenUnknown::Accept => {
                tracing::warn!(problem, "a token is accepted whose status is unknown");
                Ok(())
            }
        }
    }
}
