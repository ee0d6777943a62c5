use std::time::Duration;

use handstamp_token::Algorithm;

use super::{SettingsError, TokenEncryption, TokenSecrets};
use crate::claims;

/// The most that a verifier's clock may be off; verifiers cap their leeway at the same value.
pub const LEEWAY_CAP: Duration = Duration::from_mins(1);

/// How access tokens are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// How long a token is good for: `exp` − `iat`.
    pub lifetime: Duration,
    /// What new signing keys are made for.
    pub algorithm: Algorithm,
    /// What tokens are signed with where the algorithm shares a secret (`HS256`); `None` with key pairs, which the store keeps.
    pub secrets: Option<TokenSecrets>,
    /// Which of a user's custom claims go into tokens.
    pub custom_claims: Vec<String>,
    /// How far the clock of a verifier may be off. Part of the time after which a revocation is forgotten.
    pub leeway: Duration,
    /// The most bytes that the name and value of the access-token cookie may have together: browsers drop a cookie of more
    /// than 4096 with its attributes ([RFC 6265 §6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1)).
    pub max_size: usize,
    /// How long the name of that cookie is.
    pub cookie_name_len: usize,
    /// Whom access tokens are encrypted to. Off by default: a token is then readable, though not writable, for its holder.
    pub encryption: Option<TokenEncryption>,
}

impl TokenSettings {
    /// Returns how long after its issue a token may still be taken by somebody.
    pub fn reach(&self) -> Duration {
        self.lifetime.saturating_add(self.leeway)
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if self.lifetime < Duration::from_secs(1) || self.lifetime > Duration::from_hours(24) {
            return Err(SettingsError::new("tokens.lifetime", "must be between 1 second and 24 hours"));
        }
        if self.leeway > LEEWAY_CAP {
            return Err(SettingsError::new("tokens.leeway", "must be 60 seconds at most"));
        }
        if self.max_size > 4096 || self.max_size <= self.cookie_name_len {
            return Err(SettingsError::new(
                "tokens.max_size",
                "must be 4096 bytes at most, and hold the cookie's name",
            ));
        }
        if let Some(name) = self.custom_claims.iter().find(|name| claims::is_reserved(name)) {
            return Err(SettingsError::new(
                "tokens.custom_claims",
                format!("must not hold the reserved name {name:?}"),
            ));
        }
        Ok(())
    }
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self {
            lifetime: Duration::from_mins(10),
            algorithm: Algorithm::Es256,
            secrets: None,
            custom_claims: Vec::new(),
            leeway: LEEWAY_CAP,
            max_size: 3800,
            cookie_name_len: "__Host-Http-at".len(),
            encryption: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TokenSettings;

    #[test]
    fn a_custom_claim_must_not_take_a_reserved_name() {
        let settings = TokenSettings { custom_claims: vec!["roles".to_owned()], ..TokenSettings::default() };
        assert_eq!(settings.check().map_err(|error| error.name), Err("tokens.custom_claims"));
    }

    #[test]
    fn a_lifetime_of_nothing_and_of_days_is_refused() {
        for lifetime in [Duration::ZERO, Duration::from_hours(25)] {
            let settings = TokenSettings { lifetime, ..TokenSettings::default() };
            assert_eq!(settings.check().map_err(|error| error.name), Err("tokens.lifetime"));
        }
    }

    #[test]
    fn a_token_must_fit_a_cookie() {
        let settings = TokenSettings { max_size: 5000, ..TokenSettings::default() };
        assert_eq!(settings.check().map_err(|error| error.name), Err("tokens.max_size"));
    }
}
