//! Introspection of refresh tokens ([RFC 7662](https://www.rfc-editor.org/rfc/rfc7662)). Access tokens are verified where
//! every service verifies them.

use jiff::Timestamp;

use crate::{
    Context,
    model::{OrganizationStatus, Session, UserStatus},
    refresh_machine::{Decision, decide},
    store::{StoreError, Subject},
};

/// Returns the session of a refresh token that would be taken now. `None` for every other text.
///
/// Only looks: an old token is reported as inactive, and the theft it may tell of is dealt with when somebody uses it.
pub async fn refresh_token(
    ctx: &Context,
    token: &str,
    now: Timestamp,
) -> Result<Option<(Session, Subject)>, StoreError> {
    let Ok(presented) = ctx.keyring.refresh_keys().authenticate(token) else { return Ok(None) };
    let Some((session, subject)) = ctx.store.session_subject(presented.session).await? else {
        return Ok(None);
    };
    let is_taken = match decide(&session, presented.step, now, &ctx.settings.sessions) {
        Decision::Ended(_) | Decision::RunOut | Decision::Theft(_) => false,
        Decision::Unchanged
        | Decision::Repeat { .. }
        | Decision::Hold
        | Decision::Rotate(_)
        | Decision::Branch(_)
        | Decision::FastForward(_) => true,
    };
    let organization = subject.organization.as_ref().map(|organization| organization.status);
    let may_work = subject.user.status == UserStatus::Active
        && organization.is_none_or(|status| status == OrganizationStatus::Active);
    Ok((is_taken && may_work).then_some((session, subject)))
}
