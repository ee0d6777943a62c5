use super::Refusal;
use crate::{AuthError, Principal};

/// What a route behind the proxy demands of whoever wants to pass.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    roles: Vec<String>,
    orgs: Vec<String>,
}

impl Demands {
    /// Reads `role=…&org=…`. A misspelt `rol=admin` must not let everybody in, so that an unknown name is refused.
    pub(super) fn read(query: &str) -> Result<Self, Refusal> {
        let mut demands = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "role" => demands.roles.push(value.into_owned()),
                "org" => demands.orgs.push(value.into_owned()),
                unknown => return Err(Refusal::unknown_demand(unknown)),
            }
        }
        Ok(demands)
    }

    pub(super) fn judge(&self, principal: &Principal) -> Result<(), AuthError> {
        for role in &self.roles {
            principal.require_role(role)?;
        }
        for org in &self.orgs {
            principal.org_scope()?.require(org)?;
        }
        Ok(())
    }
}
