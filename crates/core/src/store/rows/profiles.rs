//! Profiles.

use super::{Fields, Unreadable};
use crate::model::Profile;

/// Takes a profile's column. An outer join leaves it empty where no profile was set.
pub fn decode(fields: &mut Fields<'_>) -> Result<Profile, Unreadable> {
    Ok(fields.of("profiles").optional_parsed("members")?.unwrap_or_default())
}
