use crate::{
    Context,
    minting::{self, AccessToken, MintError},
    model::{Session, Step},
    refresh_token::RefreshToken,
    store::Subject,
};
use jiff::Timestamp;

/// Tokens for a session, with what the answer says beside them.
#[derive(Debug, Clone)]
pub struct Issued {
    /// A fresh access token.
    pub access: AccessToken,
    /// The refresh token the client goes on with. Deliver it only where [`Issued::new_refresh`] says so.
    pub refresh: RefreshToken,
    /// The session as it now stands.
    pub session: Session,
    /// Whose it is.
    pub subject: Subject,
    /// What happened.
    pub kind: IssuedKind,
}

/// What happened to the refresh family. Each is a metric of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssuedKind {
    /// Sign-in: the family begins.
    New,
    /// The next generation.
    Rotated,
    /// The successor again, for somebody who came with its parent.
    Repeated,
    /// The current token stays: it came too soon for a rotation.
    Unchanged,
    /// A straggler came with an older token: it gets an access token, and its cookie jar is left alone.
    Held,
    /// The last answer was lost: the generation was issued once more.
    Branched,
    /// The store had lost rotations, and caught up.
    FastForwarded,
}

impl IssuedKind {
    /// Returns the kind's stable name, for metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Rotated => "rotated",
            Self::Repeated => "repeated",
            Self::Unchanged => "unchanged",
            Self::Held => "held",
            Self::Branched => "branched",
            Self::FastForwarded => "fast_forwarded",
        }
    }
}

impl Issued {
    /// Returns the refresh token, if the client does not hold it yet: only then may an answer set the cookie.
    ///
    /// An answer can reach the browser after a later one. If it carried a token that the client had anyway, it could put
    /// it back in the place of its successor, and the next refresh would look like theft.
    pub fn new_refresh(&self) -> Option<&RefreshToken> {
        match self.kind {
            IssuedKind::New | IssuedKind::Rotated | IssuedKind::Repeated | IssuedKind::Branched => {
                Some(&self.refresh)
            }
            IssuedKind::Unchanged | IssuedKind::Held | IssuedKind::FastForwarded => None,
        }
    }

    /// Mints both tokens of one step of a session.
    pub(super) fn mint(
        ctx: &Context,
        session: Session,
        subject: Subject,
        step: Step,
        kind: IssuedKind,
        now: Timestamp,
    ) -> Result<Self, MintError> {
        let access = minting::mint(ctx, &session, &subject, step, now)?;
        let refresh = ctx.keyring.refresh_keys().mint(session.id, step);
        Ok(Self { access, refresh, session, subject, kind })
    }
}
