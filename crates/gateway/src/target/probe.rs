use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Method, Request};
use tokio::time::{sleep, timeout};

use super::{Client, Target, Targets};
use crate::body::RequestBody;

/// How often a service is asked whether it is well.
const EVERY: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(2);

/// So many bad answers in a row before it is believed.
const DOUBT: u32 = 2;

/// Asks the targets of one service how they are.
#[derive(Debug, Clone)]
pub(crate) struct Probe {
    pub(crate) targets: Targets,
    pub(crate) path: PathAndQuery,
}

/// Asks for ever, each target by itself: a slow one keeps no other waiting.
pub(crate) async fn watch(probe: Probe, at: usize, client: Client) {
    let Some(target) = probe.targets.all.get(at) else { return };
    // The first answer is believed: before it, nothing is known.
    let mut doubts = DOUBT - 1;
    loop {
        let well = timeout(PATIENCE, ask(&probe, target, &client)).await.unwrap_or(false);
        doubts = if well { 0 } else { doubts + 1 };
        if (well || doubts >= DOUBT) && target.health.says(well) {
            if well {
                tracing::info!(target = target.label, "the service is well again");
            } else {
                tracing::warn!(target = target.label, path = %probe.path, "the service is not well: it gets no requests");
            }
        }
        sleep(EVERY).await;
    }
}

async fn ask(probe: &Probe, target: &Target, client: &Client) -> bool {
    let Some(uri) = target.uri(probe.path.clone()) else { return false };
    let mut request = Request::new(RequestBody::Empty);
    *request.method_mut() = Method::GET;
    *request.uri_mut() = uri;
    client.send(request, probe.targets.speak).await.is_ok_and(|reply| reply.status().is_success())
}
