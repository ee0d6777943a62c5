//! What replicas share and may lose: how often somebody has tried, that there is news, what was looked up a moment ago.
//!
//! Nothing here is a truth. Whoever has it lost goes on without: limits are counted by each replica for itself, news is found
//! by looking, and what lies on the shelf is read from the store. So everything in here may fail at any time, and answers so
//! quickly that nobody waits for it.

mod error;
mod fan_out;
mod in_time;
mod key;
mod limits;
mod local_limits;
mod quota;
mod shelf;

pub use error::SharedError;
pub use fan_out::{FanOut, News, UnknownNews};
pub use in_time::in_time;
pub use key::{SharedKey, SharedKeys};
pub use limits::{Known, Limits, Outcome, Refusal, Settled, Take};
pub use local_limits::LocalLimits;
pub use quota::Quota;
pub use shelf::Shelf;
