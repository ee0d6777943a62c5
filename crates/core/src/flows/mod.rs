//! What people and operators do: one flow, one file.
//!
//! A flow reads, decides and hands the store one [`crate::store::Changes`]. When somebody else was faster it reads and
//! decides again. It knows nothing of HTTP.

pub mod carry;
pub mod change_password;
pub mod clean_up;
pub mod client_tokens;
pub mod clients;
mod events;
pub mod first_admin;
pub mod introspect;
mod issued;
pub mod keys;
pub mod organizations;
pub mod profiles;
pub mod refresh;
pub mod revocation_log;
pub mod revoke_token;
mod session_start;
pub mod sessions;
pub mod sign_in;
pub mod sign_out;
pub mod status_lists;
pub mod upstream;
pub mod users;

use std::time::Duration;

use jiff::Timestamp;

pub use crate::refresh_machine::IssuedKind;
pub use issued::Issued;

use crate::{
    model::{OneTimePurpose, later},
    store::Change,
};

/// How often a flow decides again when others were faster. Each loss means that somebody else has won, so that reaching it
/// needs as many changes of one row within one request.
const TRIES: usize = 32;

/// So much longer than anybody takes it, it is remembered that something was used up: the replica that forgets it may be ahead in time,
/// and one that has found it good uses it up a while later, when an upstream and the database have answered.
const REMEMBERED: Duration = Duration::from_mins(5);

/// Uses something up that may be used once, and that nobody takes from a moment on.
fn use_once(purpose: OneTimePurpose, id: String, expires_at: Timestamp) -> Change {
    Change::UseOnce { purpose, id, expires_at: later(expires_at, REMEMBERED) }
}

/// The error for a row that changed as often as that.
fn contended(doing: &'static str) -> crate::store::StoreError {
    crate::store::StoreError::Unavailable {
        doing,
        source: "too many changes of one row at the same time".into(),
    }
}
