use std::sync::Arc;

use handstamp_core::{
    Context,
    flows::keys,
    keyring::{Keyring, KeyringError},
    model::KeyPurpose,
    root_key::RootKey,
    settings::{Settings, TokenSecrets},
    store::Store,
    test_support::{FixedClock, Kit, MemoryStore, SeededEntropy},
};
use handstamp_token::Algorithm;

#[tokio::test]
async fn the_first_start_makes_keys_of_every_purpose_and_the_second_finds_them() {
    let kit = Kit::new().await;
    let made = kit.ctx.store.keys().await.expect("the store works");
    for purpose in KeyPurpose::ALL {
        assert!(made.iter().any(|key| key.purpose == *purpose));
    }
    let again = load(&kit, &kit.root).await.expect("the keys load");
    assert_eq!(again.signing_key().key_id(), kit.ctx.keyring.signing_key().key_id());
    assert_eq!(kit.ctx.store.keys().await.expect("the store works"), made);
}

#[tokio::test]
async fn two_processes_at_their_first_start_use_the_same_keys() {
    let store = Arc::new(MemoryStore::default());
    let kits = tokio::join!(
        Kit::over(Arc::<MemoryStore>::clone(&store), FixedClock::new(), |_| {}),
        Kit::over(Arc::<MemoryStore>::clone(&store), FixedClock::new(), |_| {}),
    );
    assert_eq!(kits.0.ctx.keyring.signing_key().key_id(), kits.1.ctx.keyring.signing_key().key_id());
    let keys = store.keys().await.expect("the store works");
    assert_eq!(keys.len(), 6, "an active one and a next one of each purpose");
}

#[tokio::test]
async fn another_root_key_opens_nothing_and_says_which_key() {
    let kit = Kit::new().await;
    let error = load(&kit, &RootKey::from_bytes([8; RootKey::LEN])).await.expect_err("nothing opens");
    assert!(matches!(&error, KeyringError::RootKey { kid, .. } if !kid.is_empty()), "{error:?}");
}

#[tokio::test]
async fn the_published_set_holds_no_private_part() {
    let kit = Kit::new().await;
    let text = serde_json::to_string(&kit.ctx.keyring.jwks()).expect("it is JSON");
    assert!(text.contains("\"kty\":\"EC\""));
    assert!(!text.contains("\"d\":") && !text.contains("\"k\":"), "{text}");
}

#[tokio::test]
async fn a_changed_algorithm_takes_over_once_its_key_is_known() {
    let kit = Kit::new().await;
    let mut settings = kit.ctx.settings.clone();
    settings.tokens.algorithm = Algorithm::EdDsa;
    let ctx = over(&kit, settings).await.expect("the keys load");
    keys::housekeep(&ctx, kit.clock.now()).await.expect("the store works");
    assert_eq!(ctx.keyring.signing_key().algorithm(), Algorithm::Es256);
    kit.wait(ctx.settings.keys.publish_ahead);
    keys::housekeep(&ctx, kit.clock.now()).await.expect("the store works");
    assert_eq!(ctx.keyring.signing_key().algorithm(), Algorithm::EdDsa);
}

const NEW: &str = "s9Zr1Jt0Ywq4Kc7Nn2Vb5Xe8Mh3Lg6Pd";
const OLD: &str = "T4uQ7aW1zR9sE2dC5fV8gB0hN3jM6kLx";

fn with_secrets(kit: &Kit, secrets: &str) -> Settings {
    let mut settings = kit.ctx.settings.clone();
    settings.tokens.algorithm = Algorithm::Hs256;
    settings.tokens.secrets = Some(TokenSecrets::from_text(Algorithm::Hs256, secrets).expect("secrets"));
    settings
}

#[tokio::test]
async fn of_the_operators_secrets_the_first_signs_and_all_verify() {
    let kit = Kit::new().await;
    let before = over(&kit, with_secrets(&kit, OLD)).await.expect("the keys load");
    let after = over(&kit, with_secrets(&kit, &format!("{NEW}\n{OLD}"))).await.expect("the keys load");
    let (new, old) = (after.keyring.signing_key(), before.keyring.signing_key());
    assert_eq!((new.algorithm(), old.algorithm()), (Algorithm::Hs256, Algorithm::Hs256));
    assert_ne!(new.key_id(), old.key_id());
    for key in [&new, &old] {
        assert!(after.keyring.verifying_keys().find(key.key_id().as_str()).is_some());
    }
}

#[tokio::test]
async fn a_secret_is_never_published() {
    let kit = Kit::new().await;
    let ctx = over(&kit, with_secrets(&kit, NEW)).await.expect("the keys load");
    let text = serde_json::to_string(&ctx.keyring.jwks()).expect("it is JSON");
    assert!(!text.contains("oct") && !text.contains(NEW), "{text}");
    assert!(!text.contains(ctx.keyring.signing_key().key_id().as_str()), "{text}");
}

#[tokio::test]
async fn an_algorithm_with_a_secret_needs_one() {
    let kit = Kit::new().await;
    let mut settings = kit.ctx.settings.clone();
    settings.tokens.algorithm = Algorithm::Hs256;
    let refused = over(&kit, settings).await.err();
    assert!(matches!(refused, Some(KeyringError::Secrets { algorithm: Algorithm::Hs256 })), "{refused:?}");
}

#[tokio::test]
async fn a_secret_for_another_algorithm_is_refused() {
    let kit = Kit::new().await;
    for algorithm in [Algorithm::Es256, Algorithm::Hs512] {
        let mut settings = with_secrets(&kit, NEW);
        settings.tokens.algorithm = algorithm;
        let refused = over(&kit, settings).await.err();
        assert!(matches!(refused, Some(KeyringError::Secrets { .. })), "{refused:?}");
    }
}

/// The same installation after a restart with other settings.
async fn over(kit: &Kit, settings: Settings) -> Result<Context, KeyringError> {
    let entropy = SeededEntropy::new(3);
    let keyring = Keyring::load(&*kit.ctx.store, &kit.root, &settings, &entropy, kit.clock.now()).await?;
    let (store, entropy) = (Arc::clone(&kit.ctx.store), Arc::clone(&kit.ctx.entropy));
    Ok(Context::new(store, entropy, settings, kit.ctx.hasher.clone(), keyring))
}

async fn load(kit: &Kit, root: &RootKey) -> Result<Keyring, KeyringError> {
    Keyring::load(&*kit.ctx.store, root, &kit.ctx.settings, &SeededEntropy::new(3), kit.clock.now()).await
}
