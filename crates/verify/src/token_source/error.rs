/// No token could be had. Never quotes a token or a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenSourceError {
    /// The auth service does not answer, or not now. Nobody's fault here: try again, or go without.
    #[error("the auth service cannot be asked for a token: {problem}")]
    Unavailable {
        /// What is wrong.
        problem: String,
    },
    /// The user's token is not exchanged: it is over, or was not meant for this service. Refuse the user's request as well.
    #[error("the user's token was not exchanged: {description}")]
    SubjectRefused {
        /// What the auth service says.
        description: String,
    },
    /// The client may not have this token, or did not prove who it is. The operator's fault: compare with `handstamp client list`.
    #[error("the auth service refuses the client ({error}): {description}")]
    ClientRefused {
        /// The code of RFC 6749 §5.2, such as `invalid_target`.
        error: String,
        /// What the auth service says.
        description: String,
    },
    /// The answer cannot be used. The address is perhaps not that of a token endpoint.
    #[error("the answer of {url} cannot be used: {problem}")]
    Answer {
        /// Who answered.
        url: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The assertion could not be signed.
    #[error("the client's assertion could not be signed: {problem}")]
    Assertion {
        /// What is wrong.
        problem: String,
    },
}
