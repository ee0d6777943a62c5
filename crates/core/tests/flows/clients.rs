use std::{collections::BTreeSet, sync::Arc};

use handstamp_core::{
    flows::{
        client_tokens::{Asked, client_credentials},
        clients::{self, AuthenticateError, ClientSource, ClientsError, NewClient},
    },
    model::{Client, ClientProof, ClientSecretHash, EventKind, Selector},
    settings::Settings,
    store::Store,
    test_support::{FixedClock, Kit, MemoryStore},
};
use jiff::Timestamp;

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

/// A secret that an operator has chosen.
const CHOSEN: &str = "Yq0ZzQ8m1v7l0tqGkq1mXnC4w2r6uJ3s";

/// Returns a kit whose operator has written down a client `worker`.
async fn kit_with_worker() -> Kit {
    Kit::with(write_down_worker).await
}

fn write_down_worker(settings: &mut Settings) {
    let NewClient { id, scopes, audiences } = worker();
    let proof = ClientProof::Secret(ClientSecretHash::of_chosen(CHOSEN).expect("it is long enough"));
    let client = Client { id: id.clone(), proof, scopes, audiences, created_at: Timestamp::UNIX_EPOCH };
    settings.clients.insert(id, client);
}

#[tokio::test]
async fn a_client_that_was_written_down_proves_who_it_is_by_its_own_secret_alone() {
    let kit = kit_with_worker().await;
    let proved = clients::authenticate(&kit.ctx, "worker", CHOSEN).await.expect("it is its own secret");
    assert!(proved.has_scope("orders:read"));
    let refused = clients::authenticate(&kit.ctx, "worker", "hcs_wrong").await;
    assert!(matches!(refused, Err(AuthenticateError::Refused)), "{refused:?}");
}

#[tokio::test]
async fn a_client_that_was_written_down_is_neither_added_nor_removed() {
    let kit = kit_with_worker().await;
    let added = clients::add(&kit.ctx, worker(), None, kit.clock.now()).await;
    assert!(matches!(added, Err(ClientsError::Configured)), "{added:?}");
    let removed = clients::remove(&kit.ctx, &worker().id, None, kit.clock.now()).await;
    assert!(matches!(removed, Err(ClientsError::Configured)), "{removed:?}");
}

#[tokio::test]
async fn what_was_written_down_hides_what_was_added_until_that_is_removed() {
    let clock = FixedClock::new();
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(clock.clone()));
    let before = Kit::over(Arc::clone(&store), clock.clone(), |_| {}).await;
    let (_, old_secret) = clients::add(&before.ctx, worker(), None, clock.now()).await.expect("it is new");

    let kit = Kit::over(store, clock, write_down_worker).await;

    let old = clients::authenticate(&kit.ctx, "worker", old_secret.reveal()).await;
    assert!(matches!(old, Err(AuthenticateError::Refused)), "{old:?}");
    let sources = async || -> Vec<_> {
        let list = clients::list(&kit.ctx).await.expect("the store works");
        list.into_iter().map(|known| known.source).collect()
    };
    assert_eq!(sources().await, [ClientSource::Configuration { hides_another: true }]);
    clients::remove(&kit.ctx, &worker().id, None, kit.clock.now()).await.expect("it is in the store");
    assert_eq!(sources().await, [ClientSource::Configuration { hides_another: false }]);
    clients::authenticate(&kit.ctx, "worker", CHOSEN).await.expect("it stands in the file");
}

#[tokio::test]
async fn clients_from_both_places_are_listed_by_id() {
    let kit = kit_with_worker().await;
    for id in ["alpha", "zulu"] {
        let new = NewClient { id: id.parse().expect("it is an id"), ..worker() };
        clients::add(&kit.ctx, new, None, kit.clock.now()).await.expect("it is new");
    }
    let list = clients::list(&kit.ctx).await.expect("the store works");
    let listed: Vec<_> = list.iter().map(|known| (known.client.id.as_str(), known.source)).collect();
    let written = ClientSource::Configuration { hides_another: false };
    let expected = [("alpha", ClientSource::Store), ("worker", written), ("zulu", ClientSource::Store)];
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_client_that_was_written_down_gets_tokens() {
    let kit = Kit::with(|settings| {
        write_down_worker(settings);
        for client in settings.clients.values_mut() {
            client.audiences.insert("orders".to_owned());
        }
    })
    .await;
    let client = clients::authenticate(&kit.ctx, "worker", CHOSEN).await.expect("it is its own secret");
    let token = client_credentials(&kit.ctx, &client, &Asked::default(), kit.clock.now()).await;
    assert!(token.is_ok(), "{token:?}");
}

#[test]
fn an_id_that_no_machine_may_have_is_refused_at_start() {
    for id in ["handstamp", "00000000-0000-4000-8000-000000000000"] {
        let mut settings = Settings::default();
        write_down_worker(&mut settings);
        let client = settings.clients.pop_first().expect("it was written down").1;
        settings.clients.insert(id.parse().expect("it is an id"), client);
        assert_eq!(settings.check().map_err(|error| error.name), Err("clients"), "{id}");
    }
}
