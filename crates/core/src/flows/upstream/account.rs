//! What an upstream's word makes of an account: a new one, or the one that is there with the roles of today.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Membership, UpstreamIdentity, names};
use crate::{
    Context,
    flows::events,
    model::{
        AuditEntry, AuditKind, Email, Login, OrgId, Organization, Reason, Role, Selector, UpstreamLink, User,
        UserId, UserStatus,
    },
    settings::UpstreamSettings,
    store::{Change, Changes, StoreError, Subject},
};

/// An upstream's word makes no account.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAccount {
    /// It names an organisation that does not exist here.
    #[error("the upstream names the organisation {org_id}, which does not exist here")]
    UnknownOrganization { org_id: OrgId },
    /// All names that would do are taken.
    #[error("every user name that would do is taken")]
    UsernameTaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An account as it will be, and what makes it so.
pub(super) struct Account {
    /// With the version that it has once the changes hold.
    pub(super) subject: Subject,
    pub(super) changes: Changes,
    /// Whether older tokens go stale: one minted from what was read would be stale as well.
    pub(super) makes_stale: bool,
}

impl Account {
    /// Returns an account that stays as it is.
    fn untouched(subject: Subject) -> Self {
        Self { subject, changes: Changes::default(), makes_stale: false }
    }

    /// Links it. The session that begins in the same unit makes sure that nobody has changed the account since it was read.
    pub(super) fn link(mut self, identity: &UpstreamIdentity, how: &str, now: Timestamp) -> Self {
        self.changes = linking(self.changes, self.subject.user.id, identity, how, now);
        self
    }
}

/// Adds the link and what the audit log says of it.
pub(super) fn linking(
    changes: Changes,
    user_id: UserId,
    identity: &UpstreamIdentity,
    how: &str,
    now: Timestamp,
) -> Changes {
    let (upstream, subject) = (identity.upstream.clone(), identity.subject.clone());
    let detail = Some(format!("{upstream}, {how}"));
    changes.and(Change::LinkUpstream(UpstreamLink { upstream, subject, user_id, linked_at: now })).audit(
        AuditEntry { user_id: Some(user_id), detail, ..AuditEntry::new(AuditKind::UpstreamLinked, now) },
    )
}

/// Returns a new account, linked.
pub(super) async fn made(
    ctx: &Context,
    settings: &UpstreamSettings,
    identity: &UpstreamIdentity,
    now: Timestamp,
) -> Result<Account, NoAccount> {
    // Read before everything else that the token will say: a later event still hits it.
    let rev = ctx.store.log_head().await?;
    let org_id = match &identity.org {
        Some(Membership::In(org_id)) => Some(org_id.clone()),
        Some(Membership::Nowhere) | None => settings.org.clone(),
    };
    let organization = match &org_id {
        Some(id) => Some(organization(ctx, id).await?),
        None => None,
    };
    let username = names::free_name(ctx, identity).await?.ok_or(NoAccount::UsernameTaken)?;
    let user = User {
        id: UserId::random(&*ctx.entropy),
        username,
        email: identity.verified_email().cloned(),
        org_id,
        roles: new_roles(settings, identity, &BTreeSet::new()),
        claims: BTreeMap::new(),
        status: UserStatus::Active,
        password: None,
        origin: Some(identity.upstream.clone()),
        created_at: now,
        version: 0,
    };
    let entry = AuditEntry {
        user_id: Some(user.id),
        detail: Some(format!("{}, through {}", user.username, identity.upstream)),
        ..AuditEntry::new(AuditKind::UserCreated, now)
    };
    let changes = Changes::one(Change::CreateUser(user.clone())).audit(entry);
    let changes = linking(changes, user.id, identity, "a new account", now);
    Ok(Account { subject: Subject { user, organization, rev }, changes, makes_stale: false })
}

/// Returns an account with what the upstream says of it now.
pub(super) async fn up_to_date(
    ctx: &Context,
    settings: &UpstreamSettings,
    identity: &UpstreamIdentity,
    before: Subject,
    now: Timestamp,
) -> Result<Account, NoAccount> {
    let mut user = before.user.clone();
    user.roles = new_roles(settings, identity, &user.roles);
    match &identity.org {
        Some(Membership::In(org_id)) => user.org_id = Some(org_id.clone()),
        // The upstream's own accounts fall back to where they began; others were put where they are by somebody here.
        Some(Membership::Nowhere) if is_own(&user, identity) => user.org_id.clone_from(&settings.org),
        Some(Membership::Nowhere) => user.org_id = None,
        None => {}
    }
    if let Some(email) = new_email(ctx, &user, identity).await? {
        user.email = Some(email);
    }
    if user == before.user {
        return Ok(Account::untouched(before));
    }
    let organization = match &user.org_id {
        Some(id) if user.org_id == before.user.org_id => before.organization.clone().filter(|o| o.id == *id),
        Some(id) => Some(organization(ctx, id).await?),
        None => None,
    };
    let entry = AuditEntry {
        user_id: Some(user.id),
        detail: Some(told(&before.user, &user, identity)),
        ..AuditEntry::new(AuditKind::UserChanged, now)
    };
    // The tokens that are stale now name the organisation of before.
    let event = events::stale(Selector::Subject(user.id), Reason::ClaimsChanged, now, &ctx.settings)
        .of(user.id, before.user.org_id);
    let changes = Changes::one(Change::UpdateUser(user.clone())).event(event).audit(entry);
    user.version += 1;
    Ok(Account { subject: Subject { user, organization, rev: before.rev }, changes, makes_stale: true })
}

fn is_own(user: &User, identity: &UpstreamIdentity) -> bool {
    user.origin.as_ref() == Some(&identity.upstream)
}

/// The upstream gives and takes the roles that the configuration lets it, and no others.
fn new_roles(
    settings: &UpstreamSettings,
    identity: &UpstreamIdentity,
    before: &BTreeSet<Role>,
) -> BTreeSet<Role> {
    let Some(mapped) = &identity.roles else { return before.clone() };
    let stay = before.difference(&settings.roles);
    let given = mapped.intersection(&settings.roles);
    stay.chain(given).cloned().collect()
}

/// The upstream's own accounts move along with their address, unless somebody has the new one.
async fn new_email(
    ctx: &Context,
    user: &User,
    identity: &UpstreamIdentity,
) -> Result<Option<Email>, StoreError> {
    let news = identity.verified_email().filter(|email| user.email.as_ref() != Some(*email));
    let Some(email) = news.filter(|_| is_own(user, identity)) else { return Ok(None) };
    let holder = ctx.store.user_by_login(&Login::Email(email.clone())).await?;
    Ok(holder.is_none().then(|| email.clone()))
}

async fn organization(ctx: &Context, id: &OrgId) -> Result<Organization, NoAccount> {
    let unknown = || NoAccount::UnknownOrganization { org_id: id.clone() };
    ctx.store.organization(id).await?.ok_or_else(unknown)
}

/// Says what changed, for the audit log.
fn told(before: &User, user: &User, identity: &UpstreamIdentity) -> String {
    let mut told = format!("through {}:", identity.upstream);
    if before.roles != user.roles {
        let roles: Vec<_> = user.roles.iter().map(Role::as_str).collect();
        told = format!("{told} roles: {};", roles.join(" "));
    }
    if before.org_id != user.org_id {
        told = format!("{told} organisation: {};", user.org_id.as_ref().map_or("none", OrgId::as_str));
    }
    if before.email != user.email {
        told.push_str(" e-mail address;");
    }
    told.trim_end_matches(';').to_owned()
}
