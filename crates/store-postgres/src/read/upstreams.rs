use handstamp_core::model::{
    SessionId, UpstreamLink, UpstreamName, UpstreamSelector, UpstreamSession, UpstreamSubject, UserId,
};
use handstamp_core::store::rows;

use super::{session_id, user_id};
use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::upstreams;

/// Returns who somebody at an upstream is here.
pub(crate) async fn link(
    pool: &Pool,
    upstream: &UpstreamName,
    subject: &UpstreamSubject,
) -> Result<Option<UpstreamLink>, Failure> {
    let person = (upstream.as_str(), subject.issuer(), subject.sub());
    pool.optional(upstreams::LINK, &[&person.0, &person.1, &person.2], rows::upstreams::decode_link).await
}

/// Returns the links of a user, in the order of upstreams.
pub(crate) async fn links_of(pool: &Pool, user: UserId) -> Result<Vec<UpstreamLink>, Failure> {
    pool.list(upstreams::LINKS_OF, &[&user_id(user)], rows::upstreams::decode_link).await
}

/// Returns what stands beside a session.
pub(crate) async fn session(pool: &Pool, id: SessionId) -> Result<Option<UpstreamSession>, Failure> {
    pool.optional(upstreams::SESSION, &[&session_id(id)], rows::upstreams::decode_session).await
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
    pool.list(sql, &[&upstream.as_str(), &issuer, &who], rows::upstreams::decode_session).await
}
