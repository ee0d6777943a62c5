//! Machine clients: add and remove.

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::events;
use crate::{
    Context,
    model::{AuditEntry, AuditKind, Client, ClientId, Reason, Selector, UserId},
    password::{HashError, Password},
    store::{Applied, Change, Changes, Conflict, StoreError},
};

/// A machine to be added.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// The `client_id`.
    pub id: ClientId,
    /// Scopes it may ask for.
    pub scopes: BTreeSet<String>,
    /// Audiences it may ask for.
    pub audiences: BTreeSet<String>,
}

/// A client's secret: 256 random bits. Shown once, stored as a hash. Prints as `[redacted]`.
#[derive(Clone)]
pub struct ClientSecret(Zeroizing<String>);

impl ClientSecret {
    /// Returns the text, to be shown to the operator once.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The client was not added or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientsError {
    /// The id is taken, or is one that Handstamp keeps for itself.
    #[error("the client id is taken")]
    Taken,
    /// There is no such client.
    #[error("there is no such client")]
    NotFound,
    /// The secret could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a client. The secret is in the answer and nowhere else.
pub async fn add(
    ctx: &Context,
    new: NewClient,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<(Client, ClientSecret), ClientsError> {
    if new.id == ClientId::first_party() {
        return Err(ClientsError::Taken);
    }
    let secret = draw_secret(ctx);
    let hash = ctx.hasher.hash(&Password::new(secret.reveal()), &*ctx.entropy).await?;
    let client =
        Client { id: new.id, secret: hash, scopes: new.scopes, audiences: new.audiences, created_at: now };
    let changes =
        Changes::one(Change::CreateClient(client.clone())).audit(entry(&client.id, "added", actor, now));
    apply(ctx, changes).await?;
    Ok((client, secret))
}

/// Removes a client: its tokens die.
pub async fn remove(
    ctx: &Context,
    id: &ClientId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<(), ClientsError> {
    let changes = Changes::one(Change::RemoveClient(id.clone()))
        .event(events::dead(Selector::Client(id.clone()), Reason::ClientRemoved, now, &ctx.settings))
        .audit(entry(id, "removed", actor, now));
    apply(ctx, changes).await
}

fn draw_secret(ctx: &Context) -> ClientSecret {
    let mut bytes = Zeroizing::new([0; 32]);
    ctx.entropy.fill(&mut *bytes);
    let mut text = Zeroizing::new(String::with_capacity(64));
    text.push_str("hcs_");
    base64_simd::URL_SAFE_NO_PAD.encode_append(*bytes, &mut *text);
    ClientSecret(text)
}

async fn apply(ctx: &Context, changes: Changes) -> Result<(), ClientsError> {
    match ctx.store.apply(changes).await? {
        Applied::Committed { .. } => Ok(()),
        Applied::Conflict(Conflict::ClientTaken) => Err(ClientsError::Taken),
        Applied::Conflict(Conflict::ClientUnknown) => Err(ClientsError::NotFound),
        Applied::Conflict(conflict) => {
            Err(StoreError::Defect { doing: "changing a client", source: conflict.into() }.into())
        }
    }
}

fn entry(id: &ClientId, what: &str, actor: Option<UserId>, now: Timestamp) -> AuditEntry {
    AuditEntry {
        actor,
        detail: Some(format!("{id} {what}")),
        ..AuditEntry::new(AuditKind::ClientChanged, now)
    }
}
