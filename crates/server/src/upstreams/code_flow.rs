use std::sync::Arc;

use handstamp_token::{Entropy, SigningKey, TokenBuilder, UnixTime};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, Client, ClientId, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenResponse as _, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;
use zeroize::Zeroizing;

use super::{
    ClientCredential, Secrets, UpstreamError,
    discovery::{DiscoveryError, Metadata},
    error::excerpt,
    http::{Http, HttpError},
};
use crate::config::{ClientAuth, UpstreamConfig, UpstreamKind};

/// How long an assertion of ours is good: it is shown at once.
const ASSERTION_LIFETIME: &str = "1 minute";

/// How an assertion is announced ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What OpenID Connect adds to a token answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct IdTokenField {
    id_token: Option<String>,
}

impl ExtraTokenFields for IdTokenField {}

type TokenAnswer = StandardTokenResponse<IdTokenField, BasicTokenType>;

type FlowClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What an upstream hands over for a code.
#[expect(clippy::struct_field_names, reason = "that is what RFC 6749 and OpenID Connect call them")]
pub(crate) struct Grant {
    pub(crate) access_token: Zeroizing<String>,
    pub(crate) id_token: Option<Zeroizing<String>>,
    pub(crate) refresh_token: Option<Zeroizing<String>>,
}

/// The authorization code flow with one upstream ([RFC 6749 §4.1](https://www.rfc-editor.org/rfc/rfc6749#section-4.1)), with PKCE
/// always and S256 alone ([RFC 7636](https://www.rfc-editor.org/rfc/rfc7636)).
pub(super) struct CodeFlow<'a> {
    pub(super) config: &'a UpstreamConfig,
    pub(super) metadata: &'a Metadata,
    pub(super) redirect_uri: &'a Url,
}

