use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use handstamp_core::store::rows::Unreadable;
use handstamp_core::store::{self, StoreError};
use tokio_postgres::error::{Severity, SqlState};

/// Why a statement or a row could not be used. Cheap to clone: when a batch fails, everybody in it hears.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// There is no connection to be had.
    NoConnection(Arc<dyn Error + Send + Sync>),
    /// The word of the driver, or of the database.
    Postgres(Arc<tokio_postgres::Error>),
    /// No answer came.
    Silence(Duration),
    /// A column holds what we cannot have written.
    Corrupt(String),
}

/// Why a unit of work does not hold.
pub(crate) type Refusal = store::Refusal<Failure>;

/// Whoever would have answered is gone.
#[derive(Debug, thiserror::Error)]
#[error("the store was closed, or a defect ended what was being done")]
pub(crate) struct Closed;

/// What a failure means for who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Away, or too busy: it may pass.
    Away,
    /// Two units stood in each other's way, and the database has undone this one.
    Again,
    /// Read-only, or no room.
    NotWritable,
    /// The database has found damage.
    Damaged,
    /// We asked for something wrong.
    Defect,
}

impl Failure {
    /// Tells the flow, which knows nothing of PostgreSQL.
    pub(crate) fn into_store_error(self, doing: &'static str) -> StoreError {
        let kind = self.kind();
        let source: Box<dyn Error + Send + Sync> = match self {
            Self::Corrupt(what) => return StoreError::Corrupt { what },
            Self::NoConnection(cause) => Box::new(Shared(cause)),
            Self::Postgres(error) => Box::new(error),
            Self::Silence(time) => format!("no answer came within {time:?}").into(),
        };
        match kind {
            Kind::Away | Kind::Again => StoreError::Unavailable { doing, source },
            Kind::NotWritable => StoreError::NotWritable { doing, source },
            Kind::Damaged => StoreError::Corrupt { what: format!("the database ({doing}): {source}") },
            Kind::Defect => StoreError::Defect { doing, source },
        }
    }

    /// Sorts it.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::NoConnection(_) | Self::Silence(_) => Kind::Away,
            Self::Corrupt(_) => Kind::Damaged,
            Self::Postgres(error) => match error.code() {
                Some(code) => sort(code),
                None if is_io(error) => Kind::Away,
                None => Kind::Defect,
            },
        }
    }

    /// Returns whether the connection is of no further use. A server that refuses to write was demoted: somebody else is first now.
    pub(crate) fn loses_connection(&self) -> bool {
        match self {
            Self::NoConnection(_) | Self::Corrupt(_) => false,
            Self::Silence(_) => true,
            Self::Postgres(error) => error.as_db_error().is_none_or(|error| {
                let is_end = matches!(error.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
                is_end || *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION || is_stale(error.code())
            }),
        }
    }

    /// Returns whether a statement that was prepared is none any more.
    pub(crate) fn is_stale_statement(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code().is_some_and(is_stale))
    }

    /// Returns whether the database would say the same again: there is no such thing, or we have no right to it.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Postgres(error) if error.code().is_some_and(is_refusal))
    }

    /// Returns the name of the constraint that a row would have broken, if that is what happened.
    pub(crate) fn broken_constraint(&self) -> Option<&str> {
        let Self::Postgres(error) = self else { return None };
        let error = error.as_db_error()?;
        let is_one = [SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION].contains(error.code());
        is_one.then(|| error.constraint())?
    }
}

/// Returns whether a statement that was prepared is none any more: the schema has changed under it, or a pooler has given us another
/// connection. It is prepared anew.
fn is_stale(code: &SqlState) -> bool {
    // "cached plan must not change result type" has no code of its own; we ask for no feature that could be missing.
    [SqlState::INVALID_SQL_STATEMENT_NAME, SqlState::DUPLICATE_PSTATEMENT, SqlState::FEATURE_NOT_SUPPORTED]
        .contains(code)
}

fn is_refusal(code: &SqlState) -> bool {
    // PostgreSQL, appendix A: a feature that is not there; a word that is not known, or not for us. Of class 42 as well is a statement
    // that somebody else has prepared under the same name, on the connection that a pooler gave to both.
    *code != SqlState::DUPLICATE_PSTATEMENT && ["0A", "42"].contains(&class(code))
}

/// Returns the class of a code. What stands between us and the database may send any text as one.
fn class(code: &SqlState) -> &str {
    code.code().get(..2).unwrap_or_default()
}

