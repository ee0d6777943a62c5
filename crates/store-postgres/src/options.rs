use std::fmt;
use std::time::Duration;

use crate::url::{DatabaseUrl, DatabaseUrlError};

/// Which database, and how patient to be with it.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(crate) database: DatabaseUrl,
    pub(crate) listen: Listen,
    /// How many connections at most, the one that listens not counted.
    pub connections: usize,
    /// How long to wait for one of them to be free.
    pub wait: Duration,
    /// How long making one may take.
    pub connect: Duration,
    /// How long the database may take for one statement.
    pub statement: Duration,
    /// Whether to bring an older database up to date at the start.
    pub migrate: bool,
}

/// Where to listen for what other replicas have done.
#[derive(Clone)]
pub(crate) enum Listen {
    /// At the database itself.
    AtDatabase,
    /// At another address of the same database: one without a pooler, which gives each transaction another connection.
    At(Box<DatabaseUrl>),
    /// Nowhere: what others have done is found by asking.
    Off,
}

impl PostgresOptions {
    /// How many connections at most, unless somebody says otherwise.
    pub const CONNECTIONS: usize = 16;
    /// How long to wait for a free connection, unless somebody says otherwise.
    pub const WAIT: Duration = Duration::from_secs(2);
    /// How long making a connection may take, unless somebody says otherwise.
    pub const CONNECT: Duration = Duration::from_secs(3);
    /// How long a statement may take, unless somebody says otherwise.
    pub const STATEMENT: Duration = Duration::from_secs(5);

    /// Takes `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=ca.pem`.
    ///
    /// Without `sslmode`, what goes to another machine is encrypted and the other end is checked.
    pub fn new(url: &str) -> Result<Self, DatabaseUrlError> {
        Ok(Self {
            database: url.parse()?,
            listen: Listen::AtDatabase,
            connections: Self::CONNECTIONS,
            wait: Self::WAIT,
            connect: Self::CONNECT,
            statement: Self::STATEMENT,
            migrate: true,
        })
    }

    /// Sets the password, for those who keep it apart from the address.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        self.database.config.password(password);
        if let Listen::At(database) = &mut self.listen
            && database.config.get_password().is_none()
        {
            database.config.password(password);
        }
        self
    }

    /// Listens at another address of the same database, past a pooler that would not let us.
    pub fn listen_at(mut self, url: &str) -> Result<Self, DatabaseUrlError> {
        self.listen = Listen::At(Box::new(url.parse()?));
        Ok(self)
    }

    /// Does not listen: what other replicas have done is found by asking, some time later.
    #[must_use]
    pub fn without_listening(mut self) -> Self {
        self.listen = Listen::Off;
        self
    }

    /// Returns the address to listen at, if any.
    pub(crate) fn listening_address(&self) -> Option<DatabaseUrl> {
        match &self.listen {
            Listen::AtDatabase => Some(self.database.clone()),
            Listen::At(database) => Some(DatabaseUrl::clone(database)),
            Listen::Off => None,
        }
    }

    /// Returns the driver's configuration: what is not in the URL is set here, so that a cut connection is noticed in seconds.
    pub(crate) fn driver_config(&self, database: &DatabaseUrl) -> tokio_postgres::Config {
        let mut config = database.config.clone();
        if config.get_application_name().is_none() {
            config.application_name("handstamp");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(self.connect);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(self.statement + self.connect);
        }
        config
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(3));
        config.keepalives_retries(3);
        config
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("hosts", &self.database.config.get_hosts())
            .field("database", &self.database.config.get_dbname())
            .field("tls", &self.database.tls)
            .field("connections", &self.connections)
            .field("migrate", &self.migrate)
            .finish_non_exhaustive()
    }
}
