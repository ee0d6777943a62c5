use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handstamp_token::{Algorithm, KeyId, SigningKey, UnixTime};
use handstamp_verify::Clock;
use reqwest::RequestBuilder;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::http::{answered, client, read};
use super::{Ending, GoodToken, Person, SourceError, TokenSource, Who, key};

/// Longer than any run, and than any pause in one.
const LIFETIME: Duration = Duration::from_hours(1);

/// Where an issuer's keys are fetched.
const KEYS: &str = "/.well-known/jwks.json";

/// Has tokens made by a test issuer, `handstamp dev-issuer`: every case can be tried, tokens that are taken back included.
pub struct DevIssuerSource {
    client: reqwest::Client,
    issuer: String,
    audience: Option<String>,
    owner: Person,
    outsider: Option<Person>,
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct PrivateKey {
    alg: String,
    kid: String,
    pem: Option<String>,
    secret: Option<String>,
}

#[derive(Deserialize)]
struct Minted {
    access_token: String,
}

#[derive(Deserialize)]
struct Time {
    now: i64,
}

impl DevIssuerSource {
    /// Asks a test issuer for its key and its time. Tokens are for `audience`, or for whom that issuer makes them.
    pub async fn connect(
        issuer: &str,
        audience: Option<String>,
        owner: Person,
        outsider: Option<Person>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        let client = client()?;
        let issuer = issuer.trim_end_matches('/').to_owned();
        let get = |path: &str| client.get(format!("{issuer}{path}"));
        let key: PrivateKey =
            read(answered(get("/dev/keys/private"), "asked for its key").await?, "its key").await?;
        let time: Time = read(answered(get("/dev/clock"), "asked for the time").await?, "its time").await?;
        let ahead = time.now.saturating_sub(clock.now().as_secs());
        let clock = Arc::new(Ahead { clock, seconds: ahead });
        Ok(Self { key: key.read()?, client, issuer, audience, owner, outsider, clock })
    }

    /// Returns the issuer's clock, as far as it was ahead of ours.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    async fn mint(&self, person: &Person) -> Result<GoodToken, SourceError> {
        let mut asked = json!({
            "sub": person.sub,
            "roles": person.roles,
            "sid": key::id(),
            "expires_in": LIFETIME.as_secs(),
            "claims": person.claims,
        });
        let more = [("org_id", &person.org_id), ("audience", &self.audience)];
        if let Some(members) = asked.as_object_mut() {
            let known =
                more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
            members.extend(known);
        }
        let reply = answered(self.post("/dev/tokens", &asked), "asked for a token").await?;
        let minted: Minted = read(reply, "the token").await?;
        Ok(GoodToken::new(minted.access_token))
    }

    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.issuer)).json(body)
    }
}

#[async_trait]
impl TokenSource for DevIssuerSource {
    /// A new one each time: what was revoked for its subject in the meantime does not hit it.
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError> {
        let person = match who {
            Who::Owner => Some(&self.owner),
            Who::Outsider => self.outsider.as_ref(),
        };
        match person {
            Some(person) => self.mint(person).await.map(Some),
            None => Ok(None),
        }
    }

    fn signing_key(&self) -> Option<SigningKey> {
        Some(self.key.clone())
    }

    async fn doomed(&self, _: Ending) -> Result<Option<GoodToken>, SourceError> {
        self.mint(&self.owner).await.map(Some)
    }

    async fn end(&self, token: &GoodToken, ending: Ending) -> Result<(), SourceError> {
        let claims = token.unverified_claims();
        let event = match ending {
            Ending::SessionEnded => level("sid", &claims, "dead"),
            Ending::TokenRevoked => json!({ "token": token.reveal() }),
            Ending::AccountDisabled => level("sub", &claims, "dead"),
            Ending::RolesChanged => level("sub", &claims, "stale"),
        };
        answered(self.post("/dev/revocations", &event), "told to end a token").await.map(drop)
    }

    async fn key_fetches(&self) -> Option<u64> {
        let asked = self.client.get(format!("{}/dev/requests", self.issuer));
        let counts: Map<String, Value> =
            read(answered(asked, "asked for its requests").await.ok()?, "the counts").await.ok()?;
        counts.get(KEYS).map_or(Some(0), Value::as_u64)
    }

    fn description(&self) -> String {
        format!("tokens of the test issuer {}", self.issuer)
    }
}

fn level(name: &str, claims: &Map<String, Value>, kind: &str) -> Value {
    json!({ "level": name, "value": claims.get(name), "kind": kind })
}

impl PrivateKey {
    fn read(&self) -> Result<SigningKey, SourceError> {
        let unusable = |cause: Box<dyn std::error::Error + Send + Sync>| {
            SourceError::because("the issuer's key cannot be used", cause)
        };
        let algorithm: Algorithm =
            self.alg.parse().map_err(|cause: handstamp_token::UnknownAlgorithm| unusable(cause.into()))?;
        let key = match (&self.pem, &self.secret) {
            (Some(pem), _) => SigningKey::from_pem(algorithm, pem),
            (None, Some(secret)) => {
                let secret = base64_simd::URL_SAFE_NO_PAD
                    .decode_to_vec(secret)
                    .map_err(|cause| unusable(cause.into()))?;
                SigningKey::from_secret(algorithm, &secret)
            }
            (None, None) => return Err(SourceError::new("the issuer has no key to show")),
        };
        let kid = KeyId::new(self.kid.as_str()).map_err(|cause| unusable(cause.into()))?;
        Ok(key.map_err(|cause| unusable(cause.into()))?.with_key_id(kid))
    }
}

/// A clock that is ahead of another.
struct Ahead {
    clock: Arc<dyn Clock>,
    seconds: i64,
}

impl Clock for Ahead {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.clock.now().as_secs().saturating_add(self.seconds))
    }
}
