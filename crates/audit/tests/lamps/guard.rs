use aws_lc_rs::hmac;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64_simd::URL_SAFE_NO_PAD;
use handstamp_testkit::TestIssuer;
use handstamp_token::{Jwk, VerifyingKey, dangerous};
use handstamp_verify::csrf::AllowedOrigins;
use handstamp_verify::{AuthError, Verifier};
use serde_json::Value;

use super::{COOKIE, Mistake, Refusal};

/// Who is calling.
pub(crate) struct Caller {
    org: String,
    roles: Vec<String>,
}

impl Caller {
    /// Returns the organisation whose lamps are shown.
    pub(crate) fn org(&self, parts: &Parts, mistake: Mistake) -> String {
        let said = parts.headers.get("x-org-id").and_then(|org| org.to_str().ok());
        match said {
            Some(said) if mistake == Mistake::OrganisationOfTheRequest => said.to_owned(),
            _ => self.org.clone(),
        }
    }
}

/// Tells who is calling, rightly or with a mistake.
pub(super) struct Guard {
    verifier: Verifier,
    issuer: TestIssuer,
    mistake: Mistake,
}

impl Guard {
    pub(super) fn new(issuer: &TestIssuer, mistake: Mistake) -> Self {
        let page = AllowedOrigins::new(["https://lamps.example"]).expect("an origin");
        let mut builder = issuer.verifier_builder().cookie_name(COOKIE).allowed_origins(page);
        if mistake == Mistake::Deaf {
            let deaf =
                Verifier::builder(issuer.url()).audience(issuer.audience()).algorithms(&[issuer.algorithm()]);
            builder = deaf.cookie_name(COOKIE).without_revocations();
        }
        let verifier = builder.build_with_keys(issuer.keys()).expect("a verifier");
        Self { verifier, issuer: issuer.clone(), mistake }
    }

    /// Returns who is calling, or the refusal.
    pub(super) async fn caller(&self, parts: &Parts, role: Option<&str>) -> Result<Caller, Refusal> {
        let caller = match self.wrongly(parts).await {
            Some(caller) => caller,
            None => self.rightly(parts).await?,
        };
        match role {
            Some(role)
                if self.mistake != Mistake::RolesUnread && !caller.roles.iter().any(|held| held == role) =>
            {
                let needed = vec![role.to_owned()];
                Err(refusal(AuthError::RoleRequired { needed }).into())
            }
            _ => Ok(caller),
        }
    }

    async fn rightly(&self, parts: &Parts) -> Result<Caller, Refusal> {
        let principal =
            self.verifier.authenticate(parts).await.map_err(|cause| self.refusal(cause, parts))?;
        let principal = principal.ok_or_else(|| refusal(AuthError::Missing))?;
        Ok(Caller {
            org: principal.org_id().unwrap_or_default().to_owned(),
            roles: principal.roles().to_vec(),
        })
    }

    fn refusal(&self, cause: AuthError, parts: &Parts) -> Response {
        match self.mistake {
            Mistake::Breaks => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Mistake::Talkative => {
                let token = bearer(parts).unwrap_or_default();
                let text = format!("Traceback (most recent call last):\n  cannot verify {token}: {cause}");
                (StatusCode::UNAUTHORIZED, text).into_response()
            }
            _ => refusal(cause),
        }
    }

    /// Lets in whom the mistake lets in.
    async fn wrongly(&self, parts: &Parts) -> Option<Caller> {
        let query = parts.uri.query().unwrap_or_default();
        match self.mistake {
            Mistake::TokenInQuery => {
                let token = query.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
                self.verifier.try_verify(token).ok()?;
                claims(token)
            }
            Mistake::ForgedRequests => {
                let cookie = parts.headers.get(header::COOKIE)?.to_str().ok()?;
                let token = cookie.strip_prefix(COOKIE)?.strip_prefix('=')?;
                self.verifier.try_verify(token).ok()?;
                claims(token)
            }
            _ => self.token_wrongly(bearer(parts)?).await,
        }
    }

    async fn token_wrongly(&self, token: &str) -> Option<Caller> {
        let header: Value = part(token, 0)?;
        let alg = header.get("alg").and_then(Value::as_str).unwrap_or_default();
        match self.mistake {
            Mistake::SignatureUnread => {}
            Mistake::UnsignedTaken => drop((alg == "none").then_some(())?),
            Mistake::AlgorithmOfTheToken => {
                (alg == "HS256").then_some(())?;
                let public = serde_json::to_vec(&self.issuer.jwks().keys.into_iter().next()?).ok()?;
                let (message, signature) = token.rsplit_once('.')?;
                let signature = URL_SAFE_NO_PAD.decode_to_vec(signature).ok()?;
                let secret = hmac::Key::new(hmac::HMAC_SHA256, &public);
                hmac::verify(&secret, message.as_bytes(), &signature).ok()?;
            }
            Mistake::AudienceUnread | Mistake::TimeUnread => {
                let now = self.issuer.now().as_secs();
                let claims: Value = part(token, 1)?;
                let is_late = claims["exp"].as_i64().is_none_or(|exp| exp <= now);
                (is_late == (self.mistake == Mistake::TimeUnread)).then_some(())?;
                (claims["iss"] == self.issuer.url()).then_some(())?;
                dangerous::verify_signature_only(token, &self.issuer.signing_key().verifying_key()).ok()?;
            }
            Mistake::KeyOfTheToken => {
                let jwk: Jwk = serde_json::from_value(header.get("jwk")?.clone()).ok()?;
                dangerous::verify_signature_only(token, &VerifyingKey::from_jwk(&jwk).ok()?).ok()?;
            }
            Mistake::AddressOfTheToken => {
                let address = header.get("jku")?.as_str()?.strip_prefix("http://")?;
                let host = address.split('/').next()?;
                // That it asks is mistake enough, whatever it makes of the answer.
                drop(tokio::net::TcpStream::connect(host).await);
                return None;
            }
            _ => return None,
        }
        claims(token)
    }
}

fn refusal(cause: AuthError) -> Response {
    cause.response()
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value: &HeaderValue = parts.headers.get(header::AUTHORIZATION)?;
    value.to_str().ok()?.strip_prefix("Bearer ")
}

fn claims(token: &str) -> Option<Caller> {
    let claims: Value = part(token, 1)?;
    let roles = claims["roles"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    Some(Caller { org: claims["org_id"].as_str().unwrap_or_default().to_owned(), roles })
}

fn part(token: &str, number: usize) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').nth(number)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}
