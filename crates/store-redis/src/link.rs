use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use handstamp_core::shared::{SharedError, in_time};
use handstamp_token::Entropy;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind,
    aio::{MultiplexedConnection, PubSub},
};
use tokio::{sync::Notify, task::JoinHandle};

use crate::{RedisOptions, pause::Pause};

/// How long it may take to connect: nobody waits for it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a connection that nobody uses is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The connection to a server, kept up beside the requests: they find it there, or they are told at once that it is not.
pub(crate) struct Link {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

struct Shared {
    client: Client,
    config: AsyncConnectionConfig,
    prefix: String,
    timeout: Duration,
    connection: Mutex<Option<MultiplexedConnection>>,
    /// Somebody has found it broken.
    broken: Notify,
    entropy: Arc<dyn Entropy>,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no connection to Redis just now")]
struct NotConnected;

/// Connects once and asks for an answer.
pub(crate) async fn check(client: &Client, prefix: &str) -> RedisResult<()> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(CONNECT_TIMEOUT));
    look(&mut client.get_multiplexed_async_connection_with_config(&config).await?, prefix).await
}

/// Asks for an answer, with a write that changes nothing: since a failover a server may be the replica of another one. It answers
/// every question then, and counts nothing (READONLY).
async fn look(connection: &mut MultiplexedConnection, prefix: &str) -> RedisResult<()> {
    redis::cmd("DEL").arg(named(prefix, "nothing", "")).query_async(connection).await
}

fn named(prefix: &str, kind: &str, rest: &str) -> String {
    format!("{prefix}:{kind}:{rest}")
}

/// Returns whether it is better to connect anew: nothing comes back on the connection, or its server was demoted, and the name may
/// lead to another one by now.
fn is_over(error: &RedisError) -> bool {
    error.is_unrecoverable_error() || error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

impl Link {
    pub(crate) fn begin(client: Client, options: &RedisOptions, entropy: Arc<dyn Entropy>) -> Self {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            // Of those for whom nobody waits. Whoever is waited for has a time of their own.
            .set_response_timeout(Some(options.timeout.max(CONNECT_TIMEOUT)));
        let shared = Arc::new(Shared {
            client,
            config,
            prefix: options.prefix.clone(),
            timeout: options.timeout,
            connection: Mutex::default(),
            broken: Notify::new(),
            entropy,
        });
        let keeper = tokio::spawn(Arc::clone(&shared).keep());
        Self { shared, keeper }
    }

    /// Returns the name of something of ours.
    pub(crate) fn name(&self, kind: &str, rest: &str) -> String {
        named(&self.shared.prefix, kind, rest)
    }

    /// Returns the name of the channel of ours.
    pub(crate) fn channel(&self) -> String {
        format!("{}:news", self.shared.prefix)
    }

    /// Returns whether there is a connection that can be written on.
    pub(crate) fn is_connected(&self) -> bool {
        self.shared.connection().is_some()
    }

    /// Does something on the connection, in time or not at all.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        work: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, SharedError> {
        let connection = self.shared.connection().ok_or_else(|| SharedError::away(NotConnected));
        self.shared.run(&mut connection?, work).await
    }

    /// Returns a connection of its own, which listens to the channel.
    pub(crate) async fn listen(&self) -> Result<PubSub, SharedError> {
        let connecting = async {
            let mut pub_sub = self.shared.client.get_async_pubsub().await?;
            pub_sub.subscribe(self.channel()).await?;
            Ok(pub_sub)
        };
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected.map_err(|cause: redis::RedisError| SharedError::away(cause)),
            Err(_) => Err(SharedError::TimedOut { after: CONNECT_TIMEOUT }),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    /// Connects, again and again.
    async fn keep(self: Arc<Self>) {
        let mut pause = Pause::default();
        let mut said = false;
        loop {
            match self.connect().await {
                Ok(connection) => {
                    *self.place() = Some(connection.clone());
                    tracing::info!("connected to Redis");
                    (pause, said) = (Pause::default(), false);
                    self.until_broken(connection).await;
                    *self.place() = None;
                    tracing::warn!("the connection to Redis is lost");
                }
                Err(error) if !said => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "Redis cannot be reached");
                    said = true;
                }
                Err(_) => {}
            }
            tokio::time::sleep(pause.next(&*self.entropy)).await;
        }
    }

    /// Connects and asks for an answer: a server that wants a password, and was told none, lets anybody connect and refuses
    /// what comes then (NOAUTH).
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        look(&mut connection, &self.prefix).await?;
        Ok(connection)
    }

    /// Returns when the connection is of no use any more.
    async fn until_broken(&self, mut connection: MultiplexedConnection) {
        loop {
            // What was said of the connection before this one is looked at as well, and found to be over.
            tokio::select! {
                () = self.broken.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            if look(&mut connection, &self.prefix).await.is_err_and(|error| is_over(&error)) {
                return;
            }
        }
    }

    async fn run<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
        work: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, SharedError> {
        in_time(self.timeout, work(connection)).await?.map_err(|error| {
            if is_over(&error) {
                self.broken.notify_one();
            }
            SharedError::away(error)
        })
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        self.place().clone()
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
