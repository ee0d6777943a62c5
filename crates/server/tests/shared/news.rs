use std::{sync::Arc, time::Duration};

use handstamp_core::{
    shared::{FanOut as _, News},
    test_support::shared::MemoryFanOut,
};
use handstamp_server::Shared;

use crate::{serve::running, support::Kit};

async fn kit(fan_out: &Arc<MemoryFanOut>) -> Kit {
    let fan_out = Some(Arc::clone(fan_out) as _);
    Kit::new().await.sharing(Shared { fan_out, ..Shared::default() })
}

async fn next(news: &mut tokio::sync::broadcast::Receiver<News>) -> News {
    tokio::time::timeout(Duration::from_secs(20), news.recv()).await.expect("news arrives").unwrap()
}

/// A sign-out is told as far as the log then is; whoever hears it looks at once.
#[tokio::test]
async fn what_moves_the_log_is_told() {
    let fan_out = Arc::default();
    let kit = kit(&fan_out).await;
    kit.user("ann").await;
    let (access, _) = kit.tokens("ann").await;
    let service = running(&kit).await;
    let mut news = fan_out.news();

    kit.post("/auth/sign-out").bearer(&access).send().await.expect(200);

    let News::Log(position) = next(&mut news).await else { panic!("the log has moved") };
    assert_eq!(position, kit.core().store.log_head().await.unwrap());
    service.stop.send(()).unwrap();
}

/// Or replicas would talk in circles.
#[tokio::test]
async fn what_was_heard_is_not_told_again() {
    let fan_out: Arc<MemoryFanOut> = Arc::default();
    let (one, another) = {
        let one = kit(&fan_out).await;
        let another = one.another_replica();
        (one, another)
    };
    one.user("ann").await;
    let (access, _) = one.tokens("ann").await;
    let services = [running(&one).await, running(&another).await];
    let mut news = fan_out.news();

    one.post("/auth/sign-out").bearer(&access).send().await.expect(200);
    let first = next(&mut news).await;
    // Both replicas know by now: what either has to say of it was said.
    another.app.follow_revocations().await;
    fan_out.tell(News::Keys).await.unwrap();

    let mut said = Vec::new();
    while let Ok(Ok(more)) = tokio::time::timeout(Duration::from_millis(200), news.recv()).await {
        said.push(more);
    }
    // Both may have found it before they heard of it; but nobody goes on and on.
    let again = said.iter().filter(|news| **news == first).count();
    assert!(again <= 1, "{said:?}");
    for service in services {
        service.stop.send(()).unwrap();
    }
}
