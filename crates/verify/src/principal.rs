use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use handstamp_api_types::{Actor, Rev};
use handstamp_token::{NoClaims, UnixTime, VerifiedToken};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::AuthError;
#[cfg(feature = "remote")]
use crate::revocation::status_list::StatusReference;
use crate::revocation::{Memo, TokenIdentity};
use crate::token_cache::Remembered;

/// Who is calling, as a verified token says it. Only a [`Verifier`](crate::Verifier) makes one.
///
/// `C` is the service's own type for custom claims, which stand beside ours in the token; the default reads none. Cloning
/// is cheap.
///
/// `Debug` shows ids, never the token.
#[derive(Clone)]
pub struct Principal<C = NoClaims> {
    verified: Arc<Remembered>,
    credential: Credential,
    claims: C,
}

/// How the token arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// In the cookie, so a browser attached it: unsafe requests went through the [CSRF rules](crate::csrf).
    Cookie,
    /// In `Authorization: Bearer`, so the caller put it there.
    Bearer,
}

/// The caller's organisation, proven by a token: ask for it where data belongs to organisations.
///
/// It cannot be made from a string, so a query that takes `&OrgScope` cannot be written with an organisation that the caller
/// merely claims to be in.
///
/// ```
/// # use handstamp_verify::OrgScope;
/// fn orders_of(scope: &OrgScope) -> String {
///     format!("SELECT id FROM orders WHERE org_id = {:?}", scope.org_id())
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrgScope {
    org_id: String,
}

/// What verification found, shared by all requests that carry the same token.
///
/// In this order in memory: what every request needs comes first.
#[repr(C)]
pub(crate) struct Verified {
    rev: Option<Rev>,
    /// What the revocation list found out about the token.
    memo: Memo,
    token: VerifiedToken<Identity>,
    /// The custom claims in the type that was asked for first; in practice a service has one.
    custom: OnceLock<Box<dyn Any + Send + Sync>>,
    /// The claim `status`, read when somebody goes by status lists.
    #[cfg(feature = "remote")]
    status: OnceLock<Option<StatusReference>>,
}

/// Our own claims beside the registered ones (RFC 9068 §2.2).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Identity {
    #[serde(default)]
    client_id: Option<String>,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    org_id: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    preferred_username: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    auth_time: Option<UnixTime>,
    #[serde(default)]
    amr: Vec<String>,
    #[serde(default)]
    scope: Option<Box<str>>,
    #[serde(default)]
    act: Option<Box<Actor>>,
    #[serde(default)]
    rev: Option<Rev>,
}

impl<C> Principal<C> {
    /// Returns the user's (or machine client's) stable id.
    pub fn sub(&self) -> &str {
        // The validator requires the claim.
        self.verified.token.registered().sub().unwrap_or_default()
    }

    /// Returns the session the token belongs to. Machine clients have none.
    pub fn sid(&self) -> Option<&str> {
        self.identity().sid.as_deref()
    }

    /// Returns the token's own id.
    pub fn jti(&self) -> &str {
        // The validator requires the claim.
        self.verified.token.registered().jti().unwrap_or_default()
    }

    /// Returns the user's organisation.
    pub fn org_id(&self) -> Option<&str> {
        self.identity().org_id.as_deref()
    }

    /// Returns the system-wide roles.
    pub fn roles(&self) -> &[String] {
        &self.identity().roles
    }

