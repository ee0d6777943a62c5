use jiff::Timestamp;

use crate::failure::Failure;
use crate::pool::Pool;
use crate::sql::clock;

/// Returns the database's clock, to the microsecond.
pub(crate) async fn now(pool: &Pool) -> Result<Timestamp, Failure> {
    let microseconds = pool.optional(clock::NOW, &[], |fields| fields.of("the clock").number("now")).await?;
    microseconds
        .and_then(|now| Timestamp::from_microsecond(now).ok())
        .ok_or_else(|| Failure::Corrupt("the database's clock is out of all bounds".to_owned()))
}
