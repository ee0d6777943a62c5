use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handstamp_token::{Entropy, Jwk, SigningKey, SystemEntropy};
use handstamp_verify::Clock;
use serde_json::{Map, Value};

use super::{Ending, GoodToken, SourceError, TokenSource, Who};

/// Long enough for a whole run of thousands of requests.
const LIFETIME: Duration = Duration::from_hours(1);

/// Signs its own tokens, with the key that the service trusts. It can make every token there is, so every case can be tried.
pub struct KeySource {
    key: SigningKey,
    typ: String,
    issuer: String,
    audience: Value,
    owner: Person,
    outsider: Option<Person>,
    clock: Arc<dyn Clock>,
}

/// Somebody to sign a token for.
#[derive(Debug, Clone, Default)]
pub struct Person {
    /// The claim `sub`.
    pub sub: String,
    /// The claim `roles`.
    pub roles: Vec<String>,
    /// The claim `org_id`.
    pub org_id: Option<String>,
    /// Whatever else the service wants to see. Wins over everything else.
    pub claims: Map<String, Value>,
}

impl KeySource {
    /// Signs for `owner`, as `issuer`, for `audience`.
    pub fn new(
        key: SigningKey,
        issuer: impl Into<String>,
        audience: impl Into<Value>,
        owner: Person,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let (issuer, audience) = (issuer.into(), audience.into());
        Self { key, typ: "at+jwt".to_owned(), issuer, audience, owner, outsider: None, clock }
    }

    /// Adds somebody of another organisation.
    #[must_use]
    pub fn outsider(mut self, outsider: Person) -> Self {
        self.outsider = Some(outsider);
        self
    }

    /// Sets the `typ` of the header. Default: `at+jwt`.
    #[must_use]
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = typ.into();
        self
    }

    fn sign(&self, person: &Person) -> Result<GoodToken, SourceError> {
        let now = self.clock.now();
        let mut claims = Map::new();
        let mut set = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        set("iss", self.issuer.as_str().into());
        set("aud", self.audience.clone());
        set("sub", person.sub.as_str().into());
        set("client_id", "handstamp-audit".into());
        set("iat", now.as_secs().into());
        set("exp", now.saturating_add(LIFETIME).as_secs().into());
        set("jti", id().into());
        set("sid", id().into());
        set("auth_time", now.as_secs().into());
        set("roles", person.roles.clone().into());
        if let Some(org_id) = &person.org_id {
            set("org_id", org_id.as_str().into());
        }
        claims.extend(person.claims.clone());
        let token = self.key.sign(&self.typ, &claims);
        token.map(GoodToken::new).map_err(|cause| SourceError::because("the claims cannot be signed", cause))
    }
}

#[async_trait]
impl TokenSource for KeySource {
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError> {
        match who {
            Who::Owner => self.sign(&self.owner).map(Some),
            Who::Outsider => self.outsider.as_ref().map(|outsider| self.sign(outsider)).transpose(),
        }
    }

    fn signing_key(&self) -> Option<SigningKey> {
        Some(self.key.clone())
    }

    fn public_key(&self, _: Option<&str>) -> Option<Jwk> {
        self.key.verifying_key().to_jwk()
    }

    async fn doomed(&self, _: Ending) -> Result<Option<GoodToken>, SourceError> {
        // A key signs; it takes nothing back.
        Ok(None)
    }

    fn description(&self) -> String {
        format!("the {} key {}", self.key.algorithm(), self.key.key_id().as_str())
    }
}

/// Returns an id that nobody can guess.
pub(super) fn id() -> String {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}
