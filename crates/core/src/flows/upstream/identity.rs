use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::model::{Email, OrgId, Role, UpstreamName, UpstreamSid, UpstreamSubject};

/// What an upstream has said of somebody, checked and mapped. Whoever makes one vouches that the upstream said it, now, to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamIdentity {
    /// Which upstream.
    pub upstream: UpstreamName,
    /// Who they are there.
    pub subject: UpstreamSubject,
    /// What they are called there. A new account is called as much like it as is free.
    pub username: Option<String>,
    /// Their address there.
    pub email: Option<Email>,
    /// Whether the upstream says that the address is theirs. One that is not verified is not taken.
    pub email_verified: bool,
    /// The mapped roles. Absent where the configuration maps none: roles stay as they are.
    pub roles: Option<BTreeSet<Role>>,
    /// The mapped organisation. Absent where the configuration maps none: it stays as it is.
    pub org: Option<Membership>,
    /// How they proved who they are (RFC 8176), where the upstream says so.
    pub amr: Vec<String>,
    /// When they did, where the upstream says so.
    pub auth_time: Option<Timestamp>,
    /// What the upstream calls the session.
    pub sid: Option<UpstreamSid>,
    /// What the upstream can be asked with whether the session goes on.
    pub recheck: Option<RecheckSecret>,
}

/// What an upstream says of somebody's organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// They are in none.
    Nowhere,
    /// They are in this one. It must exist here.
    In(OrgId),
}

/// What an upstream can be asked with whether a session goes on: a token of its own. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct RecheckSecret(Zeroizing<String>);

impl UpstreamIdentity {
    /// Returns somebody of whom the upstream says nothing else.
    pub fn new(upstream: UpstreamName, subject: UpstreamSubject) -> Self {
        Self {
            upstream,
            subject,
            username: None,
            email: None,
            email_verified: false,
            roles: None,
            org: None,
            amr: Vec::new(),
            auth_time: None,
            sid: None,
            recheck: None,
        }
    }

    /// Returns the address, if the upstream says that it is theirs.
    pub(super) fn verified_email(&self) -> Option<&Email> {
        self.email.as_ref().filter(|_| self.email_verified)
    }
}

impl RecheckSecret {
    /// Takes the secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// Returns the text, to be shown to the upstream and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RecheckSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
