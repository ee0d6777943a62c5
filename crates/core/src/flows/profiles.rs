//! Profiles: what services may know of a user and what does not fit a token.

use jiff::Timestamp;

use super::{TRIES, contended, events, users::UsersError};
use crate::{
    Context,
    model::{AuditEntry, AuditKind, Profile, Reason, Selector, UserId},
    store::{Applied, Change, Changes, Conflict, StoreError, Subject},
};

/// The scope with which a machine client may read everybody's profile.
pub const SCOPE: &str = "profiles.read";

/// All that a profile tells, as of one moment of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The user, their organisation, and where the log stood.
    pub subject: Subject,
    /// What was set for them.
    pub profile: Profile,
}

/// Returns a user's profile. One that was never set is empty.
pub async fn find(ctx: &Context, user: UserId) -> Result<Option<Snapshot>, StoreError> {
    let found = ctx.store.profile(user).await?;
    Ok(found.map(|(subject, profile)| Snapshot { subject, profile }))
}

/// Replaces a user's profile. Services that keep it drop it at once; no token says anything of it, so that none goes stale.
pub async fn set(
    ctx: &Context,
    user: UserId,
    profile: Profile,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Snapshot, UsersError> {
    for _ in 0..TRIES {
        let found = find(ctx, user).await?.ok_or(UsersError::NotFound)?;
        // A directory that is copied every night raises nothing for those who are the same.
        if found.profile == profile {
            return Ok(found);
        }
        let org_id = found.subject.user.org_id.clone();
        let event = events::stale(Selector::Profile(user), Reason::ProfileChanged, now, &ctx.settings);
        let entry = AuditEntry {
            user_id: Some(user),
            actor,
            detail: Some("profile".to_owned()),
            ..AuditEntry::new(AuditKind::UserChanged, now)
        };
        let change = Change::SetProfile { user_id: user, from: found.profile, to: profile.clone() };
        let changes = Changes::one(change).event(event.of(user, org_id)).audit(entry);
        match ctx.store.apply(changes).await? {
            Applied::Committed { .. } => return Ok(Snapshot { profile, ..found }),
            Applied::Conflict(Conflict::UserChanged) => {}
            Applied::Conflict(conflict) => return Err(conflict.into()),
        }
    }
    Err(contended("changing a profile").into())
}
