//! Access rules: who may use a route, said once beside it.

use std::time::Duration;

use handstamp_token::UnixTime;

use crate::revocation::SilencePolicy;
use crate::{AuthError, Principal};

/// Who may use a route.
///
/// ```
/// use handstamp_verify::access;
///
/// let list = access::in_org();
/// let delete = access::in_org().role("admin").signed_in_within(std::time::Duration::from_secs(300));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub(crate) who: Who,
    pub(crate) always_check_origin: bool,
    pub(crate) when_silent: Option<SilencePolicy>,
    roles: Vec<Vec<String>>,
    scopes: Vec<String>,
    in_org: bool,
    max_age: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Credentials are not looked at.
    Public,
    /// Credentials are verified if there are any.
    Anyone,
    /// A verified token of a user is needed.
    SignedIn,
    /// A verified token of a machine client's own is needed.
    Client,
    /// A verified token is needed, of a user or a machine client.
    Caller,
}

/// Everybody; credentials are not even looked at, so an expired cookie does no harm. For sign-in pages, health checks, static
/// files.
pub fn public() -> Access {
    Access::new(Who::Public)
}

/// Everybody, and those who send credentials are verified: handlers take `Option<Principal>`. An invalid token is refused, and a
/// machine client's own: whoever is there is a person.
pub fn optional() -> Access {
    Access::new(Who::Anyone)
}

/// Everybody who is signed in, also where a client acts on their behalf. A machine client's own token is refused.
pub fn signed_in() -> Access {
    Access::new(Who::SignedIn)
}

/// Machine clients with a token of their own. Users are refused, whoever acts for them and whatever else is asked.
///
/// ```
/// use handstamp_verify::access;
///
/// let import = access::client().scope("orders:write");
/// ```
pub fn client() -> Access {
    Access::new(Who::Client)
}

/// Every valid token with this scope, a machine client's own or one that was limited to scopes. The tokens of people who signed
/// in here have none.
pub fn scope(scope: impl Into<String>) -> Access {
    Access::new(Who::Caller).scope(scope)
}

/// Everybody who is signed in and has this role.
pub fn role(role: impl Into<String>) -> Access {
    signed_in().role(role)
}

/// Everybody with a valid token and one of these roles.
pub fn any_role<R: Into<String>>(roles: impl IntoIterator<Item = R>) -> Access {
    signed_in().any_role(roles)
}

/// Everybody with a valid token who belongs to an organisation: handlers take `OrgScope`.
pub fn in_org() -> Access {
    signed_in().in_org()
}

impl Access {
    fn new(who: Who) -> Self {
        Self {
            who,
            always_check_origin: false,
            when_silent: None,
            roles: Vec::new(),
            scopes: Vec::new(),
            in_org: false,
            max_age: None,
        }
    }

    /// Asks for this role too, and so for a valid token.
    #[must_use]
    pub fn role(self, role: impl Into<String>) -> Self {
        self.any_role([role])
    }

    /// Asks for one of these roles too, and so for a valid token.
    #[must_use]
    pub fn any_role<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles.push(roles.into_iter().map(Into::into).collect());
        self.for_people()
    }

    /// Asks for this scope too, and so for a valid token.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        if matches!(self.who, Who::Public | Who::Anyone) {
            self.who = Who::Caller;
        }
        self
    }

    /// Asks for an organisation too, and so for a valid token.
    #[must_use]
    pub fn in_org(mut self) -> Self {
        self.in_org = true;
        self.for_people()
    }

    /// Asks that the user proved who they are within this time, and so for a valid token: for what must not happen at an
    /// unattended screen.
    #[must_use]
    pub fn signed_in_within(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self.for_people()
    }

    /// Applies the [CSRF rules](crate::csrf) to every unsafe request, also without a cookie: for sign-in and other routes
    /// that set one.
    #[must_use]
    pub fn always_check_origin(mut self) -> Self {
        self.always_check_origin = true;
        self
    }

    /// Sets what to do here while there is no news of revocations, in place of the verifier's own policy.
    #[must_use]
    pub fn when_silent(mut self, policy: SilencePolicy) -> Self {
        self.when_silent = Some(policy);
        self
    }

    /// Returns whether nobody gets in without a valid token: neither [`public`] nor [`optional`].
    pub fn demands_caller(&self) -> bool {
        !matches!(self.who, Who::Public | Who::Anyone)
    }

    /// Returns whether a token that comes is verified, and a bad one refused: everywhere but at [`public`].
    pub fn verifies_credentials(&self) -> bool {
        self.who != Who::Public
    }

    /// Returns the roles that are asked for: of each list one.
    pub fn roles(&self) -> impl Iterator<Item = &[String]> {
        self.roles.iter().map(Vec::as_slice)
    }

    /// Returns the scopes that are asked for: all of them.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scopes.iter().map(String::as_str)
    }

    /// Decides whether this caller may pass.
    pub fn judge(&self, caller: Option<&Principal>, now: UnixTime) -> Result<(), AuthError> {
        let Some(principal) = caller else {
            let may_be_nobody = matches!(self.who, Who::Public | Who::Anyone);
            return if may_be_nobody { Ok(()) } else { Err(AuthError::Missing) };
        };
        match self.who {
            Who::Anyone | Who::SignedIn => principal.require_person()?,
            Who::Client => principal.require_client()?,
            Who::Public | Who::Caller => {}
        }
        for scope in &self.scopes {
            principal.require_scope(scope)?;
        }
        for any_of in &self.roles {
            if !any_of.iter().any(|role| principal.has_role(role)) {
                return Err(AuthError::RoleRequired { needed: any_of.clone() });
            }
        }
        if self.in_org && principal.org_id().is_none() {
            return Err(AuthError::OrgMismatch);
        }
        self.max_age.map_or(Ok(()), |max_age| principal.require_recent_sign_in(max_age, now))
    }

    /// Asks for somebody who is signed in. But a rule for machines stays one: whatever is asked of them besides opens it to nobody else.
    fn for_people(mut self) -> Self {
        if self.who != Who::Client {
            self.who = Who::SignedIn;
        }
        self
    }
}

/// In words, for lists of routes: `signed in, role admin, in an organisation`.
impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.who {
            Who::Public => "public",
            Who::Anyone => "optional",
            Who::SignedIn => "signed in",
            Who::Client => "client",
            Who::Caller => "any token",
        })?;
        for scope in &self.scopes {
            write!(f, ", scope {scope}")?;
        }
        for any_of in &self.roles {
            write!(f, ", role {}", any_of.join(" or "))?;
        }
        if self.in_org {
            f.write_str(", in an organisation")?;
        }
        if let Some(max_age) = self.max_age {
            write!(f, ", signed in within {} s", max_age.as_secs())?;
        }
        Ok(())
    }
}
