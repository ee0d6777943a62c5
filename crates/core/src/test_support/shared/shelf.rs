//! The rules of [`Shelf`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::key;
use crate::shared::Shelf;

/// A stage for the rules of the shelf, empty at the beginning.
#[async_trait]
pub trait World: Send + Sync {
    /// Returns the shelf of one replica.
    fn one(&self) -> Arc<dyn Shelf>;

    /// Returns the same shelf, of another replica.
    fn another(&self) -> Arc<dyn Shelf>;

    /// Lets time pass. Where it cannot be moved, all that is stored is moved back by as much.
    async fn pass(&self, time: Duration);
}

/// Expands to one test for each rule. Tests name a function that makes an empty [`World`].
#[macro_export]
macro_rules! shelf_contract_tests {
    ($make:path) => {
        $crate::shelf_contract_tests! { @expand $make;
            what_one_replica_puts_there_another_finds
            what_was_never_put_there_is_not_found
            what_is_put_there_replaces_what_was_before
            nothing_lies_there_longer_than_it_was_to
        }
    };
    (@expand $make:path; $($rule:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $rule() {
            let world = $make().await;
            $crate::test_support::shared::shelf::$rule(&world).await;
        }
    )+};
}

const KEEP: Duration = Duration::from_mins(10);

async fn put(world: &dyn World, name: &str, value: &[u8]) {
    world.one().put(key(name), value, KEEP).await.expect("the shelf works");
}

async fn find(world: &dyn World, name: &str) -> Option<Vec<u8>> {
    world.another().find(key(name)).await.expect("the shelf works")
}

/// Every byte of it.
pub async fn what_one_replica_puts_there_another_finds(world: &dyn World) {
    let value: Vec<u8> = (0..=255).collect();
    put(world, "ann", &value).await;

    assert_eq!(find(world, "ann").await, Some(value));
}

/// Whatever else lies there.
pub async fn what_was_never_put_there_is_not_found(world: &dyn World) {
    put(world, "ann", b"ann's").await;

    assert_eq!(find(world, "bob").await, None);
}

/// Two never lie in one place.
pub async fn what_is_put_there_replaces_what_was_before(world: &dyn World) {
    put(world, "ann", b"old").await;
    put(world, "ann", b"new").await;

    assert_eq!(find(world, "ann").await.as_deref(), Some(&b"new"[..]));
}

/// It goes by itself.
pub async fn nothing_lies_there_longer_than_it_was_to(world: &dyn World) {
    put(world, "ann", b"ann's").await;

    world.pass(KEEP.saturating_sub(Duration::from_mins(1))).await;
    assert!(find(world, "ann").await.is_some());
    world.pass(Duration::from_mins(1)).await;
    assert_eq!(find(world, "ann").await, None);
}
