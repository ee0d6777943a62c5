use crate::token_source::TokenSourceError;

/// A profile could not be read. Never quotes one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The auth service does not answer, or not now, and nothing is known that could go on. Nobody's fault here: try again, or go
    /// without.
    #[error("the auth service cannot be asked for a profile: {problem}")]
    Unavailable {
        /// What is wrong.
        problem: String,
    },
    /// The service's own token cannot be had.
    #[error("there is no token to ask for profiles with")]
    Token(#[from] TokenSourceError),
    /// The service may not read profiles. The operator's fault: compare with `handstamp client list`.
    #[error("the auth service refuses to show profiles ({code})")]
    Refused {
        /// The auth service's code, such as `scope_required`.
        code: String,
    },
    /// The answer cannot be used. The address is perhaps not that of an auth service.
    #[error("the answer of {url} cannot be used: {problem}")]
    Answer {
        /// Who answered, without whom was asked for.
        url: String,
        /// What is wrong.
        problem: &'static str,
    },
}

impl ProfileError {
    /// Returns whether it may pass by itself.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Token(TokenSourceError::Unavailable { .. }))
    }

    /// Returns whether the service may not know, or not any more.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Token(TokenSourceError::ClientRefused { .. }))
    }
}
