use std::time::Duration;

use jiff::Timestamp;

use super::KeysError;
use crate::{
    Context,
    key_rotation::Keys,
    keyring::{KeyringError, Maker},
    model::{AuditEntry, AuditKind, KeyPurpose, KeyState, StoredKey, UserId, later},
    store::{Applied, Change, Changes},
};

/// How long past its last token a retired key stays: for replicas that signed with it a moment after the switch.
const RETIREMENT_MARGIN: Duration = Duration::from_mins(10);

/// Changes to the keys of one purpose, and who makes them.
#[derive(Clone, Copy)]
pub(super) struct Mover<'a> {
    pub(super) ctx: &'a Context,
    pub(super) actor: Option<UserId>,
    pub(super) now: Timestamp,
}

impl Mover<'_> {
    /// Lets the next key sign, or a new one where there is none that fits, retires the active one, and publishes a new next one.
    pub(super) fn switch(&self, keys: &Keys<'_>) -> Result<Changes, KeyringError> {
        let mut changes = self.succeed(keys)?;
        for key in keys.keys.iter().filter(|key| key.state.is_active()) {
            let remove_at = remove_after(self.ctx, key.purpose, later(self.now, RETIREMENT_MARGIN));
            changes = self.move_to(changes, key, KeyState::Retired { at: self.now, remove_at }, "retired");
        }
        Ok(changes)
    }

    /// Lets the next key sign, or a new one where there is none that fits, and publishes a new next one.
    pub(super) fn succeed(&self, keys: &Keys<'_>) -> Result<Changes, KeyringError> {
        let active = KeyState::Active { since: self.now };
        let next = keys.next_that_fits();
        // No other next key is left: one that does not fit, or one too many.
        let others = keys.keys.iter().filter(|key| key.state.is_next() && Some(*key) != next);
        let mut changes = others.fold(Changes::default(), |changes, key| self.remove(changes, key));
        if let Some(next) = next {
            changes = self.move_to(changes, next, active, "activated");
        } else {
            let new = self.maker().make(keys.purpose, active)?;
            let entry = self.entry(&new, "made and activated");
            changes = changes.and(Change::AddKey(new)).audit(entry);
        }
        self.add_next(changes, keys.purpose)
    }

    /// Publishes a next key, in the place of those that do not fit.
    pub(super) fn publish(&self, keys: &Keys<'_>) -> Result<Changes, KeyringError> {
        let changes = keys.misfits().fold(Changes::default(), |changes, key| self.remove(changes, key));
        self.add_next(changes, keys.purpose)
    }

    /// Moves a key on, and notes it.
    pub(super) fn move_to(&self, changes: Changes, key: &StoredKey, to: KeyState, what: &str) -> Changes {
        let moved = Change::MoveKey { key: StoredKey { state: to, ..key.clone() }, from: key.state };
        changes.and(moved).audit(self.entry(key, what))
    }

    /// Forgets a key, and notes it.
    pub(super) fn remove(&self, changes: Changes, key: &StoredKey) -> Changes {
        changes.and(Change::RemoveKey(key.id.clone())).audit(self.entry(key, "removed"))
    }

    /// Commits, and loads what then holds. Returns false when somebody else was faster.
    pub(super) async fn commit(&self, changes: Changes) -> Result<bool, KeysError> {
        let applied = self.ctx.store.apply(changes).await?;
        self.ctx.keyring.reload(&*self.ctx.store).await?;
        Ok(matches!(applied, Applied::Committed { .. }))
    }

    fn add_next(&self, changes: Changes, purpose: KeyPurpose) -> Result<Changes, KeyringError> {
        let next = self.maker().make(purpose, KeyState::NEXT)?;
        let entry = self.entry(&next, "published");
        Ok(changes.and(Change::AddNextKey(next)).audit(entry))
    }

    fn maker(&self) -> Maker<'_> {
        let Self { ctx, now, .. } = *self;
        Maker { root: ctx.keyring.root(), settings: &ctx.settings, entropy: &*ctx.entropy, now }
    }

    fn entry(&self, key: &StoredKey, what: &str) -> AuditEntry {
        AuditEntry {
            actor: self.actor,
            detail: Some(format!("{} key {} {what}", key.purpose.as_str(), key.id)),
            ..AuditEntry::new(AuditKind::KeyChanged, self.now)
        }
    }
}

/// Returns when the last token is dead that a key made at `last` at the latest.
pub(super) fn remove_after(ctx: &Context, purpose: KeyPurpose, last: Timestamp) -> Timestamp {
    let reach = match purpose {
        KeyPurpose::AccessToken | KeyPurpose::RevocationFeed => ctx.settings.tokens.reach(),
        KeyPurpose::RefreshToken => ctx.settings.sessions.idle_lifetime,
    };
    later(last, reach)
}

/// Returns what rotation goes by, for the keys of one purpose.
pub(super) fn view<'a>(ctx: &'a Context, purpose: KeyPurpose, keys: &'a [StoredKey]) -> Keys<'a> {
    let algorithm = (purpose == KeyPurpose::AccessToken).then_some(ctx.settings.tokens.algorithm);
    Keys { keys, purpose, algorithm, settings: &ctx.settings.keys }
}

/// Returns whether the keys of a purpose are the store's. Secrets for access tokens are the operator's.
pub(super) fn are_ours(ctx: &Context, purpose: KeyPurpose) -> bool {
    purpose != KeyPurpose::AccessToken || ctx.keyring.secrets().is_none()
}

/// Returns the keys of a purpose.
pub(super) fn of(keys: &[StoredKey], purpose: KeyPurpose) -> Vec<StoredKey> {
    keys.iter().filter(|key| key.purpose == purpose).cloned().collect()
}
