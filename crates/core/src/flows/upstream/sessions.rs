//! What stands beside a session that began at an upstream.

use jiff::Timestamp;

use super::{RecheckSecret, UpstreamSignIn, UpstreamSignInError};
use crate::{
    Context,
    model::{SealedSecret, SessionId, UpstreamCheck, UpstreamSession},
    root_key::RootKeyError,
    store::StoreError,
};

/// Returns at which upstream a session began, as long as it is not over.
pub async fn of_session(ctx: &Context, session: SessionId) -> Result<Option<UpstreamSession>, StoreError> {
    ctx.store.upstream_session(session).await
}

pub(super) fn beginning(
    ctx: &Context,
    session_id: SessionId,
    command: &UpstreamSignIn,
    now: Timestamp,
) -> Result<UpstreamSession, UpstreamSignInError> {
    let identity = &command.identity;
    let settings = ctx.settings.upstreams.get(&identity.upstream);
    // What is never asked with is not kept.
    let asked = identity.recheck.as_ref().filter(|_| settings.is_some_and(|s| s.recheck_every.is_some()));
    let secret = asked.map(|secret| seal(ctx, session_id, secret)).transpose();
    Ok(UpstreamSession {
        session_id,
        upstream: identity.upstream.clone(),
        subject: identity.subject.clone(),
        sid: identity.sid.clone(),
        exchanged: command.attempt.is_none(),
        secret: secret.map_err(UpstreamSignInError::Seal)?,
        check: UpstreamCheck { checked_at: now, asked_at: None },
    })
}

/// Seals a secret for one session.
pub(super) fn seal(
    ctx: &Context,
    session: SessionId,
    secret: &RecheckSecret,
) -> Result<SealedSecret, RootKeyError> {
    let sealed = ctx.keyring.seal(purpose(session).as_bytes(), secret.reveal().as_bytes(), &*ctx.entropy)?;
    Ok(SealedSecret::from_bytes(sealed))
}

/// Opens the secret of one session.
pub(super) fn open(
    ctx: &Context,
    session: SessionId,
    sealed: &SealedSecret,
) -> Result<RecheckSecret, RootKeyError> {
    let plain = ctx.keyring.open(purpose(session).as_bytes(), sealed.as_bytes())?;
    let text = str::from_utf8(&plain).map_err(|_| RootKeyError::CannotOpen)?;
    Ok(RecheckSecret::new(text))
}

fn purpose(session: SessionId) -> String {
    format!("upstream session {session}")
}
