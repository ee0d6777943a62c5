//! Rows turned into values, one kind of row a file. Every function is one statement, and so reads one snapshot.

pub(crate) mod audit;
pub(crate) mod clients;
pub(crate) mod clock;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod organizations;
pub(crate) mod profiles;
pub(crate) mod reports;
pub(crate) mod sessions;
pub(crate) mod status_lists;
pub(crate) mod subjects;
pub(crate) mod upstreams;
pub(crate) mod users;

use handstamp_core::model::{SessionId, UserId};
use uuid::Uuid;

/// Returns an id as the database keeps it.
pub(crate) fn session_id(id: SessionId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}

/// Returns an id as the database keeps it.
pub(crate) fn user_id(id: UserId) -> Uuid {
    Uuid::from_bytes(*id.as_bytes())
}
