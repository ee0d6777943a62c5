use std::sync::Arc;

use async_trait::async_trait;
use handstamp_core::shared::{Known, Limits, Outcome, Settled, SharedError, SharedKey, Take};
use jiff::Timestamp;
use redis::Script;

use crate::link::Link;

/// Limits that are counted on the server, each list of buckets in one script: nobody comes in between.
///
/// The time is the server's own. What a bucket holds goes when it is full, so that nothing is ever cleaned up.
pub struct RedisLimits {
    link: Arc<Link>,
    take: Script,
    settle: Script,
}

impl RedisLimits {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let (take, settle) = (Script::new(include_str!("take.lua")), Script::new(include_str!("settle.lua")));
        Self { link, take, settle }
    }

    fn bucket(&self, key: SharedKey) -> String {
        self.link.name("l", &key.to_text())
    }

    fn mark(&self, key: SharedKey) -> String {
        self.link.name("k", &key.to_text())
    }
}

#[async_trait]
impl Limits for RedisLimits {
    async fn take(&self, wanted: &[Take], _now: Timestamp) -> Result<Outcome, SharedError> {
        let mut call = self.take.prepare_invoke();
        for take in wanted {
            call.key(self.bucket(take.bucket));
            let mut keys = 1;
            if let Some(Known { mark, instead }) = take.known {
                call.key(self.mark(mark));
                keys = 2;
                if let Some(instead) = instead {
                    call.key(self.bucket(instead));
                    keys = 3;
                }
            }
            call.arg(take.quota.window_micros()).arg(take.quota.step_micros()).arg(keys);
        }
        let answers: Vec<i64> = self.link.run(async |connection| call.invoke_async(connection).await).await?;
        read(wanted, &answers)
    }

    async fn settle(&self, settled: &Settled, _now: Timestamp) -> Result<(), SharedError> {
        let Settled { back, marks, marked_for } = settled;
        if back.is_empty() && marks.is_empty() {
            return Ok(());
        }
        let marked_for = u64::try_from(marked_for.as_millis()).unwrap_or(u64::MAX >> 16).max(1);
        let mut call = self.settle.prepare_invoke();
        call.arg(marked_for);
        for (bucket, quota) in back {
            call.key(self.bucket(*bucket)).arg(quota.step_micros());
        }
        for mark in marks {
            call.key(self.mark(*mark));
        }
        self.link.run(async |connection| call.invoke_async(connection).await).await
    }

    async fn clean_up(&self, _now: Timestamp) -> Result<bool, SharedError> {
        Ok(false)
    }
}

/// Reads what the script has answered: two numbers for each bucket.
fn read(wanted: &[Take], answers: &[i64]) -> Result<Outcome, SharedError> {
    match answers.as_chunks::<2>() {
        (answers, []) => Outcome::read(wanted, answers),
        _ => Err(SharedError::Unreadable { found: "another number of answers than of questions" }),
    }
}
