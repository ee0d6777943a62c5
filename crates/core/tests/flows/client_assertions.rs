use std::collections::BTreeSet;

use handstamp_core::{
    flows::clients::{
        self, Assertion, AuthenticateError, AuthenticatedClient, ClientsError, NewClient,
        authenticate_by_assertion,
    },
    model::ClientKeys,
    test_support::{Kit, SeededEntropy},
};
use handstamp_token::{Algorithm, KeySet, SigningKey, TokenBuilder, UnixTime};
use std::time::Duration;

const ISSUER: &str = "https://auth.example";
const ENDPOINT: &str = "https://auth.example/oauth2/token";

fn new(id: &str) -> NewClient {
    NewClient { id: id.parse().expect("it is an id"), scopes: BTreeSet::new(), audiences: BTreeSet::new() }
}

/// Registers a client that signs, and returns its key.
async fn signing(kit: &Kit, id: &str) -> SigningKey {
    let key = SigningKey::generate(Algorithm::Es256).expect("a key can be made");
    let keys = KeySet::new([key.verifying_key()]).expect("it is one key");
    let keys = ClientKeys::new(keys).expect("it is a public key");
    clients::add_with_keys(&kit.ctx, new(id), keys, None, kit.clock.now()).await.expect("it is new");
    key
}

fn assertion(kit: &Kit, key: &SigningKey, id: &str, audience: &str, lifetime: Duration) -> String {
    let now = UnixTime::from_secs(kit.clock.now().as_second());
    let builder = TokenBuilder::typed("JWT", id, audience).subject(id).lifetime(lifetime);
    builder.sign(key, now, &SeededEntropy::new(9)).expect("it can be signed").into_string()
}

async fn present(
    kit: &Kit,
    jwt: &str,
    client_id: Option<&str>,
) -> Result<AuthenticatedClient, AuthenticateError> {
    let assertion = Assertion { jwt, client_id, audiences: &[ISSUER, ENDPOINT] };
    authenticate_by_assertion(&kit.ctx, assertion, kit.clock.now()).await
}

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_client_proves_who_it_is_by_a_signature_for_the_issuer_or_the_endpoint() {
    let kit = Kit::new().await;
    let (one, two) = (signing(&kit, "worker").await, signing(&kit, "other").await);

    for (key, id, audience) in [(one, "worker", ENDPOINT), (two, "other", ISSUER)] {
        let jwt = assertion(&kit, &key, id, audience, MINUTE);
        let proved = present(&kit, &jwt, Some(id)).await.expect("it is its own key");
        assert_eq!(proved.client().id.as_str(), id);
    }
}

#[tokio::test]
async fn an_assertion_is_good_once_even_at_the_same_time() {
    let kit = Kit::new().await;
    let key = signing(&kit, "worker").await;
    let jwt = assertion(&kit, &key, "worker", ENDPOINT, MINUTE);

    let (one, two) = tokio::join!(present(&kit, &jwt, None), present(&kit, &jwt, None));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let later = present(&kit, &jwt, None).await;
    assert!(matches!(later, Err(AuthenticateError::Refused)), "{later:?}");
}

/// The test's randomness repeats itself, and so the two assertions have one `jti`.
#[tokio::test]
async fn two_clients_may_choose_the_same_jti() {
    let kit = Kit::new().await;
    let (one, two) = (signing(&kit, "worker").await, signing(&kit, "other").await);

    present(&kit, &assertion(&kit, &one, "worker", ENDPOINT, MINUTE), None).await.expect("it is new");
    present(&kit, &assertion(&kit, &two, "other", ENDPOINT, MINUTE), None).await.expect("it is new");
}

#[tokio::test]
async fn what_does_not_prove_the_client_is_refused() {
    let kit = Kit::new().await;
    let key = signing(&kit, "worker").await;
    let foreign = signing(&kit, "other").await;
    clients::add(&kit.ctx, new("secretive"), None, kit.clock.now()).await.expect("it is new");
    let cases = [
        ("another's key", assertion(&kit, &foreign, "worker", ENDPOINT, MINUTE)),
        ("another audience", assertion(&kit, &key, "worker", "https://elsewhere.example", MINUTE)),
        ("a long life", assertion(&kit, &key, "worker", ENDPOINT, Duration::from_hours(1))),
        ("an unknown client", assertion(&kit, &key, "nobody", ENDPOINT, MINUTE)),
        ("a client with a secret", assertion(&kit, &key, "secretive", ENDPOINT, MINUTE)),
        ("no JWT", "hcs_secret".to_owned()),
    ];

    for (what, jwt) in cases {
        let refused = present(&kit, &jwt, None).await;
        assert!(matches!(refused, Err(AuthenticateError::Refused)), "{what}: {refused:?}");
    }
    let beside = assertion(&kit, &key, "worker", ENDPOINT, MINUTE);
    let refused = present(&kit, &beside, Some("other")).await;
    assert!(matches!(refused, Err(AuthenticateError::Refused)), "another client_id: {refused:?}");

    kit.wait(MINUTE * 3);
    let late = present(&kit, &beside, None).await;
    assert!(matches!(late, Err(AuthenticateError::Refused)), "too late: {late:?}");
}

#[tokio::test]
async fn a_client_that_signs_has_no_secret() {
    let kit = Kit::new().await;
    signing(&kit, "worker").await;

    for secret in ["", "hcs_", "null"] {
        let refused = clients::authenticate(&kit.ctx, "worker", secret).await;
        assert!(matches!(refused, Err(AuthenticateError::Refused)), "{refused:?}");
    }
}

#[tokio::test]
async fn an_id_that_could_be_a_users_is_refused() {
    let kit = Kit::new().await;
    let ada = kit.user("ada").await;

    let refused = clients::add(&kit.ctx, new(&ada.id.to_string()), None, kit.clock.now()).await;
    assert!(matches!(refused, Err(ClientsError::LooksLikeUser)), "{refused:?}");
}
