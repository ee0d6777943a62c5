//! Finds an issuer's addresses by RFC 8414, or by OpenID Connect Discovery.

use handstamp_api_types::AuthorizationServerMetadata;
use url::Url;

use super::RefreshError;
use crate::WellKnown;
use crate::http_client::{FetchError, HttpClient};

/// Returns the issuer's metadata, from the first well-known address that has it.
pub(crate) async fn discover(
    client: &HttpClient,
    issuer: &Url,
    expected: &str,
) -> Result<AuthorizationServerMetadata, RefreshError> {
    let WellKnown { oauth, openid } = WellKnown::of(issuer);
    let document = match client.document(&oauth).await {
        Ok(document) => (oauth, document),
        // Only an issuer that answers can lack the first document. One that is down would cost a second time-out.
        Err(FetchError::Status { .. }) => (openid.clone(), client.document(&openid).await?),
        Err(error) => return Err(error.into()),
    };
    let (url, document) = document;
    let metadata: AuthorizationServerMetadata =
        serde_json::from_slice(&document).map_err(|source| RefreshError::Metadata { url, source })?;
    // RFC 8414 §3.3: metadata of another issuer would let it vouch for this one's tokens.
    if metadata.issuer != expected {
        return Err(RefreshError::OtherIssuer { expected: expected.to_owned(), actual: metadata.issuer });
    }
    Ok(metadata)
}
