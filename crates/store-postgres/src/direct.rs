//! One connection past the pool, for what is done once.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tokio_postgres::config::Host;

use crate::open_error::OpenError;
use crate::options::PostgresOptions;
use crate::sql::log;
use crate::tls::Tls;

/// The oldest PostgreSQL that is still looked after, by the time this was written.
const OLDEST: u32 = 14;

/// A connection without limits of time.
pub(crate) struct Direct {
    pub(crate) client: Client,
    driver: JoinHandle<()>,
}

impl Direct {
    /// Connects, and looks whether this database can be used at all.
    pub(crate) async fn open(options: &PostgresOptions) -> Result<Self, OpenError> {
        let config = options.driver_config(&options.database);
        let tls = Tls::new(&options.database.tls)?;
        let at = place(&config);
        let failed = |source| OpenError::Connect { at: at.clone(), source };
        let connecting = tokio::time::timeout(options.connect, config.connect(tls)).await;
        let connected = connecting.map_err(|_| failed(no_answer(options.connect).into()))?;
        let (client, connection) = connected.map_err(|error| failed(Box::new(error)))?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer hears of it.
            let _ = connection.await;
        });
        let direct = Self { client, driver };
        direct.check().await?;
        Ok(direct)
    }

    /// Returns the channel on which the tables of this schema are talked of: several installations may share a database.
    pub(crate) async fn channel(&self) -> Result<Arc<str>, OpenError> {
        let row = self.client.query_one(log::CHANNEL.text(), &[]).await?;
        Ok(row.try_get::<_, String>(0)?.into())
    }

    async fn check(&self) -> Result<(), OpenError> {
        let sql = "SELECT current_setting('server_version'), current_setting('server_version_num')::int8, \
                   pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = current_database()";
        let row = self.client.query_one(sql, &[]).await?;
        let (version, number, encoding): (String, i64, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if number < i64::from(OLDEST) * 10_000 {
            return Err(OpenError::OldServer { found: version, needed: OLDEST });
        }
        if encoding != "UTF8" {
            return Err(OpenError::Encoding { found: encoding });
        }
        Ok(())
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

fn no_answer(within: Duration) -> String {
    format!("no answer came within {within:?}")
}

/// Returns where the servers are, without who we are there.
pub(crate) fn place(config: &tokio_postgres::Config) -> String {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate().map(|(number, host)| {
        let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(folder) => format!("{}:{port}", folder.display()),
        }
    });
    hosts.collect::<Vec<_>>().join(", ")
}
