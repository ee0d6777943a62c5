//! The flow: authenticate, read, decide, mint both tokens, write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use handstamp_bench::load::{self, Load};
use handstamp_bench::service::{House, Sessions};
use handstamp_bench::{Outcome, failed};
use handstamp_core::Context;
use handstamp_core::flows::refresh::{Refresh, RefreshError, refresh};
use handstamp_core::model::{SessionId, Step};
use handstamp_core::refresh_machine::IssuedKind;
use handstamp_server::Clock as _;
use tokio::runtime::Runtime;

/// Rotates for so long with so many clients, each of which waits for its answer.
pub(crate) fn rotate_for(
    runtime: &Runtime,
    house: &House,
    sessions: &Arc<Sessions>,
    clients: usize,
    time: Duration,
) -> Outcome<Load> {
    load::by_clients(runtime, clients, time, |end| {
        client(Arc::clone(&house.context), Arc::clone(sessions), end)
    })
}

async fn client(context: Arc<Context>, sessions: Arc<Sessions>, end: Instant) -> Outcome<Vec<f64>> {
    let mut latencies = Vec::new();
    while Instant::now() < end {
        let draw = sessions.draw();
        let token = context.keyring.refresh_keys().mint(draw.id, draw.step);
        let command = Refresh { token: token.reveal(), beside: Some(draw.id), address: None };
        let began = Instant::now();
        let issued = refresh(&context, command, draw.now).await.map_err(failed("refreshing"))?;
        #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one refresh")]
        latencies.push(began.elapsed().as_nanos() as f64);
        if issued.kind != IssuedKind::Rotated {
            return Err(format!("a rotation was expected, it was {}", issued.kind.as_str()));
        }
        sessions.rotated(&draw, draw.now);
    }
    Ok(latencies)
}

/// Presents forged tokens for so long.
pub(crate) fn refuse_forged_for(runtime: &Runtime, house: &House, time: Duration) -> Outcome<Load> {
    let (context, now) = (&*house.context, house.clock.now());
    // Whose it is does not matter: no store is asked.
    let real = context.keyring.refresh_keys().mint(SessionId::random(&*context.entropy), Step::FIRST);
    let forged = forge(real.reveal());
    let command = Refresh { token: &forged, beside: None, address: None };
    runtime.block_on(async {
        let mut latencies = Vec::new();
        let start = Instant::now();
        while start.elapsed() < time {
            let began = Instant::now();
            let refused = refresh(context, command, now).await;
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one refusal")]
            latencies.push(began.elapsed().as_nanos() as f64);
            if !matches!(refused, Err(RefreshError::Rejected(_))) {
                return Err("a forged refresh token was not rejected".to_owned());
            }
        }
        Ok(Load::new(latencies, start.elapsed()))
    })
}

/// Changes a character in the middle of the MAC.
fn forge(real: &str) -> String {
    let at = real.len() - 20;
    let other = if real.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &real[..at], &real[at + 1..])
}
