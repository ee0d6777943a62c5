use std::time::Duration;

use handstamp_api_types::revocation::{BATCH_AUDIENCE, BATCH_TYP, RevocationBatch};
use handstamp_token::{
    Algorithm, KeyError, KeySet, Rejection, UnixTime, UnverifiedToken, Validator, ValidatorError,
};
use tokio::time::Instant;
use url::Url;

use crate::http_client::{FetchError, HttpClient};

/// Verifies batches with the feed's own keys, which are not those of access tokens: who steals one of these cannot suppress
/// the news of it.
#[derive(Debug)]
pub(super) struct BatchVerifier {
    validator: Validator,
    keys: KeySet,
    fetched: Option<Instant>,
}

/// Why a batch is not believed.
#[derive(Debug, thiserror::Error)]
pub(super) enum BatchError {
    #[error("the batch is not the issuer's")]
    Rejected(#[from] Rejection),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{url} is not a usable JWK Set")]
    Keys {
        url: Url,
        #[source]
        source: KeyError,
    },
}

/// Batches name unknown keys at most once in this time, or somebody between could have us fetch keys without end.
const COOLDOWN: Duration = Duration::from_secs(5);

/// Keys are looked at anew after this, so that one that was taken back is believed no longer.
const KEYS_LAST: Duration = Duration::from_mins(10);

impl BatchVerifier {
    pub(super) fn new(issuer: &str) -> Result<Self, ValidatorError> {
        // The feed is between our own programs: one algorithm, so there is none to choose.
        let validator = Validator::typed(BATCH_TYP, issuer, BATCH_AUDIENCE, &[Algorithm::Es256])?;
        Ok(Self { validator: validator.leeway(crate::MAX_LEEWAY), keys: KeySet::default(), fetched: None })
    }

    /// Verifies a batch, after fetching keys where they are missing or old.
    pub(super) async fn verify(
        &mut self,
        batch: &str,
        client: &HttpClient,
        jwks: &Url,
        now: UnixTime,
    ) -> Result<RevocationBatch, BatchError> {
        if self.fetched.is_none_or(|fetched| fetched.elapsed() >= KEYS_LAST) {
            let refreshed = self.refresh(client, jwks).await;
            // Old keys are better than none: the issuer may be away just now.
            if self.keys.is_empty() {
                refreshed?;
            }
        }
        match self.try_verify(batch, now) {
            Err(Rejection::UnknownKey { .. }) if self.may_refresh() => {
                self.refresh(client, jwks).await?;
                Ok(self.try_verify(batch, now)?)
            }
            other => Ok(other?),
        }
    }

    fn try_verify(&self, batch: &str, now: UnixTime) -> Result<RevocationBatch, Rejection> {
        let unverified = UnverifiedToken::parse_document(batch)?;
        let kid = unverified.unverified_kid().unwrap_or_default();
        let key = self.keys.find(kid).ok_or_else(|| Rejection::UnknownKey { kid: kid.to_owned() })?;
        Ok(self.validator.verify_with_key(unverified, key, now)?.into_claims())
    }

    /// Returns the ids of the keys that batches are verified with.
    pub(super) fn kids(&self) -> impl Iterator<Item = String> {
        self.keys.iter().map(|key| key.key_id().to_string())
    }

    fn may_refresh(&self) -> bool {
        self.fetched.is_none_or(|fetched| fetched.elapsed() >= COOLDOWN)
    }

    async fn refresh(&mut self, client: &HttpClient, jwks: &Url) -> Result<(), BatchError> {
        self.fetched = Some(Instant::now());
        let json = client.document(jwks).await?;
        let (keys, _) =
            KeySet::from_jwks_json(&json).map_err(|source| BatchError::Keys { url: jwks.clone(), source })?;
        self.keys = keys;
        Ok(())
    }
}
