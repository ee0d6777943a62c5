use std::time::Duration;

use handstamp_api_types::{ACCESS_TOKEN_TYP, Rev};
use handstamp_token::{Entropy as _, SignError, SystemEntropy};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{LIFETIME, TestIssuer};

/// A token in the making: [`TestIssuer::token`].
#[derive(Clone, Debug)]
#[must_use = "a token is made by `mint`"]
pub struct TestToken {
    issuer: TestIssuer,
    claims: Map<String, Value>,
    without: Vec<String>,
    lifetime: i64,
    age: i64,
    problem: Option<String>,
}

impl TestToken {
    pub(super) fn new(issuer: TestIssuer) -> Self {
        Self {
            issuer,
            claims: Map::new(),
            without: Vec::new(),
            lifetime: whole_seconds(LIFETIME),
            age: 0,
            problem: None,
        }
    }

    /// Sets whom it is about. Default: `test-user`.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is the claim's name, and nothing is subtracted from a token"
    )]
    pub fn sub(self, sub: impl Into<String>) -> Self {
        self.claim("sub", sub.into())
    }

    /// Adds a role.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        match self.claims.entry("roles").or_insert_with(|| json!([])) {
            Value::Array(roles) => roles.push(role.into().into()),
            // A test that has set something else there wants exactly that.
            other => *other = json!([role.into()]),
        }
        self
    }

    /// Adds roles.
    pub fn roles<R: Into<String>>(self, roles: impl IntoIterator<Item = R>) -> Self {
        roles.into_iter().fold(self, Self::role)
    }

    /// Sets the organisation. Default: none.
    pub fn org(self, org_id: impl Into<String>) -> Self {
        self.claim("org_id", org_id.into())
    }

    /// Sets the session. Default: one of its own.
    pub fn sid(self, sid: impl Into<String>) -> Self {
        self.claim("sid", sid.into())
    }

    /// Sets the client it was issued to. Default: `test-client`.
    pub fn client(self, client_id: impl Into<String>) -> Self {
        self.claim("client_id", client_id.into())
    }

    /// Makes it a machine client's own token: about the client, in no session, with these scopes.
    pub fn machine(self, client_id: impl Into<String>, scope: impl Into<String>) -> Self {
        let client_id = client_id.into();
        let token = self.sub(client_id.clone()).client(client_id).claim("scope", scope.into());
        token.without("sid").without("auth_time").without("amr").without("roles")
    }

    /// Sets whom it is for, in the place of the issuer's audience. May be said several times.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        match self.claims.entry("aud").or_insert_with(|| json!([])) {
            Value::Array(audiences) => audiences.push(audience.into().into()),
            other => *other = json!([audience.into()]),
        }
        self
    }

    /// Sets any claim. One that the issuer sets too is set to this value.
    ///
    /// A value that is no JSON makes [`mint`](Self::mint) fail.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        let name = name.into();
        match serde_json::to_value(value) {
            Ok(value) => {
                self.without.retain(|other| *other != name);
                self.claims.insert(name, value);
            }
            Err(problem) => self.problem = Some(format!("the claim {name:?}: {problem}")),
        }
        self
    }

    /// Leaves a claim out that the issuer would set.
    pub fn without(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.claims.remove(&name);
        self.without.push(name);
        self
    }

    /// Sets how long it lives. Default: ten minutes.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = whole_seconds(lifetime);
        self
    }

    /// Makes it one that expired an hour ago.
    pub fn expired(self) -> Self {
        self.expires_in_seconds(-3600).issued_ago(Duration::from_hours(2))
    }

    /// Sets how long ago it was issued. Its expiry does not move.
    pub fn issued_ago(mut self, age: Duration) -> Self {
        self.age = whole_seconds(age);
        self
    }

    /// Sets how long ago the user signed in. Default: when the token was issued.
    pub fn signed_in_ago(self, age: Duration) -> Self {
        let at = self.issuer.now().saturating_sub(age);
        self.claim("auth_time", at)
    }

    pub(crate) fn expires_in_seconds(mut self, seconds: i64) -> Self {
        self.lifetime = seconds;
        self
    }

    /// Signs the token.
    ///
    /// # Panics
    ///
    /// Where it cannot be signed: a claim that is no JSON, or more than a token holds. [`try_mint`](Self::try_mint) returns that.
    pub fn mint(self) -> String {
        match self.try_mint() {
            Ok(token) => token,
            Err(problem) => panic!("the token cannot be made: {problem}"),
        }
    }

    /// Signs the token, or says what is wrong with it.
    pub fn try_mint(self) -> Result<String, SignError> {
        if let Some(problem) = self.problem {
            return Err(SignError::Claims { problem });
        }
        let rev = self.issuer.log().position();
        let mut claims = defaults(&self.issuer, rev);
        let now = self.issuer.now().as_secs();
        let issued = now.saturating_sub(self.age);
        claims.insert("iat".to_owned(), issued.into());
        claims.insert("auth_time".to_owned(), issued.into());
        claims.insert("exp".to_owned(), now.saturating_add(self.lifetime).into());
        claims.extend(self.claims);
        for name in &self.without {
            claims.remove(name);
        }
        self.issuer.minted().place(&mut claims, &self.issuer, rev);
        self.issuer.signing_key().sign(ACCESS_TOKEN_TYP, &claims)
    }
}

/// What every token has that does not say otherwise.
fn defaults(issuer: &TestIssuer, rev: Rev) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("iss", issuer.url().into());
    set("aud", json!([issuer.audience()]));
    set("sub", "test-user".into());
    set("client_id", "test-client".into());
    set("jti", random_text().into());
    set("sid", format!("test-session-{}", issuer.count()).into());
    set("amr", json!(["pwd"]));
    set("roles", json!([]));
    set("rev", rev.to_string().into());
    claims
}

/// 128 random bits in base64url.
pub(super) fn random_text() -> String {
    let mut bytes = [0; 16];
    SystemEntropy.fill(&mut bytes);
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}
