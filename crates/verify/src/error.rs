use std::time::Duration;

use handstamp_api_types::ErrorCode;
use handstamp_token::Rejection;

use crate::{cookies::CookieError, csrf::CsrfRejection};

/// Why a request is not let in.
///
/// [`code`](Self::code) is what clients get; the message is for logs and may quote claim values, never a token.
/// [`response`](Self::response) renders it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No credentials were sent. Nobody's fault: sign in.
    #[error("no credentials were sent")]
    Missing,
    /// The token was refused. The sender's fault, or time's.
    #[error("the token was refused")]
    Rejected(#[from] Rejection),
    /// A custom claim does not have the shape the handler asks for: issuer and service disagree.
    #[error("the custom claims do not fit: {problem}")]
    CustomClaims {
        /// What does not fit, and where.
        problem: String,
    },
    /// The `Authorization` header names the scheme `Bearer` and holds no token, or is there twice.
    #[error("the Authorization header is malformed")]
    MalformedAuthorization,
    /// A cookie and an `Authorization` header hold different tokens: who is meant cannot be told.
    #[error("the cookie and the Authorization header hold different tokens")]
    TwoCredentials,
    /// The cookie cannot be used.
    #[error("the cookie was refused")]
    Cookie(#[from] CookieError),
    /// A token stands in the query string, where logs and `Referer` headers carry it away (RFC 9700 §4.3).
    #[error("a token stands in the query string, where none is accepted")]
    TokenInQuery,
    /// An unsafe request with a cookie came from where it must not come.
    #[error("the request may have been forged by another site")]
    Csrf(#[from] CsrfRejection),
    /// The token was taken back.
    #[error("the token was revoked")]
    Revoked,
    /// The token names no place in a status list, and this service [goes by
    /// them](crate::VerifierBuilder::check_status_lists). The issuer's fault, or the operator's: lists are not turned on there.
    #[cfg(feature = "remote")]
    #[error("the token names no place in a status list")]
    StatusMissing,
    /// The token's status cannot be where it says: in another list than the issuer's, or outside the list.
    #[cfg(feature = "remote")]
    #[error("the token's status is not where it says: {problem}")]
    StatusMisplaced {
        /// What is wrong.
        problem: String,
    },
    /// Roles, organisation or claims changed since the token was issued.
    #[error("the token's claims are out of date")]
    Stale {
        /// When to refresh, so that a whole organisation does not do it in one instant.
        retry_after: Option<Duration>,
    },
    /// The route says nothing about who may use it. The developer's fault.
    #[error("the route {route} declares no access rule")]
    NotDeclared {
        /// The route's path.
        route: String,
    },
    /// A role is missing.
    #[error("none of the roles {needed:?} is held")]
    RoleRequired {
        /// Any of these would do.
        needed: Vec<String>,
    },
    /// A scope is missing.
    #[error("the scope {needed:?} is missing")]
    ScopeRequired {
        /// The scope.
        needed: String,
    },
    /// A machine came with a token of its own, where somebody has to be signed in.
    #[error("the token is a machine client's own, and nobody is signed in")]
    PersonRequired,
    /// Somebody came with a user's token, where machines come with their own.
    #[error("the token is a user's, and this is for machine clients")]
    ClientRequired,
    /// The data belongs to an organisation, and the caller is in none or in another.
    #[error("the caller is not in the organisation this belongs to")]
    OrgMismatch,
    /// The sign-in is too long ago for this.
    #[error("the sign-in is older than {max_age:?}")]
    StepUpRequired {
        /// How old it may be.
        max_age: Duration,
    },
    /// The issuer's keys are not known yet: nothing can be verified. The operator's fault, or the network's.
    #[error("the issuer's keys are not available yet")]
    KeysUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// It is not known what has been revoked lately, and the [policy](crate::revocation::SilencePolicy) says to refuse then.
    #[error("it is not known what has been revoked lately")]
    RevocationsUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// A handler asks who is calling and no layer verified it: the route was mounted without one. The developer's fault.
    #[error("no verify layer ran for this route, so nobody is known to be signed in")]
    LayerMissing,
}

impl AuthError {
    /// Returns the stable code that clients branch on.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Missing | Self::LayerMissing => ErrorCode::TokenMissing,
            Self::Rejected(rejection) => rejection_code(rejection),
            Self::MalformedAuthorization | Self::Cookie(_) => ErrorCode::TokenMalformed,
            Self::CustomClaims { .. } | Self::TwoCredentials | Self::TokenInQuery => ErrorCode::TokenInvalid,
            Self::Csrf(_) => ErrorCode::CsrfRejected,
            Self::Revoked => ErrorCode::TokenRevoked,
            Self::Stale { .. } => ErrorCode::TokenStale,
            #[cfg(feature = "remote")]
            Self::StatusMissing | Self::StatusMisplaced { .. } => ErrorCode::TokenInvalid,
            Self::NotDeclared { .. } => ErrorCode::NotDeclared,
            Self::RoleRequired { .. } => ErrorCode::RoleRequired,
            Self::ScopeRequired { .. } => ErrorCode::ScopeRequired,
            Self::PersonRequired | Self::ClientRequired => ErrorCode::CallerMismatch,
            Self::OrgMismatch => ErrorCode::OrgMismatch,
            Self::StepUpRequired { .. } => ErrorCode::StepUpRequired,
            Self::KeysUnavailable { .. } | Self::RevocationsUnavailable { .. } => ErrorCode::Unavailable,
        }
    }

    /// Returns how long the client should wait before it tries again, where waiting helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::KeysUnavailable { retry_after } | Self::RevocationsUnavailable { retry_after } => {
                Some(*retry_after)
            }
            Self::Stale { retry_after } => *retry_after,
            _ => None,
        }
    }
}

/// The token crate tells rules apart more finely than clients need: they only ask what to do next.
fn rejection_code(rejection: &Rejection) -> ErrorCode {
    match rejection.code() {
        "token_malformed" => ErrorCode::TokenMalformed,
        "token_expired" => ErrorCode::TokenExpired,
        _ => ErrorCode::TokenInvalid,
    }
}
