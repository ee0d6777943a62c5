use std::sync::{Arc, Mutex, PoisonError};

use handstamp_core::{flows::upstream::UpstreamIdentity, model::UpstreamName};
use handstamp_token::{Entropy, NoClaims, UnixTime, Validator, ValidatorError};
use handstamp_verify::{IssuerKeys, IssuerKeysOptions};
use jiff::Timestamp;
use serde_json::{Map, Value};
use url::Url;

use super::{
    Answer, Claims, ClientCredential, Secrets, UpstreamError,
    code_flow::{CodeFlow, Grant},
    discovery::{self, DiscoveryError, Metadata},
    http::Http,
    kept::Kept,
    mapping,
    recheck::Held,
    session_token::Exchanged,
};
use crate::config::{ClientAuth, PublicUrl, UpstreamConfig, UpstreamKind};

/// One upstream: its configuration, what is known of it, and the way to ask it.
pub(crate) struct Upstream {
    name: UpstreamName,
    label: String,
    config: Arc<UpstreamConfig>,
    redirect_uri: Url,
    http: Arc<Http>,
    metadata: Kept<Metadata, DiscoveryError>,
    keys: Mutex<Option<(Url, Arc<IssuerKeys>)>>,
    id_tokens: Option<Validator>,
    logout_tokens: Option<Validator>,
    exchanged: Exchanged,
    entropy: Arc<dyn Entropy>,
}

