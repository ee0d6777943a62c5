use std::time::Duration;

use async_trait::async_trait;

use super::{SharedError, SharedKey};

/// Keeps what was looked up, for a short time and for every replica.
///
/// It may forget anything at any time, and what comes back may be old: whoever puts something there says how it is told that it
/// does not hold any more. Every implementation passes `test_support::shared::shelf`.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// Returns what lies there.
    async fn find(&self, key: SharedKey) -> Result<Option<Vec<u8>>, SharedError>;

    /// Puts something there, for so long at most.
    async fn put(&self, key: SharedKey, value: &[u8], keep: Duration) -> Result<(), SharedError>;
}
