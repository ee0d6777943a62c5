//! Ends what has run out and forgets what nobody needs, in small batches.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Context,
    model::VerifierReport,
    store::{CleanUp, CleanedUp, StoreError},
};

/// Ended sessions stay in the store this long, for the audit log's readers.
const KEEP_ENDED_SESSIONS: Duration = Duration::from_hours(30 * 24);
/// Audit entries stay this long.
const KEEP_AUDIT: Duration = Duration::from_hours(365 * 24);
/// Few enough that a refresh behind a batch does not notice it.
const BATCH: u32 = 500;

/// Cleans up one batch. Returns what was done, and whether to call again at once.
pub async fn clean_up(ctx: &Context, now: Timestamp) -> Result<(CleanedUp, bool), StoreError> {
    let before = |keep: Duration| now.checked_sub(keep).unwrap_or(Timestamp::MIN);
    let what = CleanUp {
        now,
        sessions_ended_before: before(KEEP_ENDED_SESSIONS),
        audit_before: before(KEEP_AUDIT),
        reports_before: now.checked_sub(VerifierReport::LASTS).unwrap_or(Timestamp::MIN),
        limit: BATCH,
    };
    let done = ctx.store.clean_up(what).await?;
    Ok((done, done.may_have_more(BATCH)))
}
