//! Clients that sign in the place of knowing a secret: `private_key_jwt`
//! ([RFC 7523 §2.2](https://www.rfc-editor.org/rfc/rfc7523#section-2.2)).

use aws_lc_rs::digest;
use handstamp_token::{Algorithm, NoClaims, UnixTime, Validator, VerifiedToken, VerifyingKey, dangerous};
use jiff::Timestamp;
use serde::Deserialize;

use super::{AuthenticateError, AuthenticatedClient};
use crate::{
    Context,
    flows::use_once,
    model::{Client, ClientId, ClientKeys, ClientProof, OneTimePurpose, later},
    settings::LEEWAY_CAP,
    store::{Applied, Changes, Conflict, StoreError},
};

/// An assertion as it was presented.
#[derive(Clone, Copy)]
pub struct Assertion<'a> {
    /// The JWT.
    pub jwt: &'a str,
    /// The `client_id` beside it, where there is one: it must be the same client.
    pub client_id: Option<&'a str>,
    /// Whom it may be addressed to: the issuer, and the address of the endpoint.
    pub audiences: &'a [&'a str],
}

/// Checks a client's assertion, and uses it up: it is good once, whichever replica it is shown to.
pub async fn authenticate_by_assertion(
    ctx: &Context,
    assertion: Assertion<'_>,
    now: Timestamp,
) -> Result<AuthenticatedClient, AuthenticateError> {
    let id = unverified_client_id(assertion.jwt).ok_or(AuthenticateError::Refused)?;
    if assertion.client_id.is_some_and(|beside| beside != id.as_str()) {
        return Err(AuthenticateError::Refused);
    }
    let client = super::find(ctx, &id).await?.ok_or(AuthenticateError::Refused)?;
    let verified = verify(&client, assertion, now).ok_or(AuthenticateError::Refused)?;
    use_up(ctx, &client.id, &verified).await?;
    Ok(AuthenticatedClient(client))
}

/// Returns which client to ask for its keys. Only a look-up rests on it: the signature is checked with what is found.
fn unverified_client_id(jwt: &str) -> Option<ClientId> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let decoded = dangerous::decode_unverified(jwt).ok()?;
    let unverified: Named = serde_json::from_str(&decoded.unverified_payload).ok()?;
    unverified.iss.parse().ok()
}

fn verify(client: &Client, assertion: Assertion<'_>, now: Timestamp) -> Option<VerifiedToken<NoClaims>> {
    let ClientProof::Keys(keys) = &client.proof else { return None };
    let audiences: Vec<String> = assertion.audiences.iter().map(|&audience| audience.to_owned()).collect();
    let validator = Validator::client_assertion(client.id.as_str(), audiences, &algorithms(keys))
        .ok()?
        .leeway(LEEWAY_CAP);
    let now = UnixTime::from_secs(now.as_second());
    match validator.verify(assertion.jwt, keys.keys(), now) {
        Ok(verified) => Some(verified),
        Err(rejection) => {
            // The client hears no more than of a wrong secret. Whoever set it up wrongly finds the reason here.
            tracing::info!(client = %client.id, error = &rejection as &dyn std::error::Error, "an assertion was refused");
            None
        }
    }
}

fn algorithms(keys: &ClientKeys) -> Vec<Algorithm> {
    let mut algorithms: Vec<_> = keys.keys().iter().map(VerifyingKey::algorithm).collect();
    algorithms.dedup();
    algorithms
}

/// Clients choose the id, so that one of them could take another's: each has its own.
async fn use_up(
    ctx: &Context,
    client: &ClientId,
    verified: &VerifiedToken<NoClaims>,
) -> Result<(), AuthenticateError> {
    let jti = verified.registered().jti().unwrap_or_default();
    // No client id holds a line break, and a hash is short however long the `jti` is.
    let hash = digest::digest(&digest::SHA256, format!("{client}\n{jti}").as_bytes());
    let id = base64_simd::URL_SAFE_NO_PAD.encode_to_string(hash.as_ref());
    let exp = Timestamp::from_second(verified.registered().exp().as_secs()).unwrap_or(Timestamp::MAX);
    // A validator takes it that long.
    let once = use_once(OneTimePurpose::ClientAssertion, id, later(exp, LEEWAY_CAP));
    match ctx.store.apply(Changes::one(once)).await? {
        Applied::Committed { .. } => Ok(()),
        Applied::Conflict(Conflict::AlreadyUsed) => {
            tracing::warn!(%client, "an assertion was used twice");
            Err(AuthenticateError::Refused)
        }
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "using up an assertion", source: conflict.into() }.into())
        }
    }
}
