//! Token Status Lists: which place a session gets, and what a list says.
//!
//! A place belongs to a session and not to a token: a place for each token would be a write for each token, and the draft asks
//! for fresh places only where tokens must not be linked, while ours name their session anyway.

use std::time::Duration;

use jiff::Timestamp;

use super::{TRIES, contended};
use crate::{
    Context,
    model::{LogPosition, Session, StatusList, StatusListId, StatusPlace, TokenStatus, later},
    places::{Permutation, Reserved},
    settings::StatusListSettings,
    store::{Applied, Change, Changes, StoreError},
};

/// How many places a process takes at once. Those it has not given away when it ends are lost.
const RESERVE: u32 = 64;

/// How much later than now a session may begin on reserved places: one sign-in a day does not cost a reservation each.
const RESERVE_FOR: Duration = Duration::from_hours(24);

/// A status is shown a little longer than the last token can live: the clocks of processes differ.
const MARGIN: Duration = Duration::from_mins(1);

/// Returns a list by id, as long as there may be a token with a place in it.
pub async fn find(ctx: &Context, id: StatusListId) -> Result<Option<StatusList>, StoreError> {
    ctx.store.status_list(id).await
}

/// Returns every list that there may be tokens of, oldest first.
pub async fn all(ctx: &Context) -> Result<Vec<StatusList>, StoreError> {
    ctx.store.status_lists().await
}

/// Returns the places of a list whose tokens are not good.
///
/// What happened so long ago that no token from before it is left is not told any more: such a token has expired.
pub async fn bad_places(
    ctx: &Context,
    list: StatusListId,
    now: Timestamp,
) -> Result<Vec<(u32, TokenStatus)>, StoreError> {
    let reach = ctx.settings.tokens.reach().saturating_add(MARGIN);
    ctx.store.bad_places(list, now.checked_sub(reach).unwrap_or(Timestamp::MIN)).await
}

/// Returns the place of a session as of a position of the log: the one it has, or another where it has none, or one in a list of
/// an earlier epoch. `None` while there are no lists, and none before.
///
/// Whoever writes the session down has to write the new place with it.
pub(super) async fn place(
    ctx: &Context,
    session: &Session,
    rev: LogPosition,
    now: Timestamp,
) -> Result<Option<StatusPlace>, StoreError> {
    let Some(settings) = &ctx.settings.status_lists else { return Ok(session.status) };
    let epoch = rev.epoch;
    if session.status.is_some_and(|place| place.list.epoch() == epoch) {
        return Ok(session.status);
    }
    // Whoever needs a place while places are being reserved waits for them.
    let mut reserved = ctx.places.lock().await;
    let dead_by = later(session.absolute_expiry, ctx.settings.tokens.reach());
    if let Some(place) = reserved.next(epoch, dead_by) {
        return Ok(Some(place));
    }
    *reserved = reserve(ctx, settings, epoch, dead_by, now).await?;
    Ok(reserved.next(epoch, dead_by))
}

/// Takes places of the oldest list that has some left, or begins a list.
async fn reserve(
    ctx: &Context,
    settings: &StatusListSettings,
    epoch: u32,
    dead_by: Timestamp,
    now: Timestamp,
) -> Result<Reserved, StoreError> {
    let keep_until = later(dead_by, RESERVE_FOR);
    // A short list is not given away to a few processes.
    let share = RESERVE.min(settings.size / 64);
    for _ in 0..TRIES {
        let fits = |list: &StatusList| {
            list.taken < list.size
                && (list.size, list.bits, list.id.epoch()) == (settings.size, settings.bits, epoch)
        };
        let list = ctx.store.status_lists().await?.into_iter().find(fits);
        let list = list.unwrap_or_else(|| StatusList {
            id: StatusListId::random(epoch, &*ctx.entropy),
            bits: settings.bits,
            size: settings.size,
            taken: 0,
            created_at: now,
            keep_until,
        });
        let (from, to) = (list.taken, list.size.min(list.taken.saturating_add(share)));
        let change = if from == 0 {
            Change::BeginStatusList(StatusList { taken: to, ..list.clone() })
        } else {
            Change::TakePlaces { list: list.id, from, to, keep_until }
        };
        if let Applied::Committed { .. } = ctx.store.apply(Changes::one(change)).await? {
            let key = ctx.keyring.root().status_list_key(list.id);
            let permutation = Permutation::new(&*key.map_err(unusable)?, list.size);
            return Ok(Reserved::new(list.id, permutation, from..to, keep_until));
        }
    }
    Err(contended("taking places of a status list"))
}

fn unusable(error: crate::root_key::RootKeyError) -> StoreError {
    StoreError::Defect { doing: "taking places of a status list", source: error.into() }
}