/// Returns whether the connection failed, rather than what was said on it.
fn is_io(error: &tokio_postgres::Error) -> bool {
    error.is_closed() || error.source().is_some_and(<dyn Error + 'static>::is::<io::Error>)
}

fn sort(code: &SqlState) -> Kind {
    if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code) {
        return Kind::Again;
    }
    if [
        SqlState::DISK_FULL,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IO_ERROR,
        SqlState::INSUFFICIENT_PRIVILEGE,
    ]
    .contains(code)
    {
        return Kind::NotWritable;
    }
    if is_stale(code) {
        return Kind::Away;
    }
    // PostgreSQL, appendix A.
    match class(code) {
        // Connection; who we are; too much in use; an operator, a time limit or a restart has ended it; locked; the system.
        "08" | "28" | "3D" | "53" | "57" | "55" | "58" => Kind::Away,
        "XX" => Kind::Damaged,
        // Idle for too long within a transaction.
        "25" if *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Kind::Away,
        _ => Kind::Defect,
    }
}

/// A cause that several hear of.
struct Shared(Arc<dyn Error + Send + Sync>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for Shared {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(Arc::new(error))
    }
}

impl From<deadpool_postgres::PoolError> for Failure {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Closed => Self::NoConnection(Arc::new(Closed)),
            deadpool_postgres::PoolError::Backend(cause) => Self::NoConnection(Arc::new(cause)),
            other => Self::NoConnection(Arc::new(other)),
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(column: Unreadable) -> Self {
        Self::Corrupt(column.to_string())
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_operator_or_a_restart_ends_may_be_tried_again_later() {
        for code in [
            "57P01", "57P02", "57P03", "57014", "08006", "53300", "53200", "55P03", "25P03", "28P01", "3D000",
        ] {
            assert_eq!(sort(&SqlState::from_code(code)), Kind::Away, "{code}");
        }
    }

    #[test]
    fn a_deadlock_is_undone_and_may_be_tried_again_at_once() {
        assert_eq!(sort(&SqlState::T_R_DEADLOCK_DETECTED), Kind::Again);
        assert_eq!(sort(&SqlState::T_R_SERIALIZATION_FAILURE), Kind::Again);
    }

    #[test]
    fn a_full_disk_and_a_standby_are_not_writable() {
        for code in ["53100", "25006", "58030", "42501"] {
            assert_eq!(sort(&SqlState::from_code(code)), Kind::NotWritable, "{code}");
        }
    }

    #[test]
    fn a_statement_that_has_to_be_prepared_anew_may_be_tried_again() {
        for code in ["26000", "42P05", "0A000"] {
            let code = SqlState::from_code(code);
            assert!(is_stale(&code), "{code:?}");
            assert_eq!(sort(&code), Kind::Away, "{code:?}");
        }
    }

    #[test]
    fn a_code_that_is_none_is_a_failure_like_others() {
        for code in ["", "X", "5", "\u{e4}\u{f6}\u{fc}", "never heard of"] {
            let code = SqlState::from_code(code);
            assert_eq!((sort(&code), is_refusal(&code)), (Kind::Defect, false), "{code:?}");
        }
    }

    #[test]
    fn damage_is_told_as_such() {
        for code in ["XX001", "XX002"] {
            assert_eq!(sort(&SqlState::from_code(code)), Kind::Damaged, "{code}");
        }
    }

    #[test]
    fn a_broken_constraint_and_a_wrong_statement_are_our_defect() {
        for code in ["23505", "42601", "42P01", "22021"] {
            assert_eq!(sort(&SqlState::from_code(code)), Kind::Defect, "{code}");
        }
    }

    /// To take "not now" for "never" would be to overlook that a database was put back.
    #[test]
    fn what_may_pass_is_no_refusal() {
        for code in ["42501", "42883", "0A000"] {
            assert!(is_refusal(&SqlState::from_code(code)), "{code}");
        }
        for code in ["57014", "57P01", "53200", "55000", "08006", "42P05"] {
            assert!(!is_refusal(&SqlState::from_code(code)), "{code}");
        }
        assert!(!Failure::Silence(Duration::from_secs(1)).is_refusal());
    }

    #[test]
    fn silence_is_the_end_of_a_connection() {
        let silence = Failure::Silence(Duration::from_secs(1));
        assert!(silence.loses_connection());
        assert!(matches!(
            silence.into_store_error("testing"),
            StoreError::Unavailable { doing: "testing", .. }
        ));
    }
}
