use std::sync::{Mutex, PoisonError};

use handstamp_api_types::revocation::{BATCH_AUDIENCE, BATCH_TYP, MAX_LAST_BATCH, RevocationBatch};
use handstamp_core::{Context, model::LogPosition};
use handstamp_token::{KeySet, Rejection, Validator, ValidatorError, dangerous};

use super::feed::RevocationFeed;

/// What readers have shown of the log: after a restored backup they know more of it than the database.
#[derive(Debug, Default)]
pub(super) struct Losses {
    furthest: Mutex<Option<LogPosition>>,
}

/// Why a batch that a reader shows proves nothing.
#[derive(Debug, thiserror::Error)]
enum NoProof {
    #[error("it is longer than {MAX_LAST_BATCH} bytes")]
    TooLong,
    #[error("it was not signed by us")]
    Rejected(#[from] Rejection),
    #[error("it is no batch")]
    NoBatch(#[from] serde_json::Error),
    #[error(transparent)]
    Validator(#[from] ValidatorError),
}

impl RevocationFeed {
    /// Looks at the newest batch that a reader has. Where it proves that the log was further than it is now, the publisher looks at
    /// the database at once. A number alone would prove nothing: anybody can send one.
    pub(crate) fn note_last_batch(&self, core: &Context, jwt: &str) {
        match proven(&self.issuer, &core.keyring.feed_verifying_keys(), jwt, self.log_position()) {
            Ok(Some(seen)) => {
                self.losses.note(seen);
                self.wake();
            }
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "a reader showed a batch that proves nothing"),
        }
    }
}

impl Losses {
    /// Returns the furthest position that a reader has proven.
    pub(super) fn furthest_shown(&self) -> Option<LogPosition> {
        *self.furthest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, seen: LogPosition) {
        let mut furthest = self.furthest.lock().unwrap_or_else(PoisonError::into_inner);
        *furthest = (*furthest).max(Some(seen));
    }
}

/// Returns how far the log was when we signed this batch, if that is further than `known`.
fn proven(
    issuer: &str,
    keys: &KeySet,
    jwt: &str,
    known: LogPosition,
) -> Result<Option<LogPosition>, NoProof> {
    if jwt.len() > MAX_LAST_BATCH {
        return Err(NoProof::TooLong);
    }
    let unverified: RevocationBatch =
        serde_json::from_str(&dangerous::decode_unverified(jwt)?.unverified_payload)?;
    let position = |batch: &RevocationBatch| LogPosition { epoch: batch.epoch, seq: batch.through };
    // Nearly always: that costs no signature.
    if position(&unverified) <= known {
        return Ok(None);
    }
    let algorithms: Vec<_> = keys.iter().map(handstamp_token::VerifyingKey::algorithm).collect();
    let validator = Validator::typed(BATCH_TYP, issuer, BATCH_AUDIENCE, &algorithms)?;
    // As of its own time: that the log was there stays true, however long the service was away.
    let batch = validator.verify::<RevocationBatch>(jwt, keys, unverified.iat)?.into_claims();
    Ok(Some(position(&batch)))
}

#[cfg(test)]
mod tests {
    use handstamp_token::{Algorithm, SigningKey};
    use jiff::Timestamp;

    use super::super::{batch::batch, log::Stretch};
    use super::*;

    const ISSUER: &str = "https://auth.example";

    fn shown_batch(key: &SigningKey, typ: &str, through: u64) -> String {
        let stretch = Stretch {
            epoch: 5,
            earlier: Vec::new(),
            after: through,
            through,
            head: through,
            events: Vec::new(),
        };
        let signed_at = Timestamp::from_second(1_800_000_000).unwrap();
        key.sign_document(typ, &batch(ISSUER, stretch, None, signed_at)).unwrap()
    }

    fn at(epoch: u32, seq: u64) -> LogPosition {
        LogPosition { epoch, seq }
    }

    #[test]
    fn a_batch_of_ours_proves_how_far_the_log_was() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let shown = |jwt: &str| proven(ISSUER, &keys, jwt, at(5, 7));

        assert_eq!(shown(&shown_batch(&key, BATCH_TYP, 8)).unwrap(), Some(at(5, 8)));
        assert_eq!(shown(&shown_batch(&key, BATCH_TYP, 7)).unwrap(), None);
        assert_eq!(
            proven(ISSUER, &keys, &shown_batch(&key, BATCH_TYP, 1), at(4, 99)).unwrap(),
            Some(at(5, 1))
        );
    }

    #[test]
    fn nobody_else_can_make_us_begin_an_epoch() {
        let key = SigningKey::generate(Algorithm::Es256).unwrap();
        let theirs = SigningKey::generate(Algorithm::Es256).unwrap().with_key_id(key.key_id().clone());
        let keys = KeySet::new([key.verifying_key()]).unwrap();
        let shown = |jwt: &str| proven(ISSUER, &keys, jwt, at(5, 7));

        assert!(matches!(shown(&shown_batch(&theirs, BATCH_TYP, 8)), Err(NoProof::Rejected(_))));
        assert!(matches!(shown(&shown_batch(&key, "at+jwt", 8)), Err(NoProof::Rejected(_))));
        assert!(matches!(shown("5.99"), Err(NoProof::Rejected(_))));
        assert!(matches!(shown(&"x".repeat(MAX_LAST_BATCH + 1)), Err(NoProof::TooLong)));
    }
}
