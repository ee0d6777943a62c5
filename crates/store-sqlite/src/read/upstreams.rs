use handstamp_core::model::{
    SessionId, UpstreamLink, UpstreamName, UpstreamSelector, UpstreamSession, UpstreamSubject, UserId,
};
use handstamp_core::store::rows;
use rusqlite::{Connection, params};

use crate::failure::Failure;
use crate::query;

/// The columns of a link in the order that [`rows::upstreams::decode_link`] takes them.
macro_rules! link_columns {
    () => {
        "SELECT upstream, issuer, sub, user_id, linked_at FROM upstream_links"
    };
}

/// The columns of what stands beside a session in the order that [`rows::upstreams::decode_session`] takes them.
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
    query::optional(connection, sql, person, rows::upstreams::decode_link)
}

/// Returns the links of a user, in the order of upstreams.
pub(crate) fn links_of(connection: &Connection, user: UserId) -> Result<Vec<UpstreamLink>, Failure> {
    let sql = concat!(link_columns!(), " WHERE user_id = ?1 ORDER BY upstream");
    query::list(connection, sql, [user.as_bytes()], rows::upstreams::decode_link)
}

/// Returns what stands beside a session.
pub(crate) fn session(connection: &Connection, id: SessionId) -> Result<Option<UpstreamSession>, Failure> {
    let sql = concat!(session_columns!(), " WHERE session_id = ?1");
    query::optional(connection, sql, [id.as_bytes()], rows::upstreams::decode_session)
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
            query::list(
                connection,
                sql,
                params![upstream.as_str(), issuer, sid.as_str()],
                rows::upstreams::decode_session,
            )
        }
        UpstreamSelector::Subject(subject) => {
            let sql = concat!(
                session_columns!(),
                " WHERE upstream = ?1 AND issuer = ?2 AND sub = ?3 ORDER BY session_id"
            );
            let person = params![upstream.as_str(), subject.issuer(), subject.sub()];
            query::list(connection, sql, person, rows::upstreams::decode_session)
        }
    }
}