impl CodeFlow<'_> {
    /// Returns the address at which somebody signs in.
    pub(super) fn authorization_url(&self, secrets: &Secrets) -> Url {
        let client = self.client();
        let verifier = PkceCodeVerifier::new(secrets.code_verifier());
        let mut request = client
            .authorize_url(|| CsrfToken::new(secrets.state.clone()))
            .add_scopes(self.config.scopes().into_iter().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if self.config.kind == UpstreamKind::Oidc {
            request = request.add_extra_param("nonce", secrets.nonce());
        }
        if !self.config.prompt.is_empty() {
            request = request.add_extra_param("prompt", self.config.prompt.join(" "));
        }
        if let Some(age) = self.config.max_age {
            request = request.add_extra_param("max_age", age.as_secs().to_string());
        }
        request.url().0
    }

    /// Exchanges a code for tokens.
    pub(super) async fn exchange(
        &self,
        http: &Http,
        code: String,
        secrets: &Secrets,
        entropy: &dyn Entropy,
        now: UnixTime,
    ) -> Result<Grant, UpstreamError> {
        let client = self.client();
        let mut request = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.code_verifier()));
        for (name, value) in self.proof(entropy, now)? {
            request = request.add_extra_param(name, value);
        }
        granted(&request.request_async(http).await.map_err(refusal)?)
    }

    /// Exchanges a refresh token for tokens of today ([RFC 6749 §6](https://www.rfc-editor.org/rfc/rfc6749#section-6)).
    pub(super) async fn renew(
        &self,
        http: &Http,
        refresh_token: &str,
        entropy: &dyn Entropy,
        now: UnixTime,
    ) -> Result<Grant, UpstreamError> {
        let (client, token) = (self.client(), RefreshToken::new(refresh_token.to_owned()));
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in self.proof(entropy, now)? {
            request = request.add_extra_param(name, value);
        }
        granted(&request.request_async(http).await.map_err(refusal)?)
    }

    /// Asks what a token is worth ([RFC 7662 §2](https://www.rfc-editor.org/rfc/rfc7662#section-2)), as the client that we are.
    ///
    /// The answer is whatever JSON object there is: what people are called and may do stands in members of the server's own.
    pub(super) async fn introspect(
        &self,
        http: &Http,
        token: &str,
        entropy: &dyn Entropy,
        now: UnixTime,
    ) -> Result<Map<String, Value>, UpstreamError> {
        let missing = DiscoveryError::Missing { name: "introspection_endpoint" };
        let endpoint = self.metadata.introspection_endpoint.as_ref();
        let endpoint = endpoint.ok_or(UpstreamError::Discovery(Arc::new(missing)))?.url();
        let mut form = vec![("token", token.to_owned())];
        form.extend(self.proof(entropy, now)?);
        let mut basic = None;
        match (&self.config.credential, self.config.client_auth) {
            (Some(ClientCredential::Secret(secret)), ClientAuth::ClientSecretBasic) => {
                basic = Some((self.config.client_id.as_str(), secret.reveal()));
            }
            (Some(ClientCredential::Secret(secret)), ClientAuth::ClientSecretPost) => {
                form.push(("client_id", self.config.client_id.clone()));
                form.push(("client_secret", secret.reveal().to_owned()));
            }
            _ => form.push(("client_id", self.config.client_id.clone())),
        }
        let answer = http.post_form(endpoint, &form, basic).await.map_err(UpstreamError::Introspection)?;
        serde_json::from_slice(&answer).map_err(UpstreamError::IntrospectionMalformed)
    }

    /// Returns what a form has to hold besides, to prove who we are: for a client with a key, what it has signed.
    fn proof(
        &self,
        entropy: &dyn Entropy,
        now: UnixTime,
    ) -> Result<Vec<(&'static str, String)>, UpstreamError> {
        let (Some(ClientCredential::Key(key)), ClientAuth::PrivateKeyJwt) =
            (&self.config.credential, self.config.client_auth)
        else {
            return Ok(Vec::new());
        };
        let assertion = self.assertion(key, entropy, now)?;
        Ok(vec![("client_assertion_type", ASSERTION_TYPE.to_owned()), ("client_assertion", assertion)])
    }

    fn client(&self) -> FlowClient {
        let client = Client::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(self.metadata.authorization_endpoint.url().clone()))
            .set_token_uri(TokenUrl::from_url(self.metadata.token_endpoint.url().clone()))
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_uri.clone()))
            .set_auth_type(match self.config.client_auth {
                ClientAuth::ClientSecretBasic => AuthType::BasicAuth,
                ClientAuth::ClientSecretPost | ClientAuth::PrivateKeyJwt | ClientAuth::None => {
                    AuthType::RequestBody
                }
            });
        match (&self.config.credential, self.config.client_auth) {
            (
                Some(ClientCredential::Secret(secret)),
                ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost,
            ) => client.set_client_secret(oauth2::ClientSecret::new(secret.reveal().to_owned())),
            _ => client,
        }
    }

    /// Signs who we are. It is for the issuer alone: an assertion for an address could be passed on by whoever made us ask there.
    fn assertion(
        &self,
        key: &SigningKey,
        entropy: &dyn Entropy,
        now: UnixTime,
    ) -> Result<String, UpstreamError> {
        let token_endpoint = self.metadata.token_endpoint.url().as_str();
        let audience = self.config.assertion_audience.as_deref().or(self.config.issuer.as_deref());
        TokenBuilder::typed("JWT", &self.config.client_id, audience.unwrap_or(token_endpoint))
            .subject(&self.config.client_id)
            .lifetime(ASSERTION_LIFETIME)
            .sign(key, now, entropy)
            .map(handstamp_token::SignedToken::into_string)
            .map_err(UpstreamError::Assertion)
    }
}

fn granted(answer: &TokenAnswer) -> Result<Grant, UpstreamError> {
    if *answer.token_type() != BasicTokenType::Bearer {
        return Err(UpstreamError::TokenType { actual: excerpt(answer.token_type().as_ref()) });
    }
    let secret = |text: &String| Zeroizing::new(text.clone());
    Ok(Grant {
        access_token: secret(answer.access_token().secret()),
        id_token: answer.extra_fields().id_token.as_ref().map(secret),
        refresh_token: answer.refresh_token().map(|token| secret(token.secret())),
    })
}

/// What stands in an answer that cannot be read stays out of the log: there may be tokens in it.
fn refusal(error: RequestTokenError<HttpError, BasicErrorResponse>) -> UpstreamError {
    match error {
        RequestTokenError::ServerResponse(answer) => UpstreamError::CodeRefused {
            error: excerpt(answer.error().as_ref()),
            description: answer.error_description().map(|text| excerpt(text)),
        },
        RequestTokenError::Request(error) => UpstreamError::TokenRequest(error),
        RequestTokenError::Parse(error, _) => {
            UpstreamError::TokenAnswer { problem: format!("the member {} does not fit", error.path()) }
        }
        RequestTokenError::Other(problem) => UpstreamError::TokenAnswer { problem: excerpt(&problem) },
    }
}
