use std::{pin::pin, time::Duration};

use tokio::time::timeout;

use super::SharedError;

/// The parts that a time is waited in. To ask and to read the answer takes three turns of this process: one to send, one to read what
/// has come, one to go on.
const PARTS: u32 = 10;

/// Does something in time, or gives it up.
///
/// It is the server's time that is measured. In a flood this process may come to an answer that is long there only when everything else
/// has had its turn, and must not take the server for slow: it would count alone just when counting together is needed. So the time is
/// waited in parts, and each begins in a turn of its own: who is late for them waits that much longer. The clock ticks in milliseconds,
/// and each part lasts one at least.
pub async fn in_time<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, SharedError> {
    let mut work = pin!(work);
    for _ in 0..PARTS {
        if let Ok(done) = timeout(limit / PARTS, &mut work).await {
            return Ok(done);
        }
    }
    Err(SharedError::TimedOut { after: limit })
}

#[cfg(test)]
mod tests {
    use std::{future::pending, time::Duration};

    use tokio::{
        spawn,
        task::yield_now,
        time::{Instant, advance, sleep},
    };

    use super::{SharedError, in_time};

    const LIMIT: Duration = Duration::from_millis(50);

    #[tokio::test(start_paused = true)]
    async fn what_takes_longer_is_given_up() {
        let began = Instant::now();

        let done = in_time(LIMIT, pending::<()>()).await;

        assert!(matches!(done, Err(SharedError::TimedOut { after: LIMIT })), "{done:?}");
        assert_eq!(began.elapsed(), LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_less_is_done() {
        let almost = LIMIT / 10 * 9;

        assert!(in_time(LIMIT, sleep(almost)).await.is_ok());
    }

    /// Each turn of this process takes longer than the server may.
    #[tokio::test(start_paused = true)]
    async fn an_answer_that_waits_for_a_turn_of_ours_is_heard() {
        spawn(async {
            loop {
                advance(2 * LIMIT).await;
            }
        });
        // The question is sent, the answer is read, the work goes on.
        let asked = async {
            for _ in 0..3 {
                yield_now().await;
            }
            7
        };

        let answer = in_time(LIMIT, asked).await;

        assert!(matches!(answer, Ok(7)), "{answer:?}");
    }
}
