use std::{fmt, time::Duration};

use handstamp_api_types::{
    Rev,
    revocation::{BATCH_AUDIENCE, BATCH_TYP, RevocationBatch, SelectorKeyText},
};
use handstamp_token::{SignError, SigningKey, UnixTime};
use jiff::Timestamp;

use super::log::Stretch;

/// How long a signed batch may be taken: clocks may differ, and a proxy may hold it for a while.
const LIFETIME: Duration = Duration::from_mins(10);

/// A signed stretch, ready to be sent.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) epoch: u32,
    pub(super) after: u64,
    pub(super) through: u64,
    pub(super) jwt: String,
}

/// What ties a batch to the one reader who asked, and lets it read the selectors.
#[derive(Debug, Clone)]
pub(super) struct Hello {
    pub(super) nonce: String,
    pub(super) key: SelectorKeyText,
}

/// Writes a stretch down as it travels.
pub(super) fn batch(issuer: &str, stretch: Stretch, hello: Option<Hello>, now: Timestamp) -> RevocationBatch {
    let iat = UnixTime::from_secs(now.as_second());
    let (nonce, selector_key) = hello.map(|hello| (hello.nonce, hello.key)).unzip();
    RevocationBatch {
        iss: issuer.to_owned(),
        aud: BATCH_AUDIENCE.to_owned(),
        iat,
        exp: iat.saturating_add(LIFETIME),
        time_ms: u64::try_from(now.as_millisecond()).unwrap_or(0),
        epoch: stretch.epoch,
        earlier: stretch.earlier,
        after: stretch.after,
        through: stretch.through,
        head: stretch.head,
        events: stretch.events,
        nonce,
        selector_key,
    }
}

/// Signs a batch under the feed's own key.
pub(super) fn sign(key: &SigningKey, batch: &RevocationBatch) -> Result<Signed, SignError> {
    let jwt = key.sign_document(BATCH_TYP, batch)?;
    Ok(Signed { epoch: batch.epoch, after: batch.after, through: batch.through, jwt })
}

/// As a server-sent event.
impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = Rev { epoch: self.epoch, seq: self.through };
        write!(f, "event: batch\nid: {id}\ndata: {}\n\n", self.jwt)
    }
}
