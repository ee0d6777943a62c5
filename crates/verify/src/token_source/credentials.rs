use std::fmt;

use handstamp_api_types::CLIENT_ASSERTION_TYPE;
use handstamp_token::{SigningKey, SystemEntropy, TokenBuilder, UnixTime};

use super::TokenSourceError;
use crate::revocation::ClientSecret;

/// Long enough for a slow network and clocks that differ, short enough that a stolen one is soon worthless.
const ASSERTION_LIFETIME: &str = "1 minute";

/// How the service proves to the auth service who it is.
#[derive(Clone)]
pub struct ClientCredentials {
    id: String,
    proof: Proof,
}

#[derive(Clone)]
enum Proof {
    Secret(ClientSecret),
    Key(SigningKey),
}

impl ClientCredentials {
    /// By the secret that `handstamp client add` printed.
    pub fn secret(client_id: impl Into<String>, secret: ClientSecret) -> Self {
        Self { id: client_id.into(), proof: Proof::Secret(secret) }
    }

    /// By signatures (`private_key_jwt`, RFC 7523): the public half is registered with `handstamp client add --public-key`.
    ///
    /// Where several public keys are registered the key needs the id that it has among them.
    pub fn private_key(client_id: impl Into<String>, key: SigningKey) -> Self {
        Self { id: client_id.into(), proof: Proof::Key(key) }
    }

    /// Adds to a request, or its form, what proves it.
    pub(super) fn prove(
        &self,
        issuer: &str,
        request: reqwest::RequestBuilder,
        form: &mut Vec<(&'static str, String)>,
        now: UnixTime,
    ) -> Result<reqwest::RequestBuilder, TokenSourceError> {
        match &self.proof {
            Proof::Secret(secret) => Ok(secret.authenticate(&self.id, request)),
            Proof::Key(key) => {
                let builder = TokenBuilder::typed("client-authentication+jwt", &self.id, issuer)
                    .subject(&self.id)
                    .lifetime(ASSERTION_LIFETIME);
                let signed = builder
                    .sign(key, now, &SystemEntropy)
                    .map_err(|cause| TokenSourceError::Assertion { problem: cause.to_string() })?;
                form.push(("client_assertion_type", CLIENT_ASSERTION_TYPE.to_owned()));
                form.push(("client_assertion", signed.into_string()));
                Ok(request)
            }
        }
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("id", &self.id).finish_non_exhaustive()
    }
}
