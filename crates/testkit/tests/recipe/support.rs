use handstamp_testkit::recipe::Material;
use handstamp_token::{Algorithm, KeySet, SigningKey, SystemEntropy, TokenBuilder, UnixTime, Validator};

pub(crate) const ISSUER: &str = "https://auth.example";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

/// An issuer of one key, and a good token of it.
pub(crate) struct House {
    pub(crate) key: SigningKey,
    pub(crate) good: String,
    pub(crate) keys: KeySet,
    pub(crate) validator: Validator,
}

impl House {
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let key = SigningKey::generate(algorithm).unwrap();
        let good = TokenBuilder::access_token(ISSUER, "orders")
            .subject("ada")
            .client_id("web")
            .lifetime("10 minutes")
            .claim("sid", "s1")
            .claim("org_id", "acme")
            .claim("roles", ["buyer"]);
        Self {
            good: good.sign(&key, NOW, &SystemEntropy).unwrap().into_string(),
            keys: KeySet::new([key.verifying_key()]).unwrap(),
            validator: Validator::access_token(ISSUER, "orders", &[algorithm]).unwrap(),
            key,
        }
    }

    /// All there is to know, but what only an issuer with state can make.
    pub(crate) fn material(&self) -> Material {
        Material::of_token(&self.good, NOW).unwrap().signing_key(self.key.clone())
    }
}
