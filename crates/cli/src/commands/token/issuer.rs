use handstamp_api_types::AuthorizationServerMetadata;
use handstamp_token::{Algorithm, VerifyingKey};
use url::Url;

use super::keys;
use crate::edge::fetch;
use crate::failure::Failure;

/// An issuer and its keys, as it publishes them.
pub(super) struct Issuer {
    /// The name that its tokens say, exactly.
    pub(super) name: String,
    pub(super) keys: Vec<VerifyingKey>,
}

impl Issuer {
    /// Finds an issuer's keys by its metadata (RFC 8414, or `OpenID` Connect Discovery).
    pub(super) fn discover(name: &str) -> Result<Self, Failure> {
        let url = Url::parse(name)
            .map_err(|cause| Failure::because(format_args!("{name} is not an issuer's URL"), &cause))?;
        let [oauth, openid] = well_known(&url);
        let what = "the issuer's metadata";
        let document = fetch::get(oauth.as_str(), what).or_else(|_| fetch::get(openid.as_str(), what))?;
        let metadata: AuthorizationServerMetadata = serde_json::from_slice(&document)
            .map_err(|cause| Failure::because("the issuer's metadata cannot be read", &cause))?;
        // RFC 8414 §3.3: metadata of another issuer would let it vouch for this one's tokens.
        if metadata.issuer != name {
            return Err(Failure::new(format!(
                "the metadata at {name} is that of {:?}: name the issuer exactly as its tokens do",
                metadata.issuer
            )));
        }
        let keys = keys::verifying(&metadata.jwks_uri, None)?;
        Ok(Self { name: metadata.issuer, keys })
    }

    /// One key has exactly one algorithm, so the keys alone can say which are allowed.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for key in &self.keys {
            if !algorithms.contains(&key.algorithm()) {
                algorithms.push(key.algorithm());
            }
        }
        algorithms
    }
}

/// An issuer with a path has RFC 8414's document at the path's front and `OpenID`'s at its end.
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
