use crate::{
    Context,
    minting::{self, AccessToken, MintError},
    model::Session,
    refresh_machine::{Answer, IssuedKind},
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
        answer: Answer,
        now: Timestamp,
    ) -> Result<Self, MintError> {
        let access = minting::mint(ctx, &session, &subject, answer.step, now)?;
        let refresh = ctx.keyring.refresh_keys().mint(session.id, answer.step);
        Ok(Self { access, refresh, session, subject, kind: answer.kind })
    }
}
