use std::{collections::BTreeSet, time::Duration};

use handstamp_core::{
    flows::{
        Issued,
        client_tokens::{
            Asked, ClientToken, ClientTokenError, MAX_ACTORS, SubjectToken, client_credentials, exchange,
        },
        clients::{self, AuthenticatedClient, NewClient},
        sign_out::{SignOut, sign_out},
        users,
    },
    model::Selector,
    test_support::Kit,
};
use handstamp_token::dangerous;
use serde_json::{Value, json};

use super::events;

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

async fn client(kit: &Kit, id: &str, scopes: &[&str], audiences: &[&str]) -> AuthenticatedClient {
    let new =
        NewClient { id: id.parse().expect("it is an id"), scopes: set(scopes), audiences: set(audiences) };
    let (_, secret) = clients::add(&kit.ctx, new, None, kit.clock.now()).await.expect("it is new");
    clients::authenticate(&kit.ctx, id, secret.reveal()).await.expect("it is its own secret")
}

fn asked(scope: Option<&str>, audiences: &[&str]) -> Asked {
    Asked { scope: scope.map(str::to_owned), audiences: set(audiences) }
}

fn claims(token: &ClientToken) -> Value {
    let decoded = dangerous::decode_unverified(&token.text).expect("it is a JWT");
    serde_json::from_str(&decoded.unverified_payload).expect("it is JSON")
}

async fn own(
    kit: &Kit,
    client: &AuthenticatedClient,
    asked: &Asked,
) -> Result<ClientToken, ClientTokenError> {
    client_credentials(&kit.ctx, client, asked, kit.clock.now()).await
}

#[tokio::test]
async fn a_clients_own_token_says_who_it_is_and_nothing_of_a_user() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &["orders:read", "orders:write"], &["orders"]).await;

    let token = own(&kit, &worker, &asked(Some("orders:read"), &["orders"])).await.expect("it may");

    let said = claims(&token);
    let iat = kit.clock.now().as_second();
    let expected = json!({
        "iss": "https://auth.example", "sub": "worker", "client_id": "worker", "aud": ["orders"],
        "scope": "orders:read", "iat": iat, "exp": iat + 600, "jti": said["jti"], "rev": "1.0",
    });
    assert_eq!(said, expected);
    assert_eq!((token.expires_in, token.scope.as_deref()), (Duration::from_mins(10), Some("orders:read")));
    assert!(format!("{token:?}").contains("[redacted]"));
}

#[tokio::test]
async fn without_a_wish_the_client_gets_all_scopes_but_those_that_count_here() {
    let kit = Kit::new().await;
    let scopes = ["introspection", "revocations", "token-exchange", "b", "a"];
    let worker = client(&kit, "worker", &scopes, &["orders"]).await;

    let token = own(&kit, &worker, &Asked::default()).await.expect("it may");
    assert_eq!(token.scope.as_deref(), Some("a b"));

    for scope in ["introspection", "token-exchange", "a c"] {
        let refused = own(&kit, &worker, &asked(Some(scope), &[])).await;
        assert!(matches!(refused, Err(ClientTokenError::Scope { .. })), "{scope}: {refused:?}");
    }
}

#[tokio::test]
async fn audiences_are_a_part_of_the_registered_ones() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &[], &["orders", "profiles", "https://auth.example"]).await;

    let token = own(&kit, &worker, &asked(None, &["orders", "profiles"])).await.expect("it may");
    assert_eq!(claims(&token)["aud"], json!(["orders", "profiles"]));

    let foreign = own(&kit, &worker, &asked(None, &["orders", "billing"])).await;
    assert!(matches!(&foreign, Err(ClientTokenError::Audience { audience }) if audience == "billing"));
    let ours = own(&kit, &worker, &asked(None, &["https://auth.example"])).await;
    assert!(matches!(ours, Err(ClientTokenError::Audience { .. })), "{ours:?}");
    let unclear = own(&kit, &worker, &Asked::default()).await;
    assert!(matches!(unclear, Err(ClientTokenError::NoAudience { registered: 2 })), "{unclear:?}");
}

