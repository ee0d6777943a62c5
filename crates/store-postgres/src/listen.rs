//! The connection that listens.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use handstamp_token::Entropy;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};

use crate::jitter;
use crate::news::NewsDesk;
use crate::options::PostgresOptions;
use crate::tls::{Encrypted, Tls, TlsError};
use crate::url::DatabaseUrl;

/// How long to wait before the first attempt to come back; each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often we look whether we hear at all: a pooler takes our `LISTEN` and gives the connection to somebody else, and a cut
/// connection is as quiet as one on which nothing happens.
const TEST_EVERY: Duration = Duration::from_secs(15);

/// Why nothing is heard.
#[derive(Debug, thiserror::Error)]
enum Deaf {
    #[error("the connection failed")]
    Postgres(#[from] tokio_postgres::Error),
    #[error("the connection was closed")]
    Closed,
    #[error("no answer came within {0:?}")]
    Silence(Duration),
    #[error(
        "what was said on the channel was not heard: a pooler between us and the database does that; name the database itself in \
         storage.listen_url"
    )]
    NotHeard,
}

/// Listens for ever.
pub(crate) struct Listener {
    config: tokio_postgres::Config,
    tls: Tls,
    patience: Duration,
    desk: Arc<NewsDesk>,
    entropy: Arc<dyn Entropy>,
}

impl Listener {
    pub(crate) fn new(
        options: &PostgresOptions,
        at: &DatabaseUrl,
        desk: Arc<NewsDesk>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, TlsError> {
        let config = options.driver_config(at);
        Ok(Self {
            config,
            tls: Tls::new(&at.tls)?,
            patience: options.connect + options.statement,
            desk,
            entropy,
        })
    }

    /// Comes back whenever the connection is lost. Says so once, and once when it is over.
    pub(crate) async fn run(self) {
        let mut pause = FIRST_PAUSE;
        let mut is_told = false;
        loop {
            let began = Instant::now();
            let Err(deaf) = self.session(&mut is_told).await;
            self.desk.set_listening(false);
            if !is_told {
                let error = &deaf as &dyn std::error::Error;
                tracing::warn!(error, "what other replicas do is not heard at once, and is found by asking");
                is_told = true;
            }
            if began.elapsed() > LONGEST_PAUSE {
                pause = FIRST_PAUSE;
            }
            tokio::time::sleep(jitter::around(pause, &*self.entropy)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn session(&self, is_told: &mut bool) -> Result<std::convert::Infallible, Deaf> {
        let connecting = tokio::time::timeout(self.patience, self.config.connect(self.tls.clone()));
        let (client, mut connection) = connecting.await.map_err(|_| Deaf::Silence(self.patience))??;
        self.listen(&client, &mut connection).await?;
        let mut tests = interval(TEST_EVERY);
        tests.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut awaited: Option<String> = None;
        loop {
            tokio::select! {
                message = poll_fn(|cx| connection.poll_message(cx)) => {
                    let Some(text) = notification(message.ok_or(Deaf::Closed)??) else { continue };
                    if awaited.as_ref() == Some(&text) {
                        awaited = None;
                        if std::mem::take(is_told) {
                            tracing::info!("what other replicas do is heard again");
                        }
                        self.desk.set_listening(true);
                    } else if let Ok(news) = text.parse() {
                        self.desk.heard(news);
                    }
                }
                _ = tests.tick() => {
                    if awaited.is_some() {
                        return Err(Deaf::NotHeard);
                    }
                    awaited = Some(self.test());
                }
            }
        }
    }

    async fn listen(
        &self,
        client: &Client,
        connection: &mut Connection<Socket, Encrypted<Socket>>,
    ) -> Result<(), Deaf> {
        // The channel's name is ours, letters and digits: nothing in it needs to be quoted.
        let listen = format!("LISTEN {}", self.desk.channel);
        let listening = tokio::time::timeout(self.patience, client.batch_execute(&listen));
        tokio::pin!(listening);
        loop {
            tokio::select! {
                done = &mut listening => return Ok(done.map_err(|_| Deaf::Silence(self.patience))??),
                message = poll_fn(|cx| connection.poll_message(cx)) => drop(message.ok_or(Deaf::Closed)??),
            }
        }
    }

    /// Says something that only we understand, on another connection.
    fn test(&self) -> String {
        let mut bytes = [0; 8];
        self.entropy.fill(&mut bytes);
        let text = format!("test {:016x}", u64::from_ne_bytes(bytes));
        let (desk, said) = (Arc::clone(&self.desk), text.clone());
        tokio::spawn(async move {
            // If it fails nothing is heard, and the listener notices that.
            let _ = desk.say(&said).await;
        });
        text
    }
}

fn notification(message: AsyncMessage) -> Option<String> {
    match message {
        AsyncMessage::Notification(notification) => Some(notification.payload().to_owned()),
        _ => None,
    }
}
