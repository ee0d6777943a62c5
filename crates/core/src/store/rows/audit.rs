//! Audit entries.

use super::{Fields, Unreadable};
use crate::model::{AuditEntry, AuditKind, SessionId, UserId};

/// Takes an entry's columns.
pub fn decode(fields: &mut Fields<'_>) -> Result<AuditEntry, Unreadable> {
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
