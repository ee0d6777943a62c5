//! Machine clients: add, remove, and authenticate.

mod assertion;
mod find;

use std::{collections::BTreeSet, fmt};

use jiff::Timestamp;
use zeroize::Zeroizing;

pub use assertion::{Assertion, authenticate_by_assertion};
pub use find::{ClientSource, KnownClient, find, list};

use super::events;
use crate::{
    Context,
    model::{
        AuditEntry, AuditKind, Client, ClientId, ClientKeys, ClientProof, ClientSecretHash, Reason, Selector,
        UserId,
    },
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
    /// The operator has written the client down: it changes where it stands.
    #[error("the client stands in the configuration file: change it there")]
    Configured,
    /// The id could be a user's: a client's token would pass for that user's (RFC 9068 §5).
    #[error("the client id has the form of a user's id; choose a name")]
    LooksLikeUser,
    /// There is no such client.
    #[error("there is no such client")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a client with a secret, which is in the answer and nowhere else.
pub async fn add(
    ctx: &Context,
    new: NewClient,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<(Client, ClientSecret), ClientsError> {
    let secret = draw_secret(ctx);
    let proof = ClientProof::Secret(ClientSecretHash::of(secret.reveal()));
    let client = create(ctx, new, proof, actor, now).await?;
    Ok((client, secret))
}

/// Adds a client that signs (`private_key_jwt`), and so has no secret that could be copied from us.
pub async fn add_with_keys(
    ctx: &Context,
    new: NewClient,
    keys: ClientKeys,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Client, ClientsError> {
    create(ctx, new, ClientProof::Keys(keys), actor, now).await
}

async fn create(
    ctx: &Context,
    new: NewClient,
    proof: ClientProof,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<Client, ClientsError> {
    check_id(&new.id)?;
    if ctx.settings.clients.contains_key(&new.id) {
        return Err(ClientsError::Configured);
    }
    let NewClient { id, scopes, audiences } = new;
    let client = Client { id, proof, scopes, audiences, created_at: now };
    let changes =
        Changes::one(Change::CreateClient(client.clone())).audit(entry(&client.id, "added", actor, now));
    apply(ctx, changes).await?;
    Ok(client)
}

/// Checks that a machine may have this id.
pub fn check_id(id: &ClientId) -> Result<(), ClientsError> {
    if *id == ClientId::first_party() {
        return Err(ClientsError::Taken);
    }
    if id.as_str().parse::<UserId>().is_ok() {
        return Err(ClientsError::LooksLikeUser);
    }
    Ok(())
}

/// Removes a client from the store: its tokens die. One that the operator has written down stays, with or without one of the same
/// id in the store.
pub async fn remove(
    ctx: &Context,
    id: &ClientId,
    actor: Option<UserId>,
    now: Timestamp,
) -> Result<(), ClientsError> {
    let changes = Changes::one(Change::RemoveClient(id.clone()))
        .event(events::dead(Selector::Client(id.clone()), Reason::ClientRemoved, now, &ctx.settings))
        .audit(entry(id, "removed", actor, now));
    match apply(ctx, changes).await {
        Err(ClientsError::NotFound) if ctx.settings.clients.contains_key(id) => Err(ClientsError::Configured),
        done => done,
    }
}

/// A client that has proved who it is. Only [`authenticate`] and [`authenticate_by_assertion`] make one.
#[derive(Debug, Clone)]
pub struct AuthenticatedClient(Client);

impl AuthenticatedClient {
    /// Returns the client.
    pub fn client(&self) -> &Client {
        &self.0
    }

    /// Returns whether the client was registered with a scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.0.scopes.contains(scope)
    }
}

/// The client could not prove who it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticateError {
    /// There is no such client, or secret or assertion are not its own, or the assertion was used before. Which of these,
    /// nobody is told.
    #[error("the client is unknown, or what it shows does not prove that it is this client")]
    Refused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a client's secret.
pub async fn authenticate(
    ctx: &Context,
    id: &str,
    secret: &str,
) -> Result<AuthenticatedClient, AuthenticateError> {
    let id: ClientId = id.parse().map_err(|_| AuthenticateError::Refused)?;
    let client = find(ctx, &id).await?.ok_or(AuthenticateError::Refused)?;
    match &client.proof {
        ClientProof::Secret(hash) if hash.matches(secret) => Ok(AuthenticatedClient(client)),
        ClientProof::Secret(_) | ClientProof::Keys(_) => Err(AuthenticateError::Refused),
    }
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
