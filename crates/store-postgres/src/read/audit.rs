use handstamp_core::model::{AuditEntry, UserId};
use handstamp_core::store::rows;

use super::user_id;
use crate::failure::Failure;
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
        Some(user) => pool.list(audit::NEWEST_OF, &[&user_id(user), &limit], rows::audit::decode).await,
        None => pool.list(audit::NEWEST, &[&limit], rows::audit::decode).await,
    }
}
