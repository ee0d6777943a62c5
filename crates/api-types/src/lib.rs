//! The shapes that travel between Handstamp, its clients and the services behind it.
//!
//! Requests, replies, token claims and error codes, as serde types. This crate refuses to do anything: no rule is
//! decided here, so that the auth service, the verify crate and the test kit can share one spelling of the contract
//! without sharing each other's dependencies.
//!
//! ```
//! use handstamp_api_types::ErrorCode;
//!
//! assert_eq!(ErrorCode::TokenStale.as_str(), "token_stale");
//! assert_eq!(ErrorCode::TokenStale.status(), 401);
//! ```

mod account;
mod browser_modules;
mod claims;
mod error_code;
mod health;
mod introspection;
mod metadata;
mod oauth;
mod problem;
pub mod profile;
pub mod revocation;
mod sessions;
mod sign_in;
pub mod status_list;
mod whoami;

pub use account::{ChangePasswordRequest, PasswordChangedReply, SetupReply, SetupRequest};
pub use browser_modules::{BrowserModule, BrowserModules};
pub use claims::{AccessTokenClaims, Actor, Rev, RevParseError};
pub use error_code::ErrorCode;
pub use health::{Health, HealthStatus};
pub use introspection::Introspection;
pub use metadata::AuthorizationServerMetadata;
pub use oauth::{ACCESS_TOKEN_TYPE, CLIENT_ASSERTION_TYPE, OAuthError, OAuthErrorCode, TOKEN_EXCHANGE_GRANT};
pub use problem::{FieldError, PROBLEM_JSON, Problem};
pub use sessions::{EndedSessions, RelabelRequest, SessionList, SessionSummary, SignedOut};
pub use sign_in::{
    Delivery, ExchangeRequest, RefreshRequest, SignInRequest, SignOutRequest, SignOutScope, TokenReply,
};
pub use whoami::Whoami;

/// `typ` of an access token's header ([RFC 9068 §2.1](https://www.rfc-editor.org/rfc/rfc9068#section-2.1)).
pub const ACCESS_TOKEN_TYP: &str = "at+jwt";

/// The custom header that marks a request as made by a script of ours where the browser sends neither
/// `Sec-Fetch-Site` nor `Origin`. Its value is `1`.
pub const CSRF_HEADER: &str = "x-handstamp";
