//! All that an access token says of a user, joined from three tables.

use super::{Fields, Unreadable, log, organizations, users};
use crate::store::Subject;

/// Takes the columns of the user, of their organisation if they have one, and of the log.
pub fn decode(fields: &mut Fields<'_>) -> Result<Subject, Unreadable> {
    Ok(Subject {
        user: users::decode(fields)?,
        organization: organizations::decode_optional(fields)?,
        rev: log::decode(fields)?,
    })
}
