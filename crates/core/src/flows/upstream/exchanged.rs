//! A session that a token was exchanged for, when the same token comes again.

use jiff::Timestamp;

use super::{
    UpstreamIdentity,
    account::{self, NoAccount},
};
use crate::{
    Context,
    flows::{TRIES, contended, session_start},
    model::{Session, SessionId},
    store::{Applied, Conflict, StoreError, Subject},
};

/// Returns a session that a token of this person was exchanged for, with the account brought up to date as at a sign-in.
///
/// `None` where it is over, or the account could not begin one now: beginning one anew says why.
pub async fn exchanged_before(
    ctx: &Context,
    id: SessionId,
    identity: &UpstreamIdentity,
    now: Timestamp,
) -> Result<Option<(Session, Subject)>, StoreError> {
    let Some(settings) = ctx.settings.upstreams.get(&identity.upstream) else { return Ok(None) };
    for _ in 0..TRIES {
        let beside = ctx.store.upstream_session(id).await?;
        let is_theirs = beside.is_some_and(|beside| {
            beside.exchanged && beside.upstream == identity.upstream && beside.subject == identity.subject
        });
        let found = ctx.store.session_subject(id).await?.filter(|(session, _)| session.is_live(now));
        let Some((session, subject)) = found.filter(|_| is_theirs) else { return Ok(None) };
        if session_start::may_work(&subject).is_err() {
            return Ok(None);
        }
        let account = match account::up_to_date(ctx, settings, identity, subject, now).await {
            Ok(account) => account,
            Err(NoAccount::Store(error)) => return Err(error),
            Err(NoAccount::UnknownOrganization { .. } | NoAccount::UsernameTaken) => return Ok(None),
        };
        if account.changes.changes.is_empty() {
            return Ok(Some((session, account.subject)));
        }
        match ctx.store.apply(account.changes).await? {
            // Read again: the account has the version and the place in the log that the change has given it.
            Applied::Committed { .. }
            | Applied::Conflict(
                Conflict::UserChanged | Conflict::EmailTaken | Conflict::OrganizationUnknown,
            ) => {}
            Applied::Conflict(conflict) => {
                let doing = "going on with a session of an upstream";
                return Err(StoreError::Defect { doing, source: conflict.into() });
            }
        }
    }
    Err(contended("going on with a session of an upstream"))
}
