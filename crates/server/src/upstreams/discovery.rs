use handstamp_verify::WellKnown;
use serde::Deserialize;

use super::{
    Address,
    address::AddressError,
    http::{Http, HttpError},
};
use crate::config::{UpstreamConfig, UpstreamKind};

/// Where an upstream is asked what, by its configuration and its own metadata together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) authorization_endpoint: Address,
    pub(crate) token_endpoint: Address,
    pub(crate) userinfo_endpoint: Option<Address>,
    pub(crate) jwks_uri: Option<Address>,
    pub(crate) introspection_endpoint: Option<Address>,
    pub(crate) end_session_endpoint: Option<Address>,
    /// Whether it says in every answer who it is ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)).
    pub(crate) names_itself: bool,
}

/// The addresses of an upstream cannot be found out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoveryError {
    #[error(transparent)]
    Http(HttpError),
    #[error("{url} is not metadata")]
    Malformed {
        url: String,
        #[source]
        source: serde_json::Error,
    },
    /// Metadata of another issuer would let that one vouch for this one's people
    /// ([RFC 8414 §3.3](https://www.rfc-editor.org/rfc/rfc8414#section-3.3)).
    #[error("the metadata is of the issuer {actual:?}, expected {expected:?}")]
    OtherIssuer { expected: String, actual: String },
    #[error("the metadata's {name} cannot be used")]
    Address {
        name: &'static str,
        #[source]
        source: AddressError,
    },
    #[error("the metadata names no {name}, and neither does the configuration")]
    Missing { name: &'static str },
    #[error("nobody has gone on asking for the metadata")]
    Dropped(#[from] tokio::task::JoinError),
}

/// What metadata says of what matters here. Whatever else it says is its own business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    introspection_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    authorization_response_iss_parameter_supported: bool,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// Returns where the upstream is asked what. Nothing is fetched where the configuration says it all.
pub(crate) async fn discover(http: &Http, config: &UpstreamConfig) -> Result<Metadata, DiscoveryError> {
    let issuer = config.issuer.as_deref().and_then(|issuer| Address::parse(issuer).ok());
    let document = match &issuer {
        Some(issuer) if !config.is_complete() => fetch(http, config, issuer).await?,
        _ => Document::default(),
    };
    if document
        .code_challenge_methods_supported
        .as_ref()
        .is_some_and(|all| !all.iter().any(|one| one == "S256"))
    {
        tracing::warn!(
            issuer = config.issuer,
            "an upstream does not say that it knows PKCE with S256: its codes are protected by nobody but itself"
        );
    }
    let named = Named { issuer: issuer.as_ref() };
    Ok(Metadata {
        authorization_endpoint: named.needed(
            "authorization_endpoint",
            config.authorization_endpoint.as_ref(),
            document.authorization_endpoint,
        )?,
        token_endpoint: named.needed(
            "token_endpoint",
            config.token_endpoint.as_ref(),
            document.token_endpoint,
        )?,
        userinfo_endpoint: match config.kind {
            UpstreamKind::Oidc => named.optional(
                "userinfo_endpoint",
                config.userinfo_endpoint.as_ref(),
                document.userinfo_endpoint,
            )?,
            UpstreamKind::Oauth2 => Some(named.needed(
                "userinfo_endpoint",
                config.userinfo_endpoint.as_ref(),
                document.userinfo_endpoint,
            )?),
        },
        jwks_uri: match config.kind {
            UpstreamKind::Oidc => {
                Some(named.needed("jwks_uri", config.jwks_uri.as_ref(), document.jwks_uri)?)
            }
            UpstreamKind::Oauth2 => {
                named.optional("jwks_uri", config.jwks_uri.as_ref(), document.jwks_uri)?
            }
        },
        introspection_endpoint: named.optional(
            "introspection_endpoint",
            config.introspection_endpoint.as_ref(),
            document.introspection_endpoint,
        )?,
        end_session_endpoint: named.optional(
            "end_session_endpoint",
            config.end_session_endpoint.as_ref(),
            document.end_session_endpoint,
        )?,
        names_itself: document.authorization_response_iss_parameter_supported,
    })
}

async fn fetch(http: &Http, config: &UpstreamConfig, issuer: &Address) -> Result<Document, DiscoveryError> {
    let WellKnown { oauth, openid } = WellKnown::of(issuer.url());
    let [first, second] = match config.kind {
        UpstreamKind::Oidc => [openid, oauth],
        UpstreamKind::Oauth2 => [oauth, openid],
    };
    let (url, body) = match http.json(&first, None).await {
        Ok(body) => (first, body),
        // Only one that answers can lack the first document. One that is away would cost a second time-out. Where both are missing,
        // the first is what its operator has to look at.
        Err(error @ (HttpError::Status { .. } | HttpError::NotJson { .. })) if !error.is_passing() => {
            let body = http.json(&second, None).await.map_err(|_| DiscoveryError::Http(error))?;
            (second, body)
        }
        Err(error) => return Err(DiscoveryError::Http(error)),
    };
    let document: Document = serde_json::from_slice(&body)
        .map_err(|source| DiscoveryError::Malformed { url: url.to_string(), source })?;
    let expected = config.issuer.clone().unwrap_or_default();
    if document.issuer != expected {
        return Err(DiscoveryError::OtherIssuer {
            expected,
            actual: document.issuer.chars().take(200).collect(),
        });
    }
    Ok(document)
}

/// Reads addresses: the operator's go first, those of the metadata only where its issuer may send us.
struct Named<'a> {
    issuer: Option<&'a Address>,
}

impl Named<'_> {
    fn needed(
        &self,
        name: &'static str,
        configured: Option<&String>,
        discovered: Option<String>,
    ) -> Result<Address, DiscoveryError> {
        self.optional(name, configured, discovered)?.ok_or(DiscoveryError::Missing { name })
    }

    fn optional(
        &self,
        name: &'static str,
        configured: Option<&String>,
        discovered: Option<String>,
    ) -> Result<Option<Address>, DiscoveryError> {
        let address = match (configured, discovered, self.issuer) {
            (Some(configured), _, _) => Address::parse(configured),
            (None, Some(discovered), Some(issuer)) => Address::named_by(issuer, &discovered),
            (None, _, _) => return Ok(None),
        };
        address.map(Some).map_err(|source| DiscoveryError::Address { name, source })
    }
}
