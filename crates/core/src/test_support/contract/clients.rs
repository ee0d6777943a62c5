//! Machine clients.

use std::{collections::BTreeSet, sync::Arc};

use handstamp_token::{Algorithm, KeySet, SigningKey};

use super::{commit, refused, samples::noon};
use crate::{
    model::{Client, ClientKeys, ClientProof, ClientSecretHash},
    store::{Change, Changes, Conflict, Store},
};

fn client(id: &str) -> Client {
    Client {
        id: id.parse().expect("it is an id"),
        proof: ClientProof::Secret(ClientSecretHash::of("a secret")),
        scopes: BTreeSet::from(["orders:read".to_owned(), "revocations".to_owned()]),
        audiences: BTreeSet::from(["https://orders.example".to_owned()]),
        created_at: noon(),
    }
}

/// Every field survives, and lists have one order.
pub async fn clients_read_back_as_written(store: Arc<dyn Store>) {
    let bare = Client { scopes: BTreeSet::new(), audiences: BTreeSet::new(), ..client("bare") };
    for client in [client("worker"), bare.clone()] {
        commit(&store, Changes::one(Change::CreateClient(client.clone()))).await;
        assert_eq!(store.client(&client.id).await.expect("the store works"), Some(client));
    }
    assert_eq!(store.clients().await.expect("the store works"), [bare, client("worker")]);
}

/// A client that signs has keys in the place of a secret.
pub async fn clients_with_keys_read_back_as_written(store: Arc<dyn Store>) {
    let key = SigningKey::generate(Algorithm::Es256).expect("a key can be made").verifying_key();
    let keys = KeySet::new([key]).expect("it is one key");
    let keys = ClientKeys::new(keys).expect("it is a public key");
    let signing = Client { proof: ClientProof::Keys(keys), ..client("signing") };
    commit(&store, Changes::one(Change::CreateClient(signing.clone()))).await;
    assert_eq!(store.client(&signing.id).await.expect("the store works"), Some(signing.clone()));
    assert_eq!(store.clients().await.expect("the store works"), [signing]);
}

/// Ids are unique, and the first keeps it.
pub async fn a_taken_client_id_is_refused(store: Arc<dyn Store>) {
    commit(&store, Changes::one(Change::CreateClient(client("worker")))).await;
    let other = Client { proof: ClientProof::Secret(ClientSecretHash::of("another")), ..client("worker") };
    assert_eq!(refused(&store, Changes::one(Change::CreateClient(other))).await, Conflict::ClientTaken);
    assert_eq!(store.clients().await.expect("the store works"), [client("worker")]);
}

/// It can be made again.
pub async fn a_removed_client_is_gone(store: Arc<dyn Store>) {
    let worker = client("worker");
    commit(&store, Changes::one(Change::CreateClient(worker.clone()))).await;
    commit(&store, Changes::one(Change::RemoveClient(worker.id.clone()))).await;
    assert_eq!(store.client(&worker.id).await.expect("the store works"), None);
    commit(&store, Changes::one(Change::CreateClient(worker))).await;
}

/// A typing error in an id is noticed.
pub async fn removing_an_unknown_client_is_refused(store: Arc<dyn Store>) {
    let id = client("nobody").id;
    assert_eq!(refused(&store, Changes::one(Change::RemoveClient(id))).await, Conflict::ClientUnknown);
}
