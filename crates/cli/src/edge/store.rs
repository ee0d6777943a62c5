use std::sync::Arc;

use handstamp_core::shared::{FanOut, Limits};
use handstamp_core::store::Store;
use handstamp_core::store::transfer::Transfer;
use handstamp_server::config::{Config, StorageConfig};
use handstamp_store_postgres::{PostgresOptions, PostgresStore};
use handstamp_store_sqlite::{OpenMode, SqliteStore};
use handstamp_token::Entropy;

use super::secret_file;
use crate::failure::Failure;

/// The store that the settings name, to be closed when the work is done.
#[derive(Clone)]
pub(crate) enum OpenStore {
    /// The embedded one.
    Sqlite(Arc<SqliteStore>),
    /// The one for several machines.
    Postgres(Arc<PostgresStore>),
}

impl OpenStore {
    /// Opens it, and makes the tables where there are none.
    pub(crate) async fn open(
        config: &Config,
        mode: OpenMode,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, Failure> {
        let Some(options) = postgres_options(&config.storage, mode)? else {
            let store = SqliteStore::open(&config.storage.data, mode);
            let store = store.map_err(|cause| Failure::because("cannot open the database", &cause))?;
            return Ok(Self::Sqlite(Arc::new(store)));
        };
        let store = PostgresStore::open(&options, entropy).await;
        let store = store.map_err(|cause| Failure::because("cannot open the database", &cause))?;
        Ok(Self::Postgres(Arc::new(store)))
    }

    /// Returns it as the flows know it.
    pub(crate) fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// Returns what hands out and takes in all that is in it.
    pub(crate) fn transfer(&self) -> &dyn Transfer {
        match self {
            Self::Sqlite(store) => &**store,
            Self::Postgres(store) => &**store,
        }
    }

    /// Returns what carries news between the replicas that share it; nothing where there is only one.
    pub(crate) fn fan_out(&self) -> Option<Arc<dyn FanOut>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(store) => Some(store.fan_out()),
        }
    }

    /// Returns what the replicas that share it count attempts on; nothing where there is only one.
    pub(crate) fn limits(&self) -> Option<Arc<dyn Limits>> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres(store) => Some(Arc::new(store.limits())),
        }
    }

    /// Lets go of it in good order.
    pub(crate) async fn close(&self) -> Result<(), Failure> {
        let closed = match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        };
        closed.map_err(|cause| Failure::because("cannot close the database", &cause))
    }
}

/// Returns where the PostgreSQL database is and how patient to be with it; nothing where the embedded one is used.
pub(crate) fn postgres_options(
    storage: &StorageConfig,
    mode: OpenMode,
) -> Result<Option<PostgresOptions>, Failure> {
    let Some(url) = &storage.database_url else { return Ok(None) };
    let mut options = PostgresOptions::new(url.as_str())
        .map_err(|cause| Failure::because("storage.database_url (--database-url) cannot be used", &cause))?;
    options.connections = storage.connections;
    options.wait = storage.connection_wait;
    options.connect = storage.connect_timeout;
    options.statement = storage.statement_timeout;
    options.migrate = storage.migrate;
    options = match (&storage.listen_url, mode) {
        // A command is over before it could hear anything.
        (_, OpenMode::Command) => options.without_listening(),
        (None, OpenMode::Serve(_)) => options,
        (Some(url), OpenMode::Serve(_)) if url.is_off() => options.without_listening(),
        (Some(url), OpenMode::Serve(_)) => options
            .listen_at(url.as_str())
            .map_err(|cause| Failure::because("storage.listen_url cannot be used", &cause))?,
    };
    if mode == OpenMode::Command {
        options.connections = OF_A_COMMAND;
    }
    let Some(file) = &storage.database_password_file else { return Ok(Some(options)) };
    let password = secret_file::password(file, "the database password", "storage.database_password_file")?;
    Ok(Some(options.password(&password)))
}

/// How many connections a command opens at most: it does one thing after the other.
const OF_A_COMMAND: usize = 2;
