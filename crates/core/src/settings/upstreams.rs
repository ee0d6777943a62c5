use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::SettingsError;
use crate::{
    flows::first_admin::ADMIN_ROLE,
    model::{OrgId, Role, UpstreamName},
};

/// What people from one upstream may become here. Closed by default: nobody gets in who was not linked by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamSettings {
    /// Whether somebody unknown may be linked to the account that has their address.
    pub link: LinkRule,
    /// Whether an account is made for somebody who has none.
    pub create: bool,
    /// The organisation of accounts that are made, where the upstream names none.
    pub org: Option<OrgId>,
    /// Every role that the upstream can give and take. Others are never given, and where an administrator gave them, they stay.
    pub roles: BTreeSet<Role>,
    /// Accounts with one of these roles are never linked by their address: their owner links them by hand.
    pub link_except: BTreeSet<Role>,
    /// How often the upstream is asked whether a session goes on. Absent: never.
    pub recheck_every: Option<Duration>,
    /// For how long a session goes on after that while the upstream does not answer.
    pub recheck_grace: Duration,
}

/// Whether somebody unknown may be linked to the account that has their address. The rule is in `docs/decisions/011`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkRule {
    /// No: people link their accounts by hand, while they are signed in.
    #[default]
    Never,
    /// When the upstream says that it has verified the address, and an administrator gave it to the account.
    VerifiedEmail,
}

/// More often, a session would ask at nearly every refresh, and whoever holds it could make us ask.
const LEAST_RECHECK: Duration = Duration::from_secs(1);

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            link: LinkRule::Never,
            create: false,
            org: None,
            roles: BTreeSet::new(),
            link_except: ADMIN_ROLE.parse().into_iter().collect(),
            recheck_every: None,
            recheck_grace: Duration::from_mins(15),
        }
    }
}

pub(super) fn check(upstreams: &BTreeMap<UpstreamName, UpstreamSettings>) -> Result<(), SettingsError> {
    for (name, settings) in upstreams {
        if settings.recheck_every.is_some_and(|every| every < LEAST_RECHECK) {
            let problem = format!("of upstream {name} must be at least a second");
            return Err(SettingsError::new("recheck_every", problem));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_default_nobody_is_linked_or_made_and_administrators_never_are() {
        let settings = UpstreamSettings::default();
        assert_eq!((settings.link, settings.create), (LinkRule::Never, false));
        assert!(settings.roles.is_empty());
        assert_eq!(settings.link_except.iter().map(Role::as_str).collect::<Vec<_>>(), ["admin"]);
    }

    #[test]
    fn an_upstream_is_not_asked_all_the_time() {
        let every = |every| {
            let settings = UpstreamSettings { recheck_every: Some(every), ..UpstreamSettings::default() };
            let name = "corp".parse().expect("it is a name");
            check(&BTreeMap::from([(name, settings)])).err().map(|error| error.name)
        };
        assert_eq!(every(Duration::from_millis(999)), Some("recheck_every"));
        assert_eq!(every(Duration::from_secs(1)), None);
    }
}
