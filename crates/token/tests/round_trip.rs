use handstamp_token::{
    Algorithm, KeySet, NoClaims, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator,
};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";

#[test]
fn every_algorithm_verifies_what_it_signed() {
    let now = UnixTime::from_secs(1_800_000_000);
    for &algorithm in Algorithm::ALL {
        let key = SigningKey::generate(algorithm).expect("generated");
        let token = TokenBuilder::access_token(ISSUER, AUDIENCE)
            .subject("user-17")
            .lifetime("15 minutes")
            .sign(&key, now, &SystemEntropy)
            .expect("signed");
        let keys = KeySet::new([key.verifying_key()]).expect("key set");
        let validator = Validator::access_token(ISSUER, AUDIENCE, &[algorithm]).expect("validator");
        let verified = validator.verify::<NoClaims>(token.as_str(), &keys, now).expect("verified");
        assert_eq!(verified.registered().jti.as_deref(), Some(token.token_id()), "{algorithm}");
    }
}
