use handstamp_core::model::{AuditEntry, AuditKind, SessionId, UserId};

use super::user_id;
use crate::failure::Failure;
use crate::fields::Fields;
use crate::pool::Pool;
use crate::sql::audit;

/// Returns the newest entries, newest first, of one user or of all.
pub(crate) async fn newest(
    pool: &Pool,
    user: Option<UserId>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Failure> {
    let limit = i64::from(limit);
    match user {
        Some(user) => pool.list(audit::NEWEST_OF, &[&user_id(user), &limit], decode).await,
        None => pool.list(audit::NEWEST, &[&limit], decode).await,
    }
}

/// Takes an entry's columns.
pub(crate) fn decode(fields: &mut Fields<'_>) -> Result<AuditEntry, Failure> {
    let fields = fields.of("audit_entries");
    Ok(AuditEntry {
        at: fields.time("at")?,
        kind: fields.name("kind", AuditKind::from_name)?,
        user_id: fields.optional_id("user_id")?.map(UserId::from_bytes),
        session_id: fields.optional_id("session_id")?.map(SessionId::from_bytes),
        actor: fields.optional_id("actor")?.map(UserId::from_bytes),
        address: fields.optional_parsed("address")?,
        detail: fields.optional_text("detail")?.map(str::to_owned),
    })
}