#[tokio::test]
async fn a_client_that_is_removed_meanwhile_gets_nothing_and_its_tokens_are_hit() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &[], &["orders"]).await;
    let before = own(&kit, &worker, &Asked::default()).await.expect("it may");

    let id = worker.client().id.clone();
    clients::remove(&kit.ctx, &id, None, kit.clock.now()).await.expect("it is there");

    let after = own(&kit, &worker, &Asked::default()).await;
    assert!(matches!(after, Err(ClientTokenError::ClientGone)), "{after:?}");
    assert_eq!(claims(&before)["rev"], "1.0", "older than the removal");
    assert_eq!(events(&kit).await.last().map(|(selector, _)| selector.clone()), Some(Selector::Client(id)));
}

/// The access token of a sign-in, as a verifier reads it.
fn subject(issued: &Issued) -> SubjectToken {
    let claims = &issued.access.claims;
    SubjectToken {
        sub: claims.sub.to_string(),
        audiences: claims.aud.clone(),
        session: Some(claims.sid),
        org_id: claims.org_id.as_ref().map(ToString::to_string),
        roles: claims.roles.iter().map(ToString::to_string).collect(),
        expires_at: claims.exp,
        rev: claims.rev,
        actors: Vec::new(),
    }
}

async fn exchanged(
    kit: &Kit,
    client: &AuthenticatedClient,
    subject: &SubjectToken,
    asked: &Asked,
) -> Result<ClientToken, ClientTokenError> {
    exchange(&kit.ctx, client, subject, asked, kit.clock.now()).await
}

async fn signed_in(kit: &Kit) -> SubjectToken {
    kit.user("ada").await;
    subject(&kit.sign_in("ada").await.expect("the password is right"))
}

async fn orders(kit: &Kit) -> AuthenticatedClient {
    client(kit, "orders", &["token-exchange"], &["profiles"]).await
}

#[tokio::test]
async fn an_exchanged_token_is_the_users_for_one_service_with_the_client_as_actor() {
    let kit = Kit::new().await;
    let (orders, ada) = (orders(&kit).await, signed_in(&kit).await);
    kit.wait(Duration::from_mins(4));

    let token = exchanged(&kit, &orders, &ada, &asked(None, &["profiles"])).await.expect("it may");

    let said = claims(&token);
    assert_eq!(said["sub"], json!(ada.sub));
    assert_eq!(said["sid"], json!(ada.session.map(|sid| sid.to_string())));
    assert_eq!((&said["aud"], &said["client_id"]), (&json!(["profiles"]), &json!("orders")));
    assert_eq!(said["act"], json!({ "sub": "orders" }));
    assert_eq!(said["roles"], json!(["buyer"]));
    assert_eq!(said["exp"], json!(ada.expires_at), "no later than the user's own");
    assert_eq!(said["rev"], json!(ada.rev), "what hits the one hits the other");
    assert_eq!(said["auth_time"], json!(kit.clock.now().as_second() - 240));
    assert_eq!(token.expires_in, Duration::from_mins(6));
}

#[tokio::test]
async fn an_exchange_is_refused_to_clients_without_the_right() {
    let kit = Kit::new().await;
    let worker = client(&kit, "worker", &["orders:read"], &["profiles"]).await;
    let ada = signed_in(&kit).await;

    let refused = exchanged(&kit, &worker, &ada, &Asked::default()).await;
    assert!(matches!(refused, Err(ClientTokenError::MayNotExchange)), "{refused:?}");
}

#[tokio::test]
async fn an_exchanged_token_has_no_role_that_the_subject_token_lacks() {
    let kit = Kit::new().await;
    let (orders, ada) = (orders(&kit).await, signed_in(&kit).await);
    let narrow = SubjectToken { roles: Vec::new(), ..ada };

    let token = exchanged(&kit, &orders, &narrow, &Asked::default()).await.expect("it may");
    assert_eq!(claims(&token)["roles"], json!([]));
}

#[tokio::test]
async fn an_exchange_for_several_services_or_a_foreign_one_is_refused() {
    let kit = Kit::new().await;
    let orders = client(&kit, "orders", &["token-exchange"], &["profiles", "billing"]).await;
    let ada = signed_in(&kit).await;

    let several = exchanged(&kit, &orders, &ada, &asked(None, &["profiles", "billing"])).await;
    assert!(matches!(several, Err(ClientTokenError::SeveralAudiences)), "{several:?}");
    let foreign = exchanged(&kit, &orders, &ada, &asked(None, &["payroll"])).await;
    assert!(matches!(foreign, Err(ClientTokenError::Audience { .. })), "{foreign:?}");
    let none = exchanged(&kit, &orders, &ada, &Asked::default()).await;
    assert!(matches!(none, Err(ClientTokenError::NoAudience { .. })), "{none:?}");
}