    /// Returns whether the caller holds a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.roles().iter().any(|held| held == role)
    }

    /// Returns the user name, for show. Never a key: [`sub`](Self::sub) is.
    pub fn preferred_username(&self) -> Option<&str> {
        self.identity().preferred_username.as_deref()
    }

    /// Returns the e-mail address.
    pub fn email(&self) -> Option<&str> {
        self.identity().email.as_deref()
    }

    /// Returns when the user last proved who they are.
    pub fn auth_time(&self) -> Option<UnixTime> {
        self.identity().auth_time
    }

    /// Returns how they proved it ([RFC 8176](https://www.rfc-editor.org/rfc/rfc8176)).
    pub fn amr(&self) -> &[String] {
        &self.identity().amr
    }

    /// Returns the OAuth2 client the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.identity().client_id.as_deref()
    }

    /// Returns whether the token is a machine client's own: nobody is signed in, and [`sub`](Self::sub) is the client
    /// (RFC 9068 §2.2).
    pub fn is_client(&self) -> bool {
        self.client_id() == Some(self.sub())
    }

    /// Returns who acts on the user's behalf, where the token came by token exchange. [`sub`](Self::sub) is the user all the same.
    pub fn actor(&self) -> Option<&Actor> {
        self.identity().act.as_deref()
    }

    /// Returns the scopes of a token that is limited to some. The tokens of people who signed in here name none.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.identity().scope.as_deref().unwrap_or_default().split(' ').filter(|scope| !scope.is_empty())
    }

    /// Returns whether the token names a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().any(|held| held == scope)
    }

    /// Returns for whom the token was issued; this service is one of them.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        self.verified.audiences()
    }

    /// Returns the second from which on the token is dead.
    pub fn expires_at(&self) -> UnixTime {
        self.verified.expires_at()
    }

    /// Returns when the token was issued.
    pub fn issued_at(&self) -> UnixTime {
        self.verified.issued_at()
    }

    /// Returns the position of the revocation log when the token's claims were read. A token without one counts as oldest.
    pub fn rev(&self) -> Option<Rev> {
        self.verified.rev
    }

    /// Returns the id of the key that signed the token.
    pub fn key_id(&self) -> &str {
        self.verified.key_id()
    }

    /// Returns how the token arrived.
    pub fn credential(&self) -> Credential {
        self.credential
    }

    /// Returns the service's custom claims.
    pub fn claims(&self) -> &C {
        &self.claims
    }

    /// Reads the custom claims as a type of the service's own. The first type asked for is read once per token, not per
    /// request.
    pub fn with_claims<T>(&self) -> Result<Principal<T>, AuthError>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        let claims = self.verified.custom_claims()?;
        Ok(Principal { verified: Arc::clone(&self.verified), credential: self.credential, claims })
    }

    /// Passes if the token names the scope, and fails with `scope_required` otherwise.
    pub fn require_scope(&self, scope: &str) -> Result<(), AuthError> {
        if self.has_scope(scope) {
            Ok(())
        } else {
            Err(AuthError::ScopeRequired { needed: scope.to_owned() })
        }
    }

    /// Passes if somebody is signed in, also where a client acts for them, and fails with `caller_mismatch` for a client's own token.
    pub fn require_person(&self) -> Result<(), AuthError> {
        if self.is_client() { Err(AuthError::PersonRequired) } else { Ok(()) }
    }

    /// Passes for a machine client's own token, and fails with `caller_mismatch` otherwise.
    pub fn require_client(&self) -> Result<(), AuthError> {
        if self.is_client() { Ok(()) } else { Err(AuthError::ClientRequired) }
    }

    /// Passes if the caller holds the role, and fails with `role_required` otherwise.
    pub fn require_role(&self, role: &str) -> Result<(), AuthError> {
        self.require_any_role(&[role])
    }

    /// Passes if the caller holds one of the roles, and fails with `role_required` otherwise.
    pub fn require_any_role(&self, roles: &[&str]) -> Result<(), AuthError> {
        if roles.iter().any(|role| self.has_role(role)) {
            return Ok(());
        }
        Err(AuthError::RoleRequired { needed: roles.iter().map(|role| (*role).to_owned()).collect() })
    }

    /// Returns the caller's organisation as a scope for queries, and fails with `org_mismatch` if there is none.
    pub fn org_scope(&self) -> Result<OrgScope, AuthError> {
        self.org_id().map(|org_id| OrgScope { org_id: org_id.to_owned() }).ok_or(AuthError::OrgMismatch)
    }

    /// Passes if the user proved who they are within `max_age`, and fails with `step_up_required` otherwise.
    pub fn require_recent_sign_in(&self, max_age: Duration, now: UnixTime) -> Result<(), AuthError> {
        match self.auth_time() {
            Some(at) if now.saturating_since(at) <= max_age => Ok(()),
            _ => Err(AuthError::StepUpRequired { max_age }),
        }
    }

    /// Returns what the revocation list goes by, for those who keep one of their own.
    pub fn token_identity(&self) -> TokenIdentity<'_> {
        self.verified.token_identity()
    }

    fn identity(&self) -> &Identity {
        self.verified.identity()
    }
}

