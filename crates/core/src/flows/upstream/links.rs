//! A user's links to upstreams: list, add by hand, remove.

use std::{net::IpAddr, time::Duration};

use jiff::Timestamp;

use super::{Attempt, UpstreamIdentity, account};
use crate::{
    Context,
    flows::{
        TRIES, contended, events,
        session_start::{self, MayNotWork},
    },
    model::{
        AuditEntry, AuditKind, EndReason, Reason, Selector, Session, SessionId, UpstreamLink, UpstreamName,
        UpstreamSelector, User, UserId, UserStatus, later,
    },
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// A link lets somebody in for good. Whoever adds one must have signed in so lately that it is not a stolen session that does. A
/// session that a held token was exchanged for does not count: that token could be stolen as well.
pub const LINK_WITHIN: Duration = Duration::from_mins(15);

/// Somebody who is signed in here comes back from an upstream, where they went to link their account.
#[derive(Debug, Clone)]
pub struct LinkUpstream {
    /// The user.
    pub user: UserId,
    /// The session they are in, which must be the one that the attempt was begun in.
    pub session: SessionId,
    /// What the upstream said.
    pub identity: UpstreamIdentity,
    /// What was begun, and may be finished once.
    pub attempt: Attempt,
    /// From where.
    pub address: Option<IpAddr>,
}

/// The account was not linked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The configuration has no such upstream.
    #[error("there is no upstream {upstream}")]
    UnknownUpstream {
        /// The name.
        upstream: UpstreamName,
    },
    /// This attempt was finished before, here or by another replica.
    #[error("the link was finished before")]
    AlreadyUsed,
    /// The session is over, or another user's.
    #[error("the session is over")]
    SessionEnded,
    /// They signed in too long ago to add a way in, or not at all: a token was exchanged.
    #[error("the user did not sign in within the last {} minutes", LINK_WITHIN.as_secs() / 60)]
    SignInAgain,
    /// The person is linked to another account.
    #[error("the person is linked to another account")]
    SomebodyElse,
    /// The account is linked to another person of the same upstream.
    #[error("the account is linked to another person of the same upstream")]
    LinkedOtherwise,
    /// The account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The user's organisation is suspended.
    #[error("the organisation is suspended")]
    OrganizationSuspended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MayNotWork> for LinkError {
    fn from(why: MayNotWork) -> Self {
        match why {
            MayNotWork::AccountDisabled => Self::AccountDisabled,
            MayNotWork::OrganizationSuspended => Self::OrganizationSuspended,
        }
    }
}

/// Returns a user's links, in the order of upstreams.
pub async fn links(ctx: &Context, user: UserId) -> Result<Vec<UpstreamLink>, StoreError> {
    ctx.store.upstream_links_of(user).await
}

/// Links the account of somebody who is signed in. Does nothing when it is linked to that person already.
pub async fn link_upstream(
    ctx: &Context,
    command: &LinkUpstream,
    now: Timestamp,
) -> Result<UpstreamLink, LinkError> {
    let LinkUpstream { user, identity, .. } = command;
    if !ctx.settings.upstreams.contains_key(&identity.upstream) {
        return Err(LinkError::UnknownUpstream { upstream: identity.upstream.clone() });
    }
    for _ in 0..TRIES {
        let read = ctx.store.session_subject(command.session).await?;
        let own = read.filter(|(session, _)| session.user_id == *user && session.is_live(now));
        let (session, subject) = own.ok_or(LinkError::SessionEnded)?;
        session_start::may_work(&subject)?;
        if !may_link(ctx, &session, now).await? {
            return Err(LinkError::SignInAgain);
        }
        let existing = existing(ctx, command).await?;
        let changes = Changes::one(command.attempt.using());
        let changes = match &existing {
            Some(_) => changes,
            // It changes nothing but the version: whoever locks them out at this moment, or changes the password, is noticed.
            None => adding(changes.and(Change::UpdateUser(subject.user)), command, now),
        };
        let new = || UpstreamLink {
            upstream: identity.upstream.clone(),
            subject: identity.subject.clone(),
            user_id: *user,
            linked_at: now,
        };
        match ctx.store.apply(changes).await? {
            Applied::Committed { .. } => return Ok(existing.unwrap_or_else(new)),
            Applied::Conflict(Conflict::AlreadyUsed) => return Err(LinkError::AlreadyUsed),
            Applied::Conflict(Conflict::LinkTaken | Conflict::UserChanged) => {}
            Applied::Conflict(conflict) => return Err(defect(conflict).into()),
        }
    }
    Err(contended("linking an account").into())
}

/// Returns whether somebody in this session has signed in so lately that they may add a way in.
///
/// An upstream may let people in again without asking them anything, so that the proof of who they are is older than the session:
/// they came here all the same.
pub async fn may_link(ctx: &Context, session: &Session, now: Timestamp) -> Result<bool, StoreError> {
    // On another site a session begins without anybody signing in: when they came is known at home.
    let home = ctx.store.session(session.root()).await?;
    let beside = ctx.store.upstream_session(session.root()).await?;
    let since = home.map_or(session.auth_time, |home| home.created_at.max(session.auth_time));
    Ok(!beside.is_some_and(|beside| beside.exchanged) && now <= later(since, LINK_WITHIN))
}

/// Returns the very link, if it is there.
async fn existing(ctx: &Context, command: &LinkUpstream) -> Result<Option<UpstreamLink>, LinkError> {
    let identity = &command.identity;
    match ctx.store.upstream_link(&identity.upstream, &identity.subject).await? {
        Some(link) if link.user_id == command.user => return Ok(Some(link)),
        Some(_) => return Err(LinkError::SomebodyElse),
        None => {}
    }
    let links = ctx.store.upstream_links_of(command.user).await?;
    if links.iter().any(|link| link.upstream == identity.upstream) {
        return Err(LinkError::LinkedOtherwise);
    }
    Ok(None)
}

fn adding(changes: Changes, command: &LinkUpstream, now: Timestamp) -> Changes {
    let mut changes = account::linking(changes, command.user, &command.identity, "by the user", now);
    for entry in &mut changes.audit {
        (entry.address, entry.session_id) = (command.address, Some(command.session));
    }
    changes
}

/// Which link goes, and who removes it.
#[derive(Debug, Clone)]
pub struct UnlinkUpstream {
    /// Whose.
    pub user: UserId,
    /// Which.
    pub upstream: UpstreamName,
    /// The session they are in, which goes on. `None` where an administrator removes the link.
    pub keep: Option<SessionId>,
    /// The administrator, where it is one.
    pub actor: Option<UserId>,
    /// From where.
    pub address: Option<IpAddr>,
}

/// The link was not removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlinkError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// The account is not linked to the upstream.
    #[error("the account is not linked to {upstream}")]
    NotLinked {
        /// The upstream.
        upstream: UpstreamName,
    },
    /// Without a password and without this link, nobody could sign in to the account any more. Of a disabled account nobody can
    /// anyway.
    #[error("this link is the only way into the account: set a password first, or disable the account")]
    LastWayIn,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Removes a link, and ends the sessions that began through it.
pub async fn unlink_upstream(
    ctx: &Context,
    command: &UnlinkUpstream,
    now: Timestamp,
) -> Result<UpstreamLink, UnlinkError> {
    for _ in 0..TRIES {
        let user = ctx.store.user(command.user).await?.ok_or(UnlinkError::NotFound)?;
        // Read after the user: whoever removes a link changes the user's version, and is noticed.
        let links = ctx.store.upstream_links_of(command.user).await?;
        let link = links.iter().find(|link| link.upstream == command.upstream);
        let missing = || UnlinkError::NotLinked { upstream: command.upstream.clone() };
        let link = link.ok_or_else(missing)?.clone();
        if is_last_way_in(ctx, &user, &links, &link) {
            return Err(UnlinkError::LastWayIn);
        }
        // It changes nothing but the version: whoever removes another link at this moment decides again.
        let removing = Changes::one(Change::UpdateUser(user.clone()))
            .and(Change::UnlinkUpstream { user_id: user.id, upstream: command.upstream.clone() })
            .audit(command.entry(AuditKind::UpstreamUnlinked, command.upstream.to_string(), now));
        let changes = ending(ctx, removing, command, &link, &user, now).await?;
        match ctx.store.apply(changes).await? {
            Applied::Committed { .. } => {
                end_stragglers(ctx, command, &link, &user, now).await?;
                return Ok(link);
            }
            Applied::Conflict(Conflict::UserChanged | Conflict::LinkUnknown) => {}
            Applied::Conflict(conflict) => return Err(defect(conflict).into()),
        }
    }
    Err(contended("unlinking an account").into())
}

/// A link to an upstream that is not configured any more lets nobody in.
fn is_last_way_in(ctx: &Context, user: &User, links: &[UpstreamLink], link: &UpstreamLink) -> bool {
    let mut others = links.iter().filter(|other| *other != link);
    user.status == UserStatus::Active
        && user.password.is_none()
        && !others.any(|other| ctx.settings.upstreams.contains_key(&other.upstream))
}

impl UnlinkUpstream {
    fn entry(&self, kind: AuditKind, detail: String, now: Timestamp) -> AuditEntry {
        AuditEntry {
            user_id: Some(self.user),
            actor: self.actor,
            address: self.address,
            detail: Some(detail),
            ..AuditEntry::new(kind, now)
        }
    }
}

/// Adds the end of every session that began through the link, but for the one the user is in.
async fn ending(
    ctx: &Context,
    mut changes: Changes,
    command: &UnlinkUpstream,
    link: &UpstreamLink,
    user: &User,
    now: Timestamp,
) -> Result<Changes, StoreError> {
    let reason = if command.keep.is_some() { EndReason::EndedByUser } else { EndReason::EndedByAdmin };
    let selector = UpstreamSelector::Subject(link.subject.clone());
    let keep = match command.keep {
        // On another site: the one that it comes from stays with it.
        Some(id) => ctx.store.session(id).await?.map(|session| session.root()),
        None => None,
    };
    for beside in ctx.store.upstream_sessions(&link.upstream, &selector).await? {
        let id = beside.session_id;
        if keep == Some(id) {
            continue;
        }
        let entry = command.entry(AuditKind::SessionEnded, reason.as_str().to_owned(), now);
        let event = events::dead(Selector::Session(id), Reason::SessionEnded, now, &ctx.settings)
            .of(user.id, user.org_id.clone());
        changes = changes
            .and(Change::EndGroup { id, at: now, reason, event })
            .audit(AuditEntry { session_id: Some(id), ..entry });
    }
    Ok(changes)
}

/// Ends what began between the look and the end of the link. Nothing can begin through it after that.
async fn end_stragglers(
    ctx: &Context,
    command: &UnlinkUpstream,
    link: &UpstreamLink,
    user: &User,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changes = ending(ctx, Changes::default(), command, link, user, now).await?;
    if changes != Changes::default() {
        ctx.store.apply(changes).await?;
    }
    Ok(())
}

fn defect(conflict: Conflict) -> StoreError {
    StoreError::Defect { doing: "changing the links of an account", source: conflict.into() }
}
