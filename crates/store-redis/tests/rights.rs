//! What the guide tells an operator to allow is enough, and no more than that.

use std::{sync::Arc, time::Duration};

use handstamp_core::{
    shared::{FanOut as _, Limits as _, News, Quota, Settled, Shelf as _, Take},
    test_support::{SeededEntropy, shared::key},
};
use handstamp_store_redis::{Redis, RedisOptions};
use handstamp_testbed::Redis as Server;
use jiff::Timestamp;
use redis::{RedisResult, aio::MultiplexedConnection};

use crate::world::{PATIENT, connected, until};

const GUIDE: &str = include_str!("../../../docs/guide/redis.md");

/// Makes the user as the guide says. Returns the URL that names them, with a database of their own.
async fn user_of_the_guide(server: &Server) -> String {
    let command = GUIDE.lines().find(|line| line.starts_with("ACL SETUSER ")).expect("the guide says how");
    let command = command.replace("PASSWORD", "wonderland");
    let mut words = command.split_whitespace();
    let mut acl = redis::cmd(words.next().unwrap());
    acl.arg(words.collect::<Vec<_>>());
    let done: RedisResult<()> = acl.query_async(&mut connection(&server.url()).await).await;
    done.unwrap();
    format!("redis://handstamp:wonderland@127.0.0.1:{}/3", server.port())
}

async fn connection(url: &str) -> MultiplexedConnection {
    redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_guide_allows_is_enough_for_everything() {
    let server = Server::start();
    let url = user_of_the_guide(&server).await;
    let options = RedisOptions { timeout: PATIENT, ..RedisOptions::new(url) };
    Redis::check(&options).await.unwrap();
    let redis = connected(&options).await;

    let limits = redis.limits();
    let quota = Quota::new(2, Duration::from_mins(1));
    let take = [Take { bucket: key("ann"), quota, known: None }];
    limits.take(&take, Timestamp::UNIX_EPOCH).await.unwrap();
    let (back, marks) = (vec![(key("ann"), quota)], vec![key("ann at home")]);
    let settled = Settled { back, marks, marked_for: Duration::from_mins(1) };
    limits.settle(&settled, Timestamp::UNIX_EPOCH).await.unwrap();

    let shelf = redis.shelf();
    shelf.put(key("ann"), b"sealed", Duration::from_mins(1)).await.unwrap();
    assert_eq!(shelf.find(key("ann")).await.unwrap().unwrap(), b"sealed");

    let another = Redis::open(&options, Arc::new(SeededEntropy::new(2))).unwrap().fan_out();
    let mut news = another.news();
    until(async || another.is_listening()).await;
    redis.fan_out().tell(News::Keys).await.unwrap();
    let heard = async { while news.recv().await.unwrap() != News::Keys {} };
    tokio::time::timeout(PATIENT, heard).await.expect("it is heard");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_guide_allows_is_not_the_keys_of_others() {
    let server = Server::start();
    let mut connection = connection(&user_of_the_guide(&server).await).await;

    for command in ["GET other:key", "SET other:key x PX 1000", "FLUSHALL", "KEYS *", "PUBLISH other:news x"]
    {
        let mut words = command.split_whitespace();
        let mut asked = redis::cmd(words.next().unwrap());
        asked.arg(words.collect::<Vec<_>>());
        let refused: RedisResult<redis::Value> = asked.query_async(&mut connection).await;
        assert_eq!(refused.unwrap_err().code(), Some("NOPERM"), "{command}");
    }
}