impl Principal {
    pub(crate) fn new(verified: Arc<Remembered>, credential: Credential) -> Self {
        Self { verified, credential, claims: NoClaims }
    }
}

impl<C> fmt::Debug for Principal<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("sub", &self.sub())
            .field("sid", &self.sid())
            .field("org_id", &self.org_id())
            .field("roles", &self.roles())
            .field("client_id", &self.client_id())
            .field("actor", &self.actor())
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}

impl OrgScope {
    /// Returns the organisation.
    pub fn org_id(&self) -> &str {
        &self.org_id
    }

    /// Passes if data of this organisation is the caller's, and fails with `org_mismatch` otherwise.
    pub fn require(&self, org_id: &str) -> Result<(), AuthError> {
        if self.org_id == org_id { Ok(()) } else { Err(AuthError::OrgMismatch) }
    }
}

impl Verified {
    pub(crate) fn new(token: VerifiedToken<Identity>) -> Self {
        Self {
            rev: token.claims().rev,
            memo: Memo::default(),
            token,
            custom: OnceLock::new(),
            #[cfg(feature = "remote")]
            status: OnceLock::new(),
        }
    }

    pub(crate) fn expires_at(&self) -> UnixTime {
        self.token.registered().exp()
    }

    /// Returns roughly how many bytes this takes elsewhere: the payload once as text and once as claims, and the custom claims.
    pub(crate) fn size(&self) -> usize {
        3 * self.token.payload().len()
    }

    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        self.token.registered().aud()
    }

    pub(crate) fn into_token(self) -> VerifiedToken<Identity> {
        self.token
    }

    pub(crate) fn issued_at(&self) -> UnixTime {
        self.token.registered().iat().unwrap_or_default()
    }

    pub(crate) fn rev(&self) -> Option<Rev> {
        self.rev
    }

    pub(crate) fn memo(&self) -> &Memo {
        &self.memo
    }

    /// Returns what the revocation list goes by.
    pub(crate) fn token_identity(&self) -> TokenIdentity<'_> {
        let (registered, identity) = (self.token.registered(), self.identity());
        TokenIdentity {
            rev: self.rev,
            kid: self.key_id(),
            jti: registered.jti().unwrap_or_default(),
            sid: identity.sid.as_deref(),
            sub: registered.sub().unwrap_or_default(),
            org_id: identity.org_id.as_deref(),
            client_id: identity.client_id.as_deref(),
            iat: self.issued_at(),
        }
    }

    /// Returns the token's place in a status list, if it names one that can be read. Read once per token.
    #[cfg(feature = "remote")]
    pub(crate) fn status_reference(&self) -> Option<&StatusReference> {
        #[derive(Deserialize)]
        struct Claims {
            status: StatusReference,
        }
        let read = || self.token.claims_as::<Claims>().ok().map(|claims| claims.status);
        self.status.get_or_init(read).as_ref()
    }

    fn key_id(&self) -> &str {
        self.token.key_id().as_str()
    }

    fn identity(&self) -> &Identity {
        self.token.claims()
    }

    fn custom_claims<T>(&self) -> Result<T, AuthError>
    where
        T: DeserializeOwned + Clone + Send + Sync + 'static,
    {
        if let Some(known) = self.custom.get().and_then(|custom| custom.downcast_ref::<T>()) {
            return Ok(known.clone());
        }
        let claims: T = self
            .token
            .claims_as()
            .map_err(|problem| AuthError::CustomClaims { problem: problem.to_string() })?;
        // Lost races and second types are read again each time: correct, only slower.
        let _ = self.custom.set(Box::new(claims.clone()));
        Ok(claims)
    }
}
