use crate::kit::{database, open};

#[tokio::test]
async fn a_database_is_made_ready_once() {
    let options = database();
    for _ in 0..2 {
        open(&options).await.close().await.unwrap();
    }
}
