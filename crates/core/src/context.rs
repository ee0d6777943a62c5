use std::sync::Arc;

use handstamp_token::Entropy;

use crate::{
    keyring::Keyring, password::PasswordHasher, places::Reserved, seen::SeenSessions, settings::Settings,
    store::Store,
};

/// What every flow needs. Built once, in `cli`, and passed down.
pub struct Context {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The source of randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What the operator has set.
    pub settings: Settings,
    /// Hashes passwords, a few at a time.
    pub hasher: PasswordHasher,
    /// The keys, opened and prepared.
    pub keyring: Keyring,
    pub(crate) seen: SeenSessions,
    pub(crate) places: tokio::sync::Mutex<Reserved>,
}

impl Context {
    /// Puts the parts together.
    pub fn new(
        store: Arc<dyn Store>,
        entropy: Arc<dyn Entropy>,
        settings: Settings,
        hasher: PasswordHasher,
        keyring: Keyring,
    ) -> Self {
        let (seen, places) = (SeenSessions::default(), tokio::sync::Mutex::default());
        Self { store, entropy, settings, hasher, keyring, seen, places }
    }
}