/// An upstream that cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableUpstream {
    #[error("its name cannot be one")]
    Name(#[from] handstamp_core::model::IdError),
    #[error("the address to which it sends people back cannot be made")]
    RedirectUri(#[from] url::ParseError),
    #[error("its ID tokens cannot be verified")]
    Validator(#[from] ValidatorError),
    #[error("nothing proves to it who we are: its client_auth needs a secret or a key, which was not read")]
    NoCredential,
    #[error("there is no client for its addresses")]
    Http(#[from] reqwest::Error),
}

impl Upstream {
    pub(super) fn new(
        name: &str,
        config: &UpstreamConfig,
        public_url: &PublicUrl,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, UnusableUpstream> {
        match (config.client_auth, &config.credential) {
            (
                ClientAuth::ClientSecretBasic | ClientAuth::ClientSecretPost,
                Some(ClientCredential::Secret(_)),
            )
            | (ClientAuth::PrivateKeyJwt, Some(ClientCredential::Key(_)))
            | (ClientAuth::None, _) => {}
            _ => return Err(UnusableUpstream::NoCredential),
        }
        let signs = config.issuer.as_ref().filter(|_| config.kind == UpstreamKind::Oidc);
        let validators = signs.map(|issuer| {
            let (client, algorithms) = (&config.client_id, &config.algorithms);
            Ok::<_, ValidatorError>((
                Validator::id_token(issuer, client, algorithms)?,
                Validator::logout_token(issuer, client, algorithms)?,
            ))
        });
        let (id_tokens, logout_tokens) = validators.transpose()?.unzip();
        Ok(Self {
            name: name.parse()?,
            label: config.label.clone().unwrap_or_else(|| name.to_owned()),
            redirect_uri: format!("{public_url}/auth/callback/{name}").parse()?,
            http: Arc::new(Http::new(config.timeout)?),
            metadata: Kept::default(),
            keys: Mutex::new(None),
            id_tokens,
            logout_tokens,
            exchanged: Exchanged::new(&*entropy),
            entropy,
            config: Arc::new(config.clone()),
        })
    }

    pub(super) fn http(&self) -> &Http {
        &self.http
    }

    pub(super) fn exchanged(&self) -> &Exchanged {
        &self.exchanged
    }

    pub(super) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    pub(super) fn config(&self) -> &UpstreamConfig {
        &self.config
    }

    /// Returns the rules for its ID tokens, where it signs any.
    pub(super) fn id_token_validator(&self) -> Option<&Validator> {
        self.id_tokens.as_ref()
    }

    /// Returns the rules for its logout tokens, where it signs any.
    pub(super) fn logout_validator(&self) -> Option<&Validator> {
        self.logout_tokens.as_ref()
    }

    pub(crate) fn name(&self) -> &UpstreamName {
        &self.name
    }

    /// Returns what people call it.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Returns where somebody signs in, for an attempt with these secrets.
    pub(crate) async fn authorization_url(&self, secrets: &Secrets) -> Result<Url, UpstreamError> {
        let metadata = self.metadata().await?;
        Ok(self.code_flow(&metadata).authorization_url(secrets))
    }

    /// Finds out who has come back with this answer.
    pub(crate) async fn identify(
        &self,
        answer: Answer,
        secrets: &Secrets,
        now: Timestamp,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        let metadata = self.metadata().await?;
        let code = answer.code_from(self.config.issuer.as_deref(), metadata.names_itself)?;
        let now = UnixTime::from_secs(now.as_second());
        let grant =
            self.code_flow(&metadata).exchange(&self.http, code, secrets, &*self.entropy, now).await?;
        let claims = match &self.id_tokens {
            Some(validator) => {
                let validator = validator.clone().nonce(secrets.nonce());
                let validator = self.config.max_age.into_iter().fold(validator, Validator::max_age);
                let mut claims = self.id_token_claims(&metadata, &validator, &grant, now).await?;
                self.add_userinfo(&metadata, &grant.access_token, &mut claims).await?;
                claims
            }
            None => Claims::new(self.userinfo(&metadata, &grant.access_token).await?.unwrap_or_default()),
        };
        let identity = self.mapped(&metadata, &claims)?;
        Ok(UpstreamIdentity {
            recheck: grant.refresh_token.map(|token| Held::RefreshToken(&token).secret()),
            ..identity
        })
    }

    /// Returns who somebody is here, by what is said of them there.
    pub(super) fn mapped(
        &self,
        metadata: &Metadata,
        claims: &Claims,
    ) -> Result<UpstreamIdentity, UpstreamError> {
        mapping::identity(&self.name, &self.config, &self.issuer(metadata), claims)
            .map_err(UpstreamError::Identity)
    }

    /// Returns where it is asked what.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, UpstreamError> {
        let fetch = || {
            let (http, config) = (Arc::clone(&self.http), Arc::clone(&self.config));
            async move { discovery::discover(&http, &config).await }
        };
        Ok(self.metadata.latest(fetch).await?)
    }

    pub(super) fn code_flow<'a>(&'a self, metadata: &'a Metadata) -> CodeFlow<'a> {
        CodeFlow { config: &self.config, metadata, redirect_uri: &self.redirect_uri }
    }

    /// Returns whose word its subjects are: the issuer's, or where there is none, that of the address which says who they are.
    pub(super) fn issuer(&self, metadata: &Metadata) -> String {
        let said_at = || metadata.userinfo_endpoint.as_ref().map(|address| address.url().to_string());
        self.config.issuer.clone().or_else(said_at).unwrap_or_default()
    }

    /// Verifies the ID token by the strictest rules that there are
    /// ([OpenID Connect Core §3.1.3.7](https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation)).
    pub(super) async fn id_token_claims(
        &self,
        metadata: &Metadata,
        validator: &Validator,
        grant: &Grant,
        now: UnixTime,
    ) -> Result<Claims, UpstreamError> {
        let token = grant.id_token.as_ref().ok_or(UpstreamError::NoIdToken)?;
        let keys = self.issuer_keys(metadata, validator.issuer())?;
        let verified = keys.verify::<NoClaims>(validator, token, now).await?;
        Ok(Claims::new(verified.claims_as::<Map<String, Value>>().map_err(UpstreamError::IdToken)?))
    }

    /// Asks for what is mapped and was not said yet.
    pub(super) async fn add_userinfo(
        &self,
        metadata: &Metadata,
        access_token: &str,
        claims: &mut Claims,
    ) -> Result<(), UpstreamError> {
        if self.mapped_paths().all(|path| claims.at(path).is_some()) {
            return Ok(());
        }
        let Some(more) = self.userinfo(metadata, access_token).await? else { return Ok(()) };
        let (expected, actual) = (claims.text("sub"), more.get("sub").and_then(Value::as_str));
        if expected.is_none() || expected != actual {
            let shown = |sub: Option<&str>| super::error::excerpt(sub.unwrap_or_default());
            return Err(UpstreamError::OtherSubject { expected: shown(expected), actual: shown(actual) });
        }
        claims.add(more);
        Ok(())
    }

    fn mapped_paths(&self) -> impl Iterator<Item = &str> {
        let paths = &self.config.claims;
        let always = [&paths.username, &paths.email, &paths.email_verified];
        always.into_iter().chain(&paths.roles).chain(&paths.org).map(String::as_str)
    }

    /// Asks who the owner of an access token is; `None` where there is nobody to ask.
    pub(super) async fn userinfo(
        &self,
        metadata: &Metadata,
        access_token: &str,
    ) -> Result<Option<Map<String, Value>>, UpstreamError> {
        let Some(endpoint) = &metadata.userinfo_endpoint else { return Ok(None) };
        let answer = self.http.json(endpoint.url(), Some(access_token)).await;
        let answer = answer.map_err(UpstreamError::Userinfo)?;
        serde_json::from_slice(&answer).map(Some).map_err(UpstreamError::UserinfoMalformed)
    }

    /// Returns the keys that ID tokens are signed with. They are followed from the first need on.
    pub(super) fn issuer_keys(
        &self,
        metadata: &Metadata,
        issuer: &str,
    ) -> Result<Arc<IssuerKeys>, UpstreamError> {
        let missing = DiscoveryError::Missing { name: "jwks_uri" };
        let jwks_uri = metadata.jwks_uri.as_ref().ok_or(UpstreamError::Discovery(Arc::new(missing)))?.url();
        let mut followed = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((address, keys)) = &*followed
            && address == jwks_uri
        {
            return Ok(Arc::clone(keys));
        }
        let options = IssuerKeysOptions { timeout: self.config.timeout, ..IssuerKeysOptions::default() };
        let keys = IssuerKeys::follow(issuer, jwks_uri, &options, Arc::clone(&self.entropy))
            .map_err(UpstreamError::FollowKeys)?;
        let keys = Arc::new(keys);
        *followed = Some((jwks_uri.clone(), Arc::clone(&keys)));
        Ok(keys)
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("name", &self.name)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
