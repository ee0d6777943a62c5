//! Tokens of another kind than access tokens, with the keys of a real issuer on this machine.

use std::sync::Arc;
use std::time::Duration;

use handstamp_token::{
    Algorithm, NoClaims, Rejection, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator,
};
use handstamp_verify::{BuildError, IssuerKeys, IssuerKeysError, IssuerKeysOptions};
use tokio::time::advance;

use crate::support::issuer::{Behaviour, Issuer};
use crate::support::{KEY, new_key};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// An issuer, and its keys as they are followed here.
struct Followed {
    issuer: Issuer,
    keys: IssuerKeys,
}

impl Followed {
    fn new(issuer: Issuer) -> Self {
        let jwks_uri = format!("{}/jwks", issuer.url).parse().unwrap();
        let options = IssuerKeysOptions::default();
        let keys = IssuerKeys::follow(&issuer.url, &jwks_uri, &options, Arc::new(SystemEntropy)).unwrap();
        Self { issuer, keys }
    }

    fn id_token(&self, key: &SigningKey) -> String {
        let token = TokenBuilder::id_token(&self.issuer.url, "web").subject("ada").lifetime("5m");
        token.claim("nonce", "n-1").sign(key, NOW, &SystemEntropy).unwrap().into_string()
    }

    async fn verify(&self, token: &str) -> Result<(), IssuerKeysError> {
        let validator =
            Validator::id_token(&self.issuer.url, "web", &[Algorithm::Es256]).unwrap().nonce("n-1");
        self.keys.verify::<NoClaims>(&validator, token, NOW).await.map(drop)
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_token_waits_for_the_keys_on_their_way_and_nothing_else_is_asked() {
    let followed = Followed::new(Issuer::start(&[&KEY]).await);

    assert_eq!(followed.verify(&followed.id_token(&KEY)).await, Ok(()));
    assert_eq!(followed.verify(&followed.id_token(&KEY)).await, Ok(()));

    assert_eq!((followed.issuer.key_fetches(), followed.issuer.requests()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_fetched_on_first_sight() {
    let followed = Followed::new(Issuer::start(&[&KEY]).await);
    followed.verify(&followed.id_token(&KEY)).await.unwrap();
    let next = new_key();

    advance(Duration::from_secs(31)).await;
    followed.issuer.publish(&[&KEY, &next]);

    assert_eq!(followed.verify(&followed.id_token(&next)).await, Ok(()));
    assert_eq!(followed.issuer.key_fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_of_strangers_do_not_make_it_ask_all_the_time() {
    let followed = Followed::new(Issuer::start(&[&KEY]).await);
    followed.verify(&followed.id_token(&KEY)).await.unwrap();
    let stranger = followed.id_token(&new_key());

    for _ in 0..100 {
        let refused = followed.verify(&stranger).await;
        assert!(
            matches!(refused, Err(IssuerKeysError::Rejected(Rejection::UnknownKey { .. }))),
            "{refused:?}"
        );
    }

    assert_eq!(followed.issuer.key_fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_of_a_known_key_asks_nobody() {
    let followed = Followed::new(Issuer::start(&[&KEY]).await);
    followed.verify(&followed.id_token(&KEY)).await.unwrap();
    let validator =
        Validator::id_token(&followed.issuer.url, "web", &[Algorithm::Es256]).unwrap().nonce("another");

    let refused = followed.keys.verify::<NoClaims>(&validator, &followed.id_token(&KEY), NOW).await;

    assert!(matches!(refused, Err(IssuerKeysError::Rejected(Rejection::WrongValue { claim: "nonce", .. }))));
    assert_eq!(followed.issuer.key_fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_was_never_reached_makes_no_good_token_a_bad_one() {
    for wrong in
        [Behaviour::Down, Behaviour::Huge, Behaviour::Garbage, Behaviour::Redirecting, Behaviour::Empty]
    {
        let issuer = Issuer::start(&[&KEY]).await;
        issuer.behave(wrong.clone());
        let followed = Followed::new(issuer);

        let away = followed.verify(&followed.id_token(&KEY)).await;

        assert!(matches!(away, Err(IssuerKeysError::Unavailable { .. })), "{wrong:?}: {away:?}");
    }
}

#[tokio::test]
async fn keys_that_anybody_between_could_replace_are_not_followed() {
    let refused = IssuerKeys::follow(
        "https://id.example",
        &"http://id.example/jwks".parse().unwrap(),
        &IssuerKeysOptions::default(),
        Arc::new(SystemEntropy),
    );

    assert!(matches!(refused, Err(BuildError::Address { .. })));
}

#[test]
fn nothing_is_followed_outside_a_runtime() {
    let refused = IssuerKeys::follow(
        "https://id.example",
        &"https://id.example/jwks".parse().unwrap(),
        &IssuerKeysOptions::default(),
        Arc::new(SystemEntropy),
    );

    assert!(matches!(refused, Err(BuildError::NoRuntime)));
}
