use handstamp_token::UnixTime;
use handstamp_verify::access::{self, Access};
use handstamp_verify::{AuthError, Principal};

use crate::config::{AccessConfig, RouteConfig};

/// Who may use a route.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    declared: AccessConfig,
    access: Access,
    /// Members of these alone; empty for no such demand.
    orgs: Vec<String>,
}

/// Demands of a route do not go together. The operator's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RuleError {
    #[error(
        "say who may use the route: access = \"signed_in\", or \"public\", \"optional\", \"client\". Without it the route is closed"
    )]
    Undeclared,
    #[error(
        "roles, orgs, {{org}} in the path and signed_in_within are demands on people: they need access = \"signed_in\""
    )]
    DemandsOnNobody,
    #[error("scopes need access = \"signed_in\" or \"client\"")]
    ScopesOfNobody,
}

/// Stands in `orgs` for any organisation.
const ANY_ORG: &str = "*";

impl Rule {
    /// Reads the demands of a route; `names_org` where its path does.
    pub(crate) fn new(config: &RouteConfig, names_org: bool) -> Result<Self, RuleError> {
        let declared = config.access.ok_or(RuleError::Undeclared)?;
        let on_people = !config.roles.is_empty()
            || !config.orgs.is_empty()
            || names_org
            || config.signed_in_within.is_some();
        if on_people && declared != AccessConfig::SignedIn {
            return Err(RuleError::DemandsOnNobody);
        }
        if !config.scopes.is_empty() && matches!(declared, AccessConfig::Public | AccessConfig::Optional) {
            return Err(RuleError::ScopesOfNobody);
        }
        let mut access = match declared {
            AccessConfig::Public => access::public(),
            AccessConfig::Optional => access::optional(),
            AccessConfig::SignedIn => access::signed_in(),
            AccessConfig::Client => access::client(),
        };
        access = config.scopes.iter().fold(access, Access::scope);
        if !config.roles.is_empty() {
            access = access.any_role(&config.roles);
        }
        if !config.orgs.is_empty() || names_org {
            access = access.in_org();
        }
        if let Some(age) = config.signed_in_within {
            access = access.signed_in_within(age);
        }
        let orgs =
            if config.orgs.iter().any(|org| org == ANY_ORG) { Vec::new() } else { config.orgs.clone() };
        Ok(Self { declared, access, orgs })
    }

    /// Returns whether nobody's token is even looked at.
    pub(crate) fn is_public(&self) -> bool {
        self.declared == AccessConfig::Public
    }

    /// Returns whether everybody may pass, signed in or not.
    pub(crate) fn is_for_everybody(&self) -> bool {
        matches!(self.declared, AccessConfig::Public | AccessConfig::Optional)
    }

    /// Decides whether this caller may pass; `org` is the organisation that the path names.
    pub(crate) fn judge(
        &self,
        caller: Option<&Principal>,
        org: Option<&str>,
        now: UnixTime,
    ) -> Result<(), AuthError> {
        self.access.judge(caller, now)?;
        let Some(caller) = caller else { return Ok(()) };
        if let Some(org) = org {
            caller.org_scope()?.require(org)?;
        }
        let is_member = |org: &String| caller.org_id() == Some(org);
        if self.orgs.is_empty() || self.orgs.iter().any(is_member) {
            Ok(())
        } else {
            Err(AuthError::OrgMismatch)
        }
    }
}

/// In words, for the log: `signed in, role admin`.
impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.access.fmt(f)?;
        if self.orgs.is_empty() { Ok(()) } else { write!(f, ", member of {}", self.orgs.join(" or ")) }
    }
}
