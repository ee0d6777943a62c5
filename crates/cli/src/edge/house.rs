use std::sync::Arc;

use handstamp_core::Context;
use handstamp_core::keyring::Keyring;
use handstamp_core::password::PasswordHasher;
use handstamp_core::root_key::RootKey;
use handstamp_core::store::Store;
use handstamp_server::config::{Config, PublicUrl};
use handstamp_store_sqlite::{OpenMode, SqliteStore};
use handstamp_token::{Entropy, SystemEntropy};

use super::data_folder::DataFolder;
use super::settings::SettingsArgs;
use super::{clients, clock, encryption_key, root_key, runtime, token_secret};
use crate::failure::Failure;

/// Everything put together: settings, database, keys. The one place that chooses a store.
pub(crate) struct House {
    /// What every flow needs.
    pub(crate) context: Context,
    /// What everything at rest is sealed under.
    pub(crate) root_key: RootKey,
    store: Arc<SqliteStore>,
}

/// What to do about a data folder in which there is no database yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Make one.
    Create,
    /// Say so: an empty answer would only hide a mistyped folder.
    Refuse,
}

impl House {
    /// Opens the house for a service at this address.
    pub(crate) async fn open(config: &Config, url: &PublicUrl, mode: OpenMode) -> Result<Self, Failure> {
        refuse_postgres(config)?;
        let mut settings = config.settings(url);
        settings.tokens.encryption = encryption_key::load(config)?;
        settings.tokens.secrets = token_secret::load(config)?;
        settings.clients = match mode {
            // No client proves anything to a command, which is run where the service's variables may not be.
            OpenMode::Command => clients::load_without_secrets(config)?,
            OpenMode::Serve(_) => clients::load(config)?,
        };
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let folder = DataFolder::open(&config.storage.data)?;
        // First: a database without its root key could never be opened again.
        let root_key = root_key::load(&folder, &*entropy)?;
        let store = SqliteStore::open(folder.path(), mode)
            .map_err(|cause| Failure::because("cannot open the database", &cause))?;
        let store = Arc::new(store);
        let keyring = Keyring::load(&*store, &root_key, &settings, &*entropy, clock::now())
            .await
            .map_err(|cause| Failure::because("cannot load the keys", &cause))?;
        let hasher = PasswordHasher::new(&settings.passwords)
            .map_err(|cause| Failure::because("the password settings cannot be used", &cause))?;
        let shared: Arc<dyn Store> = Arc::clone(&store) as Arc<dyn Store>;
        let context = Context::new(shared, entropy, settings, hasher, keyring);
        Ok(Self { context, root_key, store })
    }

    /// Lets go of the database in good order.
    pub(crate) async fn close(store: &SqliteStore) -> Result<(), Failure> {
        store.close().await.map_err(|cause| Failure::because("cannot close the database", &cause))
    }

    /// Returns the database, to be closed when the context is gone to work.
    pub(crate) fn store(&self) -> Arc<SqliteStore> {
        Arc::clone(&self.store)
    }
}

/// Runs a command inside the house, beside a running `serve` or without.
pub(crate) fn visit(
    settings: &SettingsArgs,
    missing: Missing,
    work: impl AsyncFnOnce(&Context) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let config = settings.load()?;
    let url = config
        .public_url(config.server.listen)
        .map_err(|cause| Failure::because("server.public_url cannot be used", &cause))?;
    let data = &config.storage.data;
    if missing == Missing::Refuse
        && config.storage.database_url.is_none()
        && !DataFolder::holds_database(data)
    {
        return Err(Failure::new(format!(
            "there is no database in {}: name its folder with --data, or make one with `handstamp serve` or `handstamp user add`",
            data.display()
        )));
    }
    runtime::block_on(async {
        let house = House::open(&config, &url, OpenMode::Command).await?;
        let store = house.store();
        let done = work(&house.context).await;
        drop(house);
        House::close(&store).await?;
        done
    })
}

fn refuse_postgres(config: &Config) -> Result<(), Failure> {
    if config.storage.database_url.is_none() {
        return Ok(());
    }
    Err(Failure::new(
        "this build has no PostgreSQL store yet: leave out --database-url ([storage] database_url) to use the embedded database",
    ))
}
