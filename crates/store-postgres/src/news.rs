//! What other replicas have done, told by the database (`LISTEN` and `NOTIFY`).
//!
//! Whatever gets lost is found by looking: news makes it sooner. So the one connection that listens may be away for a while, and
//! what comes in meanwhile is told as "there may have been something".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use handstamp_core::model::LogPosition;
use handstamp_core::shared::{FanOut, News, SharedError};
use tokio::sync::{Notify, broadcast, watch};

use crate::pool::Pool;
use crate::sql::log;

/// So much news may be waiting for whoever is slow.
const WAITING: usize = 1024;

/// Where news comes in and is handed on.
pub(crate) struct NewsDesk {
    pool: Pool,
    pub(crate) channel: Arc<str>,
    /// How far this process has moved the log.
    log: watch::Sender<LogPosition>,
    /// Somebody says that it is further.
    told: Notify,
    news: broadcast::Sender<News>,
    is_listening: AtomicBool,
}

impl NewsDesk {
    pub(crate) fn new(pool: Pool, channel: Arc<str>) -> Self {
        let nowhere = LogPosition { epoch: 0, seq: 0 };
        let (news, _) = broadcast::channel(WAITING);
        Self {
            pool,
            channel,
            log: watch::Sender::new(nowhere),
            told: Notify::new(),
            news,
            is_listening: AtomicBool::new(false),
        }
    }

    /// Takes note of what this process has committed, before anybody else tells.
    pub(crate) fn committed(&self, head: LogPosition) {
        self.log.send_if_modified(|furthest| {
            let is_news = head > *furthest;
            if is_news {
                *furthest = head;
            }
            is_news
        });
    }

    /// Hands on what has come in. It is not believed: whoever may connect to the database may say anything on the channel.
    pub(crate) fn heard(&self, news: News) {
        if let News::Log(head) = news
            && head > *self.log.borrow()
        {
            self.told.notify_one();
        }
        // Nobody is interested: as good.
        let _ = self.news.send(news);
    }

    /// Notes whether news gets here. When it does again there may have been some.
    pub(crate) fn set_listening(&self, is_listening: bool) {
        let was = self.is_listening.swap(is_listening, Ordering::Relaxed);
        if is_listening && !was {
            self.heard(News::Missed);
        }
    }

    /// Waits until this process has moved the log past a position, or somebody says that it was moved: once for each time.
    pub(crate) async fn log_moved(&self, past: LogPosition) {
        let mut log = self.log.subscribe();
        tokio::select! {
            // The sender lives in `self`: waiting can only end by the word.
            _ = log.wait_for(|head| *head > past) => {}
            () = self.told.notified() => {}
        }
    }

    /// Says something on the channel.
    pub(crate) async fn say(&self, text: &str) -> Result<(), crate::failure::Failure> {
        self.pool.connection().await?.execute(log::TELL, &[&&*self.channel, &text]).await.map(drop)
    }
}

#[async_trait]
impl FanOut for NewsDesk {
    async fn tell(&self, news: News) -> Result<(), SharedError> {
        // A unit of work that moves the log has told it already, in its own transaction.
        if matches!(news, News::Log(_)) {
            return Ok(());
        }
        let told = self.say(&news.to_string()).await;
        told.map_err(|failure| SharedError::away(failure.into_store_error("telling other replicas")))
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn is_listening(&self) -> bool {
        self.is_listening.load(Ordering::Relaxed)
    }
}
