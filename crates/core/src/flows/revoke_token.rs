//! Token revocation ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)): a client gives a token back.

use std::net::IpAddr;

use jiff::Timestamp;

use super::events;
use crate::{
    Context,
    model::{
        AuditEntry, AuditKind, ClientId, EndReason, NewEvent, OrgId, Reason, Selector, Session, SessionId,
        SessionState, UserId,
    },
    store::{Change, Changes, StoreError},
};

/// An access token of ours whose signature was checked.
#[derive(Debug, Clone)]
pub struct AccessTokenToRevoke<'a> {
    /// Its `jti`.
    pub jti: &'a str,
    /// Its `sid`, for the audit log.
    pub session: Option<SessionId>,
    /// Its `sub`, for the audit log.
    pub user: Option<UserId>,
    /// Its `org_id`.
    pub org_id: Option<OrgId>,
    /// Whom it was issued to.
    pub client_id: Option<&'a str>,
}

/// Whether anything was revoked. The client hears the same either way (RFC 7009 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// The token is over.
    Yes,
    /// The token was over already, is unknown, or belongs to another client.
    NothingToDo,
}

/// Revokes one access token; the session goes on.
pub async fn access_token(
    ctx: &Context,
    client: &ClientId,
    token: AccessTokenToRevoke<'_>,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Revoked, StoreError> {
    if token.client_id != Some(client.as_str()) {
        return Ok(Revoked::NothingToDo);
    }
    let event = events::dead(Selector::Token(token.jti.to_owned()), Reason::TokenRevoked, now, &ctx.settings);
    let event = NewEvent { user: token.user, org_id: token.org_id, ..event };
    let entry = AuditEntry {
        user_id: token.user,
        session_id: token.session,
        address,
        detail: Some(format!("access token {} by client {client}", token.jti)),
        ..AuditEntry::new(AuditKind::TokenRevoked, now)
    };
    ctx.store.apply(Changes::default().event(event).audit(entry)).await?;
    Ok(Revoked::Yes)
}

/// Revokes a refresh token: its session ends, and the access tokens of that session with it (RFC 7009 §2.1).
pub async fn refresh_token(
    ctx: &Context,
    client: &ClientId,
    token: &str,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Revoked, StoreError> {
    let Ok(presented) = ctx.keyring.refresh_keys().authenticate(token) else {
        return Ok(Revoked::NothingToDo);
    };
    let session = ctx.store.session(presented.session).await?;
    let belongs = |session: &Session| session.client_id == *client && session.state == SessionState::Active;
    let Some(session) = session.filter(belongs) else { return Ok(Revoked::NothingToDo) };
    let entry = AuditEntry {
        user_id: Some(session.user_id),
        session_id: Some(session.id),
        address,
        detail: Some(format!("refresh token by client {client}")),
        ..AuditEntry::new(AuditKind::TokenRevoked, now)
    };
    let event = events::dead(Selector::Session(session.id), Reason::SessionEnded, now, &ctx.settings);
    let event = events::owned(ctx, event, session.user_id).await?;
    let change = Change::EndGroup { id: session.id, at: now, reason: EndReason::SignedOut, event };
    ctx.store.apply(Changes::one(change).audit(entry)).await?;
    Ok(Revoked::Yes)
}
