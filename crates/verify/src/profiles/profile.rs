use std::fmt;
use std::sync::Arc;

use handstamp_api_types::profile::ProfileSnapshot;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What is known of a user. Cloning is cheap. Prints nobody's data.
#[derive(Clone)]
pub struct Profile {
    snapshot: Arc<ProfileSnapshot>,
    is_stale: bool,
}

impl Profile {
    pub(super) fn new(snapshot: Arc<ProfileSnapshot>, is_stale: bool) -> Self {
        Self { snapshot, is_stale }
    }

    /// Returns the user's stable id.
    pub fn sub(&self) -> &str {
        &self.snapshot.sub
    }

    /// Returns the user name, for show.
    pub fn username(&self) -> &str {
        &self.snapshot.preferred_username
    }

    /// Returns the e-mail address.
    pub fn email(&self) -> Option<&str> {
        self.snapshot.email.as_deref()
    }

    /// Returns the organisation.
    pub fn org_id(&self) -> Option<&str> {
        self.snapshot.org_id.as_deref()
    }

    /// Returns what people call the organisation.
    pub fn org_name(&self) -> Option<&str> {
        self.snapshot.org_name.as_deref()
    }

    /// Returns the roles, for show: what somebody may do is decided by the token they come with.
    pub fn roles(&self) -> &[String] {
        &self.snapshot.roles
    }

    /// Returns whether the user may sign in.
    pub fn is_active(&self) -> bool {
        self.snapshot.active
    }

    /// Returns all that the operator has set.
    pub fn members(&self) -> &Map<String, Value> {
        &self.snapshot.profile
    }

    /// Returns one member of that.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.snapshot.profile.get(name)
    }

    /// Returns all that the operator has set in a shape of the service's own.
    pub fn members_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(Value::Object(self.snapshot.profile.clone()))
    }

    /// Returns whether it may be out of date: the auth service is away, and this is what it said last.
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("sub", &self.sub())
            .field("is_stale", &self.is_stale)
            .finish_non_exhaustive()
    }
}
