use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use handstamp_api_types::revocation::RevocationLevel;
use handstamp_api_types::{AccessTokenClaims, Rev};
use handstamp_token::UnixTime;

use super::selector::{Selector, SelectorKey};

/// What a verified token shows to the revocation list.
#[derive(Clone, Copy, Debug)]
pub struct TokenIdentity<'a> {
    /// Where the revocation log stood when the token's claims were read. A token without it counts as oldest.
    pub rev: Option<Rev>,
    /// The id of the key that signed it.
    pub kid: &'a str,
    /// The token's own id.
    pub jti: &'a str,
    /// Its session.
    pub sid: Option<&'a str>,
    /// Whom it is about.
    pub sub: &'a str,
    /// Their organisation.
    pub org_id: Option<&'a str>,
    /// The client it was issued to.
    pub client_id: Option<&'a str>,
    /// When it was issued.
    pub iat: UnixTime,
}

impl<'a> TokenIdentity<'a> {
    /// Returns the identity of a token with these claims, signed by the key `kid`.
    pub fn of(claims: &'a AccessTokenClaims, kid: &'a str) -> Self {
        Self {
            rev: Some(claims.rev),
            kid,
            jti: &claims.jti,
            sid: claims.sid.as_deref(),
            sub: &claims.sub,
            org_id: claims.org_id.as_deref(),
            client_id: Some(&claims.client_id),
            iat: claims.iat,
        }
    }
}

/// What was found out about one token, to be kept beside it in a cache.
///
/// It holds the token's selector hashes once they were needed, and the snapshot the token passed last: until something else
/// is revoked, checking the token again costs two reads from memory. A memo belongs to one token.
#[derive(Debug, Default)]
pub struct Memo {
    /// The number of the snapshot, or 0 for none.
    passed: AtomicU64,
    selectors: OnceLock<Selectors>,
}

impl Memo {
    #[inline]
    pub(super) fn passed(&self) -> u64 {
        self.passed.load(Ordering::Relaxed)
    }

    pub(super) fn set_passed(&self, snapshot: u64) {
        self.passed.store(snapshot, Ordering::Relaxed);
    }

    pub(super) fn selectors(&self, token: &TokenIdentity<'_>, key: &SelectorKey) -> Selectors {
        let known = self.selectors.get_or_init(|| Selectors::of(token, key));
        // After a change of key the memo is of no use, and soon forgotten with its token.
        if known.key == key.fingerprint() { *known } else { Selectors::of(token, key) }
    }
}

/// A token's selectors at each level.
#[derive(Clone, Copy, Debug)]
pub(super) struct Selectors {
    key: u64,
    pub(super) kid: Selector,
    /// In the order of [`NARROW_LEVELS`].
    pub(super) narrow: [Option<Selector>; NARROW_LEVELS.len()],
}

/// The levels that are looked up in the table, the widest first.
pub(super) const NARROW_LEVELS: [RevocationLevel; 5] = [
    RevocationLevel::Client,
    RevocationLevel::Organization,
    RevocationLevel::Subject,
    RevocationLevel::Session,
    RevocationLevel::Token,
];

impl Selectors {
    fn of(token: &TokenIdentity<'_>, key: &SelectorKey) -> Self {
        let narrow = NARROW_LEVELS.map(|level| {
            let value = match level {
                RevocationLevel::Client => token.client_id,
                RevocationLevel::Organization => token.org_id,
                RevocationLevel::Subject => Some(token.sub),
                RevocationLevel::Session => token.sid,
                RevocationLevel::Token => Some(token.jti),
                RevocationLevel::Key | RevocationLevel::All => None,
            };
            value.map(|value| key.selector(level, value))
        });
        Self { key: key.fingerprint(), kid: key.selector(RevocationLevel::Key, token.kid), narrow }
    }

    /// Returns a number that is the same for all tokens of a session, to spread what many of them do.
    pub(super) fn spread(&self) -> u64 {
        let [_, _, subject, session, token] = self.narrow;
        session.or(subject).or(token).map_or(0, |selector| selector.lo)
    }
}

/// Returns the level's place in [`NARROW_LEVELS`].
pub(super) fn narrow_index(level: RevocationLevel) -> Option<usize> {
    NARROW_LEVELS.iter().position(|narrow| *narrow == level)
}
