use std::time::Duration;

use handstamp_core::{
    shared::{Limits as _, Outcome, Quota, Settled, Take},
    test_support::shared::key,
};
use jiff::Timestamp;

use crate::world::world;

handstamp_core::limits_contract_tests!(world);

/// One replica's clock is off by a minute, and the other way by an hour: the server's own clock counts.
#[tokio::test]
async fn clocks_of_replicas_do_not_count() {
    let world = world().await;
    let quota = Quota::new(2, Duration::from_mins(1));
    let take = [Take { bucket: key("ann"), quota, known: None }];
    let (fast, slow) = (Timestamp::constant(1_800_003_600, 0), Timestamp::constant(1_799_999_940, 0));
    let (one, another) = {
        use handstamp_core::test_support::shared::limits::World as _;
        (world.limits(), world.of_another_replica())
    };

    assert!(matches!(one.take(&take, fast).await, Ok(Outcome::Taken(_))));
    assert!(matches!(another.take(&take, slow).await, Ok(Outcome::Taken(_))));

    assert!(matches!(another.take(&take, fast).await, Ok(Outcome::Refused(_))));
    let Ok(Outcome::Refused(refusal)) = one.take(&take, slow).await else { panic!("there were two") };
    assert!(refusal.wait <= Duration::from_secs(30), "{refusal:?}");
}

/// Whoever reads the server's memory learns neither names nor addresses; and all of it goes by itself.
#[tokio::test]
async fn keys_name_nobody_and_end_by_themselves() {
    let server = handstamp_testbed::Redis::start();
    let options = handstamp_store_redis::RedisOptions {
        timeout: crate::world::PATIENT,
        ..handstamp_store_redis::RedisOptions::new(server.url())
    };
    let limits = crate::world::connected(&options).await.limits();
    let quota = Quota::new(2, Duration::from_mins(1));
    limits.take(&[Take { bucket: key("ann"), quota, known: None }], Timestamp::UNIX_EPOCH).await.unwrap();
    let marks = vec![key("ann at 192.0.2.1")];
    let settled = Settled { marks, marked_for: Duration::from_hours(1), ..Settled::default() };
    limits.settle(&settled, Timestamp::UNIX_EPOCH).await.unwrap();

    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();

    assert_eq!(keys.len(), 2, "{keys:?}");
    for name in keys {
        let left: i64 = redis::cmd("PTTL").arg(&name).query_async(&mut connection).await.unwrap();
        assert!(left > 0, "{name} stays for ever");
        let (_, hash) = name.rsplit_once(':').unwrap();
        assert!(name.starts_with("handstamp:") && hash.len() == 22, "{name}");
    }
}
