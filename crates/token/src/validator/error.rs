/// Why a validator cannot be built: each of these would accept tokens it should not, or none at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValidatorError {
    /// The issuer is empty.
    #[error("the issuer is empty: name the exact value of the tokens' iss claim")]
    NoIssuer,
    /// There is no audience, or an empty one.
    #[error("there is no audience: name what the tokens' aud claim calls this service")]
    NoAudience,
    /// There is no algorithm.
    #[error("there is no algorithm: list those the issuer signs with, for example ES256")]
    NoAlgorithm,
    /// Shared secrets and public keys are allowed at once, the setting of algorithm confusion (RFC 8725 §2.1).
    #[error(
        "HS algorithms and public-key algorithms cannot be allowed together: a public key could pass for a secret"
    )]
    MixedAlgorithms,
    /// The `typ` is empty, or one that does not set a kind of token apart.
    #[error(
        "{typ:?} does not set a kind of token apart; use a name of its own such as \"example-invite+jwt\""
    )]
    IndistinctType {
        /// The refused value.
        typ: String,
    },
}
