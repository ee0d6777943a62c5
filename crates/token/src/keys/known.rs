//! What a key remembers of the first token it verified.

use std::sync::OnceLock;

use crate::claims::Gleaner;
use crate::header::Header;
use crate::json::Document;
use crate::json::reader::{Expected, ExpectedNames};
use crate::verified::LIMITS;

/// The header of the first token a key verified, and its claims' names. An issuer writes the same into every token of a kind, so
/// the next ones are recognised by their text instead of being parsed again.
///
/// Every core reads this for every token. It is in one piece and has its lines of the processors' caches for itself: beside
/// memory that one core writes all the time, reading it would make the others wait.
#[derive(Default)]
#[repr(align(128))]
pub(super) struct Known {
    header: OnceLock<KnownHeader>,
    claims: OnceLock<ExpectedNames>,
}

struct KnownHeader {
    encoded: [u8; MAX_HEADER_LEN],
    len: usize,
    header: Header,
}

/// Longer headers are parsed each time.
const MAX_HEADER_LEN: usize = 256;

impl Known {
    /// Returns what a header text means that a verified token had before.
    #[inline]
    pub(super) fn header(&self, encoded: &str) -> Option<&Header> {
        let known = self.header.get()?;
        (known.encoded.get(..known.len) == Some(encoded.as_bytes())).then_some(&known.header)
    }

    /// Remembers the header of a verified token; the first one stays. One that names no key means this one only while there is
    /// no other, so it is read every time.
    pub(super) fn remember_header(&self, encoded: &str, header: &Header) {
        if header.kid.is_none() || self.header.get().is_some() {
            return;
        }
        let mut copy = [0; MAX_HEADER_LEN];
        if let Some(start) = copy.get_mut(..encoded.len()) {
            start.copy_from_slice(encoded.as_bytes());
            let known = || KnownHeader { encoded: copy, len: encoded.len(), header: header.clone() };
            self.header.get_or_init(known);
        }
    }

    /// Returns the names of the first claims, or those of `payload`, which has just been verified, if these are the first.
    #[inline]
    pub(super) fn claims(&self, payload: &str) -> &[Expected] {
        let names = self.claims.get_or_init(|| {
            let document = Document::parse_text(payload, LIMITS);
            document.map(|document| ExpectedNames::like::<Gleaner<'_>>(&document)).unwrap_or_default()
        });
        names.as_slice()
    }
}
