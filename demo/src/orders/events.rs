use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt as _, stream};
use handstamp_api_types::ErrorCode;
use handstamp_verify::{OrgScope, Principal};
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use super::Service;
use super::model::Order;
use crate::http::ServiceError;

/// Whoever is further behind than this is told to look at the list instead.
const BACKLOG: usize = 64;

/// Open streams of one organisation. Each page needs one.
const MAX_LISTENERS: usize = 200;

/// Proxies and browsers give up on connections that say nothing.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// A stream ends often, with its token at the latest, and most who listened may go on: they need not wait long.
const COME_BACK: Duration = Duration::from_millis(200);

/// What happened to an order: `event` and `data` of `GET /orders/events`.
#[derive(Debug, Clone)]
pub(super) struct News {
    event: &'static str,
    data: Arc<str>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: i64,
    item: &'a str,
    quantity: u32,
    /// The user name of whoever did it.
    by: &'a str,
}

impl News {
    pub(super) fn placed(order: &Order, by: &Principal) -> Self {
        Self::of("order-placed", order, by)
    }

    pub(super) fn removed(order: &Order, by: &Principal) -> Self {
        Self::of("order-removed", order, by)
    }

    fn of(event: &'static str, order: &Order, by: &Principal) -> Self {
        let by = by.preferred_username().unwrap_or("somebody");
        let told = Told { id: order.id, item: &order.item, quantity: order.quantity, by };
        Self { event, data: serde_json::json!(told).to_string().into() }
    }
}

impl From<News> for Event {
    fn from(news: News) -> Self {
        Self::default().event(news.event).data(&*news.data)
    }
}

/// News of orders for whoever listens, each organisation its own.
#[derive(Clone, Default)]
pub(super) struct NewsDesk {
    by_org: Arc<Mutex<HashMap<String, broadcast::Sender<News>>>>,
}

impl NewsDesk {
    /// Tells everybody of this organisation who listens.
    pub(super) fn tell(&self, scope: &OrgScope, news: News) {
        let mut desks = self.by_org.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(desk) = desks.get(scope.org_id()) else { return };
        // Nobody is left to listen: the desk closes.
        if desk.send(news).is_err() {
            desks.remove(scope.org_id());
        }
    }

    /// Listens to the news of one organisation, unless very many already do.
    fn listen(&self, scope: &OrgScope) -> Option<broadcast::Receiver<News>> {
        let mut desks = self.by_org.lock().unwrap_or_else(PoisonError::into_inner);
        let desk = desks.entry(scope.org_id().to_owned()).or_insert_with(|| broadcast::Sender::new(BACKLOG));
        (desk.receiver_count() < MAX_LISTENERS).then(|| desk.subscribe())
    }
}

/// `GET /orders/events`: what happens to the organisation's orders, as it happens.
///
/// The verifier has looked at the token when the stream was opened, and its watch goes on doing so: the stream ends with
/// the session, and when the token expires. Whoever may still listen comes back with a fresh one.
pub(super) async fn events(
    State(service): State<Service>,
    scope: OrgScope,
    caller: Principal,
) -> Result<impl IntoResponse, ServiceError> {
    let listener = service.news.listen(&scope).ok_or_else(|| ServiceError::Refused {
        code: ErrorCode::Unavailable,
        detail: "Too many of your organisation listen already.".to_owned(),
    })?;
    let hello =
        stream::once(async { Ok(Event::default().comment("orders of your organisation").retry(COME_BACK)) });
    let guarded = service.verifier.watch(&caller).guard(hello.chain(stream_of(listener)));
    Ok(Sse::new(guarded).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

fn stream_of(listener: broadcast::Receiver<News>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(listener, async |mut listener| {
        let event = match listener.recv().await {
            Ok(news) => Event::from(news),
            Err(RecvError::Lagged(_)) => Event::default().event("missed").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(event), listener))
    })
}
