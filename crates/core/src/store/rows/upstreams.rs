//! Links to upstreams, and what stands beside sessions that began at one.

use super::{Fields, Unreadable};
use crate::model::{
    SealedSecret, SessionId, UpstreamCheck, UpstreamLink, UpstreamSession, UpstreamSubject, UserId,
};

/// Takes a link's columns.
pub fn decode_link(fields: &mut Fields<'_>) -> Result<UpstreamLink, Unreadable> {
    let fields = fields.of("upstream_links");
    Ok(UpstreamLink {
        upstream: fields.parsed("upstream")?,
        subject: decode_subject(fields)?,
        user_id: UserId::from_bytes(fields.id("user_id")?),
        linked_at: fields.time("linked_at")?,
    })
}

/// Takes the columns of what stands beside a session.
pub fn decode_session(fields: &mut Fields<'_>) -> Result<UpstreamSession, Unreadable> {
    let fields = fields.of("upstream_sessions");
    Ok(UpstreamSession {
        session_id: SessionId::from_bytes(fields.id("session_id")?),
        upstream: fields.parsed("upstream")?,
        subject: decode_subject(fields)?,
        sid: fields.optional_parsed("sid")?,
        exchanged: fields.flag("exchanged")?,
        secret: fields.optional_bytes("secret")?.map(|bytes| SealedSecret::from_bytes(bytes.to_vec())),
        check: UpstreamCheck {
            checked_at: fields.time("checked_at")?,
            asked_at: fields.optional_time("asked_at")?,
        },
    })
}

fn decode_subject(fields: &mut Fields<'_>) -> Result<UpstreamSubject, Unreadable> {
    let (issuer, sub) = (fields.text("issuer")?, fields.text("sub")?);
    UpstreamSubject::new(issuer, sub).map_err(|_| fields.another_form("sub"))
}
