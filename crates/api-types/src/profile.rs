//! Profiles: what services read of somebody beside their tokens.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A header of `GET /profiles/{sub}`: where the revocation log stood when the profile was read, as `epoch.seq`. An event about the
/// profile with a larger `seq` says that it is out of date.
pub const REV_HEADER: &str = "handstamp-rev";

/// A header of `GET /profiles/{sub}`: for so many seconds after the answer the log remembers events about the profile. Whoever
/// keeps it for longer has to ask again, feed or no feed.
pub const KEEP_HEADER: &str = "handstamp-keep";

/// What `GET /profiles/{sub}` answers: all that services may know of somebody, and what does not fit a token.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ProfileSnapshot {
    /// The user's stable id.
    pub sub: String,
    /// The user name, for show.
    pub preferred_username: String,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The organisation, `null` for none.
    #[serde(default)]
    pub org_id: Option<String>,
    /// What people call the organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org_name: Option<String>,
    /// System-wide roles, sorted. For show: who may do what is decided by the token.
    pub roles: Vec<String>,
    /// Whether the user may sign in.
    pub active: bool,
    /// What the operator has set. Empty where nothing is.
    pub profile: Map<String, Value>,
}

/// Returns what a profile is called in the revocation feed, at the level `jti`. No token has such a `jti`.
pub fn profile_id(sub: &str) -> String {
    format!("profile:{sub}")
}

/// Personal data stays out of logs.
impl fmt::Debug for ProfileSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileSnapshot").field("sub", &self.sub).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::ProfileSnapshot;

    #[test]
    fn of_a_profile_only_the_id_is_printed() {
        let json = r#"{"sub":"u1","preferred_username":"ada","org_id":null,"roles":[],"active":true,"profile":{"name":"Ada"}}"#;
        let profile: ProfileSnapshot = serde_json::from_str(json).unwrap();

        assert_eq!(format!("{profile:?}"), r#"ProfileSnapshot { sub: "u1", .. }"#);
        assert_eq!(serde_json::to_string(&profile).unwrap(), json);
    }
}
