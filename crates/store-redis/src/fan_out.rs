use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use handstamp_core::shared::{FanOut, News, SharedError};
use handstamp_token::Entropy;
use redis::{Msg, RedisResult, aio::PubSub};
use tokio::{sync::broadcast, task::JoinHandle, time::timeout};

use crate::{link::Link, pause::Pause};

/// So much news waits for a slow listener; more makes it look for itself.
const NEWS_KEPT: usize = 256;
/// How often a silent connection is asked whether anybody is there, and how long the answer may take.
const LOOK_EVERY: Duration = Duration::from_secs(2);
const LOOK_TIMEOUT: Duration = Duration::from_secs(2);

/// News by way of a channel of the server, on a connection of its own.
pub struct RedisFanOut {
    link: Arc<Link>,
    heard: Arc<Heard>,
    listener: JoinHandle<()>,
}

struct Heard {
    news: broadcast::Sender<News>,
    is_listening: AtomicBool,
}

impl RedisFanOut {
    pub(crate) fn begin(link: Arc<Link>, entropy: Arc<dyn Entropy>) -> Self {
        let heard = Heard { news: broadcast::Sender::new(NEWS_KEPT), is_listening: AtomicBool::new(false) };
        let heard = Arc::new(heard);
        let listener = tokio::spawn(listen(Arc::clone(&link), Arc::clone(&heard), entropy));
        Self { link, heard, listener }
    }
}

impl Drop for RedisFanOut {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

#[async_trait]
impl FanOut for RedisFanOut {
    async fn tell(&self, news: News) -> Result<(), SharedError> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.link.channel()).arg(news.to_string());
        self.link.run(async |connection| command.query_async(connection).await).await
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.heard.news.subscribe()
    }

    fn is_listening(&self) -> bool {
        // Beside a server that was demoted there is something to hear, and nobody can tell.
        self.heard.is_listening.load(Ordering::Acquire) && self.link.is_connected()
    }
}

impl Heard {
    fn say(&self, news: News) {
        // Nobody listens: as good.
        let _ = self.news.send(news);
    }
}

/// Listens, again and again.
async fn listen(link: Arc<Link>, heard: Arc<Heard>, entropy: Arc<dyn Entropy>) {
    let mut pause = Pause::default();
    loop {
        if let Ok(connection) = link.listen().await {
            pause = Pause::default();
            heard.is_listening.store(true, Ordering::Release);
            // What was told before that did not get here.
            heard.say(News::Missed);
            until_broken(connection, &heard).await;
            heard.is_listening.store(false, Ordering::Release);
        }
        tokio::time::sleep(pause.next(&*entropy)).await;
    }
}

async fn until_broken(connection: PubSub, heard: &Heard) {
    let (mut questions, mut messages) = connection.split();
    loop {
        match timeout(LOOK_EVERY, messages.next()).await {
            Ok(Some(message)) => {
                if let Some(news) = read(&message) {
                    heard.say(news);
                }
            }
            Ok(None) => return,
            Err(_) => {
                let asked: Result<RedisResult<String>, _> = timeout(LOOK_TIMEOUT, questions.ping()).await;
                if !matches!(asked, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

/// What another version tells, or somebody else, is no news.
fn read(message: &Msg) -> Option<News> {
    str::from_utf8(message.get_payload_bytes()).ok()?.parse().ok()
}
