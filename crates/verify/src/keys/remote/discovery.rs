//! Finds an issuer's addresses by RFC 8414, or by OpenID Connect Discovery.

use handstamp_api_types::AuthorizationServerMetadata;
use url::Url;

use super::RefreshError;
use crate::http_client::{FetchError, HttpClient};

/// Returns the issuer's metadata, from the first well-known address that has it.
pub(crate) async fn discover(
    client: &HttpClient,
    issuer: &Url,
    expected: &str,
) -> Result<AuthorizationServerMetadata, RefreshError> {
    let [oauth, openid] = well_known(issuer);
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

/// An issuer with a path has RFC 8414's document at the path's front and OpenID's at its end.
fn well_known(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [
        at(format!("/.well-known/oauth-authorization-server{path}")),
        at(format!("{path}/.well-known/openid-configuration")),
    ]
}

#[cfg(test)]
mod tests {
    use super::well_known;

    #[test]
    fn well_known_addresses_of_an_issuer_at_the_root() {
        for issuer in ["https://auth.example", "https://auth.example/"] {
            assert_eq!(
                well_known(&issuer.parse().unwrap()).map(String::from),
                [
                    "https://auth.example/.well-known/oauth-authorization-server",
                    "https://auth.example/.well-known/openid-configuration"
                ]
            );
        }
    }

    #[test]
    fn well_known_addresses_of_an_issuer_with_a_path() {
        assert_eq!(
            well_known(&"https://auth.example:8443/tenant/a".parse().unwrap()).map(String::from),
            [
                "https://auth.example:8443/.well-known/oauth-authorization-server/tenant/a",
                "https://auth.example:8443/tenant/a/.well-known/openid-configuration"
            ]
        );
    }
}
