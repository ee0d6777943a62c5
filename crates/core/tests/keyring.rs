use std::sync::Arc;

use handstamp_core::{
    flows::keys,
    keyring::{Keyring, KeyringError},
    model::KeyPurpose,
    root_key::RootKey,
    store::Store,
    test_support::{FixedClock, Kit, MemoryStore, SeededEntropy},
};
use handstamp_token::Algorithm;

#[tokio::test]
async fn the_first_start_makes_keys_of_every_purpose_and_the_second_finds_them() {
    let kit = Kit::new().await;
    let made = keys::list(&kit.ctx).await.expect("the store works");
    for purpose in KeyPurpose::ALL {
        assert!(made.iter().any(|key| key.purpose == *purpose));
    }
    let again = load(&kit, &kit.root).await.expect("the keys load");
    assert_eq!(again.signing_key().key_id(), kit.ctx.keyring.signing_key().key_id());
    assert_eq!(keys::list(&kit.ctx).await.expect("the store works"), made);
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
    assert_eq!(keys.len(), 4, "one of each purpose, and the next one for access tokens");
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
async fn a_changed_algorithm_takes_over_at_the_next_housekeeping() {
    let kit = Kit::new().await;
    let mut settings = kit.ctx.settings.clone();
    settings.tokens.algorithm = Algorithm::EdDsa;
    let keyring = load(&kit, &kit.root).await.expect("the keys load");
    let ctx = handstamp_core::Context::new(
        Arc::clone(&kit.ctx.store),
        Arc::clone(&kit.ctx.entropy),
        settings,
        kit.ctx.hasher.clone(),
        keyring,
    );
    keys::housekeep(&ctx, kit.clock.now()).await.expect("the store works");
    assert_eq!(ctx.keyring.signing_key().algorithm(), Algorithm::EdDsa);
}

async fn load(kit: &Kit, root: &RootKey) -> Result<Keyring, KeyringError> {
    Keyring::load(&*kit.ctx.store, root, &kit.ctx.settings, &SeededEntropy::new(3), kit.clock.now()).await
}
