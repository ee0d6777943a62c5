use std::collections::BTreeMap;

use crate::{
    Context,
    model::{Client, ClientId},
    store::StoreError,
};

/// A machine client, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownClient {
    /// The client.
    pub client: Client,
    /// Where it is from.
    pub source: ClientSource,
}

/// Where a machine client is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSource {
    /// Somebody added it.
    Store,
    /// The operator has written it down.
    Configuration {
        /// Whether the store has one of the same id, which would come forth if the operator crossed this one out.
        hides_another: bool,
    },
}

/// Returns a machine client by id: the one that the operator has written down, or else the one in the store.
pub async fn find(ctx: &Context, id: &ClientId) -> Result<Option<Client>, StoreError> {
    match ctx.settings.clients.get(id) {
        Some(client) => Ok(Some(client.clone())),
        None => ctx.store.client(id).await,
    }
}

/// Returns every machine client, in the order of ids.
pub async fn list(ctx: &Context) -> Result<Vec<KnownClient>, StoreError> {
    let stored = ctx.store.clients().await?;
    let mut known: BTreeMap<ClientId, KnownClient> = BTreeMap::new();
    for client in stored {
        known.insert(client.id.clone(), KnownClient { client, source: ClientSource::Store });
    }
    for (id, client) in &ctx.settings.clients {
        let source = ClientSource::Configuration { hides_another: known.contains_key(id) };
        known.insert(id.clone(), KnownClient { client: client.clone(), source });
    }
    Ok(known.into_values().collect())
}
