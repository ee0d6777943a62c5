use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use handstamp_core::{
    shared::{FanOut, Limits, Shelf},
    test_support::{SeededEntropy, shared},
};
use handstamp_store_redis::{Redis, RedisFanOut, RedisOptions};
use jiff::Timestamp;

/// A prefix of its own on the one server of all tests, and two replicas.
pub(crate) struct World {
    prefix: String,
    one: Redis,
    another: Redis,
}

/// Builds may be slow here, and a test is about something else.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);

/// Returns a server's replica, connected.
pub(crate) async fn connected(options: &RedisOptions) -> Redis {
    let redis = Redis::open(options, Arc::new(SeededEntropy::new(1))).expect("the options are good");
    until(async || is_there(&redis).await).await;
    redis
}

/// Returns whether the server answers on the connection that is kept up.
pub(crate) async fn is_there(redis: &Redis) -> bool {
    redis.limits().take(&[], Timestamp::UNIX_EPOCH).await.is_ok()
}

/// Waits until something is so.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENT, waiting).await.expect("it comes to be so");
}

pub(crate) async fn world() -> World {
    static WORLDS: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("world-{}", WORLDS.fetch_add(1, Ordering::SeqCst));
    let server = handstamp_testbed::Redis::shared();
    let options =
        RedisOptions { prefix: prefix.clone(), timeout: PATIENT, ..RedisOptions::new(server.url()) };
    World { prefix, one: connected(&options).await, another: connected(&options).await }
}

impl World {
    /// The clock is the server's: to let time pass, everything of ours is moved back.
    async fn move_back(&self, by: Duration) {
        let server = handstamp_testbed::Redis::shared();
        let client = redis::Client::open(server.url()).expect("the URL is good");
        let mut connection = client.get_multiplexed_async_connection().await.expect("the server is there");
        let script = redis::Script::new(
            "local by = tonumber(ARGV[2])
             for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
               local left = redis.call('PTTL', key) - by / 1000
               if left <= 0 then
                 redis.call('DEL', key)
               else
                 if string.find(key, ':l:', 1, true) then
                   redis.call('SET', key, string.format('%.0f', redis.call('GET', key) - by))
                 end
                 redis.call('PEXPIRE', key, string.format('%.0f', left))
               end
             end
             return 0",
        );
        let by = u64::try_from(by.as_micros()).expect("tests are short");
        let moved: redis::RedisResult<()> =
            script.arg(format!("{}:*", self.prefix)).arg(by).invoke_async(&mut connection).await;
        moved.expect("the server moves it");
    }
}

#[async_trait]
impl shared::limits::World for World {
    fn limits(&self) -> Arc<dyn Limits> {
        Arc::new(self.one.limits())
    }

    fn of_another_replica(&self) -> Arc<dyn Limits> {
        Arc::new(self.another.limits())
    }

    async fn pass(&self, time: Duration) {
        self.move_back(time).await;
    }
}

#[async_trait]
impl shared::shelf::World for World {
    fn one(&self) -> Arc<dyn Shelf> {
        Arc::new(self.one.shelf())
    }

    fn another(&self) -> Arc<dyn Shelf> {
        Arc::new(self.another.shelf())
    }

    async fn pass(&self, time: Duration) {
        self.move_back(time).await;
    }
}

/// Two replicas that listen.
pub(crate) struct Listening {
    pub(crate) one: Arc<RedisFanOut>,
    pub(crate) another: Arc<RedisFanOut>,
}

pub(crate) async fn listening() -> Listening {
    let World { one, another, .. } = world().await;
    Listening { one: Arc::new(one.fan_out()), another: Arc::new(another.fan_out()) }
}

impl shared::fan_out::World for Listening {
    fn one(&self) -> Arc<dyn FanOut> {
        Arc::clone(&self.one) as Arc<dyn FanOut>
    }

    fn another(&self) -> Arc<dyn FanOut> {
        Arc::clone(&self.another) as Arc<dyn FanOut>
    }
}
