use handstamp_core::model::{
    SealedSecret, SessionId, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSelector, UpstreamSession,
    UpstreamSubject, UserId,
};

use super::{session_id, user_id};
use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::upstreams;

/// Returns who somebody at an upstream is here.
pub(crate) async fn link(
    pool: &Pool,
    upstream: &UpstreamName,
    subject: &UpstreamSubject,
) -> Result<Option<UpstreamLink>, Failure> {
    let person = (upstream.as_str(), subject.issuer(), subject.sub());
    pool.optional(upstreams::LINK, &[&person.0, &person.1, &person.2], decode_link).await
}

/// Returns the links of a user, in the order of upstreams.
pub(crate) async fn links_of(pool: &Pool, user: UserId) -> Result<Vec<UpstreamLink>, Failure> {
    pool.list(upstreams::LINKS_OF, &[&user_id(user)], decode_link).await
}

/// Returns what stands beside a session.
pub(crate) async fn session(pool: &Pool, id: SessionId) -> Result<Option<UpstreamSession>, Failure> {
    pool.optional(upstreams::SESSION, &[&session_id(id)], decode_session).await
}

/// Returns those that an upstream means, in the order of ids.
pub(crate) async fn sessions(
    pool: &Pool,
    upstream: &UpstreamName,
    selector: &UpstreamSelector,
) -> Result<Vec<UpstreamSession>, Failure> {
    let (sql, issuer, who) = match selector {
        UpstreamSelector::Session { issuer, sid } => (upstreams::BY_SID, issuer.as_str(), sid.as_str()),
        UpstreamSelector::Subject(subject) => (upstreams::BY_SUBJECT, subject.issuer(), subject.sub()),
    };
    pool.list(sql, &[&upstream.as_str(), &issuer, &who], decode_session).await
}

/// Takes a link's columns.
pub(crate) fn decode_link(fields: &mut Fields<'_>) -> Result<UpstreamLink, Failure> {
    let fields = fields.of("upstream_links");
    Ok(UpstreamLink {
        upstream: fields.parsed("upstream")?,
        subject: decode_subject(fields)?,
        user_id: UserId::from_bytes(fields.id("user_id")?),
        linked_at: fields.time("linked_at")?,
    })
}

/// Takes the columns of what stands beside a session.
pub(crate) fn decode_session(fields: &mut Fields<'_>) -> Result<UpstreamSession, Failure> {
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

fn decode_subject(fields: &mut Fields<'_>) -> Result<UpstreamSubject, Failure> {
    let (issuer, sub) = (fields.text("issuer")?, fields.text("sub")?);
    UpstreamSubject::new(issuer, sub).map_err(|_| fields.wrong("sub", "text of another form"))
}
