use futures_util::future::try_join_all;
use handstamp_verify::profiles::ProfileSource;
use handstamp_verify::{OrgScope, profiles};
use serde::{Deserialize, Serialize};

use super::store::Members;
use crate::http::ServiceError;

/// What colleagues know of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The user's stable id.
    pub(crate) sub: String,
    /// The full name, or the user name of somebody who has none.
    pub(crate) name: String,
    /// What they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
}

/// Everybody, of whom nobody can reach more than their own organisation.
#[derive(Clone)]
pub(super) struct People {
    pub(super) members: Members,
    pub(super) source: ProfileSource,
}

impl People {
    /// Returns the organisation's people, by name.
    pub(super) async fn list(&self, scope: &OrgScope) -> Result<Vec<Profile>, ServiceError> {
        let subs = self.members.list(scope).await?;
        let found = try_join_all(subs.iter().map(|sub| self.source.find_in(scope, sub))).await?;
        let mut profiles: Vec<Profile> = found.iter().flatten().map(Profile::from).collect();
        profiles.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(profiles)
    }

    /// Returns one of the organisation's people.
    pub(super) async fn find(&self, scope: &OrgScope, sub: &str) -> Result<Option<Profile>, ServiceError> {
        if !self.members.has(scope, sub.to_owned()).await? {
            return Ok(None);
        }
        Ok(self.source.find_in(scope, sub).await?.as_ref().map(Profile::from))
    }
}

impl From<&profiles::Profile> for Profile {
    fn from(told: &profiles::Profile) -> Self {
        let text = |name| told.member(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        Self {
            sub: told.sub().to_owned(),
            name: text("name").unwrap_or_else(|| told.username().to_owned()),
            title: text("title"),
        }
    }
}