#[tokio::test]
async fn an_exchange_gives_no_scopes() {
    let kit = Kit::new().await;
    let orders = client(&kit, "orders", &["token-exchange", "profiles:write"], &["profiles"]).await;
    let ada = signed_in(&kit).await;

    let refused = exchanged(&kit, &orders, &ada, &asked(Some("profiles:write"), &["profiles"])).await;
    assert!(matches!(refused, Err(ClientTokenError::Scope { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_machines_own_token_is_not_exchanged() {
    let kit = Kit::new().await;
    let (orders, ada) = (orders(&kit).await, signed_in(&kit).await);

    let machine = SubjectToken { session: None, ..ada };
    let refused = exchanged(&kit, &orders, &machine, &Asked::default()).await;
    assert!(matches!(refused, Err(ClientTokenError::NotAUsers)), "{refused:?}");
}

/// Each service hands the token on to the next, as long as it was handed to the one before.
#[tokio::test]
async fn a_token_for_another_service_is_not_exchanged_and_a_handed_on_one_names_all_actors() {
    let kit = Kit::new().await;
    let billing = client(&kit, "billing", &["token-exchange"], &["ledger"]).await;
    let profiles = client(&kit, "profiles", &["token-exchange"], &["ledger"]).await;
    let ada = signed_in(&kit).await;
    let handed_on =
        SubjectToken { audiences: vec!["profiles".to_owned()], actors: vec!["orders".to_owned()], ..ada };

    let stolen = exchanged(&kit, &billing, &handed_on, &Asked::default()).await;
    assert!(matches!(stolen, Err(ClientTokenError::NotAddressed)), "{stolen:?}");
    let token = exchanged(&kit, &profiles, &handed_on, &Asked::default()).await.expect("it may");
    assert_eq!(claims(&token)["act"], json!({ "sub": "profiles", "act": { "sub": "orders" } }));
}

#[tokio::test]
async fn a_chain_of_actors_has_an_end() {
    let kit = Kit::new().await;
    let (orders, ada) = (orders(&kit).await, signed_in(&kit).await);
    let long = SubjectToken { actors: vec!["one".to_owned(); MAX_ACTORS], ..ada };

    let refused = exchanged(&kit, &orders, &long, &Asked::default()).await;
    assert!(matches!(refused, Err(ClientTokenError::TooManyActors)), "{refused:?}");
}

/// The verifier would say so too, some milliseconds later.
#[tokio::test]
async fn a_token_of_a_session_that_is_over_or_of_somebody_who_may_not_work_is_not_exchanged() {
    let kit = Kit::new().await;
    let (orders, ada) = (orders(&kit).await, signed_in(&kit).await);
    let is_over = async |subject: &SubjectToken| {
        let answer = exchanged(&kit, &orders, subject, &Asked::default()).await;
        matches!(answer, Err(ClientTokenError::SubjectOver))
    };
    assert!(!is_over(&ada).await);

    let moved = SubjectToken { org_id: Some("acme".to_owned()), ..ada.clone() };
    assert!(is_over(&moved).await, "she is not in that organisation");
    let somebody_elses =
        SubjectToken { sub: "00000000-0000-4000-8000-000000000000".to_owned(), ..ada.clone() };
    assert!(is_over(&somebody_elses).await, "the session is another user's");

    let again = subject(&kit.sign_in("ada").await.expect("the password is right"));
    let session = again.session.expect("it has one");
    let user = ada.sub.parse().expect("it is a user's");
    let command = SignOut { user, session, everywhere: false, address: None };
    sign_out(&kit.ctx, command, kit.clock.now()).await.expect("the store works");
    assert!(is_over(&again).await, "she has signed out");
    assert!(!is_over(&ada).await, "of one session");

    users::disable(&kit.ctx, user, None, kit.clock.now()).await.expect("she is there");
    assert!(is_over(&ada).await, "her account is disabled");
}
