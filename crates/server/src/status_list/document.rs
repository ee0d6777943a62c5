use std::{
    io::{self, Write as _},
    time::Duration,
};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use handstamp_api_types::status_list::{STATUS_LIST_TYP, StatusListClaims};
use handstamp_core::model::StatusList;
use handstamp_token::{SignError, SigningKey, UnixTime};
use jiff::Timestamp;

use super::packed::{Statuses, pack};

/// So many times its `ttl` a list may be believed: two fetches may fail, and no more. Longer would keep a stolen token alive
/// behind a cut line.
const LIFETIME: u32 = 3;

/// A status list as it is sent.
pub(crate) struct Document {
    /// The JWT.
    pub(crate) plain: Bytes,
    /// The same under gzip: base64 within base64 shrinks again.
    pub(crate) zipped: Bytes,
    /// Another for every document.
    pub(crate) tag: String,
    issued_at: Timestamp,
    ttl: Duration,
}

/// What a document says, before it is signed.
pub(super) struct Draft {
    pub(super) issuer: String,
    pub(super) uri: String,
    pub(super) list: StatusList,
    pub(super) statuses: Statuses,
    pub(super) ttl: Duration,
    pub(super) now: Timestamp,
}

/// No document could be made: a defect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DocumentError {
    #[error("the status list could not be compressed")]
    Compress(#[from] io::Error),
    #[error("the status list could not be signed")]
    Sign(#[from] SignError),
}

impl Draft {
    /// Packs and signs. Takes some milliseconds for a million places.
    pub(super) fn sign(self, key: &SigningKey) -> Result<Document, DocumentError> {
        let Self { issuer, uri, list, statuses, ttl, now } = self;
        let iat = UnixTime::from_secs(now.as_second());
        let claims = StatusListClaims {
            iss: issuer,
            sub: uri,
            iat,
            exp: iat.saturating_add(ttl.saturating_mul(LIFETIME)),
            ttl: ttl.as_secs(),
            status_list: pack(list.bits, list.size, &statuses)?,
        };
        let jwt = key.sign_document(STATUS_LIST_TYP, &claims)?;
        // Of two documents with one signature, header and payload are the same.
        let signature = jwt.rsplit('.').next().unwrap_or_default();
        let tag = signature[signature.len().saturating_sub(32)..].to_owned();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(jwt.as_bytes())?;
        let zipped = gzip.finish()?.into();
        Ok(Document { plain: jwt.into(), zipped, tag, issued_at: now, ttl })
    }
}

impl Document {
    /// Returns for how long caches may keep it: until there is a newer one for sure.
    pub(crate) fn fresh_for(&self, now: Timestamp) -> Duration {
        self.ttl.saturating_sub(self.age(now))
    }

    /// Returns whether it is time for a new one, though nothing may have happened.
    ///
    /// Half its `ttl` is left then: whoever asks never gets one that is about to run out.
    pub(super) fn is_old(&self, now: Timestamp) -> bool {
        self.age(now) >= self.ttl / 2
    }

    /// Returns whether verifiers refuse it.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.age(now) >= self.ttl.saturating_mul(LIFETIME)
    }

    fn age(&self, now: Timestamp) -> Duration {
        // Of a clock that was set back nothing is known: old enough to be made anew.
        Duration::try_from(now.duration_since(self.issued_at)).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, time::Duration};

    use flate2::read::GzDecoder;
    use handstamp_core::model::{StatusBits, StatusList, StatusListId, TokenStatus};
    use handstamp_token::{Algorithm, MAX_DOCUMENT_LEN, SigningKey};
    use jiff::Timestamp;

    use super::{Document, Draft, Statuses};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn document(bits: StatusBits, size: u32, bad: Vec<(u32, TokenStatus)>) -> Document {
        let id = StatusListId::from_bytes([0xab; 8]);
        let list = StatusList { id, bits, size, taken: size, created_at: NOW, keep_until: NOW };
        let draft = Draft {
            issuer: "https://auth.example".to_owned(),
            uri: format!("https://auth.example/status-lists/{id}"),
            list,
            statuses: Statuses::AllBut(bad),
            ttl: Duration::from_mins(1),
            now: NOW,
        };
        draft.sign(&SigningKey::generate(Algorithm::Es256).unwrap()).unwrap()
    }

    /// As random as places are, and the same in every run.
    fn some(of: u32, one_in: u64, status: TokenStatus) -> Vec<(u32, TokenStatus)> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        (0..of).filter(|_| draw().is_multiple_of(one_in)).map(|place| (place, status)).collect()
    }

    /// The number that docs/decisions quotes.
    #[test]
    fn a_million_tokens_with_one_in_a_hundred_revoked_are_24_kilobytes() {
        let bad = some(1_000_000, 100, TokenStatus::Invalid);
        assert!((9_700..10_300).contains(&bad.len()), "{}", bad.len());
        let document = document(StatusBits::One, 1_000_000, bad);
        println!("{} bytes, {} under gzip", document.plain.len(), document.zipped.len());
        assert!(document.plain.len() < 26_000, "{} bytes", document.plain.len());
        assert!(document.zipped.len() < document.plain.len() * 4 / 5, "{} bytes", document.zipped.len());
    }

    #[test]
    fn a_list_in_which_nothing_happened_is_small() {
        let document = document(StatusBits::Two, 1_000_000, Vec::new());
        println!("{} bytes with nothing set", document.plain.len());
        assert!(document.plain.len() < 1_500, "{} bytes", document.plain.len());
    }

    #[test]
    fn the_largest_list_at_its_worst_is_one_that_verifiers_read() {
        for (bits, size) in [(StatusBits::One, 4_194_304), (StatusBits::Two, 2_097_152)] {
            // Half of them: nothing is harder to compress.
            let document = document(bits, size, some(size, 2, TokenStatus::Invalid));
            assert!(document.plain.len() <= MAX_DOCUMENT_LEN, "{} bytes", document.plain.len());
        }
    }

    #[test]
    fn what_is_zipped_is_the_document() {
        let document = document(StatusBits::One, 1_024, vec![(5, TokenStatus::Invalid)]);
        let mut text = String::new();
        GzDecoder::new(&document.zipped[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text.as_bytes(), &document.plain[..]);
    }

    #[test]
    fn another_document_has_another_tag() {
        let (one, other) =
            (document(StatusBits::One, 1_024, Vec::new()), document(StatusBits::One, 1_024, Vec::new()));
        assert_ne!(one.tag, other.tag);
    }

    #[test]
    fn caches_keep_it_for_what_is_left_of_its_ttl() {
        let document = document(StatusBits::One, 1_024, Vec::new());
        let left = |seconds| document.fresh_for(after(seconds)).as_secs();
        assert_eq!([left(0), left(29), left(60), left(99), left(-1)], [60, 31, 0, 0, 0]);
    }

    #[test]
    fn it_is_made_anew_at_half_its_ttl_and_refused_after_three_times() {
        let document = document(StatusBits::One, 1_024, Vec::new());
        assert!(!document.is_old(after(29)) && document.is_old(after(30)));
        assert!(!document.is_over(after(179)) && document.is_over(after(180)));
        assert!(document.is_old(after(-1)), "of a clock that was set back nothing is known");
    }
}
