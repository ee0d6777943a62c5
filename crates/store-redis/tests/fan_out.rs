use std::time::Duration;

use handstamp_core::shared::{FanOut as _, News};
use handstamp_store_redis::RedisOptions;

use crate::world::{connected, listening, until};

handstamp_core::fan_out_contract_tests!(listening);

/// What another version tells, or somebody who should not, disturbs nobody.
#[tokio::test]
async fn what_is_no_news_is_passed_over() {
    let server = handstamp_testbed::Redis::start();
    let fan_out = connected(&RedisOptions::new(server.url())).await.fan_out();
    until(async || fan_out.is_listening()).await;
    let mut news = fan_out.news();
    let client = redis::Client::open(server.url()).unwrap();
    let mut stranger = client.get_multiplexed_async_connection().await.unwrap();

    for text in [&b"\xff\xfe"[..], b"log 1", b"something new", b"keys"] {
        let publish = redis::cmd("PUBLISH").arg("handstamp:news").arg(text).to_owned();
        let told: redis::RedisResult<i64> = publish.query_async(&mut stranger).await;
        assert_eq!(told.unwrap(), 1);
    }

    let first = tokio::time::timeout(Duration::from_secs(20), news.recv()).await;
    assert_eq!(first.expect("it arrives").unwrap(), News::Keys);
}
