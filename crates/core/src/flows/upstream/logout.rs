//! Back-channel logout: the upstream says that a session, or every session of somebody, is over
//! ([OpenID Connect Back-Channel Logout](https://openid.net/specs/openid-connect-backchannel-1_0.html)).

use aws_lc_rs::digest;
use jiff::Timestamp;

use super::recheck::ending;
use crate::{
    Context,
    flows::{TRIES, use_once},
    model::{OneTimePurpose, UpstreamName, UpstreamSelector},
    store::{Applied, Changes, Conflict, StoreError},
};

/// What a verified logout token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamLogout {
    /// Which upstream.
    pub upstream: UpstreamName,
    /// What is over there.
    pub what: UpstreamSelector,
    /// The token's `jti`: it is good for one time.
    pub token_id: String,
    /// From then on nobody would take the token anyway.
    pub expires_at: Timestamp,
}

/// Nothing was ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamLogoutError {
    /// The token was used before: what it means is done.
    #[error("the logout token was used before")]
    AlreadyUsed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Ends what the upstream has ended. Returns how many sessions that were.
pub async fn end_upstream_sessions(
    ctx: &Context,
    logout: &UpstreamLogout,
    now: Timestamp,
) -> Result<u64, UpstreamLogoutError> {
    let once = use_once(OneTimePurpose::LogoutToken, used_id(logout), logout.expires_at);
    let mut ended = end_all(ctx, logout, Changes::one(once), now).await?;
    // A session can begin between the look and the end of the others.
    for _ in 0..TRIES {
        match end_all(ctx, logout, Changes::default(), now).await? {
            0 => break,
            more => ended += more,
        }
    }
    Ok(ended)
}

async fn end_all(
    ctx: &Context,
    logout: &UpstreamLogout,
    mut changes: Changes,
    now: Timestamp,
) -> Result<u64, UpstreamLogoutError> {
    for beside in ctx.store.upstream_sessions(&logout.upstream, &logout.what).await? {
        if let Some(session) = ctx.store.session(beside.session_id).await? {
            changes = ending(ctx, changes, &session, now).await?;
        }
    }
    if changes == Changes::default() {
        return Ok(0);
    }
    match ctx.store.apply(changes).await? {
        Applied::Committed { sessions_ended, .. } => Ok(sessions_ended),
        Applied::Conflict(Conflict::AlreadyUsed) => Err(UpstreamLogoutError::AlreadyUsed),
        Applied::Conflict(conflict) => {
            let doing = "ending the sessions of an upstream";
            Err(StoreError::Defect { doing, source: conflict.into() }.into())
        }
    }
}

/// Two issuers may draw the same `jti`, and one may be as long as it likes.
fn used_id(logout: &UpstreamLogout) -> String {
    let issuer = match &logout.what {
        UpstreamSelector::Session { issuer, .. } => issuer,
        UpstreamSelector::Subject(subject) => subject.issuer(),
    };
    let whole = format!("{}\n{issuer}\n{}", logout.upstream, logout.token_id);
    let hash = digest::digest(&digest::SHA256, whole.as_bytes());
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(hash.as_ref())
}
