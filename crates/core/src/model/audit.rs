use std::net::IpAddr;

use jiff::Timestamp;

use super::{SessionId, UserId};

/// One line of the audit log: who did what to whom, when, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: AuditKind,
    /// Whom it happened to, where that is a known user.
    pub user_id: Option<UserId>,
    /// The session it happened in or to.
    pub session_id: Option<SessionId>,
    /// The user who did it, where that is somebody else; `None` for the user themselves and for the command line.
    pub actor: Option<UserId>,
    /// From where, where there was a connection.
    pub address: Option<IpAddr>,
    /// More, for people. Never a secret.
    pub detail: Option<String>,
}

macro_rules! audit_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// What an audit entry tells of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum AuditKind { $($(#[$doc])* $variant,)+ }

        impl AuditKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the kind's stable name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// Returns the kind with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

audit_kinds! {
    /// A sign-in succeeded.
    SignedIn = "signed_in",
    /// A sign-in failed for a known user.
    SignInFailed = "sign_in_failed",
    /// A user signed out.
    SignedOut = "signed_out",
    /// A session ended otherwise.
    SessionEnded = "session_ended",
    /// A refresh token came back that must not: the session was ended.
    TokenReuse = "token_reuse",
    /// A refresh response was lost, and another branch issued.
    RefreshBranched = "refresh_branched",
    /// A refresh token newer than the store was taken: the store had lost rotations.
    RefreshFastForwarded = "refresh_fast_forwarded",
    /// A client gave a token back.
    TokenRevoked = "token_revoked",
    /// A user was made.
    UserCreated = "user_created",
    /// A user's status, roles, organisation or claims changed.
    UserChanged = "user_changed",
    /// A password was set.
    PasswordChanged = "password_changed",
    /// An account was linked to somebody at an upstream.
    UpstreamLinked = "upstream_linked",
    /// Such a link was removed.
    UpstreamUnlinked = "upstream_unlinked",
    /// An organisation was made or changed.
    OrganizationChanged = "organization_changed",
    /// A machine client was made or removed.
    ClientChanged = "client_changed",
    /// The revocation log began another epoch.
    RevocationEpochBegun = "revocation_epoch_begun",
    /// A key was made, rotated or revoked.
    KeyChanged = "key_changed",
}

impl AuditEntry {
    /// Returns an entry that names nothing but what happened.
    pub fn new(kind: AuditKind, at: Timestamp) -> Self {
        Self { at, kind, user_id: None, session_id: None, actor: None, address: None, detail: None }
    }
}
