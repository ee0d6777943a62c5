//! The one table from what can go wrong below to what a client hears.

use std::time::Duration;

use handstamp_api_types::{ErrorCode, FieldError};
use handstamp_core::{
    flows::{
        carry::CarryError, change_password::ChangePasswordError, first_admin::FirstAdminError,
        refresh::RefreshError, sessions::SessionsError, sign_in::SignInError, upstream::UpstreamSignInError,
        users::UsersError,
    },
    minting::MintError,
    password::{HashError, rules::PasswordRejection},
    store::StoreError,
};
use handstamp_verify::{AuthError, cookies::CookieError};

use super::ApiError;
use crate::upstreams;

/// When to come back after the store did not answer. Short: it is usually a failover or a lock.
const STORE_RETRY: Duration = Duration::from_secs(2);

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::Unavailable { .. } | StoreError::NotWritable { .. } => ErrorCode::Unavailable,
            _ => ErrorCode::Internal,
        };
        let answer = Self::new(code).cause(error);
        if code == ErrorCode::Unavailable { answer.retry_after(STORE_RETRY) } else { answer }
    }
}

impl From<SignInError> for ApiError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCredentials => Self::new(ErrorCode::InvalidCredentials),
            SignInError::AccountDisabled => Self::new(ErrorCode::AccountDisabled),
            SignInError::OrganizationSuspended => {
                Self::new(ErrorCode::AccountDisabled).detail("The organisation is suspended.")
            }
            SignInError::Busy { retry_after } => Self::new(ErrorCode::Unavailable).retry_after(retry_after),
            SignInError::Mint(error) => error.into(),
            SignInError::Hash(error) => error.into(),
            SignInError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<UpstreamSignInError> for ApiError {
    fn from(error: UpstreamSignInError) -> Self {
        match error {
            UpstreamSignInError::Mint(error) => error.into(),
            UpstreamSignInError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<CarryError> for ApiError {
    fn from(error: CarryError) -> Self {
        match error {
            CarryError::Mint(error) => error.into(),
            CarryError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Rejected(_) => {
                Self::new(ErrorCode::TokenInvalid).detail("This is not a refresh token of ours.")
            }
            RefreshError::OtherSession => Self::new(ErrorCode::TokenInvalid)
                .detail("The two cookies belong to different sessions. Sign in again."),
            // A thief must not learn that the theft was noticed.
            RefreshError::SessionEnded { .. }
            | RefreshError::SessionUnknown
            | RefreshError::Theft(_)
            | RefreshError::AccountDisabled
            | RefreshError::OrganizationSuspended => Self::new(ErrorCode::SessionEnded),
            RefreshError::UpstreamAway => Self::new(ErrorCode::Unavailable)
                .detail("The server at which you signed in does not answer. You are still signed in: try again in a moment.")
                .retry_after(upstreams::RETRY),
            RefreshError::Mint(error) => error.into(),
            RefreshError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<MintError> for ApiError {
    fn from(error: MintError) -> Self {
        // The operator has to make the claims smaller; the client can do nothing.
        Self::new(ErrorCode::Internal).cause(error)
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy { retry_after } => Self::new(ErrorCode::Unavailable).retry_after(retry_after),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<SessionsError> for ApiError {
    fn from(error: SessionsError) -> Self {
        match error {
            SessionsError::NotFound => Self::new(ErrorCode::NotFound),
            SessionsError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => {
                Self::invalid("/current_password", "This is not the current password.")
            }
            ChangePasswordError::Rejected(rejection) => rejected("/new_password", &rejection),
            ChangePasswordError::Hash(error) => error.into(),
            ChangePasswordError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<FirstAdminError> for ApiError {
    fn from(error: FirstAdminError) -> Self {
        match error {
            FirstAdminError::Refused => {
                Self::invalid("/setup_secret", "The setup secret is wrong, or was used already.")
            }
            FirstAdminError::PasswordMissing => {
                Self::invalid("/password", "The first administrator needs a password.")
            }
            FirstAdminError::User(error) => error.into(),
            other => Self::new(ErrorCode::Internal).cause(other),
        }
    }
}

impl From<UsersError> for ApiError {
    fn from(error: UsersError) -> Self {
        match error {
            UsersError::Password(rejection) => rejected("/password", &rejection),
            UsersError::Hash(error) => error.into(),
            UsersError::Store(error) => error.into(),
            other => Self::new(ErrorCode::Conflict).detail(sentence(&other.to_string())),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Self::of_verify(error)
    }
}

impl From<CookieError> for ApiError {
    fn from(error: CookieError) -> Self {
        AuthError::from(error).into()
    }
}

fn rejected(pointer: &str, rejection: &PasswordRejection) -> ApiError {
    let detail = sentence(&rejection.to_string());
    ApiError::new(ErrorCode::ValidationFailed).error(FieldError { pointer: pointer.to_owned(), detail })
}

/// Error texts begin in lower case, sentences for people do not.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}
