use std::net::SocketAddr;
use std::sync::Arc;

use handstamp_core::Context;
use handstamp_core::keyring::Keyring;
use handstamp_core::password::PasswordHasher;
use handstamp_core::root_key::RootKey;
use handstamp_core::store::Store;
use handstamp_server::config::{Config, PublicUrl};
use handstamp_store_sqlite::OpenMode;
use handstamp_token::{Entropy, SystemEntropy};

use super::data_folder::DataFolder;
use super::settings::SettingsArgs;
use super::store::OpenStore;
use super::{clients, clock, encryption_key, root_key, runtime, token_secret};
use crate::failure::Failure;

/// Everything put together: settings, database, keys.
pub(crate) struct House {
    /// What every flow needs.
    pub(crate) context: Context,
    /// What everything at rest is sealed under.
    pub(crate) root_key: RootKey,
    store: OpenStore,
}

/// What to do where there is no installation yet: no database in the data folder, or one without keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Make one.
    Create,
    /// Say so, and make no keys: there is nothing to look at or to change, and `import` takes a store without keys and no other.
    Refuse,
}

impl House {
    /// Opens the house for a service at this address.
    pub(crate) async fn open(
        config: &Config,
        url: &PublicUrl,
        mode: OpenMode,
        missing: Missing,
    ) -> Result<Self, Failure> {
        let mut settings = config.settings(url);
        settings.tokens.encryption = encryption_key::load(config)?;
        settings.tokens.secrets = token_secret::load(config)?;
        settings.clients = match mode {
            // No client proves anything to a command, which is run where the service's variables may not be.
            OpenMode::Command => clients::load_without_secrets(config)?,
            OpenMode::Serve(_) => clients::load(config)?,
        };
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        // First: a database without its root key could never be opened again.
        let root_key = root_key(config, &*entropy)?;
        let store = OpenStore::open(config, mode, Arc::clone(&entropy)).await?;
        let shared = store.shared();
        if missing == Missing::Refuse {
            must_have_keys(&*shared).await?;
        }
        let keyring = Keyring::load(&*shared, &root_key, &settings, &*entropy, clock::now())
            .await
            .map_err(|cause| Failure::because("cannot load the keys", &cause))?;
        let hasher = PasswordHasher::new(&settings.passwords)
            .map_err(|cause| Failure::because("the password settings cannot be used", &cause))?;
        let context = Context::new(shared, entropy, settings, hasher, keyring);
        Ok(Self { context, root_key, store })
    }

    /// Returns the database, to be closed when the context is gone to work.
    pub(crate) fn store(&self) -> OpenStore {
        self.store.clone()
    }
}

/// An embedded database has its root key beside it, and the first start makes both. What several replicas share no one of them makes:
/// each would make its own.
fn root_key(config: &Config, entropy: &dyn Entropy) -> Result<RootKey, Failure> {
    let data = &config.storage.data;
    match config.storage.database_url {
        None => root_key::load(&DataFolder::open(data)?, entropy),
        Some(_) => root_key::load_existing(&DataFolder::at(data)),
    }
}

/// Returns where the world reaches a service that listens at this address.
pub(crate) fn public_url(config: &Config, address: SocketAddr) -> Result<PublicUrl, Failure> {
    config.public_url(address).map_err(|cause| Failure::because("server.public_url cannot be used", &cause))
}

/// Runs a command inside the house, beside a running `serve` or without.
pub(crate) fn visit(
    settings: &SettingsArgs,
    missing: Missing,
    work: impl AsyncFnOnce(&Context) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let config = settings.load()?;
    let url = public_url(&config, config.server.listen)?;
    if missing == Missing::Refuse {
        must_be_there(&config)?;
    }
    runtime::block_on(async {
        let house = House::open(&config, &url, OpenMode::Command, missing).await?;
        let store = house.store();
        let done = work(&house.context).await;
        drop(house);
        store.close().await?;
        done
    })
}

/// Refuses a data folder without a database where the embedded one is meant: an empty answer would only hide a mistyped folder.
pub(crate) fn must_be_there(config: &Config) -> Result<(), Failure> {
    let data = &config.storage.data;
    if config.storage.database_url.is_some() || DataFolder::holds_database(data) {
        return Ok(());
    }
    Err(Failure::new(format!(
        "there is no database in {}: name its folder with --data, or make one with `handstamp serve` or `handstamp user add`",
        data.display()
    )))
}

/// Refuses a database in which nobody has made an installation yet.
async fn must_have_keys(store: &dyn Store) -> Result<(), Failure> {
    let keys = store.keys().await.map_err(|cause| Failure::because("cannot read the keys", &cause))?;
    if !keys.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        "the database is empty: `handstamp serve` or `handstamp user add` makes an installation in it, and `handstamp import` \
         brings one",
    ))
}
