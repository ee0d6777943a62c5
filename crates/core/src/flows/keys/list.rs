use handstamp_token::VerifyingKey;
use jiff::Timestamp;

use super::moves::{are_ours, of, view};
use crate::{
    Context,
    key_rotation::Outlook,
    model::{KeyPurpose, KeyState, LogPosition, StoredKey, VerifierReport},
    store::StoreError,
};

/// Every key, and who holds it.
#[derive(Debug)]
pub struct KeyList {
    /// The store's keys, oldest first.
    pub keys: Vec<ListedKey>,
    /// The operator's secrets that access tokens are signed with, the one that signs first.
    pub secrets: Vec<VerifyingKey>,
    /// Where the revocation log stands.
    pub head: LogPosition,
}

/// A key, and who holds it.
#[derive(Debug)]
pub struct ListedKey {
    /// The key.
    pub key: StoredKey,
    /// Of the next key and of the active one: what is known of the switch between them.
    pub outlook: Option<Outlook>,
    /// How many processes report to hold it, of those that report to hold any key of its purpose.
    pub held_by: usize,
    /// The others of those.
    pub behind: Vec<VerifierReport>,
}

/// Returns every key, oldest first.
pub async fn list(ctx: &Context, now: Timestamp) -> Result<KeyList, StoreError> {
    let stored = ctx.store.keys().await?;
    let reports = ctx.store.reports().await?;
    let head = ctx.store.log_head().await?;
    let keys = stored.iter().map(|key| listed(ctx, key, &of(&stored, key.purpose), &reports, now));
    let secrets = ctx.keyring.secrets();
    let secrets = secrets.map(|secrets| secrets.in_order().collect()).unwrap_or_default();
    Ok(KeyList { keys: keys.collect(), secrets, head })
}

fn listed(
    ctx: &Context,
    key: &StoredKey,
    siblings: &[StoredKey],
    reports: &[VerifierReport],
    now: Timestamp,
) -> ListedKey {
    let keys = view(ctx, key.purpose, siblings);
    let takes_part = match key.state {
        KeyState::Next { .. } => keys.next_that_fits().is_some_and(|next| next.id == key.id),
        KeyState::Active { .. } => true,
        KeyState::Retired { .. } | KeyState::Revoked { .. } => false,
    };
    let outlook = keys.outlook(reports, now).filter(|_| takes_part && are_ours(ctx, key.purpose));
    // What is revoked is to be held by nobody, and what refresh tokens are made with never leaves the service.
    let is_published =
        !matches!(key.state, KeyState::Revoked { .. }) && key.purpose != KeyPurpose::RefreshToken;
    let about_us = reports.iter().filter(|report| is_published && keys.is_about_us(report, now));
    let (held_by, behind): (Vec<_>, Vec<_>) = about_us.cloned().partition(|report| report.holds(&key.id));
    ListedKey { key: key.clone(), outlook, held_by: held_by.len(), behind }
}
