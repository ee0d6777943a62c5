use std::borrow::Cow;

use handstamp_core::model::{LogPosition, NewEvent, OrgId, Selector};
use handstamp_core::shared::News;
use handstamp_core::store::rows::{self, column};
use uuid::Uuid;

use super::{Work, plain};
use crate::failure::Failure;
use crate::read::{self, user_id};
use crate::sql::log;

/// Numbers events and adds them to the log. Returns where it stands then; nothing where there are no events.
pub(super) async fn append(work: &Work<'_>, events: &[NewEvent]) -> Result<Option<LogPosition>, Failure> {
    if events.is_empty() {
        return Ok(None);
    }
    let (selectors, targets): (Vec<&str>, Vec<Option<Cow<'_, str>>>) =
        events.iter().map(|event| selector(&event.selector)).unzip();
    let kinds: Vec<&str> = events.iter().map(|event| rows::log::kind(event.kind)).collect();
    let reasons: Vec<&str> = events.iter().map(|event| event.reason.as_str()).collect();
    let (at, forget_at): (Vec<i64>, Vec<i64>) =
        events.iter().map(|event| (column::time(event.at), column::time(event.forget_at))).unzip();
    let users: Vec<Option<Uuid>> = events.iter().map(|event| event.user.map(user_id)).collect();
    let orgs: Vec<Option<&str>> =
        events.iter().map(|event| event.org_id.as_ref().map(OrgId::as_str)).collect();
    let row: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&selectors, &targets, &kinds, &reasons, &at, &forget_at, &users, &orgs, &work.channel];
    let head = work.connection.optional(log::APPEND, row, rows::log::decode).await?;
    head.map(Some).ok_or_else(read::log::row_is_gone)
}

/// Tells whoever listens that the log has moved, once this is committed.
pub(super) async fn tell(work: &Work<'_>, head: LogPosition) -> Result<(), Failure> {
    work.connection.execute(log::TELL, &[&work.channel, &News::Log(head).to_string()]).await.map(drop)
}

/// Returns the name of a selector, and what it names.
pub(super) fn selector(selector: &Selector) -> (&'static str, Option<Cow<'_, str>>) {
    let (name, target) = rows::log::selector(selector);
    (name, target.map(plain))
}
