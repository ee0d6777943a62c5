//! The server is gone, slow, emptied, or says no.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use handstamp_core::{
    shared::{FanOut as _, Limits as _, News, Outcome, Quota, SharedError, Shelf as _, Take},
    test_support::{SeededEntropy, shared::key},
};
use handstamp_store_redis::{Redis, RedisOptions};
use jiff::Timestamp;

use crate::world::{connected, is_there, until};

/// Far above what is promised: tests run beside each other on few cores.
const SOON: Duration = Duration::from_secs(2);

fn once() -> [Take; 1] {
    [Take { bucket: key("ann"), quota: Quota::new(1, Duration::from_mins(10)), known: None }]
}

async fn answers_soon<T>(work: impl Future<Output = Result<T, SharedError>>) -> Result<T, SharedError> {
    let began = Instant::now();
    let answer = work.await;
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_said_at_once_and_found_when_it_comes() {
    let server = handstamp_testbed::Redis::start();
    server.stop();
    let redis = Redis::open(&RedisOptions::new(server.url()), Arc::new(SeededEntropy::new(1))).unwrap();
    let limits = redis.limits();
    let taken = answers_soon(limits.take(&once(), Timestamp::UNIX_EPOCH)).await;
    assert!(matches!(taken, Err(SharedError::Away(_))), "{taken:?}");

    server.start_again();

    until(async || matches!(limits.take(&once(), Timestamp::UNIX_EPOCH).await, Ok(Outcome::Taken(_)))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_is_noticed_and_found_again() {
    let server = handstamp_testbed::Redis::start();
    let redis = connected(&RedisOptions::new(server.url())).await;
    let (limits, shelf, fan_out) = (redis.limits(), redis.shelf(), redis.fan_out());
    until(async || fan_out.is_listening()).await;

    server.kill();
    assert!(answers_soon(limits.take(&once(), Timestamp::UNIX_EPOCH)).await.is_err());
    assert!(answers_soon(shelf.find(key("ann"))).await.is_err());
    assert!(answers_soon(fan_out.tell(News::Keys)).await.is_err());
    until(async || !fan_out.is_listening()).await;

    let mut news = fan_out.news();
    server.start_again();

    until(async || limits.take(&[], Timestamp::UNIX_EPOCH).await.is_ok()).await;
    until(async || fan_out.is_listening()).await;
    assert_eq!(news.recv().await.unwrap(), News::Missed, "whoever waits for news has to look once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_costs_no_more_than_the_timeout() {
    let server = handstamp_testbed::Redis::start();
    let redis = connected(&RedisOptions::new(server.url())).await;
    let limits = redis.limits();

    server.pause();
    let taken = answers_soon(limits.take(&once(), Timestamp::UNIX_EPOCH)).await;
    assert!(matches!(taken, Err(SharedError::TimedOut { .. })), "{taken:?}");
    server.resume();

    until(async || limits.take(&[], Timestamp::UNIX_EPOCH).await.is_ok()).await;
}

/// The scripts are loaded again as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_server_counts_from_the_beginning() {
    let server = handstamp_testbed::Redis::start();
    let limits =
        connected(&RedisOptions { timeout: crate::world::PATIENT, ..RedisOptions::new(server.url()) })
            .await
            .limits();
    limits.take(&once(), Timestamp::UNIX_EPOCH).await.unwrap();

    server.flush();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut connection).await.unwrap();

    assert!(matches!(limits.take(&once(), Timestamp::UNIX_EPOCH).await, Ok(Outcome::Taken(_))));
    assert!(matches!(limits.take(&once(), Timestamp::UNIX_EPOCH).await, Ok(Outcome::Refused(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_server_says_no() {
    let server = handstamp_testbed::Redis::start();
    let options = RedisOptions { timeout: crate::world::PATIENT, ..RedisOptions::new(server.url()) };
    let limits = connected(&options).await.limits();
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg("1").exec_async(&mut connection).await.unwrap();

    let taken = limits.take(&once(), Timestamp::UNIX_EPOCH).await;

    assert!(matches!(taken, Err(SharedError::Away(_))), "{taken:?}");
}

/// After a failover the name leads to another server. The one that was connected to is still there, and answers questions alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_demoted_is_left_and_looked_for_anew() {
    let server = handstamp_testbed::Redis::start();
    let options = RedisOptions { timeout: crate::world::PATIENT, ..RedisOptions::new(server.url()) };
    let redis = connected(&options).await;
    let (limits, fan_out) = (redis.limits(), redis.fan_out());
    until(async || fan_out.is_listening()).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut operator = client.get_multiplexed_async_connection().await.unwrap();

    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec_async(&mut operator).await.unwrap();

    let taken = async || format!("{:?}", limits.take(&once(), Timestamp::UNIX_EPOCH).await);
    until(async || taken().await.contains("NotConnected")).await;
    let why = Redis::check(&options).await.unwrap_err();
    assert!(format!("{why:?}").contains("ReadOnly"), "{why:?}");
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(taken().await.contains("NotConnected"), "it is not taken for connected again");
    assert!(!fan_out.is_listening(), "nobody can tell anything there");

    redis::cmd("REPLICAOF").arg("NO").arg("ONE").exec_async(&mut operator).await.unwrap();
    until(async || taken().await.contains("Taken")).await;
}

/// The password was changed there, and then here: nothing has to be restarted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_wrong_for_a_while_is_tried_again() {
    let server = handstamp_testbed::Redis::start();
    let url = server.url().replacen(":testbed@", ":later@", 1);
    let redis = Redis::open(&RedisOptions::new(&url), Arc::new(SeededEntropy::new(1))).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!is_there(&redis).await);
    let why = Redis::check(&RedisOptions::new(&url)).await.unwrap_err();
    assert!(format!("{why:?}").contains("AuthenticationFailed"), "{why:?}");

    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("CONFIG")
        .arg("SET")
        .arg("requirepass")
        .arg("later")
        .exec_async(&mut connection)
        .await
        .unwrap();

    until(async || is_there(&redis).await).await;
    Redis::check(&RedisOptions::new(&url)).await.unwrap();
}

/// Such a server lets anybody connect, and refuses what comes then: that is no connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_told_no_password_is_not_taken_for_connected() {
    let server = handstamp_testbed::Redis::start();
    let url = server.url().replacen(":testbed@", "", 1);
    let redis = Redis::open(&RedisOptions::new(&url), Arc::new(SeededEntropy::new(1))).unwrap();
    let limits = redis.limits();
    tokio::time::sleep(Duration::from_millis(200)).await;

    let taken = limits.take(&once(), Timestamp::UNIX_EPOCH).await;

    assert!(format!("{taken:?}").contains("NotConnected"), "{taken:?}");
    let why = Redis::check(&RedisOptions::new(&url)).await.unwrap_err();
    assert!(format!("{why:?}").contains("NOAUTH"), "{why:?}");
}

#[tokio::test]
async fn a_password_may_be_kept_apart_from_the_url() {
    let server = handstamp_testbed::Redis::shared();
    let url = server.url().replacen(":testbed@", "", 1);
    assert!(Redis::check(&RedisOptions::new(&url)).await.is_err());

    let password = Some("testbed".to_owned().into());

    Redis::check(&RedisOptions { password, ..RedisOptions::new(url) }).await.unwrap();
}
