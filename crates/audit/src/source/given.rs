use async_trait::async_trait;
use handstamp_token::Jwk;

use super::{GoodToken, SourceError, TokenSource, Who};

/// Tokens that somebody has: from an environment variable or a file.
#[derive(Debug, Clone)]
pub struct GivenTokens {
    owner: GoodToken,
    outsider: Option<GoodToken>,
    keys: Vec<Jwk>,
}

impl GivenTokens {
    /// Takes the owner's token.
    pub fn new(owner: GoodToken) -> Self {
        Self { owner, outsider: None, keys: Vec::new() }
    }

    /// Adds a token of somebody in another organisation.
    #[must_use]
    pub fn outsider(mut self, outsider: GoodToken) -> Self {
        self.outsider = Some(outsider);
        self
    }

    /// Adds the issuer's public keys, from which tokens are forged that confuse algorithms.
    #[must_use]
    pub fn keys(mut self, keys: Vec<Jwk>) -> Self {
        self.keys = keys;
        self
    }
}

#[async_trait]
impl TokenSource for GivenTokens {
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError> {
        Ok(match who {
            Who::Owner => Some(self.owner.clone()),
            Who::Outsider => self.outsider.clone(),
        })
    }

    fn public_key(&self, kid: Option<&str>) -> Option<Jwk> {
        find(&self.keys, kid)
    }

    fn description(&self) -> String {
        "tokens that were given".to_owned()
    }
}

/// Finds a key by its id. A token that names none is taken to mean the only one there is.
pub(super) fn find(keys: &[Jwk], kid: Option<&str>) -> Option<Jwk> {
    match kid {
        Some(kid) => {
            keys.iter().find(|key| key.kid.as_ref().is_some_and(|known| known.as_str() == kid)).cloned()
        }
        None if keys.len() == 1 => keys.first().cloned(),
        None => None,
    }
}
