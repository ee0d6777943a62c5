use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use handstamp_core::shared::{SharedError, SharedKey, Shelf};

use crate::link::Link;

/// A shelf on the server.
pub struct RedisShelf(Arc<Link>);

impl RedisShelf {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self(link)
    }

    fn place(&self, key: SharedKey) -> String {
        self.0.name("s", &key.to_text())
    }
}

#[async_trait]
impl Shelf for RedisShelf {
    async fn find(&self, key: SharedKey) -> Result<Option<Vec<u8>>, SharedError> {
        let mut command = redis::cmd("GET");
        command.arg(self.place(key));
        self.0.run(async |connection| command.query_async(connection).await).await
    }

    async fn put(&self, key: SharedKey, value: &[u8], keep: Duration) -> Result<(), SharedError> {
        let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX >> 16).max(1);
        let mut command = redis::cmd("SET");
        command.arg(self.place(key)).arg(value).arg("PX").arg(keep);
        self.0.run(async |connection| command.query_async(connection).await).await
    }
}
