use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use handstamp_core::Context;
use handstamp_core::keyring::Keyring;
use handstamp_core::password::PasswordHasher;
use handstamp_core::root_key::RootKey;
use handstamp_core::store::Store;
use handstamp_server::config::{Config, PublicUrl, Subscribers};
use handstamp_server::{AppState, Clock as _, Parts};
use handstamp_store_postgres::{PostgresOptions, PostgresStore};
use handstamp_store_sqlite::{DATABASE_FILE, OpenMode, ShareMode, SqliteStore};
use handstamp_token::{Entropy, SystemEntropy};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::by_hand::ByHand;
use super::{HandClock, Listening, listen};
use crate::{Outcome, failed};

/// A service with an empty database of its own, which goes when this is dropped.
pub struct House {
    /// What the flows take.
    pub context: Arc<Context>,
    /// The time they are told.
    pub clock: HandClock,
    /// The configuration: the product's defaults.
    pub config: Config,
    public_url: PublicUrl,
    root_key: RootKey,
    folder: TempDir,
}

impl House {
    /// Makes the database and its keys, as the first `handstamp serve` does.
    pub async fn open() -> Outcome<Self> {
        let config = Config::default();
        Self::open_at(config.server.listen, config).await
    }

    /// The same for a service that others reach on a free port.
    pub fn open_listening(runtime: &Runtime, config: Config) -> Outcome<(Self, TcpListener)> {
        let listener = listen(runtime)?;
        let address = listener.local_addr().map_err(failed("listening"))?;
        Ok((runtime.block_on(Self::open_at(address, config))?, listener))
    }

    async fn open_at(address: SocketAddr, config: Config) -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("bench-data-").tempdir_in(data_root()?);
        let folder = folder.map_err(failed("making a data folder"))?;
        let store = SqliteStore::open(folder.path(), OpenMode::Serve(ShareMode::Exclusive));
        let store = Arc::new(store.map_err(failed("opening the database"))?);
        Self::around(store, folder, address, config).await
    }

    /// The same on an empty PostgreSQL database.
    pub async fn open_on_postgres(url: &str) -> Outcome<Self> {
        let options = PostgresOptions::new(url).map_err(failed("the database URL"))?;
        let folder = tempfile::tempdir().map_err(failed("making a folder"))?;
        let store = PostgresStore::open(&options, Arc::new(SystemEntropy)).await;
        let store = Arc::new(store.map_err(failed("opening the database"))?);
        let config = Config::default();
        Self::around(store, folder, config.server.listen, config).await
    }

    async fn around(
        store: Arc<dyn Store>,
        folder: TempDir,
        address: SocketAddr,
        config: Config,
    ) -> Outcome<Self> {
        let clock = HandClock::at_true_time();
        let store: Arc<dyn Store> = Arc::new(ByHand { store, clock: clock.clone() });
        let public_url = config.public_url(address).map_err(failed("the public URL"))?;
        let settings = config.settings(&public_url);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let root_key = RootKey::generate(&*entropy);
        let keyring = Keyring::load(&*store, &root_key, &settings, &*entropy, clock.now()).await;
        let keyring = keyring.map_err(failed("making the keys"))?;
        let hasher = PasswordHasher::new(&settings.passwords).map_err(failed("the password settings"))?;
        let context = Arc::new(Context::new(store, entropy, settings, hasher, keyring));
        Ok(Self { context, clock, config, public_url, root_key, folder })
    }

    /// Returns the embedded database's file, for what is measured beside the service.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(DATABASE_FILE)
    }

    /// Returns what everything secret in the database is sealed under, for another process that opens it.
    pub fn root_key(&self) -> &RootKey {
        &self.root_key
    }

    /// Lets go of the database and leaves the folder to another process, as long as this is kept.
    pub fn leave(self) -> TempDir {
        self.folder
    }

    /// Returns the issuer of its tokens.
    pub fn issuer(&self) -> &str {
        self.public_url.as_str()
    }

    /// Serves where it was opened, and keeps to the true time from now on.
    pub fn serve(&self, runtime: &Runtime, listener: TcpListener) -> Outcome<Listening> {
        let service = Listening::service(runtime, listener, self.app()?)?;
        runtime.block_on(async { self.clock.follow_true_time() });
        Ok(service)
    }

    /// Returns the service over this database.
    pub fn app(&self) -> Outcome<AppState> {
        let parts = Parts {
            context: Arc::clone(&self.context),
            config: self.config.clone(),
            public_url: self.public_url.clone(),
            clock: Arc::new(self.clock.clone()),
            root_key: self.root_key.clone(),
            shared: handstamp_server::Shared::default(),
        };
        AppState::new(parts).map_err(failed("starting the service"))
    }
}

/// Returns the defaults, but for a feed that anybody may follow.
pub fn open_feed() -> Config {
    let mut config = Config::default();
    config.revocation.subscribers = Subscribers::Open;
    config
}

/// Returns the name of the database that a URL leads to.
pub fn database_name(url: &str) -> &str {
    url.rsplit_once('/').map_or(url, |(_, name)| name)
}

/// On the disk of the working tree, not in a `/tmp` that may be memory.
fn data_root() -> Outcome<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(here).join("target/bench");
    std::fs::create_dir_all(&root).map_err(failed("making target/bench"))?;
    Ok(root)
}
