use handstamp_core::model::{
    SealedSecret, SessionId, UpstreamCheck, UpstreamLink, UpstreamName, UpstreamSelector, UpstreamSession,
    UpstreamSubject, UserId,
};
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::fields::Fields;
use crate::query;

/// The columns of a link in the order that [`decode_link`] takes them.
macro_rules! link_columns {
    () => {
        "SELECT upstream, issuer, sub, user_id, linked_at FROM upstream_links"
    };
}

/// The columns of what stands beside a session in the order that [`decode_session`] takes them.
macro_rules! session_columns {
    () => {
        "SELECT session_id, upstream, issuer, sub, sid, exchanged, secret, checked_at, asked_at FROM upstream_sessions"
    };
}

/// Every link.
pub(crate) const EVERY_LINK: &str = link_columns!();

/// All that stands beside sessions.
pub(crate) const EVERY_SESSION: &str = session_columns!();

/// Returns who somebody at an upstream is here.
pub(crate) fn link(
    connection: &Connection,
    upstream: &UpstreamName,
    subject: &UpstreamSubject,
) -> Result<Option<UpstreamLink>, Failure> {
    let sql = concat!(link_columns!(), " WHERE upstream = ?1 AND issuer = ?2 AND sub = ?3");
    let person = params![upstream.as_str(), subject.issuer(), subject.sub()];
    query::optional(connection, sql, person, decode_link)
}

/// Returns the links of a user, in the order of upstreams.
pub(crate) fn links_of(connection: &Connection, user: UserId) -> Result<Vec<UpstreamLink>, Failure> {
    let sql = concat!(link_columns!(), " WHERE user_id = ?1 ORDER BY upstream");
    query::list(connection, sql, [user.as_bytes()], decode_link)
}

/// Returns what stands beside a session.
pub(crate) fn session(connection: &Connection, id: SessionId) -> Result<Option<UpstreamSession>, Failure> {
    let sql = concat!(session_columns!(), " WHERE session_id = ?1");
    query::optional(connection, sql, [id.as_bytes()], decode_session)
}

/// Returns those that an upstream means, in the order of ids.
pub(crate) fn sessions(
    connection: &Connection,
    upstream: &UpstreamName,
    selector: &UpstreamSelector,
) -> Result<Vec<UpstreamSession>, Failure> {
    match selector {
        UpstreamSelector::Session { issuer, sid } => {
            let sql = concat!(
                session_columns!(),
                " WHERE upstream = ?1 AND issuer = ?2 AND sid = ?3 ORDER BY session_id"
            );
            query::list(connection, sql, params![upstream.as_str(), issuer, sid.as_str()], decode_session)
        }
        UpstreamSelector::Subject(subject) => {
            let sql = concat!(
                session_columns!(),
                " WHERE upstream = ?1 AND issuer = ?2 AND sub = ?3 ORDER BY session_id"
            );
            let person = params![upstream.as_str(), subject.issuer(), subject.sub()];
            query::list(connection, sql, person, decode_session)
        }
    }
}

/// Takes a link's columns.
pub(crate) fn decode_link(fields: &mut Fields<'_, '_>) -> Result<UpstreamLink, Failure> {
    let fields = fields.of("upstream_links");
    Ok(UpstreamLink {
        upstream: fields.parsed("upstream")?,
        subject: decode_subject(fields)?,
        user_id: UserId::from_bytes(fields.id("user_id")?),
        linked_at: fields.time("linked_at")?,
    })
}

/// Takes the columns of what stands beside a session.
pub(crate) fn decode_session(fields: &mut Fields<'_, '_>) -> Result<UpstreamSession, Failure> {
    let fields = fields.of("upstream_sessions");
    Ok(UpstreamSession {
        session_id: SessionId::from_bytes(fields.id("session_id")?),
        upstream: fields.parsed("upstream")?,
        subject: decode_subject(fields)?,
        sid: fields.optional_parsed("sid")?,
        exchanged: fields.flag("exchanged")?,
        secret: decode_secret(fields)?,
        check: UpstreamCheck {
            checked_at: fields.time("checked_at")?,
            asked_at: fields.optional_time("asked_at")?,
        },
    })
}

fn decode_subject(fields: &mut Fields<'_, '_>) -> Result<UpstreamSubject, Failure> {
    let (issuer, sub) = (fields.text("issuer")?, fields.text("sub")?);
    UpstreamSubject::new(issuer, sub).map_err(|_| fields.wrong("sub", "text of another form"))
}

fn decode_secret(fields: &mut Fields<'_, '_>) -> Result<Option<SealedSecret>, Failure> {
    if fields.is_null() {
        fields.skip(1);
        return Ok(None);
    }
    Ok(Some(SealedSecret::from_bytes(fields.bytes("secret")?.to_vec())))
}
