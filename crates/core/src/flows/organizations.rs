//! Organisations: add, suspend, resume.

use jiff::Timestamp;

use super::events;
use crate::{
    Context,
    model::{AuditEntry, AuditKind, OrgId, Organization, OrganizationStatus, Reason, Selector, UserId},
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// The organisation was not added or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OrganizationsError {
    /// The id is taken.
    #[error("the organisation id is taken")]
    Taken,
    /// There is no such organisation.
    #[error("there is no such organisation")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds an organisation.
pub async fn add(
    ctx: &Context,
    id: OrgId,
    name: Option<String>,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Organization, OrganizationsError> {
    let name = name.unwrap_or_else(|| id.to_string());
    let organization = Organization { id, name, status: OrganizationStatus::Active, created_at: now };
    let changes = Changes::one(Change::CreateOrganization(organization.clone()));
    apply(ctx, changes.audit(entry(&organization, "added", actor, now))).await?;
    Ok(organization)
}

/// Suspends an organisation: its members' tokens die, and none is issued until it resumes.
pub async fn suspend(
    ctx: &Context,
    id: &OrgId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Organization, OrganizationsError> {
    let mut organization = find(ctx, id).await?;
    if matches!(organization.status, OrganizationStatus::Suspended { .. }) {
        return Ok(organization);
    }
    organization.status = OrganizationStatus::Suspended { at: now };
    let selector = Selector::Organization(id.clone());
    let changes = Changes::one(Change::UpdateOrganization(organization.clone()))
        .event(events::dead(selector, Reason::OrganizationSuspended, now, &ctx.settings))
        .audit(entry(&organization, "suspended", actor, now));
    apply(ctx, changes).await?;
    Ok(organization)
}

/// Lets an organisation's members work again. Their sessions go on with the next refresh.
pub async fn resume(
    ctx: &Context,
    id: &OrgId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Organization, OrganizationsError> {
    let mut organization = find(ctx, id).await?;
    if organization.status == OrganizationStatus::Active {
        return Ok(organization);
    }
    organization.status = OrganizationStatus::Active;
    let changes = Changes::one(Change::UpdateOrganization(organization.clone()));
    apply(ctx, changes.audit(entry(&organization, "resumed", actor, now))).await?;
    Ok(organization)
}

async fn find(ctx: &Context, id: &OrgId) -> Result<Organization, OrganizationsError> {
    ctx.store.organization(id).await?.ok_or(OrganizationsError::NotFound)
}

async fn apply(ctx: &Context, changes: Changes) -> Result<(), OrganizationsError> {
    match ctx.store.apply(changes).await? {
        Applied::Committed { .. } => Ok(()),
        Applied::Conflict(Conflict::OrganizationTaken) => Err(OrganizationsError::Taken),
        Applied::Conflict(Conflict::OrganizationUnknown) => Err(OrganizationsError::NotFound),
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "changing an organisation", source: conflict.into() }.into())
        }
    }
}

fn entry(organization: &Organization, what: &str, actor: Option<UserId>, now: Timestamp) -> AuditEntry {
    AuditEntry {
        actor,
        detail: Some(format!("{} {what}", organization.id)),
        ..AuditEntry::new(AuditKind::OrganizationChanged, now)
    }
}
