use handstamp_core::model::{
    SealedSecret, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSession, UpstreamSid, UserId,
};
use handstamp_core::store::Conflict;
use handstamp_core::store::rows::column;
use uuid::Uuid;

use crate::connection::Connection;
use crate::failure::Refusal;
use crate::read::{session_id, user_id};
use crate::sql::upstreams;

/// Links a user to somebody at an upstream.
pub(super) async fn link(connection: &Connection, link: &UpstreamLink) -> Result<(), Refusal> {
    let inserted = connection
        .execute(
            upstreams::ADD_LINK,
            &[
                &link.upstream.as_str(),
                &link.subject.issuer(),
                &link.subject.sub(),
                &user_id(link.user_id),
                &column::time(link.linked_at),
            ],
        )
        .await?;
    if inserted == 0 { Err(Conflict::LinkTaken.into()) } else { Ok(()) }
}

/// Removes a user's link to an upstream.
pub(super) async fn unlink(
    connection: &Connection,
    user: UserId,
    upstream: &UpstreamName,
) -> Result<(), Refusal> {
    match connection.execute(upstreams::REMOVE_LINK, &[&user_id(user), &upstream.as_str()]).await? {
        0 => Err(Conflict::LinkUnknown.into()),
        _ => Ok(()),
    }
}

/// Puts something beside an active session of the user whom the person at the upstream is linked to.
pub(super) async fn remember(connection: &Connection, beside: &UpstreamSession) -> Result<(), Refusal> {
    let id = session_id(beside.session_id);
    let (upstream, issuer, sub) = (beside.upstream.as_str(), beside.subject.issuer(), beside.subject.sub());
    let user = connection
        .optional(upstreams::LOCK_SESSION, &[&id], |fields| {
            Ok(Uuid::from_bytes(fields.of("sessions").id("user_id")?))
        })
        .await?;
    let user = user.ok_or(Conflict::SessionChanged)?;
    if !connection.exists(upstreams::LOCK_LINK, &[&upstream, &issuer, &sub, &user]).await? {
        return Err(Conflict::LinkUnknown.into());
    }
    insert(connection, beside).await
}

/// Puts something beside a session as it is.
pub(super) async fn insert(connection: &Connection, beside: &UpstreamSession) -> Result<(), Refusal> {
    let inserted = connection
        .execute(
            upstreams::REMEMBER,
            &[
                &session_id(beside.session_id),
                &beside.upstream.as_str(),
                &beside.subject.issuer(),
                &beside.subject.sub(),
                &beside.sid.as_ref().map(UpstreamSid::as_str),
                &beside.secret.as_ref().map(SealedSecret::as_bytes),
                &column::time(beside.check.checked_at),
                &beside.check.asked_at.map(column::time),
                &beside.exchanged,
            ],
        )
        .await?;
    if inserted == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}

/// Notes that the upstream is asked or has answered, if it was last asked as it was read.
pub(super) async fn check(
    connection: &Connection,
    from: UpstreamCheck,
    to: &UpstreamSession,
) -> Result<(), Refusal> {
    let checked = connection
        .execute(
            upstreams::CHECK,
            &[
                &session_id(to.session_id),
                &column::time(from.checked_at),
                &from.asked_at.map(column::time),
                &to.secret.as_ref().map(SealedSecret::as_bytes),
                &column::time(to.check.checked_at),
                &to.check.asked_at.map(column::time),
            ],
        )
        .await?;
    if checked == 0 { Err(Conflict::SessionChanged.into()) } else { Ok(()) }
}
