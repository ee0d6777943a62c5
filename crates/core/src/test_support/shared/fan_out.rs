//! The rules of [`FanOut`].

use std::{sync::Arc, time::Duration};

use tokio::{sync::broadcast::Receiver, time::timeout};

use crate::{
    model::LogPosition,
    shared::{FanOut, News},
};

/// As long as a slow machine may take.
const SLOW: Duration = Duration::from_secs(20);

/// Two replicas.
pub trait World: Send + Sync {
    /// Returns what carries the news of one replica.
    fn one(&self) -> Arc<dyn FanOut>;

    /// Returns what carries the news of another.
    fn another(&self) -> Arc<dyn FanOut>;
}

/// Expands to one test for each rule. Tests name a function that makes a [`World`] nobody else is in.
#[macro_export]
macro_rules! fan_out_contract_tests {
    ($make:path) => {
        $crate::fan_out_contract_tests! { @expand $make;
            news_reaches_every_replica
            news_arrives_in_the_order_it_was_told
            the_largest_position_arrives_whole
        }
    };
    (@expand $make:path; $($rule:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let world = $make().await;
            $crate::test_support::shared::fan_out::$rule(&world).await;
        }
    )+};
}

/// Waits until news gets to both: before that, what is told may be missed.
async fn listening(world: &dyn World) -> [Receiver<News>; 2] {
    let (one, another) = (world.one(), world.another());
    let both = async {
        while !one.is_listening() || !another.is_listening() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SLOW, both).await.expect("they begin to listen by themselves");
    [one.news(), another.news()]
}

async fn next(news: &mut Receiver<News>) -> News {
    timeout(SLOW, news.recv()).await.expect("news arrives").expect("and none is missed")
}

fn log(seq: u64) -> News {
    News::Log(LogPosition { epoch: 3, seq })
}

/// The one that tells it included.
pub async fn news_reaches_every_replica(world: &dyn World) {
    let [mut one, mut another] = listening(world).await;

    world.one().tell(log(7)).await.expect("it is there");

    assert_eq!((next(&mut one).await, next(&mut another).await), (log(7), log(7)));
}

/// So that the last one says the most.
pub async fn news_arrives_in_the_order_it_was_told(world: &dyn World) {
    let [_one, mut another] = listening(world).await;

    let told: Vec<_> = (1..=20).map(log).chain([News::Keys]).collect();
    for news in &told {
        world.one().tell(*news).await.expect("it is there");
    }

    for news in told {
        assert_eq!(next(&mut another).await, news);
    }
}

/// No number is rounded on the way.
pub async fn the_largest_position_arrives_whole(world: &dyn World) {
    let [_one, mut another] = listening(world).await;
    let largest = News::Log(LogPosition { epoch: u32::MAX, seq: u64::MAX });

    world.one().tell(largest).await.expect("it is there");

    assert_eq!(next(&mut another).await, largest);
}
