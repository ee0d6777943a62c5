use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use handstamp_api_types::{CSRF_HEADER, TokenReply};
use handstamp_token::{Jwk, Jwks};
use handstamp_verify::Clock;
use reqwest::RequestBuilder;
use serde_json::json;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::http::{answered, client, read};
use super::{Ending, GoodToken, SourceError, TokenSource, Who, given};

/// A token that lives for less is replaced before it is handed out.
const AT_LEAST: Duration = Duration::from_mins(1);

/// Somebody's name and password.
pub struct Login {
    /// The user name or e-mail address.
    pub login: String,
    /// The password.
    pub password: Zeroizing<String>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("login", &self.login).field("password", &"[redacted]").finish()
    }
}

/// Signs in to a Handstamp auth service as people do.
///
/// It has no signing key, so tokens of another time or issuer cannot be made: those cases are reported as not tried. It can sign
/// out, and so show what becomes of a token whose session has ended.
pub struct SignInSource {
    client: reqwest::Client,
    issuer: String,
    people: HashMap<Who, Login>,
    keys: Vec<Jwk>,
    kept: Mutex<HashMap<Who, Kept>>,
    clock: Arc<dyn Clock>,
}

struct Kept {
    access: GoodToken,
    refresh: GoodToken,
}

impl SignInSource {
    /// Gets the keys of an auth service, and prepares to sign in there.
    pub async fn connect(
        issuer: &str,
        owner: Login,
        outsider: Option<Login>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SourceError> {
        let client = client()?;
        let issuer = issuer.trim_end_matches('/').to_owned();
        let asked = client.get(format!("{issuer}/.well-known/jwks.json"));
        let jwks: Jwks = read(answered(asked, "asked for its keys").await?, "its keys").await?;
        let people = [(Who::Owner, Some(owner)), (Who::Outsider, outsider)];
        let people = people.into_iter().filter_map(|(who, login)| Some((who, login?))).collect();
        Ok(Self { client, issuer, people, keys: jwks.keys, kept: Mutex::default(), clock })
    }

    async fn sign_in(&self, login: &Login) -> Result<Kept, SourceError> {
        let body = json!({ "login": login.login, "password": login.password.as_str(), "delivery": "body" });
        self.tokens(self.post("/auth/sign-in").json(&body), "signing in").await
    }

    async fn refresh(&self, kept: &Kept) -> Result<Kept, SourceError> {
        let body = json!({ "refresh_token": kept.refresh.reveal(), "delivery": "body" });
        self.tokens(self.post("/auth/refresh").json(&body), "refreshing").await
    }

    async fn tokens(&self, asked: RequestBuilder, doing: &str) -> Result<Kept, SourceError> {
        let reply: TokenReply = read(answered(asked, doing).await?, "the tokens").await?;
        let refresh = reply.refresh_token.unwrap_or_default();
        Ok(Kept { access: GoodToken::new(reply.access_token), refresh: GoodToken::new(refresh) })
    }

    fn post(&self, path: &str) -> RequestBuilder {
        // No browser sends this: the auth service asks for a sign that no other page did.
        self.client.post(format!("{}{path}", self.issuer)).header(CSRF_HEADER, "1")
    }

    async fn sign_out(&self, token: &GoodToken) -> Result<(), SourceError> {
        let asked =
            self.post("/auth/sign-out").bearer_auth(token.reveal()).json(&json!({ "scope": "session" }));
        answered(asked, "signing out").await.map(drop)
    }

    fn lives(&self, token: &GoodToken) -> bool {
        let exp = token.unverified_claims().get("exp").and_then(serde_json::Value::as_i64);
        exp.is_some_and(|exp| exp > self.clock.now().saturating_add(AT_LEAST).as_secs())
    }
}

#[async_trait]
impl TokenSource for SignInSource {
    async fn token(&self, who: Who) -> Result<Option<GoodToken>, SourceError> {
        let Some(login) = self.people.get(&who) else { return Ok(None) };
        let mut kept = self.kept.lock().await;
        let fresh = match kept.get(&who) {
            Some(known) if self.lives(&known.access) => return Ok(Some(known.access.clone())),
            // A session that is over is begun anew.
            Some(known) => match self.refresh(known).await {
                Ok(renewed) => renewed,
                Err(_) => self.sign_in(login).await?,
            },
            None => self.sign_in(login).await?,
        };
        let token = fresh.access.clone();
        kept.insert(who, fresh);
        Ok(Some(token))
    }

    fn public_key(&self, kid: Option<&str>) -> Option<Jwk> {
        given::find(&self.keys, kid)
    }

    async fn doomed(&self, ending: Ending) -> Result<Option<GoodToken>, SourceError> {
        match (ending, self.people.get(&Who::Owner)) {
            (Ending::SessionEnded, Some(owner)) => Ok(Some(self.sign_in(owner).await?.access)),
            // Nobody disables themselves, and a user cannot change their roles.
            _ => Ok(None),
        }
    }

    async fn end(&self, token: &GoodToken, _: Ending) -> Result<(), SourceError> {
        self.sign_out(token).await
    }

    async fn refresh_token(&self) -> Result<Option<GoodToken>, SourceError> {
        let kept = self.kept.lock().await;
        Ok(kept.get(&Who::Owner).map(|kept| kept.refresh.clone()).filter(|token| !token.reveal().is_empty()))
    }

    async fn forget(&self, who: Who) {
        self.kept.lock().await.remove(&who);
    }

    async fn close(&self) {
        let kept = std::mem::take(&mut *self.kept.lock().await);
        for session in kept.values() {
            // Sessions end by themselves; that this one ends now is a courtesy.
            let _ = self.sign_out(&session.access).await;
        }
    }

    fn description(&self) -> String {
        format!("people signed in at {}", self.issuer)
    }
}
