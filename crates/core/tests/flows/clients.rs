use std::collections::BTreeSet;

use handstamp_core::{
    flows::clients::{self, AuthenticateError, ClientsError, NewClient},
    model::{ClientProof, EventKind, Selector},
    test_support::Kit,
};

use super::events;

fn worker() -> NewClient {
    NewClient {
        id: "worker".parse().expect("it is an id"),
        scopes: BTreeSet::from(["orders:read".to_owned()]),
        audiences: BTreeSet::new(),
    }
}

#[tokio::test]
async fn a_clients_secret_is_shown_once_and_stored_as_a_hash() {
    let kit = Kit::new().await;
    let (client, secret) = clients::add(&kit.ctx, worker(), None, kit.clock.now()).await.expect("it is new");
    assert!(secret.reveal().starts_with("hcs_") && secret.reveal().len() >= 47);
    let ClientProof::Secret(hash) = &client.proof else { panic!("it has a secret: {:?}", client.proof) };
    assert!(!hash.as_str().contains(secret.reveal()));
    let proved =
        clients::authenticate(&kit.ctx, "worker", secret.reveal()).await.expect("it is its own secret");
    assert!(proved.has_scope("orders:read") && !proved.has_scope("orders:write"));
    assert_eq!(format!("{secret:?}"), "[redacted]");
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_client_and_no_id_at_all_sound_the_same() {
    let kit = Kit::new().await;
    let (_, secret) = clients::add(&kit.ctx, worker(), None, kit.clock.now()).await.expect("it is new");
    for (id, secret) in
        [("worker", "hcs_wrong"), ("worker", ""), ("nobody", secret.reveal()), ("NO ID", secret.reveal())]
    {
        let proved = clients::authenticate(&kit.ctx, id, secret).await;
        assert!(matches!(proved, Err(AuthenticateError::Refused)), "{id}: {proved:?}");
    }
}

#[tokio::test]
async fn a_taken_id_and_our_own_are_refused() {
    let kit = Kit::new().await;
    clients::add(&kit.ctx, worker(), None, kit.clock.now()).await.expect("it is new");
    for id in ["worker", "handstamp"] {
        let new = NewClient { id: id.parse().expect("it is an id"), ..worker() };
        let again = clients::add(&kit.ctx, new, None, kit.clock.now()).await;
        assert!(matches!(again, Err(ClientsError::Taken)), "{again:?}");
    }
}

#[tokio::test]
async fn a_removed_clients_tokens_die() {
    let kit = Kit::new().await;
    let (client, _) = clients::add(&kit.ctx, worker(), None, kit.clock.now()).await.expect("it is new");
    clients::remove(&kit.ctx, &client.id, None, kit.clock.now()).await.expect("it is there");
    assert_eq!(events(&kit).await, [(Selector::Client(client.id.clone()), EventKind::Dead)]);
    let again = clients::remove(&kit.ctx, &client.id, None, kit.clock.now()).await;
    assert!(matches!(again, Err(ClientsError::NotFound)), "{again:?}");
}
